"""Clips of words alone: lines of a text file, rows of a table without files, sentences that are typed; they have no times.

Many short texts are one source each, so that the language model reads them in batches and a killed extraction goes on
behind the last finished source.
"""

import html
import math
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lddu.clips.media import MEDIA_SUFFIXES, PHOTO_SUFFIXES
from lddu.clips.people import known_speakers
from lddu.clips.spans import NamedSpan, Source
from lddu.clips.steps import ClipFeatures, Steps, of_person
from lddu.clips.words.cue_text import IN_BRACKETS
from lddu.clips.words.text import WordEncoder
from lddu.clips.words.text_file import read_text
from lddu.clips.words.transcript import NO_WORDS, Word, read_transcript, speakers
from lddu.errors import SourceError
from lddu.sentences import counted
from lddu.store import extraction_notes
from lddu.store.extraction_notes import UNKNOWN
from lddu.store.sheet.lines import SHEET_SUFFIXES

AT_ONCE = 1024
"""Texts of a source."""

TYPED = "text"
"""What a text that was typed is called."""

_ANY_LENGTH = 24 * 3600.0
"""Seconds within which times in a text file may lie, where there is no sound whose length says it."""


@dataclass(frozen=True)
class SaidWords:
    """A clip of words alone before it has features.

    Attributes:
        clip: its id.
        words: of it.
        speaker: who says them; empty where unknown.
        notes: on how they were read.
    """

    clip: str
    words: Sequence[str]
    speaker: str = ""
    notes: tuple[str, ...] = ()


def words_of(source: Source, per_person: bool) -> list[SaidWords]:
    """The clips of a source of words alone: its spans, or the one of a text file, or one for each speaker in it.

    Args:
        source: texts, or a text file.
        per_person: a clip for each speaker.

    Raises:
        SourceError: where the file holds no words.
    """
    if source.words_alone:
        return [SaidWords(span.clip, span.transcript.split()) for span in source.spans]
    read = read_transcript(source.path, _ANY_LENGTH) if source.path.is_file() else NO_WORDS
    words, notes = read.words, read.notes
    if not words:
        raise SourceError(f"Expected words in {source.path}, but it is absent or holds none; check the file.")
    if not per_person:
        return [SaidWords(source.clip, _split(words), speakers(words), notes)]
    by_speaker: dict[str, list[Word]] = {}
    for word in known_speakers(words):
        by_speaker.setdefault(word.speaker, []).append(word)
    several = len(by_speaker) > 1
    return [
        SaidWords(of_person(source.clip, name or UNKNOWN) if several else source.clip, _split(spoken), name, notes)
        for name, spoken in by_speaker.items()
    ]


def _split(words: Sequence[Word]) -> list[str]:
    return " ".join(word.text for word in words).split()


def features_of_words(clips: Sequence[SaidWords], encoder: WordEncoder, most: int = 0) -> list[ClipFeatures]:
    """The clips with their one modality.

    Those of which the language model knows no word, as of control characters and emoji, are left out; the first of the others
    notes them.

    Args:
        clips: with a word at least each.
        encoder: of the words.
        most: tokens of a clip after which nothing of it is read; 0 reads all.

    Raises:
        SourceError: where no clip is left.
    """
    known = [(clip, encoder.knows(clip.words)) for clip in clips]
    unread = [extraction_notes.clip_left_out(clip.clip, _UNREAD) for clip, knows in known if not any(knows)]
    if len(unread) == len(clips):
        raise SourceError(f"Expected words in {clips[0].clip!r}, but {_UNREAD}; write them as letters.")
    known = [(clip, knows) for clip, knows in known if any(knows)]
    encoded = encoder.states([clip.words for clip, _ in known], most or None)
    features = [
        _clip(clip, states, (*clip.notes, *words_to_doubt(clip.words, knows), *_unread(clip, states, encoder, most)))
        for (clip, knows), states in zip(known, encoded, strict=True)
    ]
    return [replace(features[0], notes=(*features[0].notes, *unread)), *features[1:]]


_UNREAD = "the language model knows no word of it"


