"""Who is in a file: speakers that its transcript names and faces that are seen, and whose face is whose where that is sure.

A face is a speaker's where it is the only one in the file, is seen while this speaker speaks, and is not while anybody else
does. Else it is a person of its own: who moves the mouth is no evidence enough (docs/decisions/people.md). What nobody is known
to have said is said by `UNKNOWN`, who may be several.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from lddu.clips.face.pictures import FaceTrack
from lddu.clips.segments import Span
from lddu.clips.spans import NamedSpan
from lddu.clips.steps import Steps, of_person
from lddu.clips.words.transcript import Transcript
from lddu.clips.words.turns import Turns, turns
from lddu.clips.words.word import Word
from lddu.store import extraction_notes
from lddu.store.extraction_notes import UNKNOWN

_NO_NAMES = frozenset({UNKNOWN, "unknown speaker", "speaker unknown", "unk", "?"})
_SEEN, _UNSEEN = 0.8, 0.05  # shares of the pictures in turns: of the speaker whose face it is, and of all others


@dataclass(frozen=True)
class Person:
    """Somebody in a file.

    Attributes:
        name: as results have it.
        speaker: whose words are this person's, empty for words without a speaker; None where none are known.
        face: every picture of it; None where none is known.
    """

    name: str
    speaker: str | None
    face: Steps | None


@dataclass(frozen=True)
class People:
    """Everybody in a file.

    Attributes:
        persons: speakers in order of their first words, `UNKNOWN`, then faces in order of their first pictures.
        words: of the file, without names that say nothing.
        timed: whether words have times that say who speaks when.
        notes: what a reader should know.
    """

    persons: tuple[Person, ...]
    words: tuple[Word, ...]
    timed: bool
    notes: tuple[str, ...]

    @property
    def voices(self) -> int:
        """How many of them say something, `UNKNOWN` included."""
        return sum(person.speaker is not None for person in self.persons)

    @property
    def faces(self) -> int:
        """How many of them are seen."""
        return sum(person.face is not None for person in self.persons)

    @property
    def named(self) -> bool:
        """Whether any speaker is known by name."""
        return any(person.speaker for person in self.persons)

    def clip(self, part: "Part") -> str:
        """Id of one person in a clip; the clip's own where there is nobody else in the file."""
        return of_person(part.clip.clip, part.person.name) if len(self.persons) > 1 else part.clip.clip

    def turns(self, start: float, end: float) -> Mapping[str, tuple[Span, ...]]:
        """Speaker, empty where unknown -> when between two times they alone speak; all the time where that is all that is known."""
        if not self.named:
            return {"": (Span(start, end),)}
        if self.timed:
            return turns(self.words, start, end).alone
        return {person.speaker or "": (Span(start, end),) for person in self.persons if self.voices == 1}


@dataclass(frozen=True)
class Part:
    """One person in one clip.

    Attributes:
        clip: its place in the file.
        person: whose words, turns and face.
        words: this person's, in the clip.
        turns: when this person alone speaks in the clip.
    """

    clip: NamedSpan
    person: Person
    words: tuple[Word, ...]
    turns: tuple[Span, ...]


def parts_of(people: People, placed: Sequence[tuple[NamedSpan, Transcript]]) -> list[Part]:
    """Every person in every clip, whether there or not.

    Args:
        people: of the file.
        placed: clips with the words of the file, or their own.
    """
    parts = []
    for clip, transcript in placed:
        start, end = clip.placed()
        words = known_speakers(transcript.between(start, end))
        turns_of = people.turns(start, end)
        for person in people.persons:
            own_words = tuple(word for word in words if word.speaker == person.speaker)
            has_voice = bool(own_words) or not people.named  # who says no word here was caught in the middle of one
            parts.append(
                Part(
                    clip,
                    person,
                    own_words,
                    turns_of.get(person.speaker or "", ()) if has_voice and person.speaker is not None else (),
                )
            )
    return parts


