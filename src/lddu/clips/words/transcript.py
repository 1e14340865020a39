"""Who said which word when: transcripts of every known kind, recognised by their content, checked against the clip.

Where only a cue, or the whole clip, has a time, its words share it by their length: `timed` says which of both.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lddu.clips.words.beside import SUFFIXES
from lddu.clips.words.captions import captions, has_cues, lines_of, loose_text
from lddu.clips.words.cue import spoken_cues
from lddu.clips.words.cue_words import cue_words
from lddu.clips.words.recognisers import recognised
from lddu.clips.words.redisplayed import said_once
from lddu.clips.words.segment_words import segment_words
from lddu.clips.words.speaker_labels import labels
from lddu.clips.words.text_file import plainly_timed, read_text
from lddu.clips.words.timed_lines import timed_lines
from lddu.clips.words.word import Word, shares
from lddu.errors import SourceError
from lddu.store.extraction_notes import Mend, mended

__all__ = ["NO_WORDS", "Transcript", "Word", "read_transcript", "speakers", "untimed"]


@dataclass(frozen=True)
class Transcript:
    """The words of a file, in order.

    Attributes:
        words: in order of time; what people say at the same time stays together, one after the other.
        timed: False where the times were only shared out over the whole clip.
        notes: what was mended, left out or guessed, counted.
    """

    words: tuple[Word, ...]
    timed: bool
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The words in one line."""
        return " ".join(word.text for word in self.words)

    def between(self, start: float, end: float) -> tuple[Word, ...]:
        """The words whose middle lies in [start, end)."""
        return tuple(word for word in self.words if start <= (word.start + word.end) / 2 < end)


NO_WORDS = Transcript((), False)

READING = 3
"""Raised with every change of how transcripts are read, so that what was extracted before is not taken over."""


def speakers(words: Sequence[Word]) -> str:
    """Who says the words, in order of their first ones; empty where that is not known."""
    return ", ".join(dict.fromkeys(word.speaker for word in words if word.speaker))


def read_transcript(path: Path, duration: float) -> Transcript:
    """Read a transcript of any known kind; what is in the file decides which, not its name.

    Args:
        path: .srt, .vtt, .txt (words alone, or lines with times), or .json of a speech recogniser (see
            `lddu.clips.words.recognisers`).
        duration: seconds of the clip, in which every word lies.

    Raises:
        SourceError: where the file cannot be understood, or most of it lies beyond the end of this clip.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise SourceError(f"Expected a transcript of kind {', '.join(SUFFIXES)}, but got {path}; convert it to one.")
    text, where, mends = read_text(path), str(path), Counter[Mend]()
    document = _document(path, text)
    if isinstance(document, dict) and isinstance(document.get("text"), str) and not _holds_more(document):
        return _plain(document["text"], duration)
    if document is not None:
        segments = recognised(document, where, duration, mends)
        return _transcript(segment_words(segments, where, duration, mends), mends, "word")
    text = plainly_timed(text, mends)
    if has_cues(text):
        if loose_text(text):
            raise SourceError(f"Expected cues with '-->' in {path}, but found none; name plain text .txt.")
        cues = said_once(spoken_cues(captions(text), where, duration, mends), mends)
        return _transcript(cue_words(cues, mends), mends, "cue")
    timed = timed_lines(text, where, duration, mends)
    if timed is not None:
        cues = spoken_cues(timed.captions, where, duration, mends, ends=timed.ends)
        return _transcript(cue_words(cues, mends), mends, "line")
    if path.suffix.lower() != ".txt" and text.strip():
        raise SourceError(f"Expected cues with '-->' in {path}, but found none; name plain text .txt.")
    return _plain(text, duration)


def untimed(text: str, duration: float) -> Transcript:
    """A transcript without times: its words share the whole clip by their length."""
    words = text.split()
    times = shares(words, 0.0, duration)
    return Transcript(tuple(Word(word, *span) for word, span in zip(words, times, strict=True)), False)


def _transcript(words: Sequence[Word] | Any, mends: Counter[Mend], what: str) -> Transcript:
    return Transcript(tuple(words), True, mended(mends, what))


def _plain(text: str, duration: float) -> Transcript:
    """Words alone, of which some lines may name who says them."""
    lines, spoken = lines_of(text), list[tuple[str, str]]()
    speaker = ""
    for line, [(length, name)] in zip(lines, labels([[line] for line in lines]), strict=True):
        speaker = name or speaker
        spoken += [(word, speaker) for word in line[length:].split()]
    times = shares([word for word, _ in spoken], 0.0, duration)
    return Transcript(
        tuple(Word(word, start, end, name) for (word, name), (start, end) in zip(spoken, times, strict=True)), False
    )


def _document(path: Path, text: str) -> Any:
    """What a file of JSON holds; None where a file of another name is none."""
    is_json = path.suffix.lower() == ".json"
    if not is_json and text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        document = list(_documents(text))
    except (ValueError, RecursionError) as fault:
        if not is_json:
            return None
        raise SourceError(
            f"Expected {path} to be JSON, but it is damaged ({str(fault)[:80]}); write it anew."
        ) from None
    if len(document) > 1 or (is_json and not document):
        return document
    return document[0] if is_json or isinstance(document[0], dict | list) else None


def _holds_more(document: dict[str, Any]) -> bool:
    """Whether there is more than a text, such as words with times; the costs of a request are nothing more."""
    return any(isinstance(value, list | dict) and value and key != "usage" for key, value in document.items())


def _documents(text: str) -> Iterator[Any]:
    """One document, or several one behind the other, as recognisers of live sound write them."""
    decoder, at = json.JSONDecoder(object_pairs_hook=_plainly_named), 0
    while at < len(text) and (at := at + len(text[at:]) - len(text[at:].lstrip())) < len(text):
        document, at = decoder.raw_decode(text, at)
        yield document


def _plainly_named(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """`startTime`, `start_time` and `StartTime` under one name."""
    return {key.lower().replace("_", ""): value for key, value in pairs}
