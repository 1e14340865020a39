"""Values from an untrusted file, checked on the way out: sequences of numbers, words and lists, nothing larger than honest.

A small pickle can mention one array a million times. What is taken out of a file in all is therefore limited against
the size of the file.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lddu.corpora.untrusted.mapped_file import let_go
from lddu.errors import SourceError

LARGEST_EXPANSION = 64
"""How many times its own size may be taken out of a file; an honest one gives once, a shared zero vector more often."""

FREE_BYTES = 2**26
"""What may be taken out of any file, however small."""

HELD_BYTES = 2**28
"""How much of a mapped file stays in memory at once, about."""


class PickledValues:
    """Checked access to what `read_objects` returned.

    Args:
        path: the file, for messages and for its size.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._left = LARGEST_EXPANSION * path.stat().st_size + FREE_BYTES
        self._held = 0

    def entry(self, value: Any, key: Any, where: str) -> Any:
        """A value of a dictionary.

        Raises:
            SourceError: where it is no dictionary or has no such key.
        """
        if not isinstance(value, dict):
            raise self._wrong(where, "a dictionary", form_of(value))
        if key not in value:
            names = ", ".join(str(name)[:30] for name in list(value)[:8])
            raise self._wrong(where, f"a dictionary with {key!r}", f"one with {names or 'nothing'}")
        return value[key]

    def count(self, value: Any, where: str) -> int:
        """How many clips a list or an array has.

        Raises:
            SourceError: where it is neither.
        """
        if isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim):
            return len(value)
        raise self._wrong(where, "a list or an array", form_of(value))

    def rows(self, value: Any, where: str) -> np.ndarray:
        """[T, D] numbers: of an array of one or two axes, or of a list of rows.

        Raises:
            SourceError: where they are no numbers, or more than the file can hold.
        """
        if isinstance(value, list | tuple):
            value = self._stacked(value, where)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub" or value.ndim not in (1, 2):
            raise self._wrong(where, "[steps, numbers]", form_of(value))
        self._take(value.nbytes, where)
        self._let_go(value)
        rows = value[None] if value.ndim == 1 else value
        return rows.astype(np.float32) if rows.dtype.kind != "f" else rows

    def numbers(self, value: Any, where: str) -> list[float]:
        """A flat list of numbers.

        Raises:
            SourceError: where it is something else.
        """
        if (
            isinstance(value, np.ndarray)
            and value.dtype.kind in "fiub"
            and value.ndim in (1, 2)
            and value.size == len(value)
        ):
            self._take(value.nbytes, where)
            return [float(number) for number in value.reshape(-1).tolist()]
        if isinstance(value, list | tuple) and all(_is_number(number) for number in value):
            self._take(8 * len(value), where)
            return [float(number) for number in value]
        raise self._wrong(where, "a list of numbers", form_of(value))

    def words(self, value: Any, where: str) -> list[str]:
        """A flat list of texts.

        Raises:
            SourceError: where it is something else.
        """
        if isinstance(value, np.ndarray) and value.dtype.kind in "US" and value.ndim == 1:
            self._take(value.nbytes, where)
            try:
                value = value.tolist()
            except (ValueError, UnicodeError):
                raise self._wrong(where, "a list of texts", "damaged text") from None
        if isinstance(value, set):
            value = sorted(value, key=str)
        if isinstance(value, list | tuple) and all(isinstance(word, str | bytes) or _is_whole(word) for word in value):
            self._take(sum(len(str(word)) for word in value), where)
            return [word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word) for word in value]
        raise self._wrong(where, "a list of texts", form_of(value))

    def _stacked(self, rows: Sequence[Any], where: str) -> np.ndarray:
        if not rows:
            return np.zeros((0, 1), np.float32)
        if all(_is_number(number) for number in rows):
            self._take(8 * len(rows), where)
            return np.array([float(number) for number in rows])
        if not all(isinstance(row, np.ndarray | list | tuple) for row in rows):
            raise self._wrong(where, "[steps, numbers]", form_of(list(rows)))
        lines = [np.asarray(self.numbers(_flat(row), where)) for row in rows]
        if len({len(line) for line in lines}) != 1:
            raise self._wrong(
                where, "rows of one width", f"rows of {sorted({len(line) for line in lines})[:5]} numbers"
            )
        return np.stack(lines)

    def _take(self, size: int, where: str) -> None:
        self._left -= size
        if self._left < 0:
            raise self._wrong(
                where, f"no more than {LARGEST_EXPANSION} times the size of the file in all", "more; it repeats itself"
            )

    def _let_go(self, array: np.ndarray) -> None:
        """Every now and then, give back the pages of the file that were read; they can be read again."""
        self._held += array.nbytes
        if self._held > HELD_BYTES:
            under = _bytes_under(array)
            if under is not None:
                let_go(under)
            self._held = 0

    def _wrong(self, where: str, expected: str, actual: str) -> SourceError:
        return SourceError(f"Expected {where} in {self.path} to be {expected}, but got {actual}.")


def form_of(value: Any) -> str:
    """What a value is, without showing its content."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and type {value.dtype}"
    if isinstance(value, list | tuple | dict | set):
        return f"a {type(value).__name__} of {len(value):,}"
    return f"a {type(value).__name__}"


def _bytes_under(array: Any) -> memoryview | None:
    """The bytes that an array is a view of."""
    while array is not None and not isinstance(array, memoryview):
        array = getattr(array, "base", None)
    return array


def _flat(row: Any) -> Any:
    return row.reshape(-1) if isinstance(row, np.ndarray) and row.ndim == 2 and 1 in row.shape else row


def _is_number(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "fiub"
    return isinstance(value, float) or _is_whole(value)


def _is_whole(value: Any) -> bool:
    """Whether it is a whole number that a float and a text can hold: those of Python have no end."""
    return isinstance(value, int) and abs(value) <= sys.float_info.max
