"""Nested values as JSON holds them."""

import math
from collections.abc import Callable, Mapping
from typing import Any


def plain(value: Any, words: Callable[[str], str] = str) -> Any:
    """What JSON can hold: mappings, lists, plain numbers and words; NaN and infinities become null, which JSON lacks.

    Args:
        value: mappings and lists of numbers and words; numbers may be numpy's.
        words: applied to each word.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(entry, words) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry, words) for entry in value]
    if hasattr(value, "item") and not hasattr(value, "__len__"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return words(value) if isinstance(value, str) else value
