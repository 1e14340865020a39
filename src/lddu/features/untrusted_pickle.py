"""Reading pickles that nobody vouches for: a small machine that knows arrays, numbers, strings and containers only.

Python's own unpickler calls whatever a file names. This one never holds anything callable: a name in the file becomes
a `Name`, which stands for one of the few forms in `pickled_objects`, and every other name is refused where it is
read, before anything is built from it. Large arrays stay in the memory-mapped file.
"""

import mmap
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from lddu.errors import SourceError
from lddu.features.pickled_objects import FORMS, Bytes, Name, Pending

LARGEST_CONTAINER_COUNT = 5_000_000
"""Lists, tuples and dictionaries in one file; CMU-MOSEI with one array a clip has some 250,000."""

LARGEST_ENTRY_COUNT = 5_000_000
"""Dictionary keys and set members in one file."""

LARGEST_STEP_COUNT = 300_000_000
"""Instructions in one file: minutes of work."""

LARGEST_COPY = 16
"""How many times its own size a file may make us copy; an honest one is copied once at most."""

LARGEST_NUMBER_BYTES = 16
SHORT_BYTES = 256
DEEPEST_MARKS = 200
"""Containers that are open inside one another at once; features have five."""

DAMAGE: Final = (
    struct.error, IndexError, KeyError, ValueError, TypeError, OverflowError, MemoryError, RecursionError,
    AttributeError, OSError, BufferError,
)  # fmt: skip
"""What unsound bytes can raise while they are read; each ends in a `SourceError`."""

_MARK: Final = object()


def mapped(path: Path) -> memoryview:
    """The bytes of a file without reading them.

    Raises:
        SourceError: where there is no such file, or it is empty.
    """
    try:
        with path.open("rb") as stream:
            return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as fault:
        raise SourceError(f"Expected {path} to be a file with content, but it cannot be read ({fault}).") from None


class PickleMachine:
    """Reads consecutive pickles from a buffer.

    Attributes:
        at: position of the next byte.

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
        self._data, self._where, self._persistent, self._forms = data, where, persistent, forms
        self._containers = self._entries = self._steps = self._copied = 0
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The next pickle.

        Raises:
            SourceError: where it is damaged or asks for anything but data.
        """
        self._stack, self._marks, self._memo = [], [], {}
        try:
            while (code := self._data[self._advance(1)]) != _STOP:
                self._steps += 1
                step = _STEPS.get(code)
                if step is None:
                    raise self._refused(f"the unknown instruction {code:#04x}")
                step(self)
                if self._steps > LARGEST_STEP_COUNT:
                    raise self._refused(f"more than {LARGEST_STEP_COUNT:,} instructions")
            return self._stack.pop()
        except DAMAGE as fault:
            raise SourceError(
                f"Expected {self._where} to be a sound pickle, but it is damaged at byte {self.at:,} "
                f"({_short(fault)}); copy or download it again."
            ) from None

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

    def _refused(self, what: str) -> SourceError:
        return SourceError(
            f"Expected {self._where} to hold arrays, numbers, strings and containers only, but it asks for {what}, "
            "which is never run; do not trust this file."
        )

    # What the instructions below share.

    def unsigned(self, size: int) -> int:
        """A little-endian count of `size` bytes."""
        return int.from_bytes(self.bytes(size), "little")

    def line(self) -> str:
        """Text up to the end of the line."""
        limit = min(self.at + 65536, len(self._data))
        found = bytes(self._data[self.at : limit]).find(b"\n")
        if found < 0:
            raise ValueError("a line does not end")
        return bytes(self.bytes(found + 1))[:-1].decode("latin1")

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
            raise self._refused(f"containers more than {DEEPEST_MARKS} deep")
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
        if self._containers > LARGEST_CONTAINER_COUNT:
            raise self._refused(f"more than {LARGEST_CONTAINER_COUNT:,} containers")
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
            raise self._refused(f"more than {LARGEST_ENTRY_COUNT:,} dictionary entries")

    def _count_copied(self, size: int) -> None:
        self._copied += size
        if self._copied > LARGEST_COPY * (len(self._data) + 4096):
            raise self._refused(f"more than {LARGEST_COPY} times its size in memory")

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
            raise self._refused(_short(f"{module}.{name}" if isinstance(module, str) else type(module).__name__))
        self._stack.append(Name(module, name))

    def called(self) -> None:
        """Build what a name stands for from its arguments."""
        arguments, name = self.pop(), self.pop()
        if type(name) is not Name or type(arguments) is not tuple:
            raise self._refused(f"a call of something that is no name ({type(name).__name__})")
        form = self._forms[name.module, name.name]
        if form is None:
            raise self._refused(f"a call of {name.module}.{name.name}")
        value = form(*arguments)
        if isinstance(value, bytes):
            self._count_copied(len(value))
        elif isinstance(value, dict | set):
            self._count_entries(len(value))
        self.container(value)

    def built(self) -> None:
        """Complete an array or a type by its state."""
        state, pending = self.pop(), self.pop()
        if not isinstance(pending, Pending):
            raise self._refused(f"a state for a {type(pending).__name__}")
        value = pending.finish(state)
        if isinstance(value, list):
            self._count_copied(8 * len(value))
        elif type(state) is tuple and state and isinstance(state[-1], str):
            self._count_copied(value.nbytes)
        for key in pending.keys:
            self._memo[key] = value
        self._stack.append(value)

    def outside(self, identity: Any) -> None:
        """A persistent id: data that lies outside the pickle."""
        if self._persistent is None:
            raise self._refused("an object outside the file (a persistent id)")
        self._stack.append(self._persistent(identity))

    def foreign(self) -> None:
        """An instruction that exists to make objects of any class."""
        raise self._refused("an object of a class of its own")


