"""Voice steps say what was heard when, and do not depend on how the sound arrives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.clips.media import SAMPLE_RATE
from lddu.clips.voice.measured import COLUMNS, VoiceMeter, silent
from lddu.clips.voice.stretches import STEP_SECONDS


def column(name: str) -> int:
    return COLUMNS.index(name)


def test_a_steady_tone_has_its_pitch_and_is_voiced() -> None:
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = sum((0.2 / k * np.sin(2 * np.pi * 180 * k * time) for k in (1, 2, 3)), np.zeros_like(time))
    steps = VoiceMeter().steps([tone.astype(np.float32)])
    assert steps.values[5:-5, column("pitch_semitones")] == pytest.approx(12 * np.log2(180 / 55), abs=0.1)
    assert (steps.values[5:-5, column("voiced")] == 1).all()


def test_noise_is_not_voiced_and_silence_is_silent() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    steps = VoiceMeter().steps([noise, np.zeros(SAMPLE_RATE, np.float32)])
    assert steps.values[:20, column("voiced")].mean() < 0.2
    assert not silent(steps)[:20].any() and silent(steps)[21:].all()
    assert np.isfinite(steps.values).all()


def test_loudness_is_decibels_of_full_scale() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    steps = VoiceMeter().steps([(np.sqrt(2) * 0.1 * np.sin(2 * np.pi * 400 * time)).astype(np.float32)])
    assert steps.values[3:-3, column("loudness_db")] == pytest.approx(-20, abs=0.1)


def test_a_clap_is_in_the_step_in_which_it_happens() -> None:
    sound = np.zeros(3 * SAMPLE_RATE, np.float32)
    sound[round(1.725 * SAMPLE_RATE) :][:160] = 0.9
    steps = VoiceMeter().steps([sound])
    loudest = int(np.argmax(steps.values[:, column("loudness_db")]))
    assert steps.start[loudest] - STEP_SECONDS / 2 <= 1.725 <= steps.end[loudest] + STEP_SECONDS / 2


@settings(deadline=None, max_examples=10)
@given(st.lists(st.integers(1, 200_000), max_size=6), st.integers(0, 25 * SAMPLE_RATE))
def test_how_the_sound_is_cut_into_blocks_changes_no_bit(cuts: list[int], length: int) -> None:
    sound = np.random.default_rng(length).normal(0, 0.1, length).astype(np.float32)
    whole = VoiceMeter().steps([sound])
    parts = VoiceMeter().steps(np.split(sound, sorted(cut for cut in cuts if cut < length)))
    assert len(whole) == round(length / SAMPLE_RATE / STEP_SECONDS)
    np.testing.assert_array_equal(whole.values, parts.values)


def test_what_comes_later_does_not_change_what_was_before() -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, 23 * SAMPLE_RATE).astype(np.float32)
    whole, shorter = VoiceMeter().steps([sound]), VoiceMeter().steps([sound[: 13 * SAMPLE_RATE]])
    np.testing.assert_allclose(whole.values[: len(shorter) - 2], shorter.values[:-2], atol=1e-5)
