"""Mel bands and the shape of a spectrum, as librosa 0.11 measures them, which takes a second to import."""

import numpy as np
from numpy.typing import NDArray

_LINEAR_BELOW = 1000.0  # Hz; above it, Slaney's mel scale is logarithmic
_HERTZ_PER_MEL = 200.0 / 3
_LOG_STEP = np.log(6.4) / 27.0
_ROLLOFF = 0.85  # share of the magnitude that lies below it


def mel_bank(rate: int, window: int, bands: int, lowest: float = 0.0) -> NDArray[np.float32]:
    """[bands, window // 2 + 1] triangular filters, evenly spaced on Slaney's mel scale up to half the rate, of equal area.

    Args:
        rate: samples per second.
        window: samples of a spectrum.
        bands: how many.
        lowest: Hz at which the first begins.
    """
    edges = _hertz(np.linspace(_mel(lowest), _mel(rate / 2), bands + 2))
    ramps, widths = np.subtract.outer(edges, np.fft.rfftfreq(window, 1.0 / rate)), np.diff(edges)[:, None]
    bank = np.maximum(0, np.minimum(-ramps[:-2] / widths[:-1], ramps[2:] / widths[1:])).astype(np.float32)
    bank *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return np.asarray(bank, np.float32)


def _mel(hertz: float) -> float:
    if hertz < _LINEAR_BELOW:
        return hertz / _HERTZ_PER_MEL
    return float(_LINEAR_BELOW / _HERTZ_PER_MEL + np.log(hertz / _LINEAR_BELOW) / _LOG_STEP)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    bend = _LINEAR_BELOW / _HERTZ_PER_MEL
    return np.where(mel >= bend, _LINEAR_BELOW * np.exp(_LOG_STEP * (mel - bend)), _HERTZ_PER_MEL * mel)


def spectral_shape(magnitude: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """[T, 4] centroid, bandwidth and rolloff in Hz, and flatness from 0 to 1.

    Args:
        magnitude: [T, bins] above 0.
        rate: samples per second.
    """
    hertz = np.linspace(0, rate / 2, magnitude.shape[1])
    share = magnitude / magnitude.sum(axis=1, keepdims=True, dtype=np.float64)
    centroid = share @ hertz
    bandwidth = np.sqrt(np.maximum(share @ hertz**2 - centroid**2, 0))
    below = np.cumsum(magnitude, axis=1)
    rolloff = hertz[np.argmax(below >= _ROLLOFF * below[:, -1:], axis=1)]
    power = np.square(magnitude)
    flatness = np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1)
    return np.stack([centroid, bandwidth, rolloff, flatness], axis=1)
