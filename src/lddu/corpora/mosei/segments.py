"""The segments of CMU-MOSEI: ids, times and emotions, from a Labels `.csd`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from lddu.corpora.mosei.csd_file import CsdFile
from lddu.errors import SourceError
from lddu.labels import MOSEI_EMOTIONS
from lddu.sentences import some
from lddu.store.clip_table import ClipRow
from lddu.store.writer import StoreWriter

HIGHEST_INTENSITY = 3.0
"""Emotions of CMU-MOSEI are rated 0 to 3, the mean of three raters; sentiment -3 to 3."""

_NUMBER_SLACK = 1e-4


@dataclass(frozen=True)
class Segment:
    """One labelled stretch of a video.

    Attributes:
        clip: ``VIDEO[k]``, k the row of the segment among the labels of its video.
        video: the video.
        start: seconds; below 0 for 239 real segments.
        end: seconds.
        sentiment: -3 to 3, NaN where unknown.
        intensities: [6] in the order of `MOSEI_EMOTIONS`, 0 to 3; NaN where unknown.
        outside: emotion -> number in the file that is no such intensity, and so unknown.
    """

    clip: str
    video: str
    start: float
    end: float
    sentiment: float
    intensities: tuple[float, ...]
    outside: Mapping[str, float] = field(default_factory=dict)

    def row(self, split: str, transcript: str = "") -> ClipRow:
        """The segment as a line of the clip table: an emotion is present when its intensity is above 0."""
        return ClipRow(
            self.clip, split, presence(self.intensities), self.video, self.start, self.end, transcript,
            carried_ratings(self.sentiment, self.intensities),
        )  # fmt: skip


def presence(intensities: Sequence[float]) -> list[float | None]:
    """1 where an intensity is above 0, 0 where it is 0, None where it is unknown."""
    return [None if np.isnan(value) else float(value > 0) for value in intensities]


def carried_ratings(sentiment: float, intensities: Sequence[float]) -> dict[str, float]:
    """The ratings themselves, as columns that are carried along."""
    ratings = dict(zip((f"_intensity_{name}" for name in MOSEI_EMOTIONS), map(float, intensities), strict=True))
    return {"_sentiment": float(sentiment), **ratings}


def read_segments(labels: CsdFile) -> list[Segment]:
    """All segments, video by video, in the order of the file.

    Raises:
        SourceError: where a video's labels are damaged or have another number of columns.
    """
    segments: list[Segment] = []
    for video, keys in labels.entries.items():
        for key in keys:
            intervals, values = labels.read_entry(key)
            if values.dtype.kind not in "fiu" or (len(values) and values.shape[1] not in (6, 7)):
                raise SourceError(
                    f"Expected the labels of {key!r} in {labels.path} to have 7 columns (sentiment, {', '.join(MOSEI_EMOTIONS)}) "
                    f"or the last 6, but got {values.shape[1]} of {values.dtype}."
                )
            if "[" in key and len(values) > 1:
                raise SourceError(f"Expected one segment under {key!r} in {labels.path}, but got {len(values)}.")
            names = [key] if "[" in key else [f"{key}[{k}]" for k in range(len(values))]
            segments.extend(
                _segment(name, video, span, row) for name, span, row in zip(names, intervals, values, strict=True)
            )
    return segments


def _segment(clip: str, video: str, span: np.ndarray, values: np.ndarray) -> Segment:
    numbers = np.asarray(values, np.float64)
    sentiment = float(numbers[0]) if len(numbers) == 7 else np.nan
    return Segment(clip, video, float(span[0]), float(span[1]), sentiment, *sound_intensities(numbers[-6:].tolist()))


def sound_intensities(numbers: Sequence[float]) -> tuple[tuple[float, ...], dict[str, float]]:
    """Intensities, NaN where a number is none from 0 to `HIGHEST_INTENSITY`; and emotion -> what is there instead."""
    outside = {
        emotion: number
        for emotion, number in zip(MOSEI_EMOTIONS, numbers, strict=True)
        if not 0 <= number <= HIGHEST_INTENSITY + _NUMBER_SLACK
    }
    intensities = [np.nan if emotion in outside else n for emotion, n in zip(MOSEI_EMOTIONS, numbers, strict=True)]
    return tuple(intensities), {emotion: number for emotion, number in outside.items() if not np.isnan(number)}


def note_labels(
    writer: StoreWriter, file: str, labels: Sequence[tuple[str, Sequence[float | None], Mapping[str, float]]]
) -> None:
    """Count ``unknown_labels`` by emotion, and warn of numbers that are no intensity.

    Args:
        writer: of the store.
        file: name of the file with the labels.
        labels: clip, its labels in the order of `MOSEI_EMOTIONS`, and emotion -> number that is no intensity.
    """
    for e, emotion in enumerate(MOSEI_EMOTIONS):
        writer.count("unknown_labels", emotion, sum(_unknown(row[e]) for _, row, _ in labels))
    outside = [f"{number:g} for {emotion} of {clip!r}" for clip, _, odd in labels for emotion, number in odd.items()]
    if outside:
        writer.warnings.append(
            f"{len(outside)} labels of {file} are no number from 0 to {HIGHEST_INTENSITY:g} and are unknown: {some(outside)}."
        )


def note_oddities(writer: StoreWriter, file: str, segments: Sequence[Segment]) -> None:
    """Count what is odd about the times and labels; nothing of it loses a segment.

    ``negative_starts``, ``overlapping_segments`` (with the one before it in time), ``segments_out_of_time_order``
    (start before the row above) and ``segments_without_length`` by segment; labels as in `note_labels`.
    """
    by_video: dict[str, list[Segment]] = {}
    for segment in segments:
        by_video.setdefault(segment.video, []).append(segment)
    for rows in by_video.values():
        starts = np.array([row.start for row in rows])
        in_time = sorted(rows, key=lambda row: row.start)
        writer.count("segments_out_of_time_order", "clips", int((np.diff(starts) < 0).sum()))
        overlapping = sum(after.start < before.end for before, after in pairwise(in_time))
        writer.count("overlapping_segments", "clips", overlapping)
    writer.count("negative_starts", "clips", sum(row.start < 0 for row in segments))
    writer.count("segments_without_length", "clips", sum(not row.end > row.start for row in segments))
    note_labels(writer, file, [(row.clip, row.intensities, row.outside) for row in segments])


def _unknown(label: float | None) -> bool:
    return label is None or bool(np.isnan(label))
