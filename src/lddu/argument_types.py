"""Arguments of the wrong type, refused where they are given and by the parameter's name, not by what they break deep inside."""

import os
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from lddu.errors import ConfigError, parameter

_WORDS = {
    int: "a whole number", float: "a number", bool: "True or False", str: "text", os.PathLike: "a pathlib.Path", Mapping: "a mapping",
    NoneType: "None",
}  # fmt: skip
"""What is checked; of other types, such as a callback, nothing is."""


def refuse_wrong_types(options: Any) -> None:
    """Make sure that the fields of a dataclass are what they are declared to be; for its `__post_init__`.

    Args:
        options: an instance.

    Raises:
        ConfigError: where one is not. Names it.
    """
    kind: Any = type(options)
    declared = _declared(kind)
    for name in (field.name for field in fields(options)):
        value = getattr(options, name)
        if not _fits(value, declared[name]):
            raise ConfigError(f"Expected {parameter(name)} to be {_words(declared[name])}, but got {value!r:.60}.")


def refuse_other_class(name: str, value: object, *classes: type) -> None:
    """Make sure that an argument is of one of these classes, or None.

    Raises:
        ConfigError: where it is not. Names the parameter.
    """
    if value is not None and not isinstance(value, classes):
        words = " or ".join(f"lddu.{known.__name__}" for known in classes)
        raise ConfigError(f"Expected {parameter(name)} to be of the class {words}, but got {type(value).__name__}.")


@cache
def _declared(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def alternatives(declared: Any) -> tuple[Any, ...]:
    """The types of a union; of anything else that alone."""
    return get_args(declared) if get_origin(declared) in (Union, UnionType) else (declared,)


def _fits(value: object, declared: Any) -> bool:
    return any(_is(value, choice) for choice in alternatives(declared))


def _is(value: object, choice: Any) -> bool:
    kind = get_origin(choice) or choice
    if kind is Literal:
        return value in get_args(choice)
    if kind is bool:
        import numpy as np  # the help of commands does without

        return isinstance(value, bool | np.bool_)
    if kind in (int, float):
        return isinstance(value, Integral if kind is int else Real) and not isinstance(value, bool)
    if isinstance(kind, type) and issubclass(kind, os.PathLike):
        return isinstance(value, os.PathLike)
    return kind not in _WORDS or isinstance(value, kind)


def _words(declared: Any) -> str:
    words = []
    for choice in alternatives(declared):
        kind = get_origin(choice) or choice
        if isinstance(kind, type) and issubclass(kind, os.PathLike):
            kind = os.PathLike
        words.append(" or ".join(map(repr, get_args(choice))) if kind is Literal else _WORDS[kind])
    return " or ".join(words)
