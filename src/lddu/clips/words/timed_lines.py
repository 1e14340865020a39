"""Plain lines that hold times: what Whisper prints, transcripts of corpora, label tracks, panels of video sites, .sbv.

A `.txt` may be any of them; words alone are told from them by the times that its lines begin with.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lddu.clips.words.captions import Caption, lines_of, seconds
from lddu.errors import SourceError
from lddu.store.extraction_notes import Mend

_CLOCK = r"(?:\d+:)?\d{1,3}:\d{2}(?:[.,]\d+)?"
_NUMBER = r"\d+(?:\.\d+)?s?"
_DECIMAL = r"\d+\.\d+s?"
_ID = r"(?:(?=\S*[^\W\d])[^\s\[(]+\s+)?"  # of an utterance
_SPANS = (
    re.compile(rf"[\[(]\s*(?P<start>{_CLOCK}|{_NUMBER})\s*(?:-+>|[-–,]|to)\s*(?P<end>{_CLOCK}|{_NUMBER})\s*[\])]\s*:?(?P<text>.*)"),
    re.compile(rf"{_ID}[\[(](?P<start>{_CLOCK}|{_DECIMAL})\s*[-–,]\s*(?P<end>{_CLOCK}|{_DECIMAL})[\])]\s*:?(?P<text>.*)"),
    re.compile(r"\S+?___\d+___(?P<start>[\d.]+)___(?P<end>[\d.]+)___(?P<text>.*)"),
    re.compile(rf"(?P<start>{_NUMBER})\t(?P<end>{_NUMBER})\t(?P<text>.*)"),
    re.compile(rf"(?P<start>{_CLOCK})\s*(?:-+>|[-–,\t]|\s)\s*(?P<end>{_CLOCK})(?:[\s:]+(?P<text>.*))?"),
    re.compile(rf"{_ID}(?P<start>{_DECIMAL})\s+(?P<end>{_DECIMAL})\s+(?P<text>\D.*)"),
)  # fmt: skip
_CTM = re.compile(r"\S+\s+\w+\s+(?P<start>\d+\.\d+)\s+(?P<length>\d*\.\d+)\s+(?P<text>\S+)(?:\s+[\d.]+)?")
_STARTS = re.compile(rf"[\[(]?\s*(?P<start>{_CLOCK})\s*[\])]?(?:\s*[-–:]\s*|\s+|$|(?<=[\])]))(?P<text>.*)")
_NAMED_START = re.compile(rf"(?P<name>[^\W\d_][^\[\](){{}}:]{{0,40}}?):?\s+[\[(]?(?P<start>{_CLOCK})[\])]?\s*:?")
_OTHER = re.compile(
    r"\s*(?:<\?xml|<tt\b|<html|<!doctype|\{\\rtf|\[Script Info\]|File type\s*=|\[?\{\s*\")", re.IGNORECASE
)
_OVERHANG = 2.0
_PANEL_SHARE = 1 / 3  # of lines that begin with times, where text stands in lines of its own
MILLISECONDS_BEYOND = 50
"""Whole numbers that go beyond the clip by this factor as seconds, and not as milliseconds, are milliseconds; so are those that
go beyond it at all where most lengths are of so many: nothing is said for as many seconds."""


@dataclass(frozen=True)
class TimedLines:
    """Lines with times.

    Attributes:
        captions: as of subtitles.
        ends: whether the lines give ends.
    """

    captions: tuple[Caption, ...]
    ends: bool


def timed_lines(text: str, where: str, duration: float, mends: Counter[Mend]) -> TimedLines | None:
    """The lines of a text with their times; None where it holds words alone.

    Args:
        text: of the file.
        where: names the file.
        duration: seconds of the clip.
        mends: lines that could not be understood are added.

    Raises:
        SourceError: where the file is neither words alone nor of a known form.
    """
    lines = [(number, line.strip()) for number, line in enumerate(lines_of(text), start=1) if line.strip()]
    found = _ctm(lines) or _spans(lines)
    timed = sum(caption is not None for caption in found)
    opened = next((caption for caption in found if caption), None)
    if opened and (2 * timed >= len(lines) or (timed > 1 and found[0])):
        inside = opened.written[:1] in "[(" or len(lines) > 1 or (opened.end or 0.0) <= duration + _OVERHANG
        return TimedLines(_joined(lines, _in_seconds(found, duration, mends), mends), True) if inside else None
    panel = _panel(lines, duration)
    if panel:
        return TimedLines(_joined(lines, panel, mends), False)
    strange = [number for number, line in lines if _OTHER.match(line) or re.search(r"\d\s*-->\s*\d", line)]
    if opened and timed > 1 and 3 * timed >= len(lines):
        strange += [number for (number, _), caption in zip(lines, found, strict=True) if caption]
    if strange:
        raise SourceError(
            f"Expected {where} to hold plain words, or lines with times as subtitles, Whisper or label tracks have them, "
            f"but line {strange[0]} is of another kind; save the words alone, or as .srt."
        )
    return None


def _spans(lines: Sequence[tuple[int, str]]) -> list[Caption | None]:
    found: list[Caption | None] = []
    for number, line in lines:
        match = next((match for pattern in _SPANS if (match := pattern.fullmatch(line))), None)
        found.append(
            match and Caption(f"line {number}", line, _time(match["start"]), _time(match["end"]), _body(match["text"]))
        )
    return found


def _ctm(lines: Sequence[tuple[int, str]]) -> list[Caption | None] | None:
    """Words of NIST's form: file, channel, start, length, word."""
    matches = [_CTM.fullmatch(line) for _, line in lines]
    if not lines or not all(matches):
        return None
    found: list[Caption | None] = []
    for (number, line), match in zip(lines, matches, strict=True):
        assert match is not None
        start = float(match["start"])
        found.append(Caption(f"line {number}", line, start, start + float(match["length"]), _body(match["text"])))
    return found


