"""How loud a recording is changes nothing of what a speech encoder hears of a clip; what is louder within it stays louder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("av", reason="raw clips need the extra: pip install 'lddu[clips]'")

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extractor import ClipExtractor
from lddu.clips.media import SAMPLE_RATE
from lddu.clips.spans import NamedSpan, Source
from lddu.clips.steps import Steps
from lddu.clips.voice.clip_voices import Hearing
from lddu.clips.voice.encoder import VoiceEncoder
from lddu.clips.voice.level import amplified, gain
from lddu.clips.voice.measured import COLUMNS, VoiceMeter
from lddu.clips.voice.stretches import STEP_SECONDS
from tests.clips.sounds import write_wave
from tests.clips.voice.test_trim import buzz, measured, silence

LOUDNESS = st.lists(st.floats(-50, 0), min_size=1, max_size=60)


class Listener(VoiceMeter):
    """The loudness of the sound that an encoder is given."""

    each_clip_alone = True


def loudness_of(steps: Steps) -> np.ndarray:
    return steps.values[:, COLUMNS.index("loudness_db")]


def heard(
    sound: np.ndarray, *clips: list[tuple[float, float]], trim: bool = True, level: bool = True
) -> list[list[Steps]]:
    """What an encoder hears of the stretches of clips, as its loudness."""
    listener: VoiceEncoder = Listener()
    sound = sound.astype(np.float32)
    return Hearing(trim=trim, level=level).voices(listener, [sound], VoiceMeter().steps([sound]), clips)


@pytest.fixture(scope="module")
def extractor() -> ClipExtractor:
    return ClipExtractor(ExtractorConfig(cut="whole"))


@given(loudness=LOUDNESS, later=st.integers(0, 40))
def test_the_loud_steps_of_a_clip_come_to_one_level(loudness: list[float], later: int) -> None:
    steps = measured([-3.0] * later + loudness)
    start = later * STEP_SECONDS
    added = 20 * np.log10(gain(steps, [(start, start + len(loudness) * STEP_SECONDS)]))
    assert np.percentile(np.array(loudness, np.float32), 95) + added == pytest.approx(-20.0, abs=1e-3)


@given(loudness=LOUDNESS, louder=st.floats(-9, 9))
def test_a_recording_that_is_louder_is_amplified_less_by_as_much(loudness: list[float], louder: float) -> None:
    whole = [(0.0, len(loudness) * STEP_SECONDS)]
    plain, other = gain(measured(loudness), whole), gain(measured([value + louder for value in loudness]), whole)
    assert 20 * np.log10(plain / other) == pytest.approx(louder, abs=1e-3)


def test_a_click_changes_no_level_and_silence_is_no_voice() -> None:
    assert gain(measured([-30.0] * 60 + [0.0]), [(0.0, 3.05)]) == pytest.approx(
        gain(measured([-30.0] * 61), [(0, 3.05)])
    )
    assert gain(measured([-100.0] * 20), [(0.0, 1.0)]) == pytest.approx(100.0)
    assert (
        gain(measured([-30.0] * 20), [])
        == gain(measured([-30.0] * 20), [(4.0, 5.0)])
        == gain(measured([]), [(0.0, 1.0)])
        == 1.0
    )


def test_nothing_is_clipped() -> None:
    [block] = amplified([np.array([0.5, -1.0], np.float32)], 8.0)
    assert block.dtype == np.float32
    np.testing.assert_array_equal(block, [4.0, -8.0])


@settings(deadline=None, max_examples=15)
@given(factor=st.floats(0.02, 3.0))
def test_an_encoder_hears_the_same_however_loud_a_clip_was_recorded(factor: float) -> None:
    sound = np.concatenate([silence(0.5), buzz(2.0), silence(0.5)])
    [[plain]], [[other]] = heard(sound, [(0.0, 3.0)]), heard(factor * sound, [(0.0, 3.0)])
    np.testing.assert_array_equal(other.start, plain.start)
    np.testing.assert_allclose(loudness_of(other), loudness_of(plain), atol=0.05)
    assert np.percentile(loudness_of(plain), 95) == pytest.approx(-20.0, abs=0.5)
    [[before]], [[after]] = (heard(buzz(2.0) * by, [(0.0, 2.0)], level=False) for by in (1.0, factor))
    difference = np.median(loudness_of(after) - loudness_of(before))
    assert difference == pytest.approx(20 * np.log10(factor), abs=0.1)


@settings(deadline=None, max_examples=10)
@given(factor=st.floats(0.02, 3.0), pause=st.integers(0, 30))
def test_silence_that_is_kept_is_no_part_of_the_level(factor: float, pause: int) -> None:
    sound = np.concatenate([np.zeros(pause * SAMPLE_RATE), buzz(1.0), np.zeros(pause * SAMPLE_RATE)])
    end = 2 * pause + 1.0
    [[plain]], [[other]] = heard(sound, [(0.0, end)], trim=False), heard(factor * sound, [(0.0, end)], trim=False)
    assert len(plain) == len(other) == round(end / STEP_SECONDS)
    np.testing.assert_allclose(loudness_of(other).max(), loudness_of(plain).max(), atol=0.05)
    assert np.percentile(loudness_of(plain.within([(float(pause), pause + 1.0)])), 95) == pytest.approx(-20.0, abs=1.0)


def test_a_clip_is_heard_alike_beside_louder_ones_and_its_turns_keep_their_differences() -> None:
    sound = np.concatenate([0.1 * buzz(2.0), silence(1.0, 1e-5), buzz(2.0)])
    (soft,), (loud,) = heard(sound, [(0.0, 2.0)], [(3.0, 5.0)])
    assert np.percentile(loudness_of(soft), 95) == pytest.approx(np.percentile(loudness_of(loud), 95), abs=0.3)
    [[first, second]] = heard(sound, [(0.0, 2.0), (3.0, 5.0)])
    assert np.median(loudness_of(second)) - np.median(loudness_of(first)) == pytest.approx(20.0, abs=0.5)
    np.testing.assert_allclose(loudness_of(second), loudness_of(loud), atol=1.0)


def test_a_soft_copy_of_a_recording_has_the_same_voice(extractor: ClipExtractor, tmp_path: Path) -> None:
    sound = np.concatenate([silence(0.3), buzz(2.0), silence(0.3)])
    files = [write_wave(tmp_path / f"{n}.wav", factor * sound) for n, factor in enumerate((1.0, 0.15))]
    one, other = (extractor.extract(Source(file, file.stem))[0].modalities["audio"] for file in files)
    before = ClipExtractor(replace(extractor.config, level=False))
    soft, loud = (before.extract(Source(file, file.stem))[0].modalities["audio"] for file in files)
    assert len(one) == len(other)
    far = np.linalg.norm((one.values - other.values).mean(axis=0))
    assert far < 0.1 * np.linalg.norm((soft.values - loud.values).mean(axis=0))


def test_a_clip_of_a_file_is_heard_as_if_it_were_a_file(extractor: ClipExtractor, tmp_path: Path) -> None:
    quiet, loud = 0.2 * buzz(2.0), buzz(2.0)
    whole = write_wave(tmp_path / "whole.wav", np.concatenate([quiet, loud]))
    spans = (NamedSpan("quiet", 0.0, 2.0), NamedSpan("loud", 2.0, 4.0))
    [inside] = extractor.extract(Source(whole, "whole", spans=spans[:1]))
    [alone] = extractor.extract(Source(write_wave(tmp_path / "quiet.wav", quiet), "quiet"))
    np.testing.assert_allclose(inside.modalities["audio"].values, alone.modalities["audio"].values, atol=0.05)
