"""Reads the weights of a CTranslate2 model (``model.bin``) as float32 arrays, without CTranslate2 and without trust.

The format (binary versions 4 to 6), little-endian: version, name and revision of the specification, then tensors (name,
rank, sizes, type, bytes, data), then aliases (name, name of a tensor). A text is a 16-bit length and that many bytes with a
NUL at their end. An integer tensor ``x`` has ``x_scale`` beside it, one number, or one for each row: the weight is
``x / x_scale``. No byte is taken on faith: every length is checked against what the file still holds before it is used,
so a damaged file ends in one sentence and never takes more memory than its own size calls for.
"""

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from lddu.errors import SourceError

Weights = NDArray[np.float32]

VERSIONS = range(4, 7)
"""Binary versions that are read."""

_TYPES = {0: "<f4", 1: "|i1", 2: "<i2", 3: "<i4", 4: "<f2", 5: "bfloat16"}
_SIZES = {"<f4": 4, "|i1": 1, "<i2": 2, "<i4": 4, "<f2": 2, "bfloat16": 2}
_MOST_RANK = 4
_SCALE = "_scale"


@dataclass(frozen=True)
class CTranslate2File:
    """What a file holds.

    Attributes:
        specification: what kind of model it is, such as ``WhisperSpec``.
        revision: of that specification.
        arrays: name -> weights, float32, scales applied; flags and counts are arrays of no dimension.
    """

    specification: str
    revision: int
    arrays: Mapping[str, Weights]


def read_weights(path: Path, wanted: Callable[[str], bool] = lambda _: True) -> CTranslate2File:
    """The weights of a model file.

    Args:
        path: ``model.bin``.
        wanted: selects names to load; the data of others is skipped, their description is checked all the same.

    Raises:
        SourceError: where the file cannot be read, is cut short or damaged, is of a version or holds a type that is not
            known here, or has a weight that is not finite.
    """
    try:
        with path.open("rb") as stream:
            return _Reader(path, stream, path.stat().st_size).weights(wanted)
    except OSError as fault:
        raise SourceError(
            f"Expected the weights of a CTranslate2 model in {path}, but it cannot be read "
            f"({fault.strerror or fault}); install its package again."
        ) from None


@dataclass(frozen=True)
class _Tensor:
    """Where a tensor lies in the file."""

    shape: tuple[int, ...]
    kind: str
    offset: int
    size: int


class _Reader:
    """One pass over the descriptions, then one over the data to load."""

    def __init__(self, path: Path, stream: BinaryIO, size: int) -> None:
        self._path, self._stream, self._size = path, stream, size

    def weights(self, wanted: Callable[[str], bool]) -> CTranslate2File:
        version = self._number("<I")
        if version not in VERSIONS:
            known = f"{VERSIONS[0]} to {VERSIONS[-1]}"
            raise self._fault(f"its format has version {version}, and versions {known} are read")
        specification, revision = self._text(), self._number("<I")
        tensors: dict[str, _Tensor] = {}
        for _ in range(self._number("<I")):
            name = self._new_name(tensors)
            tensors[name] = self._described(name)
        for _ in range(self._number("<I")):
            name, target = self._new_name(tensors), self._text()
            if target not in tensors:
                raise self._fault(f"{name!r} stands for {target!r}, which it does not hold")
            tensors[name] = tensors[target]  # an integer one has an alias of its scale too
        if self._stream.tell() != self._size:
            raise self._fault(f"{self._size - self._stream.tell()} bytes follow its end")
        scales = {name + _SCALE for name, tensor in tensors.items() if "i" in tensor.kind}
        names = [name for name in tensors if name not in scales and wanted(name)]
        return CTranslate2File(specification, revision, {name: self._array(name, tensors) for name in names})

    def _fault(self, problem: str) -> SourceError:
        return SourceError(
            f"Expected the weights of a CTranslate2 model in {self._path}, but {problem}; install its package again."
        )

    def _bytes(self, count: int) -> bytes:
        """The next bytes; `count` is at most 65,535 here, and data is bounded by `_described`."""
        data = self._stream.read(count)
        if len(data) < count:
            raise self._fault(f"it ends after {self._size} bytes, in the middle of something")
        return data

    def _number(self, layout: str) -> int:
        return int(struct.unpack(layout, self._bytes(struct.calcsize(layout)))[0])

    def _text(self) -> str:
        data = self._bytes(self._number("<H")).removesuffix(b"\0")
        if not data or not data.isascii() or not data.decode("ascii").isprintable():
            raise self._fault(f"a name in it is no text ({data[:20]!r})")
        return data.decode("ascii")

    def _new_name(self, known: Mapping[str, _Tensor]) -> str:
        name = self._text()
        if name in known:
            raise self._fault(f"it holds {name!r} twice")
        return name

    def _described(self, name: str) -> _Tensor:
        """The next tensor's description; passes over its data."""
        rank = self._number("<B")
        if rank > _MOST_RANK:
            raise self._fault(f"{name!r} has {rank} dimensions, more than {_MOST_RANK}")
        shape = tuple(self._number("<I") for _ in range(rank))
        kind = _TYPES.get(code := self._number("<B"))
        if kind is None:
            raise self._fault(f"{name!r} is of type {code}, which is not known")
        size, offset = self._number("<I"), self._stream.tell()
        if 0 in shape or size != math.prod(shape) * _SIZES[kind]:
            raise self._fault(f"{name!r} of sizes {list(shape)} has {size} bytes")
        if offset + size > self._size:
            raise self._fault(f"it ends after {self._size} bytes, in the middle of {name!r}")
        self._stream.seek(size, 1)
        return _Tensor(shape, kind, offset, size)

    def _array(self, name: str, tensors: Mapping[str, _Tensor]) -> Weights:
        tensor, scale = tensors[name], tensors.get(name + _SCALE)
        values = self._loaded(tensor)
        if scale is not None and "i" in tensor.kind:
            values = self._unscaled(name, values, self._loaded(scale))
        if not np.isfinite(values).all():
            raise self._fault(f"{name!r} holds a number that is not finite")
        return values

    def _loaded(self, tensor: _Tensor) -> Weights:
        self._stream.seek(tensor.offset)
        data = self._bytes(tensor.size)
        if tensor.kind == "bfloat16":  # the upper half of a float32
            wide = np.frombuffer(data, "<u2").astype(np.uint32) << 16
            return wide.view(np.float32).reshape(tensor.shape)
        return np.frombuffer(data, tensor.kind).astype(np.float32).reshape(tensor.shape)

    def _unscaled(self, name: str, values: Weights, scale: Weights) -> Weights:
        if scale.size != 1 and scale.shape != values.shape[:1]:
            raise self._fault(f"{name!r} of sizes {list(values.shape)} has scales of sizes {list(scale.shape)}")
        if not (np.isfinite(scale).all() and (scale > 0).all()):
            raise self._fault(f"a scale of {name!r} is not above 0")
        with np.errstate(over="ignore"):
            return values / scale.reshape(scale.shape[:1] + (1,) * (values.ndim - 1) if scale.size > 1 else ())
