"""An item of a recogniser's JSON -> a text with its times in seconds and its speaker, whatever the fields are called.

Keys are in lower case, without "_", so that `startTime`, `start_time` and `StartTime` are one.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lddu.clips.words.captions import seconds

_TEXT = (
    "punctuatedword", "word", "text", "content", "value", "alternatives.0.content", "alternatives.0.transcript", "body",
    "segment",
)  # fmt: skip
_START = ("start", "starttime", "ts", "begin", "timestamp.0", "timestamps.from")
_END = ("end", "endtime", "endts", "timestamp.1", "timestamps.to")
_LENGTH = ("duration", "dur")
_MILLISECONDS = {
    "start": ("startms", "offsetmilliseconds", "offsets.from"), "end": ("endms", "offsets.to"),
    "length": ("durationms", "durationmilliseconds"),
}  # fmt: skip
_SPEAKER = ("speaker", "speakerlabel", "speakerid", "speakertag", "speakername", "alternatives.0.speaker")
_NAME = ("name", "label", "id")  # of a speaker
_ISO_LENGTH = re.compile(r"PT(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?")


@dataclass(frozen=True)
class Item:
    """A text with its times, where these are known.

    Attributes:
        text: a word, or all of a segment.
        start: seconds; None where unknown.
        end: seconds; None where unknown.
        speaker: empty where unknown.
    """

    text: str
    start: float | None
    end: float | None
    speaker: str


def at(value: Any, place: str) -> Any:
    """What lies at keys and positions parted by full stops; None where nothing does."""
    if "." not in place:
        return value.get(place) if isinstance(value, Mapping) else None
    for key in place.split("."):
        if key.isdecimal() and isinstance(value, list):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, Mapping) else None
    return value


def first(raw: Any, places: Sequence[str]) -> Any:
    """What lies at the first of several places; None where nothing does."""
    return next((value for place in places if (value := at(raw, place)) is not None), None)


def item(raw: Any) -> Item | None:
    """The item; None where it holds neither a text nor a time of its words."""
    if isinstance(raw, list):
        return _row(raw)
    if not isinstance(raw, Mapping):
        return None
    text, (start, end) = _text(raw), _times(raw)
    if text is None:
        return Item("", start, end, speaker(raw)) if start is not None and "words" in raw else None
    return Item(text, start, end, speaker(raw))


def speaker(raw: Any) -> str:
    """The speaker of an item; empty where unknown."""
    named = first(raw, _SPEAKER)
    named = first(named, _NAME) if isinstance(named, Mapping) else named
    return str(named).strip() if isinstance(named, str | int) and not isinstance(named, bool) else ""


def _text(raw: Mapping[str, Any]) -> str | None:
    text, lines = first(raw, _TEXT), raw.get("lines")
    if text is None and isinstance(lines, list) and all(isinstance(line, str) for line in lines):
        return "\n".join(lines)
    return text if isinstance(text, str) else None


def _times(raw: Mapping[str, Any]) -> tuple[float | None, float | None]:
    start, end, length = (time(first(raw, places)) for places in (_START, _END, _LENGTH))
    offset, length_ms = raw.get("offset"), time(first(raw, _MILLISECONDS["length"]))
    start_ms, end_ms = (time(first(raw, _MILLISECONDS[name])) for name in ("start", "end"))
    if start is None and start_ms is not None:
        start = start_ms / 1000
    if start is None:  # where it is a number of letters, no length stands beside it, and no unit behind it
        start = time(offset if length is not None or isinstance(offset, str) else None)
        start = _with_unit(raw.get("startoffset")) if start is None else start
    if end is None:
        end = end_ms / 1000 if end_ms is not None else _with_unit(raw.get("endoffset"))
    if length is None and length_ms is not None:
        length = length_ms / 1000
    if end is None and start is not None and length is not None:
        end = start + length
    return start, end


def _with_unit(value: Any) -> float | None:
    return time(value) if isinstance(value, str | Mapping) else None


def _row(raw: list[Any]) -> Item | None:
    """Of a row without names: the text, and two times behind it or just before it."""
    place = next((n for n, value in enumerate(raw) if isinstance(value, str)), None)
    if place is None:
        return None
    times = raw[1:3] if place == 0 else raw[max(0, place - 2) : place]
    if len(times) != 2 or any(isinstance(value, bool) or not isinstance(value, int | float) for value in times):
        return None
    return Item(raw[place], time(times[0]), time(times[1]), "")


def time(value: Any) -> float | None:
    """Seconds of a number, of seconds and nanos, or of a text such as 1.5, 1.5s, 00:00:01,500 or PT1.5S."""
    if isinstance(value, Mapping):
        whole, nanos = time(value.get("seconds", 0)), time(value.get("nanos", 0))
        known = "seconds" in value or "nanos" in value
        return whole + nanos * 1e-9 if known and whole is not None and nanos is not None else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str):
        stamp = value.strip()
        iso = _ISO_LENGTH.fullmatch(stamp)
        if iso and stamp != "PT":
            return sum(float(iso[name] or 0) * unit for name, unit in (("h", 3600), ("m", 60), ("s", 1)))
        return seconds(stamp.removesuffix("s"))
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
