"""Voice as openSMILE's 25 low-level descriptors of eGeMAPSv02, 100 a second, averaged to 20 steps a second.

openSMILE's licence allows private, educational and research use; a product needs a licence of audEERING. That is why it
is an extra of its own and never the default.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from lddu.clips.extras import needs
from lddu.clips.media import SAMPLE_RATE
from lddu.clips.steps import Steps
from lddu.clips.voice.stretches import STEP_SECONDS, Stretching

OPENSMILE = "opensmile"
"""Name that selects the descriptors."""

_SURROUNDINGS = 2 * SAMPLE_RATE  # pitch is smoothed over some tenths of a second
_STRETCHING = Stretching(1200, _SURROUNDINGS, _SURROUNDINGS)
_FRAMES_PER_STEP = 5
_SURROUNDING_FRAMES = 200
_WHERE_VOICED = "nz"  # names of descriptors end so that mean something in voiced frames only and are 0 in others
_AMPLITUDE = "amplitudeLogRelF0"
_NO_AMPLITUDE = -60.0  # dB
_LONG_WINDOWS = ("F0", "HNR")  # in names of descriptors that come from windows of 60 ms
_LONG_LATER = 2  # frames: they begin where windows of 20 ms begin, see findings/opensmile_rows_of_two_moments.sh
_LOUDEST = 32767 / 32768  # openSMILE's 16 bits turn 1 into -1, see findings/opensmile_full_scale.sh


class EgemapsMeter:
    """eGeMAPSv02 low-level descriptors of a stream of samples.

    Raises:
        ConfigError: where opensmile is not installed.
    """

    def __init__(self) -> None:
        package = needs(OPENSMILE, "opensmile", "eGeMAPS voice features")
        self._smile = package.Smile(
            feature_set=package.FeatureSet.eGeMAPSv02, feature_level=package.FeatureLevel.LowLevelDescriptors
        )
        names = self._smile.feature_names
        self._where_voiced = np.array([name.endswith(_WHERE_VOICED) for name in names])
        self._amplitude = np.array([_AMPLITUDE in name for name in names])
        self._long = np.array([any(part in name for part in _LONG_WINDOWS) for name in names])

    each_clip_alone = False
    """Measures are local; the file around a clip keeps its first and last steps as they are within it."""

    @property
    def dimension(self) -> int:
        """Numbers per step."""
        return len(self._smile.feature_names)

    def specification(self) -> dict[str, Any]:
        """All that a voice feature depends on; kept in the store so that features made otherwise are refused."""
        from importlib.metadata import version

        return {
            "voice": OPENSMILE,
            "version": 4,
            "package": version(OPENSMILE),
            "feature_set": "eGeMAPSv02",
            "level": "low-level descriptors",
            "step_rate": round(1 / STEP_SECONDS),
            "columns": self.dimension,
        }

    def steps(self, blocks: Iterable[np.ndarray]) -> Steps:
        """Measure the whole stream.

        Args:
            blocks: mono samples at 16 kHz, end to end, from time 0.

        Returns:
            Steps of 50 ms: means over five frames; of pitch, jitter, shimmer, harmonics and formants over the voiced
            ones among them, 0 without any.
        """
        values = [self._measured(samples, steps) for samples, steps in _STRETCHING.stretches(blocks)]
        return Steps.evenly(values, self.dimension, STEP_SECONDS)

    def _measured(self, samples: np.ndarray, steps: int) -> np.ndarray:
        frames = self._smile.process_signal(samples.clip(-1, _LOUDEST), SAMPLE_RATE).to_numpy(np.float64)
        count = steps * _FRAMES_PER_STEP
        pitch = self._smile.feature_names.index("F0semitoneFrom27.5Hz_sma3nz")

        def means(first: int) -> np.ndarray:
            rows = frames[first : first + count].reshape(steps, _FRAMES_PER_STEP, -1)
            return averaged(rows, rows[:, :, pitch] > 0, self._where_voiced, self._amplitude)

        short, long = means(_SURROUNDING_FRAMES), means(_SURROUNDING_FRAMES - _LONG_LATER)
        return np.where(self._long, long, short)


def averaged(rows: np.ndarray, voiced: np.ndarray, where_voiced: np.ndarray, amplitude: np.ndarray) -> np.ndarray:
    """[T, D] float32 means over the frames of each step.

    Args:
        rows: [T, frames, D].
        voiced: [T, frames] whether a frame has a pitch.
        where_voiced: [D] columns that mean something in voiced frames only; 0 without any.
        amplitude: [D] columns of formant amplitudes in dB, which openSMILE sets to -201 in unvoiced frames and smooths into
            their voiced neighbours: what lies below -60 is no measurement and in no mean.
    """
    counted = voiced[:, :, None] & ~(amplitude & (rows < _NO_AMPLITUDE))
    over_voiced = np.where(counted, rows, 0.0).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    return np.asarray(np.where(where_voiced, over_voiced, rows.mean(axis=1)), np.float32)
