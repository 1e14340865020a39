"""Voice: what is measured 100 times a second in the sound and averaged to 20 steps a second.

Columns: log-mel spectrum, loudness, pitch and voicing, spectral shape. Sound is worked off in stretches of ten
seconds with enough of its surroundings that no number depends on where a stretch ends.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lddu.clips.media import SAMPLE_RATE
from lddu.clips.steps import Steps
from lddu.clips.voice.pitch import yin
from lddu.clips.voice.spectrum import mel_bank, spectral_shape
from lddu.clips.voice.stretches import STEP_SECONDS, Stretching

_HOP = SAMPLE_RATE // 100
_FRAMES_PER_STEP = 5
_WINDOW = 1024  # 64 ms: two periods of the lowest pitch
_MARGIN = (_WINDOW - _HOP) // 2 + 1  # a frame is centred in its hop and reaches this far beyond
_STRETCHING = Stretching(200, _MARGIN + _HOP, _MARGIN)  # ten seconds; one hop more on the left, for flux
_MELS = 40
_PITCH_RANGE = (60.0, 500.0)  # Hz, speech
_VOICED_FROM = 0.5  # correlation of the sound with itself one period later
_QUIETEST = 1e-5  # -100 dB; digital silence has no logarithm
_LOUD_STEPS = round(0.5 / STEP_SECONDS)

_HUM_STEPS = round(0.4 / STEP_SECONDS)
_HUM_DECIBELS, _HUM_SEMITONES = 1.0, 0.1  # as still is no stretch of 2,775 recordings of voices
_HUM_HIGHEST = 15.0  # semitones above 55 Hz: 131 Hz; mains hum is at 50 or 60 Hz, or twice as high

COLUMNS = (
    *(f"log_mel_{band:02d}" for band in range(_MELS)),
    "loudness_db", "pitch_semitones", "voiced", "correlation",
    "centroid_khz", "bandwidth_khz", "rolloff_khz", "log_flatness", "flux", "zero_crossings",
)  # fmt: skip
"""Names of the numbers of a step; pitch is in semitones above 55 Hz, averaged over voiced frames, 0 without any."""

MOSTLY_VOICED = 0.6
"""Share of the frames of a step from which it is one of a voice."""

MEASURED = "librosa"
"""Name of these features, the default."""


class VoiceMeter:
    """Voice features of a stream of samples."""

    each_clip_alone = False
    """Measures are local; the file around a clip keeps its first and last steps as they are within it."""

    @property
    def dimension(self) -> int:
        """Numbers per step."""
        return len(COLUMNS)

    def specification(self) -> dict[str, Any]:
        """All that a voice feature depends on; kept in the store so that features made otherwise are refused."""
        return {
            "voice": MEASURED,
            "version": 1,
            "sample_rate": SAMPLE_RATE,
            "frame_rate": 100,
            "step_rate": 20,
            "window": _WINDOW,
            "mel_bands": _MELS,
            "pitch_range_hz": list(_PITCH_RANGE),
            "columns": len(COLUMNS),
        }

    def steps(self, blocks: Iterable[np.ndarray]) -> Steps:
        """Measure the whole stream.

        Args:
            blocks: mono samples at 16 kHz, end to end, from time 0.

        Returns:
            Steps of 50 ms; a last step of less than 25 ms is left out. Digital silence gives steps whose loudness is
            -100 dB: see `silent`.
        """
        values = [self._measured(stretch, steps) for stretch, steps in _STRETCHING.stretches(blocks)]
        return Steps.evenly(values, len(COLUMNS), STEP_SECONDS)

    def _measured(self, samples: np.ndarray, steps: int) -> np.ndarray:
        frames = _frames(samples, steps * _FRAMES_PER_STEP + 1)
        spectrum = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW).astype(np.float32), axis=1)).astype(np.float32)
        columns = [
            _log_mel(spectrum[1:]),
            _loudness(frames[1:]),
            _pitch(frames[1:]),
            _shape(spectrum),
            _zero_crossings(frames[1:]),
        ]
        return _averaged(np.concatenate(columns, axis=1), steps)


def silent(steps: Steps) -> np.ndarray:
    """[T] whether a step is digital silence: no sound was recorded, so there is nothing to measure."""
    return np.asarray(steps.values[:, COLUMNS.index("loudness_db")] <= 20 * np.log10(_QUIETEST) + 0.01)


def in_stretches(fits: np.ndarray, steps: int) -> np.ndarray:
    """[T] which steps lie in a stretch that fits, from whether each of the [T - steps + 1] stretches of so many does."""
    return np.asarray(np.convolve(fits, np.ones(steps)) > 0)


def voicing(steps: Steps) -> np.ndarray:
    """[T] share of each step that is voiced; 0 where a low tone stands still, as mains hum does and no voice can."""
    loudness, pitch, voiced = (steps.values[:, COLUMNS.index(n)] for n in ("loudness_db", "pitch_semitones", "voiced"))
    if len(steps) < _HUM_STEPS:
        return voiced
    moves = [np.ptp(sliding_window_view(row, _HUM_STEPS), axis=1) for row in (loudness, pitch)]
    still = in_stretches((moves[0] <= _HUM_DECIBELS) & (moves[1] <= _HUM_SEMITONES), _HUM_STEPS)
    return np.where(still & (pitch <= _HUM_HIGHEST), 0, voiced)


def loudest_voice(loudness: np.ndarray, voiced: np.ndarray) -> float:
    """Decibels of the loudest half second that is voiced, however long the rest is; minus infinity where less is.

    Args:
        loudness: [T] decibels.
        voiced: [T] share of each step.
    """
    voice = loudness[voiced >= MOSTLY_VOICED]
    return float(np.partition(voice, -_LOUD_STEPS)[-_LOUD_STEPS]) if len(voice) >= _LOUD_STEPS else -np.inf


def _frames(samples: np.ndarray, count: int) -> np.ndarray:
    """[count, window] views, each centred in its hop; the first belongs to the hop before the stretch."""
    windows = sliding_window_view(samples, _WINDOW)[::_HOP]
    return windows[:count]


def _log_mel(spectrum: np.ndarray) -> np.ndarray:
    power = (spectrum**2) @ mel_bank(SAMPLE_RATE, _WINDOW, _MELS, lowest=50).T / _WINDOW
    return np.asarray(np.log(np.maximum(power, _QUIETEST**2)), np.float32)


def _loudness(frames: np.ndarray) -> np.ndarray:
    root = np.sqrt(np.mean(np.square(frames), axis=1, keepdims=True))
    return np.asarray(20 * np.log10(np.maximum(root, _QUIETEST)), np.float32)


def _pitch(frames: np.ndarray) -> np.ndarray:
    """[T, 3] semitones above 55 Hz where voiced and 0 elsewhere, voiced or not, correlation one period later."""
    pitch = yin(frames, SAMPLE_RATE, *_PITCH_RANGE)
    lag = np.clip(np.round(SAMPLE_RATE / pitch).astype(int), 1, _WINDOW // 2)
    at = np.arange(_WINDOW // 2)
    here = frames[:, : _WINDOW // 2]
    later = np.take_along_axis(frames, at[None, :] + lag[:, None], axis=1)
    energy = np.sqrt(np.sum(here**2, axis=1) * np.sum(later**2, axis=1))
    loud = energy > _QUIETEST**2 * _WINDOW
    correlation = np.where(loud, np.sum(here * later, axis=1) / np.where(loud, energy, 1), 0)
    voiced = correlation >= _VOICED_FROM
    semitones = np.where(voiced, 12 * np.log2(pitch / 55.0), 0)
    return np.stack([semitones, voiced, correlation], axis=1).astype(np.float32)


def _shape(spectrum: np.ndarray) -> np.ndarray:
    """[T, 5] centroid, bandwidth and rolloff in kHz, log flatness, change since the frame before."""
    magnitude = np.maximum(spectrum, _QUIETEST)
    share = magnitude / magnitude.sum(axis=1, keepdims=True)
    change = np.sqrt(np.sum(np.diff(share, axis=0) ** 2, axis=1))
    centroid, bandwidth, rolloff, flatness = spectral_shape(magnitude[1:], SAMPLE_RATE).T
    columns = [centroid / 1000, bandwidth / 1000, rolloff / 1000, np.log(flatness), change]
    return np.stack(columns, axis=1).astype(np.float32)


def _zero_crossings(frames: np.ndarray) -> np.ndarray:
    return np.asarray(np.mean(np.diff(np.signbit(frames), axis=1), axis=1, keepdims=True), np.float32)


def _averaged(rows: np.ndarray, steps: int) -> np.ndarray:
    """[steps, D] means of five frames each; pitch over the voiced ones."""
    grouped = rows.reshape(steps, _FRAMES_PER_STEP, -1)
    means = grouped.mean(axis=1)
    pitch, voiced = COLUMNS.index("pitch_semitones"), COLUMNS.index("voiced")
    count = grouped[:, :, voiced].sum(axis=1)
    means[:, pitch] = grouped[:, :, pitch].sum(axis=1) / np.maximum(count, 1)
    return np.asarray(means, np.float32)