def words_to_doubt(words: Sequence[str], knows: Sequence[bool]) -> tuple[str, ...]:
    """Notes on what the language model cannot read, on signs alone, on brackets, which nobody may have said, and on HTML; if any."""
    text, notes = " ".join(words), list[str]()
    if unknown := [word for word, known in zip(words, knows, strict=True) if not known]:
        notes.append(extraction_notes.unknown_words(len(unknown), len(words), unknown[0]))
    if not any(map(str.isalnum, text)):
        notes.append(extraction_notes.SIGNS_ALONE)
    if unsaid := re.search(IN_BRACKETS, text):
        notes.append(extraction_notes.unsaid_words(unsaid.group()))
    if mark := _first_markup(text):
        notes.append(extraction_notes.markup(mark))
    return tuple(notes)


def _first_markup(text: str) -> str:
    """The first tag of HTML, or entity that stands for a sign; empty where there is none."""
    marks = (found.group() for found in _HTML.finditer(text))
    return next((mark for mark in marks if mark.startswith("<") or html.unescape(mark) != mark), "")


_HTML = re.compile(
    r"&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]+);|</?(?:a|b|br|div|em|font|i|p|span|strong|u)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
"""Signs written as entities, and the tags of running text."""


def _unread(clip: SaidWords, states: np.ndarray, encoder: WordEncoder, most: int) -> tuple[str, ...]:
    """A note on the words of a clip that are left out as it is too long."""
    if not most or len(states) < most:
        return ()
    read, total = encoder.words_within(clip.words, most), len(clip.words)
    return (extraction_notes.unread_end(read, total),) if read < total else ()


def _clip(clip: SaidWords, states: np.ndarray, notes: tuple[str, ...]) -> ClipFeatures:
    shares, steps = {"face": math.nan, "voice": math.nan}, {"text": Steps.timeless(states)}
    return ClipFeatures(
        clip.clip,
        math.nan,
        math.nan,
        " ".join(clip.words),
        steps,
        shares,
        (extraction_notes.WORDS_ALONE, *notes),
        clip.speaker,
    )


def sources_of_texts(path: Path, group: str, texts: Sequence[NamedSpan]) -> Iterator[Source]:
    """The texts in sources of `AT_ONCE`.

    Args:
        path: where they stand; ``Path()`` of typed ones.
        group: of all of them, empty where they have nothing in common.
        texts: ids and transcripts.
    """
    for first in range(0, len(texts), AT_ONCE):
        yield Source(path, group, spans=tuple(texts[first : first + AT_ONCE]), sought=True, words_alone=True)


def typed_texts(texts: Sequence[str]) -> tuple[Source, ...]:
    """Sources of texts from a command line or a program.

    Raises:
        SourceError: where there is none, or one has no words.
    """
    if not texts:
        raise SourceError("Expected at least one text, but got none; write one.")
    several = len(texts) > 1
    named = [NamedSpan(f"{TYPED}#{n:03d}" if several else TYPED, transcript=text) for n, text in enumerate(texts, 1)]
    if wordless := [span.clip for span in named if not span.transcript.split()]:
        raise SourceError(f"Expected words in every text, but {wordless[0]} has none; write some, or leave it out.")
    return tuple(sources_of_texts(Path(), "", named))


def texts_in_lines(path: Path, clip: str) -> tuple[tuple[Source, ...], str]:
    """A clip for every line of a text file that holds words, and a sentence on the lines that hold none, if any.

    Args:
        path: the file; ``-`` is stdin.
        clip: id of the file; that of its line 12 is ``id#012``.

    Raises:
        SourceError: where it is no text file, cannot be read, or has no words.
    """
    if path.suffix.lower() in MEDIA_SUFFIXES | PHOTO_SUFFIXES | set(SHEET_SUFFIXES):
        raise SourceError(
            f"Expected a text file with a clip in every line, but got {path}; name a .txt, or leave out reading by lines."
        )
    lines = (sys.stdin.read() if str(path) == "-" else read_text(path)).splitlines()
    named = [NamedSpan(f"{clip}#{n:03d}", transcript=line) for n, line in enumerate(lines, 1) if line.split()]
    if not named:
        raise SourceError(
            f"Expected words in {path}, but none of its {counted(len(lines), 'line')} holds any; check the file."
        )
    blank = len(lines) - len(named)
    sentence = (
        f"{counted(blank, 'line')} of {path} without words {'was' if blank == 1 else 'were'} left out" if blank else ""
    )
    return tuple(sources_of_texts(path, clip, named)), sentence
