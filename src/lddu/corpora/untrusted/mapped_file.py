"""A file as bytes that stay on disk until they are read."""

import mmap
from pathlib import Path

from lddu.errors import SourceError


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


def let_go(data: memoryview) -> None:
    """Give back the pages of a mapped file that were read; they can be read again."""
    if isinstance(data.obj, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        data.obj.madvise(mmap.MADV_DONTNEED)
