"""Behavioural events: a row for each emotion that is present in a clip, and for each that the run can't tell.

What it can't tell is a behaviour of its own (``can't tell joy``), so that nobody counts it as joy. A clip in which an emotion is
absent makes no row.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lddu.exports.answered import Answered, Verdict
from lddu.exports.text import one_line
from lddu.exports.timing import Interval, intervals, seconds_of

PLAIN = ("onset", "duration", "trial_type", "emotion", "verdict", "probability", "clip", "file")
"""The first three as BIDS has them."""

BORIS = (
    "Observation id", "Observation date", "Description", "Observation type", "Source", "Time offset (s)", "Coding duration",
    "Media duration (s)", "FPS (frame/s)", "Subject", "Observation duration by subject by observation", "Behavior",
    "Behavioral category", "Behavior type", "Start (s)", "Stop (s)", "Duration (s)", "Media file name", "Image index start",
    "Image index stop", "Image file path start", "Image file path stop", "Comment start", "Comment stop",
)  # fmt: skip
"""As BORIS 8 exports aggregated events."""

_NO_SUBJECT = "No focal subject"


def plain_events(separator: str) -> Callable[[Answered, Path], str]:
    """A writer of the plain table."""
    return lambda answered, _: _table(PLAIN, [_plain(*event) for event in _events(answered)], separator)


def boris_events(separator: str) -> Callable[[Answered, Path], str]:
    """A writer of the table of BORIS."""
    return lambda answered, _: _table(BORIS, [_boris(answered, *event) for event in _events(answered)], separator)


def behaviour(emotion: str, verdict: Verdict) -> str:
    """The name of what happens."""
    return one_line(emotion if verdict == "present" else f"{verdict} {emotion}")


def _events(answered: Answered) -> Iterator[tuple[Interval, str, Verdict]]:
    """Clip, emotion and verdict; by file, then by time."""
    verdicts: tuple[Verdict, Verdict] = ("present", "can't tell")
    for file in dict.fromkeys(clip.file for clip in answered.clips):
        for interval in intervals([clip for clip in answered.clips if clip.file == file]):
            for verdict in verdicts:
                for emotion in interval.clip.emotions(verdict):
                    yield interval, emotion, verdict


def _plain(interval: Interval, emotion: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "onset": seconds_of(interval.start),
        "duration": seconds_of(interval.end - interval.start),
        "trial_type": behaviour(emotion, verdict),
        "emotion": one_line(emotion),
        "verdict": verdict,
        "probability": interval.clip.probability[emotion],
        "clip": one_line(interval.clip.clip),
        "file": one_line(interval.clip.file),
    }


def _boris(answered: Answered, interval: Interval, emotion: str, verdict: Verdict) -> dict[str, Any]:
    clip, length = interval.clip, answered.length(interval.clip.file)
    return {
        "Observation id": one_line(Path(clip.file).name),
        "Observation type": "Media file",
        "Source": one_line(clip.file),
        "Time offset (s)": seconds_of(0),
        "Media duration (s)": seconds_of(round(length * 1000)) if length else "",
        "Subject": one_line(clip.speaker) or _NO_SUBJECT,
        "Behavior": behaviour(emotion, verdict),
        "Behavioral category": "emotion",
        "Behavior type": "STATE",
        "Start (s)": seconds_of(interval.start),
        "Stop (s)": seconds_of(interval.end),
        "Duration (s)": seconds_of(interval.end - interval.start),
        "Media file name": one_line(clip.file),
        "Comment start": f"{one_line(clip.clip)}: probability {clip.probability[emotion]:.3f}",
    }


def _table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], separator: str) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
