"""A command line that cannot be understood, phrased as every other error is: expected, got, cure."""

import difflib
import re
from typing import Any, Literal, get_args, get_origin

from cyclopts import CoercionError, CycloptsError, MissingArgumentError, RepeatArgumentError, UnusedCliTokensError

KINDS = {int: "a whole number", float: "a number", bool: "true or false"}


def complaint(fault: CycloptsError) -> str:
    """One sentence about what was typed, and where the help is."""
    sentence = _missing(fault) or _too_much(fault) or _impossible(fault) or _unknown(fault)
    return f"{sentence}{'' if sentence.endswith('?') else '.'} See '{_command(fault)} --help'."


def _command(fault: CycloptsError) -> str:
    return " ".join(["lddu", *(fault.command_chain or ())])


def _missing(fault: CycloptsError) -> str:
    if not isinstance(fault, MissingArgumentError) or fault.argument is None:
        return ""
    name = fault.argument.name
    if fault.argument.tokens or not fault.argument.required:
        return f"Expected a value after {name}, but got none"
    return f"Expected {name} in '{_command(fault)}', but it was left out"


def _too_much(fault: CycloptsError) -> str:
    if isinstance(fault, UnusedCliTokensError) and fault.unused_tokens:
        return f"Expected no further words, but got {' '.join(map(repr, fault.unused_tokens))}"
    if isinstance(fault, RepeatArgumentError) and fault.token is not None:
        again = f" with {fault.token.value!r}" if fault.token.value else ""  # a flag has no value
        return f"Expected {fault.token.keyword or 'an argument'} once, but got it again{again}"
    return ""


def _unknown(fault: CycloptsError) -> str:
    """A command or an option that does not exist, and which one may be meant; all of them are on the help page."""
    return re.sub(r"\.?( Available commands: .*)?$", "", " ".join(str(fault).split()))


def _impossible(fault: CycloptsError) -> str:
    """A value that is none of its option's."""
    if not isinstance(fault, CoercionError) or fault.token is None:
        return ""
    kind = fault.argument.hint if fault.argument is not None else fault.target_type
    choices = _choices(kind)
    words = [KINDS[leaf] for leaf in KINDS if leaf in _leaves(kind)] + [repr(choice) for choice in choices]
    if not words:
        return ""
    where = fault.token.keyword or (fault.argument.name if fault.argument is not None else "a word")
    near = difflib.get_close_matches(fault.token.value, choices, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return f"Expected {where} to be {' or '.join(words)}, but got {fault.token.value!r}{hint}"


def _leaves(kind: Any) -> list[Any]:
    """The types of which a value may be, Literals as they are: int of `int | None` and of `dict[str, int]`."""
    inner = [] if get_origin(kind) is Literal else get_args(kind)
    return [leaf for part in inner for leaf in _leaves(part)] if inner else [kind]


def _choices(kind: Any) -> list[str]:
    return [str(choice) for leaf in _leaves(kind) if get_origin(leaf) is Literal for choice in get_args(leaf)]
