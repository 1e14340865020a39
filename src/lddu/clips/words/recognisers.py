"""JSON of speech recognisers -> segments of items, whatever each of them calls its fields.

Read are WhisperX, Whisper and its interface on the web, faster-whisper, whisper.cpp, pipelines of transformers, Vosk, Deepgram,
AssemblyAI, Rev, Amazon, Google, and plain lists of items with a text and times.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lddu.clips.words.captions import seconds
from lddu.clips.words.timed_lines import are_milliseconds
from lddu.errors import SourceError
from lddu.store.extraction_notes import Mend

_SEGMENTS = (
    "segments",
    "utterances",
    "chunks",
    "transcription",
    "monologues",
    "results.utterances",
    "results.channels",
    "results",
)
_WORDS = ("words", "word_segments", "result", "results.items")
_WORDS_OF_SEGMENT = ("words", "alternatives.0.words", "elements", "result")
_TEXT = (
    "punctuated_word",
    "word",
    "text",
    "content",
    "value",
    "alternatives.0.content",
    "alternatives.0.transcript",
)
_START = ("start", "start_time", "startTime", "ts", "timestamp.0", "timestamps.from")
_END = ("end", "end_time", "endTime", "end_ts", "timestamp.1", "timestamps.to")
_LENGTH = ("duration", "dur")
_SPEAKER = ("speaker", "speaker_label", "speaker_id", "speakerTag")
_MARKS = ("punctuation", "punct")


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


@dataclass(frozen=True)
class Segment:
    """Words that were recognised together.

    Attributes:
        place: such as "segment 3".
        whole: text and times of the segment.
        words: its words; none where it has no times of words.
    """

    place: str
    whole: Item
    words: tuple[Item, ...]


def recognised(document: Any, where: str, duration: float, mends: Counter[Mend]) -> list[Segment]:
    """The segments of a document, as they are written.

    Args:
        document: as JSON gives it.
        where: names the file.
        duration: seconds of the clip, which tells milliseconds from seconds.
        mends: segments and words that cannot be understood are added.

    Raises:
        SourceError: where nothing in it is understood.
    """
    segments, words = _found(document)
    if segments is None and words is None:
        raise SourceError(
            f"Expected {where} to hold 'segments' as WhisperX writes them, or 'words', 'chunks' or a list of items with "
            "a text and times, but it does not; name answers and other JSON otherwise than the clip."
        )
    read = [_segment(number, raw, mends) for number, raw in enumerate(segments or ())]
    kept = [segment for segment in read if segment is not None]
    if read and not kept and not words:
        raise SourceError(
            f"Expected segment 0 of {where} to have 'start', 'end' and 'words' or 'text', but it is damaged, as are all "
            f"{len(read)} segments ({str(segments and segments[0])[:80]})."
        )
    if words and not any(segment.words for segment in kept):
        items = _spelt(_items(words, mends), kept)
        kept = [Segment("the list of words", _spanning(items), tuple(items))] if items else kept
    return _in_seconds(kept, duration, mends)


def _found(document: Any) -> tuple[list[Any] | None, list[Any] | None]:
    """Lists of segments and of words."""
    if isinstance(document, list):
        single = bool(document) and all(
            isinstance(item, dict) and {"word", "start"} <= item.keys() for item in document
        )
        return (None, document) if single else (document, None)
    lists = [
        next((found for place in places if isinstance(found := _at(document, place), list)), None)
        for places in (_SEGMENTS, _WORDS)
    ]
    return lists[0], lists[1]


def _at(value: Any, place: str) -> Any:
    """What lies at keys and positions parted by full stops; None where nothing does."""
    if "." not in place:
        return value.get(place) if isinstance(value, Mapping) else None
    for key in place.split("."):
        if key.isdecimal() and isinstance(value, list):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _first(raw: Mapping[str, Any], places: Sequence[str]) -> Any:
    return next((found for place in places if (found := _at(raw, place)) is not None), None)


def _segment(number: int, raw: Any, mends: Counter[Mend]) -> Segment | None:
    """A segment; None, counted, where it is none."""
    raw = raw if isinstance(raw, Mapping) else {}
    inner = _first(raw, _WORDS_OF_SEGMENT)
    inner = inner if isinstance(inner, list) else []
    words = tuple(_items(inner, mends))
    whole = _item(raw)
    if inner and not any(isinstance(word, Mapping) for word in inner) and not (whole and whole.text.strip()):
        whole = None
    if words or (whole and (whole.start is not None or whole.end is not None)):
        return Segment(f"segment {number}", whole or _spanning(words), words)
    if whole is None or whole.text.strip():
        mends[Mend.DAMAGED] += 1
    return None


def _items(raws: Sequence[Any], mends: Counter[Mend]) -> list[Item]:
    items: list[Item] = []
    for raw in raws:
        item = _item(raw) if isinstance(raw, Mapping) else None
        if item is None:
            mends[Mend.DAMAGED] += 1
        elif raw.get("type") in _MARKS:
            items[-1:] = [replace(last, text=last.text + item.text.strip()) for last in items[-1:]]
        elif item.text.strip():
            items.append(item)
    return items


def _item(raw: Mapping[str, Any]) -> Item | None:
    text = _first(raw, _TEXT)
    start, end = _time(_first(raw, _START)), _time(_first(raw, _END))
    length = _time(_first(raw, _LENGTH))
    if end is None and start is not None and length is not None:
        end = start + length
    if not isinstance(text, str):
        return Item("", start, end, _speaker(raw)) if start is not None and "words" in raw else None
    return Item(text, start, end, _speaker(raw))


def _speaker(raw: Mapping[str, Any]) -> str:
    speaker = _first(raw, _SPEAKER)
    return str(speaker).strip() if isinstance(speaker, str | int) else ""


def _time(value: Any) -> float | None:
    """Seconds of a number, or of a text such as 1.5, 1.5s or 00:00:01,500."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str):
        return seconds(value.strip().removesuffix("s"))
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _spanning(items: Sequence[Item]) -> Item:
    starts = [item.start for item in items if item.start is not None]
    ends = [item.end for item in items if item.end is not None]
    return Item("", min(starts, default=None), max(ends, default=None), "")


def _spelt(items: Sequence[Item], segments: Sequence[Segment]) -> list[Item]:
    """Words in the spelling of the segments, which have capitals and full stops, where both are the same words."""
    written = [word for segment in segments for word in segment.whole.text.split()]
    if [_bare(item.text) for item in items] != [_bare(word) for word in written]:
        return list(items)
    return [replace(item, text=word) for item, word in zip(items, written, strict=True)]


def _bare(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())


def _in_seconds(segments: list[Segment], duration: float, mends: Counter[Mend]) -> list[Segment]:
    items = [item for segment in segments for item in (segment.whole, *segment.words)]
    if not are_milliseconds([time for item in items for time in (item.start, item.end)], duration):
        return segments
    mends[Mend.MILLISECONDS] += sum(len(segment.words) or 1 for segment in segments)
    return [
        Segment(segment.place, _thousandth(segment.whole), tuple(map(_thousandth, segment.words)))
        for segment in segments
    ]


def _thousandth(item: Item) -> Item:
    start, end = (None if time is None else time / 1000 for time in (item.start, item.end))
    return replace(item, start=start, end=end)
