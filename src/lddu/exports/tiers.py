"""Answers as tiers, as ELAN and Praat draw them below a recording: the clips, their words, and a tier per emotion."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lddu.exports.answered import Answered, AnsweredClip
from lddu.exports.text import one_line
from lddu.exports.timing import Interval, lines

Label = Callable[[AnsweredClip], str]


@dataclass(frozen=True)
class Tier:
    """Labelled intervals in order that do not overlap.

    Attributes:
        name: unique within a document.
        entries: interval and label; what has no label is left out.
    """

    name: str
    entries: Sequence[tuple[Interval, str]]


@dataclass(frozen=True)
class Tiers:
    """All tiers of one recording; clips that overlap are on a second tier of each kind, ``joy 2``.

    Where every person is answered, each has tiers of their own, ``joy Ann``.

    Attributes:
        clips: every clip is on one of them, under its id.
        words: of the clips.
        emotions: in the order of the run.
        names: in use.
    """

    clips: Sequence[Tier]
    words: Sequence[Tier]
    emotions: Sequence[Tier]
    names: "TierNames"


class TierNames:
    """Names on one line, no two alike."""

    def __init__(self) -> None:
        self._taken = set[str]()

    def unused(self, name: str) -> str:
        """The name, with a number where it is taken."""
        name = one_line(name)
        names = (name if number == 1 else f"{name} {number}" for number in range(1, len(self._taken) + 2))
        free = next(candidate for candidate in names if candidate not in self._taken)
        self._taken.add(free)
        return free


def tiers_of(answered: Answered, label_of: Callable[[AnsweredClip, str], str]) -> Tiers:
    """The tiers of one recording.

    Args:
        answered: its clips.
        label_of: the label of a clip on the tier of an emotion; empty for none.
    """
    names = TierNames()
    persons = dict.fromkeys(clip.person for clip in answered.clips)
    every = {person: lines([clip for clip in answered.clips if clip.person == person]) for person in persons}

    def of(name: str, label: Label) -> list[Tier]:
        return [
            tier
            for person in persons
            for tier in of_person(f"{name} {person}" if person else name, label, every[person])
        ]

    def of_person(name: str, label: Label, person_lines: list[list[Interval]]) -> list[Tier]:
        labelled = [
            [(interval, text) for interval in line if (text := one_line(label(interval.clip)))] for line in person_lines
        ]
        return [Tier(names.unused(name), entries) for n, entries in enumerate(labelled) if entries or n == 0]

    def on_tier(emotion: str) -> Label:
        return lambda clip: label_of(clip, emotion)

    clips, words = of("clip", lambda clip: one_line(clip.clip) or "clip"), of("words", lambda clip: clip.words)
    emotions = [tier for emotion in answered.emotions for tier in of(emotion, on_tier(emotion))]
    return Tiers(clips, words, emotions, names)
