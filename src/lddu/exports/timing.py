"""Seconds as whole milliseconds, so that no interval is empty and none on a line overlaps its neighbour."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lddu.exports.answered import AnsweredClip

_CLOSE = 0.001 + 1e-9
"""Seconds that a time may be moved, so that neighbours touch."""


@dataclass(frozen=True)
class Interval:
    """A clip in milliseconds; `end` is at least 1 more than `start`."""

    start: int
    end: int
    clip: AnsweredClip


def lines(clips: Sequence[AnsweredClip]) -> list[list[Interval]]:
    """Clips in order of time, on as few lines as let none overlap another; most often one.

    Every time is within a millisecond of the clip's.
    """
    every_line: list[list[Interval]] = []
    for clip in sorted(clips, key=lambda clip: (clip.start, clip.end)):
        for line in every_line:
            if (after := _after(clip, line[-1].end)) is not None:
                line.append(after)
                break
        else:
            every_line.append([_rounded(clip)])
    return every_line


def intervals(clips: Sequence[AnsweredClip]) -> list[Interval]:
    """Clips in order of time, overlapping where they do."""
    return sorted((span for line in lines(clips) for span in line), key=lambda span: (span.start, span.end))


def _rounded(clip: AnsweredClip) -> Interval:
    start, end = (max(0, round(seconds * 1000)) for seconds in (clip.start, clip.end))
    if end <= start:
        start = max(0, math.floor(clip.start * 1000))
        end = max(end, start + 1)
    return Interval(start, end, clip)


def _after(clip: AnsweredClip, until: int) -> Interval | None:
    """The clip behind one that ends at `until`; None where it would have to be moved by more than a millisecond."""
    rounded = _rounded(clip)
    start = max(rounded.start, until)
    moved = Interval(start, max(rounded.end, start + 1), clip)
    near = abs(moved.start / 1000 - clip.start) <= _CLOSE and abs(moved.end / 1000 - clip.end) <= _CLOSE
    return moved if near else None


def seconds_of(milliseconds: int) -> str:
    """Seconds with three digits behind the point."""
    return f"{milliseconds / 1000:.3f}"
