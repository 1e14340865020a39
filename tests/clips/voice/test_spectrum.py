"""Pitch, mel bands and the shape of a spectrum are those of librosa, measured without it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.clips.voice.pitch import yin
from lddu.clips.voice.spectrum import mel_bank, spectral_shape

librosa = pytest.importorskip("librosa", reason="the oracle")

RATE, WINDOW, HOP = 16_000, 1024, 160
HALF_STEP = 2.0**-16  # of 16-bit sound: what is softer no file holds, and its squares underflow differently


@st.composite
def sounds(draw: st.DrawFn) -> np.ndarray:
    """Half a second of a gliding tone with overtones, noise and pauses of digital silence."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    time = np.arange(RATE // 2) / RATE
    glide = draw(st.floats(40, 600)) + draw(st.floats(-300, 300)) * time
    phase = 2 * np.pi * np.cumsum(np.maximum(glide, 0)) / RATE
    tone = sum((np.sin(k * phase) / k for k in range(1, draw(st.integers(2, 6)))), np.zeros_like(time))
    loud = st.just(0.0) | st.floats(HALF_STEP, 0.3)
    sound = draw(loud) * tone + random.normal(0, draw(loud) / 3, len(time))
    pause = draw(st.integers(0, len(time)))
    sound[pause : pause + draw(st.integers(0, 4000))] = 0
    return np.asarray(sound, np.float32)


def _frames(sound: np.ndarray) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]


@pytest.mark.slow  # numba compiles librosa's yin first
@settings(deadline=None, max_examples=60)
@given(sounds())
def test_pitch_is_that_of_librosa(sound: np.ndarray) -> None:
    expected = librosa.yin(sound, fmin=60, fmax=500, sr=RATE, frame_length=WINDOW, hop_length=HOP, center=False)
    np.testing.assert_allclose(yin(_frames(sound), RATE, 60, 500), expected, rtol=1e-5)


@pytest.mark.parametrize(("window", "bands", "lowest"), [(1024, 40, 50.0), (400, 80, 0.0), (512, 20, 1200.0)])
def test_mel_bands_are_those_of_librosa(window: int, bands: int, lowest: float) -> None:
    expected = librosa.filters.mel(sr=RATE, n_fft=window, n_mels=bands, fmin=lowest)
    np.testing.assert_allclose(mel_bank(RATE, window, bands, lowest), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.slow  # librosa loads numba for it
@settings(deadline=None, max_examples=30)
@given(sounds())
def test_shape_is_that_of_librosa(sound: np.ndarray) -> None:
    magnitude = np.maximum(np.abs(np.fft.rfft(_frames(sound), axis=1)), 1e-5).astype(np.float32)
    measures = (
        librosa.feature.spectral_centroid, librosa.feature.spectral_bandwidth,
        librosa.feature.spectral_rolloff,
    )  # fmt: skip
    expected = [measure(S=magnitude.T, sr=RATE)[0] for measure in measures]
    expected.append(librosa.feature.spectral_flatness(S=magnitude.T)[0])
    np.testing.assert_allclose(spectral_shape(magnitude, RATE), np.stack(expected, axis=1), rtol=1e-4, atol=1e-3)
