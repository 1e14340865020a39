"""Results read as a list of clips: one by one, some of them, or as a table."""

import csv
import importlib
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

import numpy as np

from lddu.errors import MismatchError, PackageError
from lddu.sentences import counted

if TYPE_CHECKING:
    from lddu.exports.answered import Answered
    from lddu.exports.writing import Exported
    from lddu.runs.timeline import Timeline

SHOWN = 3
"""Clips that a `repr` shows."""

RESTS_ON = "rests on"
"""Heading of the column of the modality on which an answer rests."""

RESTS_ON_MEANS = "the modality that speaks most for the most probable emotion"
"""What that column holds, in words."""

Part = slice | np.ndarray | Sequence[int] | Sequence[bool]
"""Some of the clips: a slice, row numbers, or a mask."""


@dataclass(frozen=True, repr=False)
class ClipPrediction:
    """The result of one clip.

    Attributes:
        clip: id.
        emotions: those that the clip shows, by the run's decision.
        probability: emotion -> that it is present, recalibrated.
        uncertainty: emotion -> chance that the decision on it is wrong.
        missing: modalities that the clip lacks.
        label_set: emotions of the set with the promised recall; None where none was asked for.
        cannot_tell: emotions on which the run abstains; None where no coverage was asked for and every emotion could be learnt.
        none_means: what the clip shows that shows none of them for certain, such as ``neutral``; empty where it shows one or may, and
            where the run does not say.
    """

    clip: str
    emotions: tuple[str, ...]
    probability: Mapping[str, float]
    uncertainty: Mapping[str, float]
    missing: tuple[str, ...] = ()
    label_set: tuple[str, ...] | None = None
    cannot_tell: tuple[str, ...] | None = None
    none_means: str = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.clip!r}: {self.summary()})"

    def summary(self) -> str:
        """The emotions with their probabilities, the most probable first, and what the clip lacks."""
        named = sorted(self.emotions, key=lambda emotion: -self.probability[emotion])
        parts = [
            ", ".join(f"{emotion} {self.probability[emotion]:.2f}" for emotion in named)
            or self.none_means
            or "no emotion"
        ]
        parts += [f"can't tell {', '.join(self.cannot_tell)}"] if self.cannot_tell else []
        parts += [f"without {', '.join(self.missing)}"] if self.missing else []
        return "; ".join(parts)


One = TypeVar("One", bound=ClipPrediction)


class PerClip(ABC, Generic[One]):
    """N clips in order. ``answers[0]`` is one of them, ``answers[:10]`` and ``answers[mask]`` are some, a loop meets each."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def rows(self, rows: np.ndarray) -> Self:
        """A part of the clips, by row numbers or by a mask."""

    @abstractmethod
    def to_columns(self) -> dict[str, list[Any]]:
        """Column name -> N values; None where unknown."""

    @abstractmethod
    def answered(self) -> "Answered":
        """The same, as `lddu.exports` takes it."""

    @abstractmethod
    def timeline(self) -> "Timeline":
        """The answers over time as a picture, which a notebook shows."""

    @abstractmethod
    def one(self, n: int) -> One:
        """Clip n, from 0."""

    @overload
    def __getitem__(self, chosen: int) -> One: ...

    @overload
    def __getitem__(self, chosen: Part) -> Self: ...

    def __getitem__(self, chosen: int | Part) -> One | Self:
        if isinstance(chosen, int | np.integer):
            if not -len(self) <= chosen < len(self):
                raise IndexError(f"Expected a clip from 0 to {len(self) - 1}, but got {chosen}.")
            return self.one(int(chosen) % len(self))
        rows = chosen if isinstance(chosen, slice) else np.asarray(chosen)
        if not isinstance(rows, slice) and rows.size and (rows.dtype.kind not in "iub" or rows.ndim != 1):
            raise IndexError(f"Expected the number of a clip, a slice, numbers or a mask, but got {chosen!r}.")
        return self.rows(np.arange(len(self))[rows if isinstance(rows, slice) or rows.size else np.zeros(0, np.int64)])

    def __iter__(self) -> Iterator[One]:
        return map(self.one, range(len(self)))

    def __repr__(self) -> str:
        clips = [f"  {answer.clip}: {answer.summary()}" for answer in self[:SHOWN]]
        left = [f"  ... and {len(self) - SHOWN} more"] if len(self) > SHOWN else []
        return "\n".join([f"{type(self).__name__} of {counted(len(self), 'clip')}", *clips, *left])

    def to_csv(self) -> str:
        """Comma-separated values of `to_columns` with a header; unknown is empty."""
        columns = self.to_columns()
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        return stream.getvalue()

    def to_pandas(self) -> Any:
        """`to_columns` as a `pandas.DataFrame`; a number that is unknown is NaN.

        Raises:
            PackageError: where pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")  # by name: nothing else here needs it
        except ImportError:
            raise PackageError.missing("pandas", "to_pandas()", "pandas") from None
        columns = self.to_columns()
        unknown = {name: np.nan for name, values in columns.items() if all(value is None for value in values)}
        return pandas.DataFrame(columns).assign(**unknown)

    def export(self, path: str | Path, force: bool = False) -> "Exported":
        """Write a file for another program, in one step; how its name ends says in which format (docs/exports.md).

        Args:
            path: such as ``talk.eaf``, ``talk.TextGrid``, ``answers.long.csv`` or ``answers.parquet``. With ``{name}`` in it, a
                file is written for each recording, under the recording's name.
            force: replace a file that is there.

        Returns:
            The files, and the clips that are in none of them because they have no time in a recording.

        Raises:
            ConfigError: where the name asks for no format, or for one recording and there are several.
            MismatchError: where the format needs times in recordings, and no clip has one.
            RunError: where a file is there already.
        """
        from lddu.exports.writing import write_export

        return write_export(self.answered(), Path(path), force)


def refuse_nothing(answers: PerClip[One]) -> None:
    """Refuse to draw no clip at all.

    Raises:
        MismatchError: where there is none.
    """
    if not len(answers):
        raise MismatchError("Expected clips to draw, but there is none; predict some.")
