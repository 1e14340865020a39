"""A clip that comes without emotions, and what a join with a file of labels gives it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class UnlabelledClip:
    """A clip as MMSA names it.

    Attributes:
        clip: ``VIDEO[k]`` with the original number k.
        split: of the file.
        place: row within the split.
        sentiment: -3 to 3.
    """

    clip: str
    split: str
    place: int
    sentiment: float

    @property
    def video(self) -> str:
        """The video."""
        return self.clip.rpartition("[")[0]

    @property
    def number(self) -> str:
        """The original number, as a word."""
        return self.clip.rpartition("[")[2].rstrip("]")


@dataclass(frozen=True)
class Emotions:
    """The emotions of one clip: shares in the order of `MOSEI_EMOTIONS`, the ratings behind them, and `Segment.outside`."""

    shares: Sequence[float | None]
    carried: Mapping[str, float] = field(default_factory=dict)
    outside: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Joined:
    """The outcome of a join.

    Attributes:
        emotions: (split, place) -> emotions; clips that did not match are absent.
        unused: labels that no clip took.
        how: what was matched by what, in words.
    """

    emotions: Mapping[tuple[str, int], Emotions]
    unused: int
    how: str


def plain_id(raw_id: str) -> str:
    """``VIDEO[k]`` for the id of MMSA (``VIDEO$_$k``); other ids as they are."""
    video, mark, number = raw_id.rpartition("$_$")
    return f"{video}[{number}]" if mark else raw_id