def _plain(key: Any) -> Any:
    """A dictionary key, as long as it is a word or a usual whole number: such keys are cheap to look up."""
    if type(key) is memoryview:
        key = bytes(key)
    if not isinstance(key, str | bytes | int | None) or (isinstance(key, int) and not -(2**63) <= key < 2**63):
        raise ValueError(f"a {type(key).__name__} is used as a key")
    return key


def _short(fault: object) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0][:120] or type(fault).__name__


def _number(data: Bytes) -> int:
    if len(data) > LARGEST_NUMBER_BYTES:
        raise ValueError(f"a whole number of {len(data):,} bytes")
    return int.from_bytes(data, "little", signed=True)


def _bytes_of(machine: PickleMachine, size: int) -> None:
    data = machine.bytes(machine.unsigned(size))
    machine.push(bytes(data) if len(data) <= SHORT_BYTES else data)


def _text_of(machine: PickleMachine, size: int) -> None:
    machine.push(str(machine.bytes(machine.unsigned(size)), "utf-8", "surrogatepass"))


def _old_text_of(machine: PickleMachine, size: int) -> None:
    machine.push(str(machine.bytes(machine.unsigned(size)), "latin1"))


def _decimal(machine: PickleMachine) -> None:
    line = machine.line().rstrip("L")
    if len(line) > 40:
        raise ValueError(f"a whole number of {len(line):,} digits")
    machine.push({"00": False, "01": True}.get(line) if line in ("00", "01") else int(line))


def _quoted(machine: PickleMachine) -> None:
    line = machine.line().strip()
    if len(line) < 2 or line[0] != line[-1] or line[0] not in "'\"":
        raise ValueError("a string without quotes")
    machine.push(line[1:-1].encode("latin1").decode("unicode_escape"))


def _tuple_of(machine: PickleMachine, count: int) -> None:
    values = [machine.pop() for _ in range(count)][::-1]
    machine.container(tuple(values))


