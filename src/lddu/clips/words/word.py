"""A word with its time, and how words share a time that they have only together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_LETTERS_PER_SECOND = 15.0  # of lively speech, blanks included


@dataclass(frozen=True)
class Word:
    """A word and when it was said, in seconds of the file.

    Attributes:
        text: as it is written.
        start: seconds.
        end: seconds.
        speaker: who says it; empty where unknown.
    """

    text: str
    start: float
    end: float
    speaker: str = ""


def shares(texts: Sequence[str], start: float, end: float) -> Iterator[tuple[float, float]]:
    """Start and end of each word where words share [start, end] by their length."""
    weights = [len(text) + 1 for text in texts]
    total, passed, begin = sum(weights), 0, start
    for weight in weights:
        passed += weight
        finish = end if passed == total else start + (end - start) * passed / total
        yield begin, finish
        begin = finish


def saying_time(texts: Sequence[str]) -> float:
    """Seconds that words take to say, where their end is unknown."""
    return sum(len(text) + 1 for text in texts) / _LETTERS_PER_SECOND
