"""Arrays from untrusted .npy and .npz files: sizes are checked before they are believed.

Nothing is ever unpickled: an array of Python objects is refused, since reading one can run any code.
"""

import math
import tokenize
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

import numpy as np
from numpy.lib import format as npy

from lddu.errors import SourceError

NUMBERS = "fiub"
"""Kinds of NumPy types that are plain real numbers."""

_Result = TypeVar("_Result")

WORDS = "US"
"""Kinds of NumPy types that are text."""

LARGEST_ARRAY = 2**30
"""Bytes that one clip's array may take; a longer clip is a mistake."""

UNSUSPICIOUS_BYTES = 2**28
"""An archive that unpacks to no more than this is read, however well it is packed."""

LARGEST_EXPANSION = 100
"""Beyond `UNSUSPICIOUS_BYTES`, how many times its own size an archive may unpack to; real features stay below 10."""

_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, TypeError,
    SyntaxError, AttributeError, RecursionError, MemoryError, OverflowError, tokenize.TokenError,
)  # fmt: skip


@dataclass(frozen=True)
class Header:
    """The header of a .npy file."""

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool
    bytes: int


def read_header(stream: IO[bytes], size: int, where: str, kinds: str = NUMBERS) -> Header:
    """Read and check the head of a .npy stream; the stream then stands at the first number.

    Args:
        stream: open at the start.
        size: bytes that the whole .npy takes.
        where: what to call it in messages, such as "'a' in audio.npz".
        kinds: allowed kinds of type.

    Raises:
        SourceError: where it is damaged, of another type, or declares more or less than it holds.
    """
    try:
        version = npy.read_magic(stream)
        reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = reader(stream)
        held = size - stream.tell()
    except _DAMAGE as fault:
        raise _damaged(where, fault) from None
    if dtype.hasobject:
        raise SourceError(
            f"Expected {where} to be an array of numbers, but it holds Python objects, which are never read because "
            "they can run code; save it again as a plain array, for example values.astype('float32')."
        )
    if dtype.kind not in kinds:
        expected = "real numbers" if kinds == NUMBERS else "text" if "U" in kinds else "whole numbers"
        raise SourceError(f"Expected {where} to be an array of {expected}, but its type is {dtype}; save it as such.")
    needed = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or needed != held:
        raise SourceError(
            f"Expected {where} to hold {needed:,} bytes as its shape {shape} says, but it holds {held:,}; "
            "the file is damaged or not what it claims, write it again."
        )
    return Header(tuple(shape), dtype, bool(fortran), needed)


def read_array(stream: IO[bytes], size: int, where: str, kinds: str = NUMBERS) -> np.ndarray:
    """Read a whole .npy stream; see `read_header` for the arguments and what is raised."""
    header = read_header(stream, size, where, kinds)
    try:
        data = stream.read(header.bytes)
        if len(data) != header.bytes:
            raise EOFError("it ends early")
        flat: np.ndarray = np.frombuffer(data, header.dtype) if data else np.zeros(0, header.dtype)
    except _DAMAGE as fault:
        raise _damaged(where, fault) from None
    return flat.reshape(header.shape[::-1]).T if header.fortran else flat.reshape(header.shape)


def refuse_oversized(header: Header, where: str) -> Header:
    """The header of one clip's array, unless it is too large to be one.

    Raises:
        SourceError: above `LARGEST_ARRAY`.
    """
    if header.bytes > LARGEST_ARRAY:
        raise SourceError(
            f"Expected {where} to be one clip of at most {LARGEST_ARRAY:,} bytes, but it declares {header.bytes:,}; "
            "cut the recording into clips."
        )
    return header


class Archive:
    """The arrays of a .npz file, read one by one; use as a context manager.

    Attributes:
        path: the file.
        names: names of its arrays, without ``.npy``.
        strangers: members that are no arrays.

    Raises:
        SourceError: where it is no zip file, holds a name twice, or unpacks to far more than its size allows.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGE as fault:
            raise _damaged(str(path), fault) from None
        self._members = {m.filename.removesuffix(".npy"): m for m in self._zip.infolist() if _is_array(m)}
        self.names = tuple(self._members)
        self.strangers = tuple(m.filename for m in self._zip.infolist() if not _is_array(m) and not m.is_dir())
        try:
            self._check()
        except SourceError:
            self._zip.close()
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def header(self, name: str) -> Header:
        """Shape and type of one clip's array."""
        return self._opened(name, lambda s, n, w: refuse_oversized(read_header(s, n, w), w))

    def array(self, name: str, kinds: str = NUMBERS) -> np.ndarray:
        """One whole array."""
        return self._opened(name, lambda s, n, w: read_array(s, n, w, kinds))

    def _opened(self, name: str, read: Callable[[IO[bytes], int, str], _Result]) -> _Result:
        where = f"{name!r} in {self.path}"
        try:
            with self._zip.open(self._members[name]) as stream:
                return read(stream, self._members[name].file_size, where)
        except _DAMAGE as fault:
            raise _damaged(where, fault) from None

    def _check(self) -> None:
        twice = [name for name, times in Counter(m.filename for m in self._zip.infolist()).items() if times > 1]
        if twice:
            raise SourceError(
                f"Expected every array of {self.path} once, but {twice[0]!r} is there twice; write the file again."
            )
        declared = sum(member.file_size for member in self._zip.infolist())
        packed = self.path.stat().st_size
        if declared > max(UNSUSPICIOUS_BYTES, LARGEST_EXPANSION * packed):
            raise SourceError(
                f"Expected {self.path} ({packed:,} bytes) to unpack to at most {LARGEST_EXPANSION} times its size, "
                f"but it declares {declared:,} bytes; if that is meant, save it with numpy.savez (not compressed)."
            )


def _is_array(member: zipfile.ZipInfo) -> bool:
    return member.filename.endswith(".npy") and not member.filename.startswith("__MACOSX/")


def _damaged(where: str, fault: BaseException) -> SourceError:
    reason = (str(fault).splitlines() or [type(fault).__name__])[0][:120]
    return SourceError(f"Expected {where} to be a sound NumPy file, but it cannot be read ({reason}); write it again.")
