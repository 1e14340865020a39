"""Parts of sentences that every stage writes: names one after another, and numbers with their noun."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath

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


def short_paths(files: Iterable[str]) -> dict[str, str]:
    """File -> its name, after as many of its folders as tell it from the others.

    Example:
        >>> short_paths(["monday/ann/talk.mp4", "tuesday/ann/talk.mp4", "tuesday/bob.mp4"])
        {'monday/ann/talk.mp4': 'monday/ann/talk.mp4', 'tuesday/ann/talk.mp4': 'tuesday/ann/talk.mp4', 'tuesday/bob.mp4': 'bob.mp4'}
    """
    ends = {file: _ends(PurePath(file)) for file in files}
    shared = Counter(end for own in ends.values() for end in own)
    return {file: next((end for end in own if shared[end] == 1), file) for file, own in ends.items()}


def _ends(path: PurePath) -> list[str]:
    """What a path may be called, shortest first."""
    return [str(PurePath(*path.parts[-count:])) for count in range(1, len(path.parts) + 1)]
