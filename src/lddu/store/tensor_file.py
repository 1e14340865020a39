"""Writing a safetensors file, where its named arrays lie, and two ways to read one: by memory map, or into memory.

The `safetensors` package copies on read through NumPy; a map does not, which is what keeps opening a store of any
size instant. The form is fixed: eight bytes of header length, a JSON header, then the raw arrays.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lddu.errors import LdduError

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}
_LARGEST_HEADER = 100_000_000


def write_tensors(path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> None:
    """Write named arrays, laid out by rows however they lie in memory.

    `safetensors` writes the memory of a NumPy array as it is: of one laid out by columns it stores the same shape with
    other numbers, without a word.
    """
    from safetensors.numpy import save_file

    laid_out = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    save_file(laid_out, path, dict(metadata) if metadata else None)


class Files(Protocol):
    """The files of one folder, here or elsewhere."""

    def size(self, name: str) -> int:
        """Bytes of a file; FileNotFoundError where it is absent."""

    def some(self, name: str, start: int, length: int) -> bytes:
        """Some bytes of a file."""

    def shown(self, name: str) -> str:
        """How a user calls the file."""


@dataclass(frozen=True)
class TensorPlace:
    """Where an array lies in its file: first byte, shape and type of number."""

    start: int
    shape: tuple[int, ...]
    kind: np.dtype[Any]

    @property
    def bytes(self) -> int:
        """Bytes that it takes."""
        return math.prod(self.shape) * self.kind.itemsize

    def rows(self, first: int, end: int) -> "TensorPlace":
        """The place of some consecutive rows."""
        width = math.prod(self.shape[1:]) * self.kind.itemsize
        return replace(self, start=self.start + first * width, shape=(end - first, *self.shape[1:]))


def tensor_places(files: Files, name: str, error: type[LdduError]) -> dict[str, TensorPlace]:
    """Where each array of a file lies; reads the header only.

    Raises:
        LdduError: of the given kind, where the file is absent, cut short or not of this form.
    """
    try:
        size = files.size(name)
        length = int.from_bytes(files.some(name, 0, min(8, size)), "little")
        if size < 8 or length > min(size - 8, _LARGEST_HEADER):
            raise ValueError("the header is longer than the file")
        header: dict[str, Any] = json.loads(files.some(name, 8, length))
        header.pop("__metadata__", None)
        return {key: _place(entry, 8 + length, size) for key, entry in header.items()}
    except FileNotFoundError:
        raise error(
            f"Expected the file {files.shown(name)}, but it is not there; copy it again or write it anew."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as fault:
        raise error(
            f"Expected {files.shown(name)} to be a whole safetensors file, but it is damaged ({fault}); "
            "copy it again or write it anew."
        ) from None


def map_tensor(path: Path, place: TensorPlace) -> np.ndarray:
    """The array as a read-only memory map."""
    if not place.bytes:
        return np.zeros(place.shape, place.kind)
    return np.memmap(path, dtype=place.kind, mode="r", offset=place.start, shape=place.shape)


def read_tensor(path: Path, place: TensorPlace) -> np.ndarray:
    """The array in memory, read in one go."""
    count = math.prod(place.shape)
    return np.fromfile(path, place.kind, count, offset=place.start).reshape(place.shape)


def _place(entry: dict[str, Any], base: int, size: int) -> TensorPlace:
    start, end = entry["data_offsets"]
    shape = tuple(int(n) for n in entry["shape"])
    place = TensorPlace(base + start, shape, np.dtype(_TYPES[entry["dtype"]]))
    length = place.bytes  # a Python number: NumPy's would wrap around
    if min(shape, default=0) < 0 or start < 0 or end - start != length or base + end > size:
        raise ValueError("an array reaches beyond the end of the file")
    return place
