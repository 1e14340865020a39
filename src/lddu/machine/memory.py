"""Memory that a process no longer uses."""

import ctypes
from contextlib import suppress


def return_freed_memory() -> None:
    """Give the system back what is freed.

    The decoders of media start threads for every file, and glibc keeps what a thread frees in an arena of its own for the next
    thread: a process that reads file after file holds more and more. Nothing is done where malloc is another (macOS, Windows, musl).
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
