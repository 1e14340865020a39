"""Parts of sentences that every stage writes: names one after another, and numbers with their noun."""

from collections.abc import Sequence

SIMULATED_CORPUS = "Simulated corpus: nobody expressed or rated any of this, and no figure here is about people."
"""Of every table and page of figures."""


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def counted(number: int, noun: str) -> str:
    """A number and its noun, as in 1 clip and 2 clips."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def some(names: Sequence[str], most: int = 5) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
