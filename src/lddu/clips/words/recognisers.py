"""JSON of speech recognisers -> segments of items, wherever each of them keeps its words.

Read are WhisperX, Whisper and its interface on the web, faster-whisper, whisper.cpp, pipelines of transformers, Vosk, Deepgram,
AssemblyAI, Rev, Amazon, Google, Microsoft, IBM, Speechmatics, Gladia, ElevenLabs, Soniox, NeMo, YouTube, aligners (Montreal,
Gentle, aeneas), and plain lists of items with a text and times. What they wrap around it does not matter.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lddu.clips.words.recogniser_forms import regular
from lddu.clips.words.recogniser_items import Item, at, first, item, speaker
from lddu.clips.words.timed_lines import are_milliseconds
from lddu.errors import SourceError
from lddu.store.extraction_notes import Mend

_SEGMENTS = (
    "segments", "utterances", "chunks", "transcription", "monologues", "phrases", "sentences", "fragments",
    "results.utterances", "results.channels", "results", "channels", "annotationresults.0.speechtranscriptions",
)  # fmt: skip
_WORDS = ("words", "wordsegments", "result", "results.items", "timestamp.word", "timestamp.segment",
          "alternatives.0.words", "alternatives.0.result")  # fmt: skip
_WORDS_OF_SEGMENT = ("words", "alternatives.0.words", "alternatives.0.result", "elements", "result")
_MARKS = ("punctuation", "punct")  # types of items that belong to the one before
_NO_WORDS = ("audio_event", "spacing")  # types of items that are none
_DEEPEST = 8  # levels that are looked into: those of a recogniser (Gladia has two) and what is wrapped around it


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
        document: as JSON gives it, its keys in lower case and without "_".
        where: names the file.
        duration: seconds of the clip, which distinguishes milliseconds from seconds.
        mends: segments and words that cannot be understood are added.

    Raises:
        SourceError: where nothing in it is understood, or it holds several recordings.
    """
    document = _unwrapped(document)
    sure = isinstance(document, Mapping) and "audioduration" in document  # AssemblyAI: milliseconds
    _refuse_several(document, where)
    segments, words = _segments_and_words(document)
    if segments is None and words is None:
        raise SourceError(
            f"Expected {where} to hold 'segments' as WhisperX writes them, or 'words', 'chunks' or a list of items with "
            "a text and times, but it does not; name answers and other JSON otherwise than the clip."
        )
    read = [_segment(number, raw, mends) for number, raw in enumerate(segments or ())]
    known = [segment for segment in read if segment is not None]
    if read and not known and not words:
        raise SourceError(
            f"Expected segment 0 of {where} to have 'start', 'end' and 'words' or 'text', but it is damaged, as are all "
            f"{len(read)} segments ({str(segments and segments[0])[:80]})."
        )
    if words and not any(segment.words for segment in known):
        items = _spelt(_items(words, mends), known)
        known = [Segment("the list of words", _spanning(items), tuple(items))] if items else known
    return _in_seconds(list(_once(known, mends)), duration, mends, sure)


def _refuse_several(document: Any, where: str) -> None:
    """Lines of a manifest, as NeMo writes them, may be those of many files."""
    items = document if isinstance(document, list) else []
    files = {str(raw["audiofilepath"]) for raw in items if isinstance(raw, Mapping) and "audiofilepath" in raw}
    if len(files) > 1:
        raise SourceError(
            f"Expected {where} to hold what is said in one recording, but its lines name {len(files)}; write the lines of "
            "each recording to a file of its own."
        )


def _unwrapped(document: Any) -> Any:
    """What a recogniser gave, in the usual form, without what is wrapped around it; the document itself where there is none."""
    level = [document]
    for _ in range(_DEEPEST):
        for node in level:
            plain = regular(node)
            if isinstance(plain, list) or any(_list_at(plain, places) is not None for places in (_SEGMENTS, _WORDS)):
                return plain
        level = [
            value
            for node in level
            if isinstance(node, Mapping)
            for value in node.values()
            if isinstance(value, Mapping)
        ]
    return document


