"""Read plain values back strictly: whatever does not fit is a damaged file, reported in one sentence."""

import math
from collections.abc import Mapping
from typing import Any

from lddu.errors import RunError

CURE = "the run folder is damaged or was edited: copy it again, or train again"

ROUNDING = 1e-9
"""What sums of rounded numbers may miss an end of a range by; no reason to call a file damaged."""


def section(value: Any, names: tuple[str, ...], where: str) -> Mapping[str, Any]:
    """`value`, if it is a mapping with exactly these names.

    Raises:
        RunError: it is no mapping, or a name is missing or unknown.
    """
    if not isinstance(value, Mapping):
        raise RunError(f"Expected {where} to be a mapping, but got {_text_of(value)}; {CURE}.")
    missing, unknown = sorted(set(names) - set(value)), sorted(set(value) - set(names))
    if missing or unknown:
        difference = " and ".join(
            f"{word} {', '.join(map(str, listed))}"
            for word, listed in (("lacks", missing), ("has the unknown", unknown))
            if listed
        )
        raise RunError(f"Expected {where} to hold {', '.join(names)}, but it {difference}; {CURE}.")
    return value


def number(value: Any, where: str, least: float = -math.inf, most: float = math.inf) -> float:
    """`value`, if it is a finite number in a closed range; what passes an end by `ROUNDING` at most is that end."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not least - ROUNDING <= value <= most + ROUNDING:
        span = f" from {least:g} to {most:g}" if math.isfinite(least) and math.isfinite(most) else ""
        raise RunError(f"Expected {where} to be a number{span}, but got {_text_of(value)}; {CURE}.")
    return float(min(max(value, least), most))


def numbers(value: Any, where: str, least: float = -math.inf, most: float = math.inf) -> tuple[float, ...]:
    """`value`, if it is a list of finite numbers in a closed range."""
    if not isinstance(value, list | tuple):
        raise RunError(f"Expected {where} to be a list of numbers, but got {_text_of(value)}; {CURE}.")
    return tuple(number(item, f"{where}[{i}]", least, most) for i, item in enumerate(value))


def whole(value: Any, where: str) -> int:
    """`value`, if it is a whole number of at least 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise RunError(f"Expected {where} to be a whole number of at least 0, but got {_text_of(value)}; {CURE}.")
    return value


def word(value: Any, where: str, known: tuple[str, ...] = ()) -> str:
    """`value`, if it is a text, and one of `known` where these are given."""
    if not isinstance(value, str) or (known and value not in known):
        allowed = f"one of {', '.join(known)}" if known else "a text"
        raise RunError(f"Expected {where} to be {allowed}, but got {_text_of(value)}; {CURE}.")
    return value


def words(value: Any, where: str) -> tuple[str, ...]:
    """`value`, if it is a list of texts."""
    if not isinstance(value, list | tuple):
        raise RunError(f"Expected {where} to be a list of texts, but got {_text_of(value)}; {CURE}.")
    return tuple(word(item, f"{where}[{i}]") for i, item in enumerate(value))


def ensure(holds: bool, expected: str, value: Any) -> None:
    """Raise `RunError` where a relation between values does not hold."""
    if not holds:
        raise RunError(f"Expected {expected}, but got {_text_of(value)}; {CURE}.")


def _text_of(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
