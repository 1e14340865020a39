"""Tables of what is said when, with names above their columns, as Whisper (.tsv), ELAN, Praat and editors of films write them."""

import csv
import re
from collections import Counter
from collections.abc import Sequence

from lddu.clips.words.captions import Caption, seconds
from lddu.store.extraction_notes import Mend

_UNIT = r"(?:time|code|hhmmss(?:ms)?|seconds|sec|s|msec|ms)*"
_COLUMNS = {
    "start": re.compile(rf"(?:start|begin|from|tmin|onset|in){_UNIT}"),
    "end": re.compile(rf"(?:end|stop|to|tmax|offset|out){_UNIT}"),
    "text": re.compile(r"text|words?|transcript(?:ion)?|sentence|utterance|content|value|annotation|caption|subtitle"),
    "speaker": re.compile(r"speaker(?:label|name|id)?|who|participant|tier(?:name)?|name"),
}
_SEPARATORS = "\t;,"


def timed_table(lines: Sequence[tuple[int, str]], mends: Counter[Mend]) -> list[Caption] | None:
    """The rows of a table; None where the first line is none of names of columns.

    Args:
        lines: with their numbers, without blank ones.
        mends: rows that could not be understood are added.
    """
    for separator in _SEPARATORS:
        named = _named(_cells(lines[0][1], separator)) if lines else {}
        if {"start", "text"} <= named.keys() and len(lines) > 1:
            return _captions(lines, separator, named, mends)
    return None


def _named(header: Sequence[str]) -> dict[str, tuple[int, float]]:
    """What a column holds -> its place, and how many seconds its unit has; the first of several of a kind."""
    columns: dict[str, tuple[int, float]] = {}
    for place, title in enumerate(header):
        name = re.sub(r"[^a-z]", "", title.lower())
        what = next((what for what, names in _COLUMNS.items() if names.fullmatch(name)), None)
        if what is not None and what not in columns:
            columns[what] = (place, 1e-3 if re.search(r"(?<!ss)ms(?:ec)?$", name) else 1.0)
    return columns


def _captions(
    lines: Sequence[tuple[int, str]], separator: str, named: dict[str, tuple[int, float]], mends: Counter[Mend]
) -> list[Caption]:
    captions = []
    for number, line in lines[1:]:
        row = _cells(line, separator)
        if len(row) <= max(place for place, _ in named.values()):
            mends[Mend.DAMAGED] += 1
            continue
        speaker = row[named["speaker"][0]].strip() if "speaker" in named else ""
        text = row[named["text"][0]].strip()
        label = f"[{speaker}]: " if speaker and text else ""
        captions.append(
            Caption(f"line {number}", line, _time(row, named, "start"), _time(row, named, "end"), (label + text,))
        )
    return captions


def _cells(line: str, separator: str) -> list[str]:
    """What a row holds; nothing where it is none, such as a whole book in one line."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _time(row: Sequence[str], named: dict[str, tuple[int, float]], what: str) -> float | None:
    if what not in named:
        return None
    place, unit = named[what]
    moment = seconds(row[place].strip().rstrip("s"))
    return None if moment is None else moment * unit
