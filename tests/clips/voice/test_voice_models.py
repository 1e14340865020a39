"""Other voice features: speech encoders of the hub and openSMILE, on the same clock, in bounded memory, refused when mixed."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lddu.clips.extract import extract
from lddu.clips.extractor import ClipExtractor, ExtractorConfig, Source
from lddu.clips.media import SAMPLE_RATE
from lddu.clips.voice.measured import VoiceMeter
from lddu.clips.voice.speech_encoder import SpeechEncoder
from lddu.errors import ConfigError, MismatchError
from lddu.runs.predict_clips import extraction_of, named_models, predict_clips
from lddu.runs.predictor import Predictor
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.clips.conftest import SMALL

transformers = pytest.importorskip("transformers", reason="speech encoders need the extra: pip install 'lddu[clips]'")

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


@pytest.fixture(scope="module")
def wav2vec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny wav2vec 2.0 with random weights: 50 states a second, as the real ones."""
    folder = tmp_path_factory.mktemp("models") / "tiny-wav2vec2"
    convolutions = {"conv_dim": [8] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
    save(transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**SIZES, **convolutions)), folder)
    return folder


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Whisper with random weights: pads to 30 s, 50 states a second, encoder and decoder."""
    folder = tmp_path_factory.mktemp("models") / "tiny-whisper"
    layers = {f"{part}_{what}": number for part in ("encoder", "decoder") for what, number in LAYERS.items()}
    config = transformers.WhisperConfig(d_model=16, vocab_size=64, **layers, **TOKENS)
    save(transformers.WhisperModel(config), folder, transformers.WhisperFeatureExtractor())
    return folder


LAYERS = {"layers": 1, "attention_heads": 2, "ffn_dim": 16}
TOKENS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}


def save(model: Any, folder: Path, prepare: Any = None) -> None:
    import torch

    torch.manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(folder)
    prepare = prepare or transformers.Wav2Vec2FeatureExtractor()
    prepare.save_pretrained(folder)


def noise(seconds: float, begin: float) -> np.ndarray:
    """Silence, and noise from `begin` on."""
    sound = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    at = round(begin * SAMPLE_RATE)
    sound[at:] = np.random.default_rng(0).uniform(-0.5, 0.5, len(sound) - at)
    return sound


def onset(values: np.ndarray) -> float:
    """Seconds at which the steps stop being like the first ones."""
    far = np.linalg.norm(values - values[:20].mean(axis=0), axis=1)
    return float(np.flatnonzero(far > 0.5 * np.median(far[-20:]))[0] * 0.05)


@pytest.mark.parametrize("name", ["wav2vec", "whisper"])
def test_an_encoder_hears_a_sound_in_the_step_in_which_it_begins(name: str, request: pytest.FixtureRequest) -> None:
    encoder = SpeechEncoder(str(request.getfixturevalue(name)))
    steps = encoder.steps([noise(30.0, 26.0)])  # in the second stretch
    assert steps.values.shape == (600, 16) and np.isfinite(steps.values).all()
    assert abs(onset(steps.values) - 26.0) <= 0.1


def test_the_same_sound_in_other_blocks_gives_the_same_features(wav2vec: Path) -> None:
    encoder, sound = SpeechEncoder(str(wav2vec)), noise(25.0, 1.0)
    whole, parts = encoder.steps([sound]), encoder.steps(np.split(sound, 25))
    np.testing.assert_array_equal(whole.values, parts.values)


def test_what_takes_no_sound_or_is_not_there_is_refused(tmp_path: Path, wav2vec: Path) -> None:
    with pytest.raises(ConfigError, match="leave it out to use the built-in measures"):
        SpeechEncoder(str(tmp_path))
    other = tmp_path / "phone"
    shutil.copytree(wav2vec, other)
    transformers.Wav2Vec2FeatureExtractor(sampling_rate=8000).save_pretrained(other)
    with pytest.raises(ConfigError, match="takes 8000 Hz"):
        SpeechEncoder(str(other))


@pytest.mark.slow
def test_a_run_on_a_speech_encoder_answers_clips_with_the_same_one(
    corpus: Path, wav2vec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ExtractorConfig(voice_model=str(wav2vec))
    store = FeatureStore(extract([str(corpus)], tmp_path / "store", config, jobs=1).store)
    assert store.modalities["audio"].dimension == 16
    assert '"model": "tiny-wav2vec2"' in store.modalities["audio"].feature
    predictor = Predictor(train(store, tmp_path / "run", SMALL, RunOptions(device="cpu")).path)
    assert extraction_of(predictor).voice_model == "tiny-wav2vec2"
    clip = str(corpus.parent / "talk004.mp4")
    found = predict_clips(predictor, [clip], config)
    row = store.table.clip.tolist().index("talk004")
    np.testing.assert_allclose(found.predictions.probability[0], predictor.predict(store).probability[row], atol=1e-5)
    monkeypatch.chdir(wav2vec.parent)
    assert predict_clips(predictor, [clip]).predictions.clip.tolist() == ["talk004"]
    mixed = tmp_path / "mixed"
    extract([clip], mixed)
    with pytest.raises(MismatchError, match="Expected audio of 16 numbers per step"):
        predictor.predict(FeatureStore(mixed))


class TestOpenSmile:
    """eGeMAPSv02, where the extra is installed."""

    @pytest.fixture(autouse=True)
    def _needed(self) -> None:
        pytest.importorskip("opensmile", reason="needs the extra: pip install 'lddu[opensmile]'")

    def test_pitch_loudness_and_voicing_are_right_for_a_known_tone(self) -> None:
        from lddu.clips.voice.egemaps import EgemapsMeter

        meter = EgemapsMeter()
        time = np.arange(70 * SAMPLE_RATE) / SAMPLE_RATE  # beyond one stretch
        harmonics = np.stack([np.sin(2 * np.pi * 220 * k * time) / k for k in range(1, 9)])
        tone = np.asarray(0.1 * harmonics.sum(axis=0), np.float32)
        tone[: 30 * SAMPLE_RATE] = 0
        steps = meter.steps([tone])
        names = meter._smile.feature_names
        pitch = steps.values[:, names.index("F0semitoneFrom27.5Hz_sma3nz")]
        assert steps.values.shape == (1400, 25)
        np.testing.assert_allclose(pitch[620:1390], 36.0, atol=0.1)  # 220 Hz is three octaves above 27.5
        assert (pitch[:580] == 0).all()
        loudness = steps.values[:, names.index("Loudness_sma3")]
        assert abs(float(np.flatnonzero(loudness > loudness.max() / 2)[0]) * 0.05 - 30.0) <= 0.05

    def test_it_runs_on_the_clock_of_the_built_in_measures(self, talking: Path) -> None:
        own = ClipExtractor(ExtractorConfig()).extract(Source(talking, "talk"))[0]
        other = ClipExtractor(ExtractorConfig(voice_model="opensmile")).extract(Source(talking, "talk"))[0]
        ours, theirs = own.modalities["audio"], other.modalities["audio"]
        np.testing.assert_array_equal(ours.start, theirs.start)
        assert own.shares == other.shares
        loud, felt = ours.values[:, 40], theirs.values[:, 0]
        assert np.corrcoef(np.maximum(loud, -60), np.log(felt + 1e-3))[0, 1] > 0.7

    def test_a_run_on_it_extracts_new_clips_with_it(self) -> None:
        told = ClipExtractor(ExtractorConfig(voice_model="opensmile")).feature_names()
        parsed = {name: json.loads(text) for name, text in told.items()}
        assert named_models(parsed) == ExtractorConfig(voice_model="opensmile")


def test_the_built_in_measures_are_the_default(extractor: ClipExtractor) -> None:
    assert isinstance(extractor._voice_encoder, VoiceMeter)
    assert '"voice": "librosa"' in extractor.feature_names()["audio"]
