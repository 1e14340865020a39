"""Sound is neither cut off nor taken for another's where it is louder than full scale, or where there is hardly any."""

from pathlib import Path

import numpy as np
import pytest

from lddu.clips.media import SAMPLE_RATE
from lddu.store import extraction_notes
from tests.clips.sounds import loudness, read, whole, write_wave

TIME = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
TONE = 0.9 * np.sin(2 * np.pi * 300 * TIME)
VOICE = 0.9 * np.sin(2 * np.pi * (300 * TIME + 5 * np.sin(5 * TIME)))  # what stands still is hum


def floats(path: Path, samples: np.ndarray) -> Path:
    """A .wav of 32-bit floats."""
    data = samples.astype("<f4").tobytes()
    kind = b"".join(n.to_bytes(size, "little") for n, size in ((3, 2), (1, 2), (16000, 4), (64000, 4), (4, 2), (32, 2)))
    chunks = b"WAVEfmt " + len(kind).to_bytes(4, "little") + kind + b"data" + len(data).to_bytes(4, "little") + data
    path.write_bytes(b"RIFF" + len(chunks).to_bytes(4, "little") + chunks)
    return path


def test_a_loud_voice_in_both_channels_is_not_cut_off(tmp_path: Path) -> None:
    both, one = read(write_wave(tmp_path / "both.wav", TONE, TONE)), read(write_wave(tmp_path / "one.wav", TONE))
    middle = slice(1000, -1000)
    gain = both[middle] @ one[middle] / (one[middle] @ one[middle])
    np.testing.assert_allclose(both[middle], gain * one[middle], atol=1e-3)


@pytest.mark.parametrize("times", [8.0, 32768.0])
def test_floats_beyond_full_scale_are_turned_down_and_noted(times: float, tmp_path: Path) -> None:
    clip, plain = whole(floats(tmp_path / "loud.wav", times * TONE)), whole(floats(tmp_path / "plain.wav", TONE))
    assert clip.notes[0] == extraction_notes.beyond_full_scale(times)
    np.testing.assert_allclose(clip.modalities["audio"].values, plain.modalities["audio"].values, atol=1e-2)
    assert not any("full scale" in note for note in plain.notes)


def test_a_single_damaged_sample_does_not_silence_the_others(tmp_path: Path) -> None:
    damaged = TONE.copy()
    damaged[[5000, 9000, 9001]] = 1e30, np.inf, np.nan
    clip, plain = whole(floats(tmp_path / "damaged.wav", damaged)), whole(floats(tmp_path / "plain.wav", TONE))
    assert abs(loudness(clip) - loudness(plain)) < 1


@pytest.mark.parametrize("level", [2.0**-15, 1e-4, 1e-2])
def test_sound_without_a_voice_is_noted(level: float, tmp_path: Path) -> None:
    noise = level * np.random.default_rng(0).uniform(-1, 1, len(TONE))
    clip = whole(write_wave(tmp_path / "noise.wav", noise))
    quiet = level < 1e-3
    assert (extraction_notes.NEXT_TO_SILENCE in clip.notes, extraction_notes.HARDLY_VOICED in clip.notes) == (
        quiet,
        not quiet,
    )


def test_a_soft_voice_is_not_taken_for_silence(tmp_path: Path) -> None:
    clip = whole(write_wave(tmp_path / "soft.wav", 0.005 * VOICE))
    assert not any("may hold no voice" in note for note in clip.notes)


@pytest.mark.parametrize("room", [0.0, 1e-3])
def test_a_voice_in_a_long_silence_is_not_taken_for_a_sound_without_one(room: float, tmp_path: Path) -> None:
    sound = room * np.random.default_rng(0).uniform(-1, 1, 20 * len(TONE))
    sound[5 * len(TONE) : 6 * len(TONE)] += 0.1 * VOICE
    clip = whole(write_wave(tmp_path / "late.wav", sound))
    assert not any("may hold no voice" in note for note in clip.notes)


@pytest.mark.parametrize(("seconds", "noted"), [(0.1, True), (0.4, True), (0.6, False)])
def test_a_voice_too_short_to_tell_an_emotion_by_is_noted(seconds: float, noted: bool, tmp_path: Path) -> None:
    sound = np.zeros(2 * len(TONE))
    sound[len(TONE) // 2 :][: round(16000 * seconds)] = 0.3 * VOICE[: round(16000 * seconds)]
    clip = whole(write_wave(tmp_path / "brief.wav", sound))
    assert any("too little to tell how somebody speaks" in note for note in clip.notes) == noted


def test_sound_beside_zero_is_noted_in_full_scales_however_its_floats_are_scaled(tmp_path: Path) -> None:
    clip = whole(floats(tmp_path / "a.wav", 32768 * (0.5 * TONE + 0.2)))
    assert extraction_notes.beyond_full_scale(32768) in clip.notes and extraction_notes.beside_zero(0.2) in clip.notes
