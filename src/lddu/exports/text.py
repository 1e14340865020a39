"""Text for files of other tools: what a format cannot hold is replaced, nothing is dropped."""

import re

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
