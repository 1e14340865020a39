"""The instructions of the pickle format, each as what it does to a `PickleMachine`.

Those that make objects of any class are refused, so that arrays, numbers, strings and containers come out, and nothing else.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

from lddu.corpora.untrusted.pickle_machine import DAMAGE, PickleMachine, short
from lddu.corpora.untrusted.pickled_objects import Bytes
from lddu.errors import SourceError

LARGEST_STEP_COUNT = 300_000_000
"""Instructions in one file: minutes of work."""

LARGEST_NUMBER_BYTES = 16
SHORT_BYTES = 256
"""Byte strings up to this size are copied; longer ones stay in the mapped file."""


def load(machine: PickleMachine) -> Any:
    """The next pickle in the machine's bytes.

    Raises:
        SourceError: where it is damaged or asks for anything but data.
    """
    machine.clear()
    steps = 0
    try:
        while (code := machine.next_code()) != _STOP:
            steps += 1
            step = _STEPS.get(code)
            if step is None:
                raise machine.refused(f"the unknown instruction {code:#04x}")
            step(machine)
            if steps > LARGEST_STEP_COUNT:
                raise machine.refused(f"more than {LARGEST_STEP_COUNT:,} instructions")
        return machine.pop()
    except DAMAGE as fault:
        raise SourceError(
            f"Expected {machine.where} to be a sound pickle, but it is damaged at byte {machine.at:,} "
            f"({short(fault)}); copy or download it again."
        ) from None


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
