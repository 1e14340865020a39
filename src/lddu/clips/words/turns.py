"""Who speaks when, by the times of words whose speakers are known: the seconds that are one person's alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lddu.clips.segments import Span
from lddu.clips.words.word import Word

PAUSE = 0.8
"""Seconds between words of one speaker that belong to the turn, where nobody else speaks in them."""

_BREATH = 0.1  # seconds left around words beside a longer pause
_BRIEFEST = 0.1  # seconds; a shorter turn is no sound to measure
_NOBODY = frozenset[str]()

Speaking = tuple[float, float, frozenset[str]]
"""From, to, and who speaks then."""


@dataclass(frozen=True)
class Turns:
    """Who speaks when in a stretch of a file.

    Attributes:
        alone: speaker, empty where unknown -> spans in order in which nobody else speaks; those without any are absent.
        together: seconds in which several speak.
        known: seconds in which a speaker speaks whose name is known, alone or not.
    """

    alone: Mapping[str, tuple[Span, ...]]
    together: float
    known: float


def turns(words: Sequence[Word], start: float, end: float) -> Turns:
    """The turns between two times.

    What is said at the same time is nobody's turn. A pause belongs to the speaker around it, and silence at either end to the
    one speaker beside it, up to `PAUSE`; beside a longer silence a breath belongs to the turn.

    Args:
        words: of the file, in any order.
        start: seconds of the file.
        end: likewise.
    """
    course = list(_filled(list(_course(words, start, end))))
    alone: dict[str, list[Span]] = {}
    for begin, until, who in course:
        if len(who) == 1:
            spans = alone.setdefault(next(iter(who)), [])
            if spans and spans[-1].end == begin:
                spans[-1] = Span(spans[-1].start, until)
            else:
                spans.append(Span(begin, until))
    long = {who: tuple(s for s in spans if s.end - s.start >= _BRIEFEST) for who, spans in alone.items()}
    return Turns(
        {who: spans for who, spans in long.items() if spans},
        sum(until - begin for begin, until, who in course if len(who) > 1),
        sum(until - begin for begin, until, who in course if any(who)),
    )


def _course(words: Sequence[Word], start: float, end: float) -> Iterator[Speaking]:
    """The stretches between one time at which a word begins or ends and the next, in order."""
    inside = [(max(word.start, start), min(word.end, end), word.speaker) for word in words]
    inside = [(begin, until, who) for begin, until, who in inside if begin < until]
    changes = sorted([(begin, 1, who) for begin, _, who in inside] + [(until, -1, who) for _, until, who in inside])
    speaking, reached = dict[str, int](), start
    for time, change, who in changes:
        if time > reached:
            yield reached, time, frozenset(name for name, count in speaking.items() if count)
            reached = time
        speaking[who] = speaking.get(who, 0) + change
    if reached < end:
        yield reached, end, _NOBODY


def _filled(course: Sequence[Speaking]) -> Iterator[Speaking]:
    """The course with pauses given to whom they belong."""
    for number, (begin, until, who) in enumerate(course):
        if who:
            yield begin, until, who
            continue
        before = course[number - 1][2] if number else None
        after = course[number + 1][2] if number + 1 < len(course) else None
        around = {side for side in (before, after) if side is not None}
        if len(around) == 1 and len(*around) == 1 and until - begin <= PAUSE:
            yield begin, until, around.pop()
            continue
        breath = min(_BREATH, (until - begin) / 2)
        left = begin + breath if before and len(before) == 1 else begin
        right = until - breath if after and len(after) == 1 else until
        yield from (
            (b, u, who)
            for b, u, who in ((begin, left, before), (left, right, _NOBODY), (right, until, after))
            if who is not None
        )
