"""Which frames a stretch of time meets, and their mean: words to frames, segments to words.

Definition. Two stretches [a, b] and [c, d] meet when they share more than `SHORTEST_OVERLAP`: min(b, d) - max(a, c) >
1 ms, the tolerance of the CMU Multimodal SDK. A word's audio is the mean of the audio frames that meet the word; a
segment's words are the words that meet the segment, in order of their start; a word that a segment cuts stays whole.
A number that is not finite (-inf in COVAREP) takes no part in a mean.
"""

from dataclasses import dataclass

import numpy as np

SHORTEST_OVERLAP = 1e-3
"""Seconds that two stretches of time must share to meet; as in the SDK's `align`."""


@dataclass(frozen=True)
class Track:
    """Time-stamped features of one video, in order of their start.

    Attributes:
        intervals: [F, 2] start and end in seconds; starts never fall.
        values: [F, D] one row a frame.
        latest_end: [F] the latest end up to each frame, which makes searching possible where frames overlap.
    """

    intervals: np.ndarray
    values: np.ndarray
    latest_end: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    def meeting(self, start: float, end: float) -> np.ndarray:
        """Numbers of the frames that meet a stretch of time, ascending."""
        first = int(np.searchsorted(self.latest_end, start, "right"))
        last = int(np.searchsorted(self.intervals[:, 0], end, "left"))
        if last <= first:
            return np.zeros(0, np.int64)
        near = self.intervals[first:last]
        shared = np.minimum(near[:, 1], end) - np.maximum(near[:, 0], start)
        return first + np.flatnonzero(shared > SHORTEST_OVERLAP)


def track_of(intervals: np.ndarray, values: np.ndarray) -> Track:
    """Frames as a track: sorted by start, equal starts in the order given."""
    intervals = np.asarray(intervals, np.float64)
    order = np.argsort(intervals[:, 0], kind="stable")
    intervals = intervals[order]
    return Track(intervals, values[order], np.maximum.accumulate(intervals[:, 1]))


@dataclass(frozen=True)
class WordMeans:
    """One modality of a video, a step a word.

    Attributes:
        values: [W, D] means of the frames that meet each word; zeros where none does.
        met: [W] how many frames each word meets.
        heard: [W, 2] seconds from the first to the last of these frames, within the word; NaN where there is none.
    """

    values: np.ndarray
    met: np.ndarray
    heard: np.ndarray

    def within(self, words: np.ndarray, start: float, end: float) -> tuple[np.ndarray, np.ndarray]:
        """The steps of some words of a segment.

        A word that the end of the segment cuts may have its frames on the other side only; that step is empty too,
        as the SDK has it.

        Returns:
            [words, D] values; [words] which of the words have frames in the segment.
        """
        shared = np.minimum(self.heard[words, 1], end) - np.maximum(self.heard[words, 0], start)
        present = shared > SHORTEST_OVERLAP
        return np.where(present[:, None], self.values[words], np.float32(0)), present


def means_over(track: Track, stretches: np.ndarray) -> WordMeans:
    """The mean of the frames that meet each stretch of time.

    Args:
        track: the frames.
        stretches: [W, 2] start and end in seconds.
    """
    finite = np.isfinite(track.values)
    clean = bool(finite.all())
    values = track.values if clean else np.where(finite, track.values, 0)
    means = np.zeros((len(stretches), track.values.shape[1]), np.float32)
    met = np.zeros(len(stretches), np.int64)
    heard = np.full((len(stretches), 2), np.nan)
    for w, (start, end) in enumerate(stretches):
        frames = track.meeting(float(start), float(end))
        met[w] = len(frames)
        if len(frames):
            chosen = _span(frames)
            counted = len(frames) if clean else np.maximum(finite[chosen].sum(axis=0), 1)
            means[w] = values[chosen].sum(axis=0, dtype=np.float64) / counted
            spans = track.intervals[chosen]
            heard[w] = max(spans[:, 0].min(), start), min(spans[:, 1].max(), end)
    return WordMeans(means, met, heard)


def _span(frames: np.ndarray) -> slice | np.ndarray:
    """The frames as a slice where they lie side by side, which saves a copy."""
    first, last = int(frames[0]), int(frames[-1]) + 1
    return slice(first, last) if last - first == len(frames) else frames
