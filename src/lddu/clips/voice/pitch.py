"""Pitch by YIN (de Cheveigné and Kawahara 2002), as librosa 0.11 finds it, which takes a second to import."""

import numpy as np
from numpy.typing import NDArray

_TROUGH = 0.1
"""The shortest period whose normalised difference has a local minimum below this is the pitch's; else the least of all."""


def yin(frames: NDArray[np.float32], rate: int, low: float, high: float) -> NDArray[np.float64]:
    """[T] the pitch of each frame in Hz, voiced or not.

    Args:
        frames: [T, N] samples.
        rate: samples per second.
        low: Hz of the lowest pitch, of which a frame holds more than one period.
        high: Hz of the highest.
    """
    shortest, longest = int(np.floor(rate / high)), min(int(np.ceil(rate / low)), frames.shape[1] - 1)
    difference = _normalised_difference(frames, shortest, longest)
    inner, before, after = difference[:, 1:-1], difference[:, :-2], difference[:, 2:]
    low_point = np.zeros(difference.shape, bool)
    low_point[:, 1:-1] = (inner < before) & (inner <= after)
    low_point[:, 0] = difference[:, 0] < difference[:, 1]
    low_point[:, -1] = difference[:, -1] < difference[:, -2]
    clear = low_point & (difference < _TROUGH)
    lag = np.where(clear.any(axis=1), clear.argmax(axis=1), difference.argmin(axis=1))
    return np.asarray(rate / (shortest + lag + _between_samples(difference, lag)))


def _normalised_difference(frames: NDArray[np.float32], shortest: int, longest: int) -> NDArray[np.float32]:
    """[T, lags] the cumulative mean normalised difference of each frame and itself some samples later."""
    from scipy import fft

    size, lags = fft.next_fast_len(2 * frames.shape[1] - 1, real=True), longest + 1
    spectrum = fft.rfft(frames, n=size, axis=1)
    correlation = fft.irfft(spectrum.real**2 + spectrum.imag**2, n=size, axis=1)
    energy = np.cumsum(np.square(frames[:, :longest]), axis=1)
    energy[:, 0] = 0  # by definition the first sample's; librosa leaves it out, and features of stores are librosa's
    difference = 2 * (correlation[:, :1] - correlation[:, 1:lags]) - energy
    mean = np.cumsum(difference, axis=1) / np.arange(1, lags)
    mean = mean[:, shortest - 1 :]
    return np.asarray(difference[:, shortest - 1 :] / (mean + np.finfo(np.float32).tiny))


def _between_samples(difference: NDArray[np.float32], lag: NDArray[np.intp]) -> NDArray[np.float32]:
    """[T] how far beside each lag the minimum of a parabola through it and its neighbours lies; 0 at the ends."""
    rows, inside = np.arange(len(lag)), (lag > 0) & (lag < difference.shape[1] - 1)
    at = np.clip(lag, 1, difference.shape[1] - 2)
    before, here, after = (difference[rows, at + step] for step in (-1, 0, 1))
    bend, slope = after + before - 2 * here, (after - before) / 2
    near = inside & (np.abs(slope) < np.abs(bend))
    return np.where(near, -slope / np.where(near, bend, 1), 0)
