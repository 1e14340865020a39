"""Plain lines that hold times: what Whisper prints, transcripts of corpora, label tracks, panels of video sites, .sbv.

A `.txt` may be any of them; the times that its lines begin with tell it from words alone.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lddu.clips.words.captions import Caption, lines_of, seconds
from lddu.clips.words.timed_tables import timed_table
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
    re.compile(r"\S+\s+\w+\s+(?P<name>\S+)\s+(?P<start>\d+(?:\.\d+)?)\s+(?P<end>\d+(?:\.\d+)?)\s+<[^>]*>\s+(?P<text>.*)"),
    re.compile(r"(?P<start>\d+(?:\.\d+)?s)\s*[-–]\s*(?P<end>\d+(?:\.\d+)?s)\s*:?\s+(?P<text>.*)"),
    re.compile(rf"{_ID}(?P<start>{_DECIMAL})\s+(?P<end>{_DECIMAL})\s+(?P<text>\D.*)"),
)  # fmt: skip
_CTM = re.compile(r"\S+\s+\w+\s+(?P<start>\d+\.\d+)\s+(?P<length>\d*\.\d+)\s+(?P<text>\S+)(?:\s+[\d.]+)?")
_STARTS = re.compile(
    rf"(?:[-*•]\s+|\d+[.)]\s+)?(?:\*\*)?[\[(]?\s*(?P<start>{_CLOCK})\s*[\])]?(?:\*\*)?(?:\s*[-–:]\s*|\s+|$|(?<=[\])*]))(?P<text>.*)"
)
_NAMED_START = re.compile(
    rf"(?:\[(?P<held>[^\[\]:]{{1,40}})\]|(?P<name>[^\W\d_][^\[\](){{}}:]{{0,40}}?):?)\s+"
    rf"(?:[\[(]?(?P<start>{_CLOCK})(?:\s*[-–]\s*{_CLOCK})?[\])]?\s*:?|[\[(](?P<begin>{_CLOCK})[\])]\s*:?\s+(?P<text>.*))"
)
_SEVERAL = re.compile(rf"(?P<starts>(?:\[{_CLOCK}\]\s*){{2,}})(?P<text>.*)")  # a line of lyrics that comes again
_SPELT_OUT = re.compile(
    r"(?:(?P<h>\d+) hours?,? ?)?(?:(?P<m>\d+) minutes?,? ?)?(?P<s>\d+) seconds?"
)  # of a video's panel
_ASIDE = re.compile(
    r"\\\t[\d.-]+\t[\d.-]+|;;.*|Transcribed by https?://\S+|\[[a-z#]{2,8}:[^\]]*\]"
    r"|\[(?:INFORMATION|END INFORMATION|SUBTITLE|TITLE|AUTHOR|SOURCE|PRG|FILEPATH|DELAY|CD TRACK|COMMENT|COLF)\].*"
)
"""Lines between those with times that nobody speaks: frequencies of labels, remarks, titles."""
_OTHER = re.compile(
    r"\s*(?:<\?xml|<tt\b|<html|<!doctype|\{\\rtf|\[Script Info\]|File type\s*=|\[?\{\s*\"|%\s*\[START_TIME|@(?:UTF8|Begin)\s*$"
    r"|SPEAKER\s+\S+\s+\d+\s+[\d.]+\s+[\d.]+\s+<NA>|\{\d+\}\{\d*\}|start=[\d.]+s?\s)", re.IGNORECASE,
)  # fmt: skip
_PRECISE = re.compile(r"\d{1,2}:\d{2}:\d{2}|\d+:\d{2}[.,]\d+|\d+\.\d{2,}|\[\d+\]\[\d+\]")
_MOST_PRECISE = 2 / 3  # of the lines hold times, of whatever form: these are no plain words
_TITLES = 5  # lines that may stand above the first time
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
    rows = timed_table(lines, mends)
    if rows is not None:
        ends = any(caption.end is not None for caption in rows)
        return TimedLines(tuple(caption for caption in _in_seconds(rows, duration, mends) if caption), ends)
    whole, lines = lines, _spoken_lines(lines)
    known = not (whole and _OTHER.match(whole[0][1]))
    captions = (_ctm(lines) or _spans(lines)) if known else []
    timed = sum(caption is not None for caption in captions)
    opened = next((caption for caption in captions if caption), None)
    if opened and (2 * timed >= len(lines) or (timed > 1 and captions[0])):
        inside = opened.written[:1] in "[(" or len(lines) > 1 or (opened.end or 0.0) <= duration + _OVERHANG
        return TimedLines(_joined(lines, _in_seconds(captions, duration, mends), mends), True) if inside else None
    panel = _panel(lines, duration) if known else None
    if panel:
        return TimedLines(_joined(lines, panel, mends), False)
    strange = [number for number, line in whole if _OTHER.match(line) or re.search(r"\d\s*-->\s*\d", line)]
    if opened and timed > 1 and 3 * timed >= len(lines):
        strange += [number for (number, _), caption in zip(lines, captions, strict=True) if caption]
    precise = [
        number for number, line in lines
        if _PRECISE.match(line) or _PRECISE.match(line.lstrip("[({<")) or len(_PRECISE.findall(line)) > 1
    ]  # fmt: skip
    counts = [re.match(r"(\d+)\s+(\d+)\s+\S", line) for _, line in lines]
    if (
        len(lines) > 1
        and all(match and int(match[1]) < int(match[2]) for match in counts)
        and (max(int(match[2]) for match in counts if match) >= 1000)
    ):  # of samples, or of 100 ns
        precise = [number for number, _ in lines]
    if len(re.findall(rf"\[{_CLOCK}\]|\(\d+:\d\d:\d\d\)|\d___\d", " ".join(line for _, line in lines))) > 1:
        strange += [lines[0][0]]
    if len(precise) > 1 and len(precise) >= _MOST_PRECISE * len(lines):
        strange += precise
    if strange:
        raise SourceError(
            f"Expected {where} to hold plain words, or lines with times as subtitles, Whisper or label tracks have them, "
            f"but line {strange[0]} is of another kind; save the words alone, or as .srt."
        )
    return None


def _spoken_lines(lines: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """The lines that are spoken, in order; a line of lyrics once for each of its times."""
    spoken = [(number, line) for number, line in lines if not _ASIDE.fullmatch(line)]
    spelt = [_SPELT_OUT.fullmatch(line) for _, line in spoken]
    if sum(map(bool, spelt)) > 1:
        spoken = [
            (number, f"{match['h'] or 0}:{int(match['m'] or 0):02d}:{int(match['s']):02d}" if match else line)
            for (number, line), match in zip(spoken, spelt, strict=True)
        ]
    again = [_SEVERAL.fullmatch(line) for _, line in spoken]
    if not any(again):
        if len(spoken) == 1:  # a panel that was copied into one line
            number, line = spoken[0]
            return [(number, part) for part in re.split(rf"\s+(?={_CLOCK}\s)", line)] if _STARTS.match(line) else spoken
        return spoken
    each = []
    for (number, line), several in zip(spoken, again, strict=True):
        starts = re.findall(r"\[([^\]]*)\]", several["starts"]) if several else []
        each += [(number, f"[{start}]{several['text']}") for start in starts if several] or [(number, line)]
    return sorted(each, key=lambda entry: ((start := _start(*entry)) and start.start) or 0.0)


def _spans(lines: Sequence[tuple[int, str]]) -> list[Caption | None]:
    captions: list[Caption | None] = []
    for number, line in lines:
        match = next((match for pattern in _SPANS if (match := pattern.fullmatch(line))), None)
        captions.append(
            match and Caption(f"line {number}", line, _time(match["start"]), _time(match["end"]), _spoken(match))
        )
    return captions


def _ctm(lines: Sequence[tuple[int, str]]) -> list[Caption | None] | None:
    """Words of NIST's form: file, channel, start, length, word."""
    matches = [_CTM.fullmatch(line) for _, line in lines]
    if not lines or not all(matches):
        return None
    captions: list[Caption | None] = []
    for (number, line), match in zip(lines, matches, strict=True):
        assert match is not None
        start = float(match["start"])
        captions.append(Caption(f"line {number}", line, start, start + float(match["length"]), _body(match["text"])))
    return captions


