"""Subtitles in SubRip (.srt) and WebVTT (.vtt), as they are found: cues with their times and lines of text.

A cue lasts until the next one's times. A blank line ends none, for blank lines come after times, within texts, and
behind every line of a file whose line ends were converted twice; only what WebVTT puts between cues is left out.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_LINE_END = re.compile(r"\r+\n|\r|\n")  # CR CR LF is one, converted twice
_ARROW = re.compile(r"-->|(?<=[\d\s])(?:-\s?-?>|[–—]>|→)(?=[\d\s-])")
_TIME = r"-?(?:\d+:){0,2}\d+(?:[.,]\d+|:\d{3})?"
_WHOLE_TIME = re.compile(_TIME)
_LED_TIME = re.compile(r"-?(?:\d+:){0,2}\d+[.,]\d{3}(?!\d)")  # what follows it without a blank are settings
_COMMENT = re.compile(r"NOTE(?:[ \t]|$)|(?:STYLE|REGION)\s*$|WEBVTT(?:\s|$)")
_SIGNATURE = "WEBVTT"


@dataclass(frozen=True)
class Caption:
    """A cue as the file has it.

    Attributes:
        place: where its times stand, such as "line 6".
        written: its times as they are written.
        start: seconds; None where it cannot be read.
        end: seconds; None where it is not there or cannot be read.
        lines: its text, without blank lines.
    """

    place: str
    written: str
    start: float | None
    end: float | None
    lines: tuple[str, ...]


def lines_of(text: str) -> list[str]:
    """The lines of a text, whatever ends them."""
    return _LINE_END.split(text)


def has_cues(text: str) -> bool:
    """Whether any line holds the times of a cue, or text says that it is WebVTT."""
    return is_webvtt(text) or any(times(line) for line in lines_of(text))


def is_webvtt(text: str) -> bool:
    """Whether a file begins as WebVTT does."""
    return re.match(rf"{_SIGNATURE}(?:\s|$)", text) is not None


def loose_text(text: str) -> bool:
    """Whether WebVTT holds lines that stand in no cue, no comment and not in its header."""
    lines = lines_of(text)
    header = next((number for number, line in enumerate(lines) if not line.strip()), len(lines))
    return not any(map(times, lines)) and any(line.strip() for line in _without_comments(["", *lines[header:]]))


def captions(text: str) -> list[Caption]:
    """All cues of SubRip or WebVTT, in order of the file."""
    lines, webvtt = lines_of(text), is_webvtt(text)
    heads = [number for number, line in enumerate(lines) if times(line)]
    bounds = [*heads, len(lines)]
    counted = [_number_before(lines, head) for head in heads]
    numbered = bool(counted) and counted[0] and 2 * sum(counted) >= len(counted)
    cues = []
    for k, head in enumerate(heads):
        body = list(lines[head + 1 : bounds[k + 1]])
        if k + 1 < len(heads):
            body = _without_identifier(body, numbered, webvtt)
        start, end = times(lines[head]) or (None, None)
        text_lines = tuple(line for line in (_without_comments(body) if webvtt else body) if line.strip())
        text_lines = text_lines or _behind_times(lines[head])
        cues.append(Caption(f"line {head + 1}", lines[head].strip(), start, end, text_lines))
    return cues


def times(line: str) -> tuple[float | None, float | None] | None:
    """Start and end on a cue's line, None for what cannot be read; None where the line is none of a cue."""
    arrow = _ARROW.search(line)
    if not arrow:
        return None
    left, right = line[: arrow.start()].strip(), line[arrow.end() :].split()
    left = re.sub(r"^\d+\s+(?=\d)", "", left)  # the cue's number, on the same line
    start = seconds(left)
    end = _leading_seconds(right[0]) if right else None
    if arrow.group() != "-->":
        return (start, end) if start is not None and end is not None and ":" in left else None
    begun = re.fullmatch(r"-?\d[\w:.,-]*", left)  # wants to be a time
    return (start, end) if begun or (end is not None and not left) else None


def _behind_times(line: str) -> tuple[str, ...]:
    """The text of a cue that stands in the line of its times; settings, such as ``line:0`` and ``X1:40``, are none."""
    arrow = _ARROW.search(line)
    words = line[arrow.end() :].split()[1:] if arrow else []
    settings = all(re.fullmatch(r"\w+:\S*", word) for word in words[:1])
    return () if settings else (" ".join(words),)


def seconds(stamp: str) -> float | None:
    """Seconds of a time such as 1:02:03.5, 00:01:02,500 or -0:01; None where it is none."""
    if not _WHOLE_TIME.fullmatch(stamp):
        return None
    digits = re.sub(r"(?<=:\d\d):(?=\d{3}$)", ".", stamp.lstrip("-").replace(",", "."))
    parts = [float(part) for part in digits.split(":")]
    if len(parts) > 3:
        return None
    value = sum(part * 60.0**power for power, part in enumerate(reversed(parts)))
    return (-value if stamp.startswith("-") else value) if math.isfinite(value) else None


def _leading_seconds(word: str) -> float | None:
    led = _LED_TIME.match(word)
    return seconds(led.group() if led else word)


def _number_before(lines: Sequence[str], head: int) -> bool:
    """Whether the last line with text above a cue's times is a number."""
    above = (lines[number].strip() for number in range(head - 1, -1, -1))
    return next((line.isdecimal() for line in above if line), False)


def _without_identifier(body: list[str], numbered: bool, webvtt: bool) -> list[str]:
    """The lines between two cues without the number, or name, that belongs to the next one."""
    last = max((n for n, line in enumerate(body) if line.strip()), default=-1)
    if last < 0:
        return body
    adjacent, apart = last == len(body) - 1, last > 0 and not body[last - 1].strip()
    number = body[last].strip().isdecimal()
    belongs = (number and numbered) or ((number or webvtt) and adjacent and apart)
    return body[:last] if belongs else body


def _without_comments(body: Sequence[str]) -> Iterator[str]:
    """Lines of a WebVTT cue without the blocks of notes, styles and regions that follow it."""
    inside = False
    for number, line in enumerate(body):
        blank_before = number > 0 and not body[number - 1].strip()
        inside = bool(line.strip()) and (inside or (blank_before and _COMMENT.match(line) is not None))
        if not inside:
            yield line