def _stacked_name(machine: PickleMachine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.named(module, name)


def _global_name(machine: PickleMachine) -> None:
    module = machine.line()
    machine.named(module, machine.line())


def _pairs_since_mark(machine: PickleMachine) -> None:
    pairs = machine.since_mark()
    machine.items(machine.top(), pairs)


def _one_pair(machine: PickleMachine) -> None:
    value, key = machine.pop(), machine.pop()
    machine.items(machine.top(), [key, value])


def _one_value(machine: PickleMachine) -> None:
    value = machine.pop()
    machine.extend(machine.top(), [value])


def _values_since_mark(machine: PickleMachine) -> None:
    values = machine.since_mark()
    machine.extend(machine.top(), values)


def _members_since_mark(machine: PickleMachine) -> None:
    values = machine.since_mark()
    machine.members(machine.top(), values)


def _frozen_set(machine: PickleMachine) -> None:
    target: set[Any] = set()
    machine.members(target, machine.since_mark())
    machine.container(target)


def _dictionary(machine: PickleMachine) -> None:
    target: dict[Any, Any] = {}
    machine.items(target, machine.since_mark())
    machine.container(target)


_STOP: Final = ord(".")
_STEPS: Final[dict[int, Callable[[PickleMachine], None]]] = {
    ord(code): step
    for code, step in {
        "\x80": lambda m: m.bytes(1), "\x95": lambda m: m.bytes(8), "(": PickleMachine.mark,
        "0": PickleMachine.pop, "1": PickleMachine.since_mark, "2": lambda m: m.push(m.top()),
        "N": lambda m: m.push(None), "\x88": lambda m: m.push(True), "\x89": lambda m: m.push(False),
        "I": _decimal, "L": _decimal, "J": lambda m: m.push(_number(m.bytes(4))),
        "K": lambda m: m.push(m.unsigned(1)), "M": lambda m: m.push(m.unsigned(2)),
        "\x8a": lambda m: m.push(_number(m.bytes(m.unsigned(1)))),
        "\x8b": lambda m: m.push(_number(m.bytes(m.unsigned(4)))),
        "F": lambda m: m.push(float(m.line())), "G": lambda m: m.push(struct.unpack(">d", m.bytes(8))[0]),
        "S": _quoted, "T": lambda m: _old_text_of(m, 4), "U": lambda m: _old_text_of(m, 1),
        "V": lambda m: m.push(m.line().encode("latin1").decode("raw_unicode_escape")),
        "X": lambda m: _text_of(m, 4), "\x8c": lambda m: _text_of(m, 1), "\x8d": lambda m: _text_of(m, 8),
        "B": lambda m: _bytes_of(m, 4), "C": lambda m: _bytes_of(m, 1), "\x8e": lambda m: _bytes_of(m, 8),
        "\x96": lambda m: _bytes_of(m, 8),
        ")": lambda m: m.container(()), "]": lambda m: m.container([]), "}": lambda m: m.container({}),
        "\x8f": lambda m: m.container(set()), "t": lambda m: m.container(tuple(m.since_mark())),
        "\x85": lambda m: _tuple_of(m, 1), "\x86": lambda m: _tuple_of(m, 2), "\x87": lambda m: _tuple_of(m, 3),
        "l": lambda m: m.container(m.since_mark()), "d": _dictionary, "\x91": _frozen_set,
        "a": _one_value, "e": _values_since_mark, "s": _one_pair, "u": _pairs_since_mark, "\x90": _members_since_mark,
        "p": lambda m: m.remember(int(m.line()[:12])), "q": lambda m: m.remember(m.unsigned(1)),
        "r": lambda m: m.remember(m.unsigned(4)), "\x94": PickleMachine.remember_next,
        "g": lambda m: m.recall(int(m.line()[:12])), "h": lambda m: m.recall(m.unsigned(1)),
        "j": lambda m: m.recall(m.unsigned(4)),
        "c": _global_name, "\x93": _stacked_name, "R": PickleMachine.called, "b": PickleMachine.built,
        "P": lambda m: m.outside(m.line()), "Q": lambda m: m.outside(m.pop()),
        "i": PickleMachine.foreign, "o": PickleMachine.foreign,
        "\x81": PickleMachine.foreign, "\x92": PickleMachine.foreign,
        "\x82": PickleMachine.foreign, "\x83": PickleMachine.foreign, "\x84": PickleMachine.foreign,
        "\x97": PickleMachine.foreign, "\x98": PickleMachine.foreign,
    }.items()
}  # fmt: skip
