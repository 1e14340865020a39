"""Named arrays of a safetensors file, seen through a memory map: opening costs no memory, whatever the size."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from lddu.errors import LdduError

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}
_LARGEST_HEADER = 100_000_000


def map_tensors(path: Path, error: type[LdduError]) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file as read-only memory maps.

    The `safetensors` package copies on read through NumPy; a map does not, which is what keeps opening a store of any
    size instant. The form is fixed: eight bytes of header length, a JSON header, then the raw arrays.

    Raises:
        LdduError: of the given kind, where the file is absent, cut short or not of this form.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if size < 8 or length > min(size - 8, _LARGEST_HEADER):
                raise ValueError("the header is longer than the file")
            header: dict[str, Any] = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        return {name: _map(path, entry, 8 + length, size) for name, entry in header.items()}
    except FileNotFoundError:
        raise error(f"Expected the file {path}, but it is not there; copy it again or write it anew.") from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as fault:
        raise error(
            f"Expected {path} to be a whole safetensors file, but it is damaged ({fault}); "
            "copy it again or write it anew."
        ) from None


def _map(path: Path, entry: dict[str, Any], base: int, size: int) -> np.ndarray:
    start, end = entry["data_offsets"]
    shape = tuple(int(n) for n in entry["shape"])
    kind = np.dtype(_TYPES[entry["dtype"]])
    count = math.prod(shape)  # a Python number: NumPy's would wrap around
    if min(shape, default=0) < 0 or start < 0 or end - start != count * kind.itemsize or base + end > size:
        raise ValueError("an array reaches beyond the end of the file")
    if count == 0:
        return np.zeros(shape, kind)
    return np.memmap(path, dtype=kind, mode="r", offset=base + start, shape=shape)