def people_in(transcripts: Sequence[Transcript], face: FaceTrack, duration: float, sound: bool) -> People:
    """Everybody in a file.

    Args:
        transcripts: of the file; or of its clips, where these have their own.
        face: with all that are seen.
        duration: seconds of the file.
        sound: whether anything is heard in it.
    """
    words = known_speakers([word for transcript in transcripts for word in transcript.words])
    timed = all(transcript.timed for transcript in transcripts if transcript.words)
    names = list(dict.fromkeys(word.speaker for word in sorted(words, key=lambda word: word.start) if word.speaker))
    voices = names + [""] * (any(not word.speaker for word in words) or (sound and not words))
    whole = turns(words, 0.0, duration) if names and timed else None
    faces = _faces(face)
    owner = _owner(voices, whole, face, duration) if len(faces) == 1 else None
    persons = [Person(voice or UNKNOWN, voice, faces[0] if voice == owner else None) for voice in voices]
    free = (name for name in (f"face {number}" for number in count(1)) if name not in names)
    if owner is None:
        persons += [Person(name, None, steps) for steps, name in zip(faces, free, strict=False)]
    notes = [*_heard(words, names, whole, duration), *_apart(voices, len(faces), owner)]
    notes += [extraction_notes.FACES_NUMBERED] * (owner is None and len(faces) > 1)
    if names and not timed and len(voices) > 1:
        notes.append(extraction_notes.UNTIMED_SPEAKERS)
    return People(tuple(persons) or (Person(UNKNOWN, "", None),), tuple(words), timed, tuple(notes))


def known_speakers(words: Sequence[Word]) -> list[Word]:
    """The words, without a speaker where its name says that it is unknown."""
    return [replace(word, speaker="") if word.speaker.casefold().strip() in _NO_NAMES else word for word in words]


def _faces(face: FaceTrack) -> tuple[Steps, ...]:
    """The faces that are distinguished; a single one as it is in an answer on the file as a whole, if it is seen there."""
    return (face.steps,) if len(face.people) == 1 and len(face.steps) else face.people


def _owner(voices: Sequence[str], whole: Turns | None, face: FaceTrack, duration: float) -> str | None:
    """Whose the only face of a file is; None where nothing says so."""
    if list(voices) == [""]:
        return ""
    if whole is None and len(voices) > 1:
        return None
    spans = {voice: whole.alone.get(voice, ()) if whole else (Span(0.0, duration),) for voice in voices}
    shares = {voice: _seen(face, stretches) for voice, stretches in spans.items()}
    certain = [
        voice for voice, share in shares.items()
        if voice and share >= _SEEN and all(other <= _UNSEEN for name, other in shares.items() if name != voice)
    ]  # fmt: skip
    return certain[0] if len(certain) == 1 else None


def _seen(face: FaceTrack, spans: Sequence[Span]) -> float:
    """Share of the pictures in some spans that show the face; 0 where there are none."""

    def inside(times: np.ndarray) -> int:
        return sum(int(((times >= span.start) & (times < span.end)).sum()) for span in spans)

    looked = inside(face.looked)
    return inside(face.steps.start) / looked if looked else 0.0


def _heard(words: Sequence[Word], names: Sequence[str], whole: Turns | None, duration: float) -> list[str]:
    """Notes on seconds and words of which the speaker is not known."""
    if not names:
        return []
    nameless = sum(not word.speaker for word in words)
    notes = [extraction_notes.speakerless_words(nameless, len(words))] * bool(nameless)
    if whole is None:
        return notes
    quiet = round(duration - whole.known, 1)
    notes += [extraction_notes.speakerless(quiet, duration)] * (quiet > 0)
    return notes + [extraction_notes.together(whole.together)] * (round(whole.together, 1) > 0)


def _apart(voices: Sequence[str], faces: int, owner: str | None) -> list[str]:
    """Notes on people of whom only words and voice, or only the face, are known."""
    notes = [extraction_notes.UNNAMED_SPEAKERS] * (list(voices) == [""])
    return notes + [extraction_notes.faces_apart(faces)] * (bool(voices) and owner is None and faces > 0)
