"""Text for files of other tools: what a format cannot hold is replaced, nothing is dropped."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REPLACEMENT = "\ufffd"


def writable(text: str) -> str:
    """The text without what neither UTF-8 nor XML can hold, each such letter replaced; line ends are those of Unix."""
    return _NOT_XML.sub(_REPLACEMENT, text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """The same on one line, with single spaces."""
    return " ".join(writable(text).split())


def unbroken(text: str) -> str:
    """The text with a question mark for each half of a character, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


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
