"""Emotions for clips that come without: joined from a Labels `.csd` or from a CSV, by id, and never by guess.

The row number of a segment in the `.csd` is not the number in an MMSA id. The rows of a video stand in the order of
the original numbers *as words* ("10", "13", "2", "3"), of which some are missing; the real segment list shows it:
1,318 of 3,293 videos are out of time order, every one in just this way. So `-3g5yACwYnA$_$10` is row 0 of its video.
The sentiment, which both files have, proves every pair; a clip without proof stays without emotions and is counted.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lddu.corpora.mosei.csd_file import opened_csd
from lddu.corpora.mosei.joined import Emotions, Joined, UnlabelledClip
from lddu.corpora.mosei.label_table import emotions_of_table
from lddu.corpora.mosei.segments import Segment, carried_ratings, presence, read_segments
from lddu.errors import SourceError

SAME_SENTIMENT = 1e-3


def join_emotions(path: Path, clips: Sequence[UnlabelledClip]) -> Joined:
    """The emotions of clips from a ``.csd`` or ``.csv`` file.

    Raises:
        SourceError: where the file cannot be understood, or belongs to other clips.
    """
    joined = (
        _from_csd(path, clips) if path.suffix.lower() in (".csd", ".h5", ".hdf5") else emotions_of_table(path, clips)
    )
    if not joined.emotions:
        raise SourceError(
            f"Expected {path} to label clips such as {clips[0].clip!r}, but none of {len(clips):,} clips matches; "
            "is it the label file of this corpus?"
        )
    return joined


def _from_csd(path: Path, clips: Sequence[UnlabelledClip]) -> Joined:
    with opened_csd(path) as file:
        segments = read_segments(file)
        numbered = any("[" in key for keys in file.entries.values() for key in keys)
    if not numbered and all(np.isnan(segment.sentiment) for segment in segments):
        raise SourceError(
            f"Expected the sentiment beside the emotions in {path}, since it proves which row belongs to which clip, "
            "but there is none; name the SDK's CMU_MOSEI_Labels.csd, whose labels have 7 columns."
        )
    rows: dict[str, list[Segment]] = {}
    for segment in segments:
        rows.setdefault(segment.video, []).append(segment)
    by_video: dict[str, list[UnlabelledClip]] = {}
    for clip in clips:
        by_video.setdefault(clip.video, []).append(clip)
    pairs = [
        pair for video, video_clips in by_video.items() for pair in _pairs(video_clips, rows.get(video, []), numbered)
    ]  # fmt: skip
    emotions = {
        (clip.split, clip.place): Emotions(
            presence(row.intensities), carried_ratings(row.sentiment, row.intensities), row.outside
        )
        for clip, row in pairs
    }  # fmt: skip
    how = "id" if numbered else "order of ids within the video"
    return Joined(emotions, len(segments) - len({row.clip for _, row in pairs}), f"by {how}, proved by the sentiment")


def _pairs(
    clips: Sequence[UnlabelledClip], rows: Sequence[Segment], numbered: bool
) -> list[tuple[UnlabelledClip, Segment]]:
    """The clips of one video with their rows; those without proof are left out."""
    if numbered:
        by_id = {row.clip: row for row in rows}
        pairs = [(clip, by_id[clip.clip]) for clip in clips if clip.clip in by_id]
        return [(clip, row) for clip, row in pairs if math.isnan(row.sentiment) or _agree(clip, row)]
    in_order = sorted({clip.clip: clip for clip in clips}.values(), key=lambda clip: clip.number)
    first = _embedded(in_order, rows)
    last = _embedded(in_order[::-1], rows[::-1])
    if first is None or last is None:
        return []
    backwards = [len(rows) - 1 - place for place in last][::-1]
    places = zip(in_order, first, backwards, strict=True)
    chosen = {clip.clip: rows[a] for clip, a, b in places if a == b}
    return [(clip, chosen[clip.clip]) for clip in clips if clip.clip in chosen]


def _embedded(clips: Sequence[UnlabelledClip], rows: Sequence[Segment]) -> list[int] | None:
    """The earliest rows that agree with the clips, in order; None where there are none.

    Where the earliest and the latest such rows are the same, no other assignment exists.
    """
    places: list[int] = []
    at = 0
    for clip in clips:
        while at < len(rows) and not _agree(clip, rows[at]):
            at += 1
        if at == len(rows):
            return None
        places.append(at)
        at += 1
    return places


def _agree(clip: UnlabelledClip, row: Segment) -> bool:
    return abs(clip.sentiment - row.sentiment) <= SAME_SENTIMENT