def _segments_and_words(document: Any) -> tuple[list[Any] | None, list[Any] | None]:
    """Lists of segments and of words."""
    if isinstance(document, list):
        single = bool(document) and all(
            isinstance(raw, Mapping) and {"word", "start"} <= raw.keys() for raw in document
        )
        return (None, document) if single else (document, None)
    segments, words = (_list_at(document, places) for places in (_SEGMENTS, _WORDS))
    called_results = bool(_types(segments) & {"word", *_MARKS})
    return (None, segments) if called_results else (segments, words)


def _list_at(node: Any, places: Sequence[str]) -> list[Any] | None:
    return next((value for place in places if isinstance(value := at(node, place), list)), None)


def _types(raws: list[Any] | None) -> set[str]:
    return {str(raw.get("type")) for raw in raws or () if isinstance(raw, Mapping)}


def _segment(number: int, raw: Any, mends: Counter[Mend]) -> Segment | None:
    """A segment; None, counted, where it is none."""
    inner = first(raw, _WORDS_OF_SEGMENT)
    inner = inner if isinstance(inner, list) else []
    words = tuple(_items(inner, mends))
    whole = item(raw)
    if inner and not words and not any(isinstance(word, Mapping | list) for word in inner):
        whole = whole if whole and whole.text.strip() else None
    if words or (whole and (whole.start is not None or whole.end is not None)):
        return Segment(f"segment {number}", whole or replace(_spanning(words), speaker=speaker(raw)), words)
    if (whole is None and raw not in ({}, {"text": ""})) or (whole and whole.text.strip()):
        mends[Mend.DAMAGED] += 1
    return None


def _items(raws: Sequence[Any], mends: Counter[Mend]) -> list[Item]:
    items: list[Item] = []
    for raw in raws:
        parsed, kind = item(raw), raw.get("type") if isinstance(raw, Mapping) else None
        if parsed is None:
            mends[Mend.DAMAGED] += 1
        elif kind in _MARKS:
            items[-1:] = [replace(last, text=last.text + parsed.text.strip()) for last in items[-1:]]
        elif parsed.text.strip() and kind not in _NO_WORDS:
            items.append(parsed)
    return items


def _spanning(items: Sequence[Item]) -> Item:
    starts = [word.start for word in items if word.start is not None]
    ends = [word.end for word in items if word.end is not None]
    return Item("", min(starts, default=None), max(ends, default=None), "")


def _spelt(items: Sequence[Item], segments: Sequence[Segment]) -> list[Item]:
    """Words in the spelling of the segments, which have capitals and full stops, where both are the same words."""
    written = [spelling for segment in segments for spelling in segment.whole.text.split()]
    if [_bare(word.text) for word in items] != [_bare(spelling) for spelling in written]:
        return list(items)
    return [replace(word, text=spelling) for word, spelling in zip(items, written, strict=True)]


def _bare(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())


def _once(segments: Sequence[Segment], mends: Counter[Mend]) -> Iterator[Segment]:
    """The segments without those whose words all stand in later ones too, as where Google gives all again with speakers."""
    last: dict[tuple[str, float | None], int] = {
        (_bare(word.text), word.start): number
        for number, segment in enumerate(segments) for word in segment.words if word.start is not None
    }  # fmt: skip
    for number, segment in enumerate(segments):
        later = [last.get((_bare(word.text), word.start), -1) > number for word in segment.words]
        if later and all(later):
            mends[Mend.TWICE] += len(later)
        else:
            yield segment


def _in_seconds(segments: list[Segment], duration: float, mends: Counter[Mend], sure: bool) -> list[Segment]:
    items = [part for segment in segments for part in (segment.words or (segment.whole,))]
    if not sure and not are_milliseconds([(part.start, part.end) for part in items], duration):
        return segments
    mends[Mend.MILLISECONDS] += 0 if sure else sum(len(segment.words) or 1 for segment in segments)
    return [
        Segment(segment.place, _thousandth(segment.whole), tuple(map(_thousandth, segment.words)))
        for segment in segments
    ]


def _thousandth(part: Item) -> Item:
    start, end = (None if moment is None else moment / 1000 for moment in (part.start, part.end))
    return replace(part, start=start, end=end)
