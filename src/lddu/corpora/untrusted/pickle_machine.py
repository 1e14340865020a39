"""What an untrusted pickle acts on: a stack and a memory that hold data only, their limits, and what is refused.

Python's own unpickler calls whatever a file names. This one never holds anything callable: a name in the file becomes
a `Name`, which stands for one of the few forms in `pickled_objects`, and every other name is refused where it is
read, before anything is built from it. Large arrays stay in the memory-mapped file.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from lddu.corpora.untrusted.pickled_objects import FORMS, Name, Pending
from lddu.errors import SourceError

LARGEST_CONTAINER_COUNT = 2_000_000
"""Lists, tuples and dictionaries in one file; CMU-MOSEI with one array a clip has some 500,000."""

BYTES_A_CONTAINER = 32
"""A large file may hold more, one for so many bytes: with one array of 35 numbers a step there is one for some fifty."""

LARGEST_ENTRY_COUNT = 5_000_000
"""Dictionary keys and set members in one file."""

LARGEST_COPY = 16
"""How many times its own size a file may make us copy; an honest one is copied once at most."""

MOST_ARGUMENTS = 8
"""Arguments of one call; the honest one with most is a tensor, with seven."""

DEEPEST_MARKS = 200
"""Containers that are open inside one another at once; features have five."""

DAMAGE: Final = (
    struct.error, IndexError, KeyError, ValueError, TypeError, OverflowError, MemoryError, RecursionError,
    AttributeError, OSError, BufferError,
)  # fmt: skip
"""What unsound bytes can raise while they are read; each ends in a `SourceError`."""

_MARK: Final = object()


class PickleMachine:
    """What the instructions of a pickle act on; `pickle_instructions.load` runs them.

    Attributes:
        at: position of the next byte.
        where: what to call the bytes in messages.

    Args:
        data: the bytes.
        where: what to call them in messages.
        persistent: what a persistent id of the file stands for; without it, one is refused.
        forms: see `FORMS`.
    """

    def __init__(
        self,
        data: memoryview,
        where: str,
        persistent: Callable[[Any], Any] | None = None,
        forms: Mapping[tuple[str, str], Callable[..., Any] | None] = FORMS,
    ) -> None:
        self.at = 0
        self.where = where
        self._data, self._persistent, self._forms = data, persistent, forms
        self._containers = self._entries = self._copied = 0
        self._most_containers = max(LARGEST_CONTAINER_COUNT, len(data) // BYTES_A_CONTAINER)
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def next_code(self) -> int:
        """The next instruction."""
        if self.at >= len(self._data):
            raise ValueError("it ends early")
        self.at += 1
        return self._data[self.at - 1]

    def bytes(self, count: int) -> memoryview:
        """The next bytes, and go behind them.

        Raises:
            ValueError: where fewer are left.
        """
        start = self._advance(count)
        return self._data[start : self.at]

    def _advance(self, count: int) -> int:
        start = self.at
        if count < 0 or start + count > len(self._data):
            raise ValueError(f"it declares {count:,} bytes where {max(len(self._data) - start, 0):,} are left")
        self.at = start + count
        return start

    def refused(self, what: str) -> SourceError:
        """The error for something that is not data."""
        return SourceError(
            f"Expected {self.where} to hold arrays, numbers, strings and containers only, but it asks for {what}, "
            "which is never run; if you made this file, save plain arrays or tensors instead, and if not, do not trust it."
        )

    def clear(self) -> None:
        """Begin a new pickle; what limits the whole file stays counted."""
        self._stack, self._marks, self._memo = [], [], {}

    def unsigned(self, size: int) -> int:
        """A little-endian count of `size` bytes."""
        return int.from_bytes(self.bytes(size), "little")

    def line(self) -> str:
        """Text up to the end of the line."""
        for longest in (64, 65536):
            end = bytes(self._data[self.at : self.at + longest]).find(b"\n")
            if end >= 0:
                return bytes(self.bytes(end + 1))[:-1].decode("latin1")
        raise ValueError("a line does not end")

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self._stack.append(value)

    def pop(self) -> Any:
        """Take the last value from the stack; a mark is no value."""
        value = self._stack.pop()
        if value is _MARK or (self._marks and self._marks[-1] > len(self._stack)):
            raise ValueError("a value is missing")
        return value

    def top(self) -> Any:
        """The last value on the stack."""
        return self._stack[-1]

    def mark(self) -> None:
        """Open a container."""
        if len(self._marks) >= DEEPEST_MARKS:
            raise self.refused(f"containers more than {DEEPEST_MARKS} deep")
        self._marks.append(len(self._stack))
        self._stack.append(_MARK)

    def since_mark(self) -> list[Any]:
        """Close a container: the values since it was opened."""
        start = self._marks.pop()
        values = self._stack[start + 1 :]
        del self._stack[start:]
        return values

    def container(self, value: Any) -> None:
        """Put a new container on the stack, as long as there are not absurdly many."""
        self._containers += 1
        if self._containers > self._most_containers:
            raise self.refused(f"more than {self._most_containers:,} containers")
        self._stack.append(value)

    def items(self, target: Any, pairs: list[Any]) -> None:
        """Key, value, key, value ... into a dictionary."""
        if type(target) is not dict or len(pairs) % 2:
            raise ValueError("entries are given to something that is no dictionary")
        self._count_entries(len(pairs) // 2)
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            target[_plain(key)] = value

    def members(self, target: Any, values: list[Any]) -> None:
        """Values into a set."""
        if type(target) is not set:
            raise ValueError("members are given to something that is no set")
        self._count_entries(len(values))
        target.update(_plain(value) for value in values)

    def _count_entries(self, count: int) -> None:
        self._entries += count
        if self._entries > LARGEST_ENTRY_COUNT:
            raise self.refused(f"more than {LARGEST_ENTRY_COUNT:,} dictionary entries")

    def _count_copied(self, size: int) -> None:
        self._copied += size
        if self._copied > LARGEST_COPY * (len(self._data) + 4096):
            raise self.refused(f"more than {LARGEST_COPY} times its size in memory")

    def extend(self, target: Any, values: list[Any]) -> None:
        """Values onto a list."""
        if type(target) is not list:
            raise ValueError("values are given to something that is no list")
        target.extend(values)

    def remember(self, key: int) -> None:
        """Keep the last value for later reference."""
        value = self._stack[-1]
        if value is _MARK:
            raise ValueError("there is nothing to remember")
        if isinstance(value, Pending):
            value.keys.append(key)
        self._memo[key] = value

    def recall(self, key: int) -> None:
        """Put a remembered value on the stack."""
        self._stack.append(self._memo[key])

    def remember_next(self) -> None:
        """Keep the last value under the next free number."""
        self.remember(len(self._memo))

    def named(self, module: Any, name: Any) -> None:
        """A global name: one of `FORMS`, or refused."""
        if not isinstance(module, str) or not isinstance(name, str) or (module, name) not in self._forms:
            raise self.refused(short(f"{module}.{name}" if isinstance(module, str) else type(module).__name__))
        self._stack.append(Name(module, name))

    def called(self) -> None:
        """Build what a name stands for from its arguments."""
        arguments, name = self.pop(), self.pop()
        if type(name) is not Name or type(arguments) is not tuple:
            raise self.refused(f"a call of something that is no name ({type(name).__name__})")
        form = self._forms[name.module, name.name]
        if form is None:
            raise self.refused(f"a call of {name.module}.{name.name}")
        if len(arguments) > MOST_ARGUMENTS:
            raise ValueError(f"a call of {name.module}.{name.name} with {len(arguments):,} arguments")
        self._count_copied(sum(map(_weight, arguments)))
        value = form(*arguments)
        if isinstance(value, dict | set):
            self._count_entries(len(value))
        self.container(value)

    def built(self) -> None:
        """Complete an array or a type by its state; attributes of a dictionary, such as those of a state_dict, are no data."""
        state, pending = self.pop(), self.pop()
        if type(pending) is dict:
            self._stack.append(pending)
            return
        if not isinstance(pending, Pending):
            raise self.refused(f"a state for a {type(pending).__name__}")
        if pending.finished:
            raise ValueError("a second state for one array")
        self._count_copied(sum(map(_weight, state)) if type(state) is tuple else 0)
        value, pending.finished = pending.finish(state), True
        for key in pending.keys:
            self._memo[key] = value
        self._stack.append(value)

    def outside(self, identity: Any) -> None:
        """A persistent id: data that lies outside the pickle."""
        if self._persistent is None:
            raise self.refused("an object outside the file (a persistent id)")
        self._stack.append(self._persistent(identity))

    def foreign(self) -> None:
        """An instruction that exists to make objects of any class."""
        raise self.refused("an object of a class of its own")


def _plain(key: Any) -> Any:
    """A dictionary key, as long as it is a word or a usual whole number: such keys are cheap to look up."""
    if type(key) is memoryview:
        key = bytes(key)
    if not isinstance(key, str | bytes | int | None) or (isinstance(key, int) and not -(2**63) <= key < 2**63):
        raise ValueError(f"a {type(key).__name__} is used as a key")
    return key


def _weight(value: Any) -> int:
    """Bytes that a form may make of an argument; an honest file hands over each of its own once or twice."""
    sizes: dict[type, int] = {str: 4, bytes: 1, bytearray: 1, memoryview: 1, list: 8, tuple: 8, dict: 8, set: 8}
    return sizes[type(value)] * len(value) if type(value) in sizes else 0


def short(fault: object) -> str:
    """The first line of a message, never long and never empty."""
    return (str(fault).splitlines() or [type(fault).__name__])[0][:120] or type(fault).__name__