def _panel(lines: Sequence[tuple[int, str]], duration: float) -> list[Caption | None] | None:
    """Lines that begin with the time at which they are said, or hold it alone or behind a speaker, before their text.

    Where the first lies beyond the clip, times without brackets are those of a day ("10:30 we met").
    """
    captions = [_start(number, line) for number, line in lines]
    starts = [caption for caption in captions if caption]
    times = [caption.start or 0.0 for caption in starts]
    several = len(starts) > 1 or (len(starts) == len(lines) == 1 and starts[0].written[0] in "[(")
    if not several or times != sorted(times):
        return None
    alone = not any(caption.lines for caption in starts) and any(
        captions[: _TITLES + 1]
    )  # times that are lines of their own
    if not alone and not (captions[0] and len(starts) >= _PANEL_SHARE * len(lines)):
        return None
    return captions if times[0] < duration + _OVERHANG or starts[0].written[0] in "[(" else None


def _start(number: int, line: str) -> Caption | None:
    match, named = _STARTS.fullmatch(line), _NAMED_START.fullmatch(line)
    if match:
        return Caption(f"line {number}", line, _time(match["start"]), None, _body(match["text"]))
    name = (named["held"] or named["name"]) if named else ""
    if named and not any(word[0].islower() for word in name.split()):
        start = _time(named["start"] or named["begin"])
        return Caption(f"line {number}", line, start, None, (f"[{name}]: {named['text'] or ''}".strip(),))
    return None


def _joined(
    lines: Sequence[tuple[int, str]], captions: Sequence[Caption | None], mends: Counter[Mend]
) -> tuple[Caption, ...]:
    """Captions with the lines that follow them; a line before all times is a title, or names the columns."""
    joined: list[Caption] = []
    for (_, line), caption in zip(lines, captions, strict=True):
        if caption:
            joined.append(caption)
        elif joined:
            joined[-1] = replace(joined[-1], lines=(*joined[-1].lines, line))
        else:
            mends[Mend.DAMAGED] += 1
    return tuple(joined)


def _in_seconds(captions: Sequence[Caption | None], duration: float, mends: Counter[Mend]) -> list[Caption | None]:
    times = [(caption.start, caption.end) for caption in captions if caption]
    if not are_milliseconds(times, duration):
        return list(captions)
    mends[Mend.MILLISECONDS] += sum(caption is not None for caption in captions)
    return [
        caption and replace(caption, start=_thousandth(caption.start), end=_thousandth(caption.end))
        for caption in captions
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


def _spoken(match: re.Match[str]) -> tuple[str, ...]:
    name = match.groupdict().get("name")
    return _body(f"[{name}]: {match['text']}" if name else match["text"])


def _body(text: str | None) -> tuple[str, ...]:
    return (text.strip(),) if text and text.strip() else ()