def _panel(lines: Sequence[tuple[int, str]], duration: float) -> list[Caption | None] | None:
    """Lines that begin with the time at which they are said, or hold it alone or behind a speaker, before their text.

    Where the first lies beyond the clip, times without brackets are those of a day ("10:30 we met").
    """
    found = [_start(number, line) for number, line in lines]
    starts = [caption for caption in found if caption]
    times = [caption.start or 0.0 for caption in starts]
    several = len(starts) > 1 or (len(starts) == len(lines) == 1 and starts[0].written[0] in "[(")
    if not (several and found[0] and len(starts) >= _PANEL_SHARE * len(lines) and times == sorted(times)):
        return None
    return found if times[0] < duration + _OVERHANG or found[0].written[0] in "[(" else None


def _start(number: int, line: str) -> Caption | None:
    match, named = _STARTS.fullmatch(line), _NAMED_START.fullmatch(line)
    if match:
        return Caption(f"line {number}", line, _time(match["start"]), None, _body(match["text"]))
    if named and not any(word[0].islower() for word in named["name"].split()):
        return Caption(f"line {number}", line, _time(named["start"]), None, (f"[{named['name']}]:",))
    return None


def _joined(
    lines: Sequence[tuple[int, str]], found: Sequence[Caption | None], mends: Counter[Mend]
) -> tuple[Caption, ...]:
    """Captions with the lines that follow them; a line before all times is a title, or names the columns."""
    joined: list[Caption] = []
    for (_, line), caption in zip(lines, found, strict=True):
        if caption:
            joined.append(caption)
        elif joined:
            joined[-1] = replace(joined[-1], lines=(*joined[-1].lines, line))
        else:
            mends[Mend.DAMAGED] += 1
    return tuple(joined)


def _in_seconds(found: Sequence[Caption | None], duration: float, mends: Counter[Mend]) -> list[Caption | None]:
    times = [(caption.start, caption.end) for caption in found if caption]
    if not are_milliseconds(times, duration):
        return list(found)
    mends[Mend.MILLISECONDS] += sum(caption is not None for caption in found)
    return [
        caption and replace(caption, start=_thousandth(caption.start), end=_thousandth(caption.end))
        for caption in found
    ]


def are_milliseconds(spans: Sequence[tuple[float | None, float | None]], duration: float) -> bool:
    """Whether times cannot be seconds of the clip, but can be milliseconds.

    Args:
        spans: starts and ends, where known.
        duration: seconds of the clip.
    """
    known = [time for span in spans for time in span if time is not None]
    last = max(known, default=0.0)
    if any(time != int(time) for time in known) or last / 1000 > duration + _OVERHANG:
        return False
    lengths = sorted(end - start for start, end in spans if start is not None and end is not None)
    long = bool(lengths) and lengths[len(lengths) // 2] >= MILLISECONDS_BEYOND
    return last >= MILLISECONDS_BEYOND * duration or (long and last > duration + _OVERHANG)


def _thousandth(time: float | None) -> float | None:
    return None if time is None else time / 1000


def _time(stamp: str) -> float | None:
    return seconds(stamp.rstrip("s"))


def _body(text: str | None) -> tuple[str, ...]:
    return (text.strip(),) if text and text.strip() else ()
