"""How a speech encoder hears clips is a part of its features: older ones are made as they were, and measured numbers know nothing of it."""

import json
from typing import Any

import pytest

pytest.importorskip("av", reason="raw clips need the extra: pip install 'lddu[clips]'")

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extractor import ClipExtractor
from lddu.clips.named_models import named_models, recorded_models
from lddu.errors import ConfigError

SPECIFICATIONS = {
    "trim": {"version": 1, "percentile": 95, "below_db": 35.0, "silence_db": -60.0, "above_room_db": 6.0},
    "level": {"version": 1, "percentile": 95, "level_db": -20.0, "loudest_gain_db": 40.0},
}
STORE = {"voice_model": "whisper", "voice_layer": 2}


@pytest.fixture(scope="module")
def audio() -> dict[str, Any]:
    """The features of voices of new stores."""
    return dict(json.loads(ClipExtractor(ExtractorConfig(cut="whole")).feature_names()["audio"]))


@pytest.mark.parametrize("setting", SPECIFICATIONS)
def test_features_say_how_they_were_heard_and_older_ones_stay_as_they_are(setting: str, audio: dict[str, Any]) -> None:
    assert audio[setting] == SPECIFICATIONS[setting]
    before = {name: value for name, value in audio.items() if name != setting}
    assert getattr(named_models({"audio": audio}), setting) is True
    assert getattr(named_models({"audio": before}), setting) is False
    assert getattr(recorded_models(STORE).resolved(), setting) is False
    assert getattr(recorded_models({**STORE, setting: True}).resolved(), setting) is True
    older = ClipExtractor(ExtractorConfig(cut="window").made_as(named_models({"audio": before})))
    assert json.loads(older.feature_names()["audio"]) == before


@pytest.mark.parametrize("setting", SPECIFICATIONS)
def test_a_setting_of_hearing_is_one_of_speech_encoders(setting: str) -> None:
    assert getattr(ExtractorConfig(voice_model="librosa").resolved(), setting) is False
    assert getattr(ExtractorConfig(voice_model="some/encoder").resolved(), setting) is True
    with pytest.raises(ConfigError, match=rf"Expected .*{setting}.* together with a speech encoder"):
        ExtractorConfig(voice_model="opensmile", **{setting: True})  # type: ignore[arg-type]
