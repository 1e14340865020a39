"""The few forms that a pickle may build: NumPy arrays and numbers, PyTorch tensors as arrays, and containers.

`FORMS` maps a name in a pickle to our own function for it; none of them imports or calls what the name says.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

Bytes = bytes | bytearray | memoryview
_TYPE = re.compile(r"[<>=|]?([biufSUO])(\d*)")


@dataclass(frozen=True)
class Name:
    """A name in a pickle that is one of `FORMS`; nothing can be done with it but what `FORMS` says."""

    module: str
    name: str


@dataclass
class Pending:
    """Something that the pickle completes by a state later on, once; `keys` are where the machine remembers it."""

    keys: list[int] = field(default_factory=list, init=False)
    finished: bool = field(default=False, init=False)

    def finish(self, state: Any) -> Any:
        """The whole value."""
        raise NotImplementedError


@dataclass
class PendingType(Pending):
    """A NumPy type whose byte order comes as its state."""

    code: str

    def finish(self, state: Any) -> np.dtype:
        """The type; only the byte order is taken from the state, since plain types have nothing else."""
        order = state[1]
        if len(state) not in (8, 9) or order not in ("<", ">", "|", "=") or state[2:5] != (None, None, None):
            raise ValueError("an array type with fields")
        return type_of(self).newbyteorder(order)


@dataclass
class PendingArray(Pending):
    """A NumPy array whose shape, type and bytes come as its state."""

    def finish(self, state: Any) -> Any:
        """The array; one of Python objects becomes nested lists, since its members were read by the same rules."""
        _, shape, kind, fortran, data = state
        if isinstance(data, str):
            data = data.encode("latin1")
        if type_of(kind).hasobject:
            return _nested(list(data), _sizes(shape), "F" if fortran else "C")
        return array_of(data, type_of(kind), shape, "F" if fortran else "C")


@dataclass(frozen=True)
class Storage:
    """The flat numbers under one or several tensors."""

    values: np.ndarray


def type_of(kind: Any) -> np.dtype:
    """The NumPy type of a pending or finished type.

    Raises:
        ValueError: for anything but plain numbers, strings and objects.
    """
    if isinstance(kind, np.dtype):
        return kind
    if not isinstance(kind, PendingType) or not (match := _TYPE.fullmatch(kind.code)):
        raise ValueError("an array of a type that is not plain")
    if match[1] != "O" and not 1 <= int(match[2] or 0) <= 2**24:
        raise ValueError(f"an array of the odd type {kind.code!r}")
    return np.dtype(kind.code)


def array_of(data: Any, kind: np.dtype, shape: Any, order: Any) -> np.ndarray:
    """A read-only array over bytes, whose size must be just what the shape says.

    Raises:
        ValueError: where it is not.
    """
    sizes = _sizes(shape)
    if not isinstance(data, Bytes) or kind.hasobject or math.prod(sizes) * kind.itemsize != len(data):
        held = len(data) if isinstance(data, Bytes) else 0
        raise ValueError(f"an array of shape {sizes} and type {kind} with {held:,} bytes")
    if not len(data):
        return np.zeros(tuple(min(size, 2**20) for size in sizes), kind)
    return np.frombuffer(data, kind).reshape(sizes, order="F" if order == "F" else "C")


def tensor_of(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> np.ndarray:
    """A tensor as a read-only array over its storage.

    Raises:
        ValueError: where it reaches beyond the storage.
    """
    sizes, strides = _sizes(size), _sizes(stride)
    if not isinstance(storage, Storage) or type(offset) is not int or len(sizes) != len(strides) or offset < 0:
        raise ValueError("a tensor without a storage")
    if not math.prod(sizes):
        return np.zeros(tuple(min(size, 2**20) for size in sizes), storage.values.dtype)
    last = offset + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))
    if last >= len(storage.values):
        raise ValueError(f"a tensor of shape {sizes} in a storage of {len(storage.values):,} numbers")
    flat = storage.values[offset : last + 1]
    step = flat.itemsize
    return np.lib.stride_tricks.as_strided(flat, sizes, [s * step for s in strides], writeable=False)


def _parameter(data: Any, *_: Any) -> np.ndarray:
    """A `torch.nn.Parameter`: the tensor in it; whether it learns, its hooks and attributes are no data."""
    if not isinstance(data, np.ndarray):
        raise ValueError("a parameter without a tensor")
    return data


def _sizes(shape: Any) -> tuple[int, ...]:
    if type(shape) is not tuple or len(shape) > 8 or any(type(n) is not int or not 0 <= n < 2**48 for n in shape):
        raise ValueError("an array of an impossible shape")
    return shape


def _nested(values: list[Any], shape: tuple[int, ...], order: str) -> list[Any]:
    if math.prod(shape) != len(values):
        raise ValueError(f"an array of shape {shape} with {len(values):,} members")
    if len(shape) == 1:
        return values
    if len(shape) != 2 or order == "F":
        raise ValueError("an array of Python objects with more than two axes")
    return [values[row * shape[1] : (row + 1) * shape[1]] for row in range(shape[0])]


def _scalar(kind: Any, data: Any) -> Any:
    if isinstance(data, str):
        data = data.encode("latin1")
    return array_of(data, type_of(kind), (), "C")[()].item()


def _from_buffer(data: Any, kind: Any, shape: Any, order: Any, *_: Any) -> np.ndarray:
    return array_of(data, type_of(kind), shape, order)


def _encoded(text: Any, codec: Any = "utf-8", *_: Any) -> bytes:
    if not isinstance(text, str) or codec not in ("latin1", "latin-1", "utf-8", "ascii"):
        raise ValueError("a text in an unknown coding")
    return text.encode(codec)


def _type(code: Any, *_: Any) -> PendingType:
    if not isinstance(code, str):
        raise ValueError("an array type that is not plain")
    return PendingType(code)


def _ordered(pairs: Any = (), *_: Any) -> dict[Any, Any]:
    if not isinstance(pairs, list | tuple):
        raise ValueError("a dictionary of something other than pairs")
    ordered: dict[Any, Any] = {}
    for pair in pairs:
        key, value = pair
        if type(key) not in (str, int, bytes):
            raise ValueError(f"a {type(key).__name__} is used as a key")
        ordered[key] = value
    return ordered


def _torch_size(sizes: Any = (), *_: Any) -> tuple[Any, ...]:
    if not isinstance(sizes, list | tuple):
        raise ValueError("a size of something other than numbers")
    return tuple(sizes)


def _members(values: Any = (), *_: Any) -> set[Any]:
    if not isinstance(values, list | tuple) or any(type(v) not in (str, int, bytes) for v in values):
        raise ValueError("a set of something other than words and numbers")
    return set(values)


def _raw(data: Any = b"", codec: Any = "latin1", *_: Any) -> bytes:
    return bytes(data) if isinstance(data, Bytes) else _encoded(data, codec)


FORMS: Final[Mapping[tuple[str, str], Callable[..., Any] | None]] = {
    **{
        (f"numpy.{core}", name): form
        for core in ("core.multiarray", "_core.multiarray")
        for name, form in {"_reconstruct": lambda *_: PendingArray(), "scalar": _scalar}.items()
    },
    **{(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")},
    ("numpy", "ndarray"): None,
    ("numpy", "dtype"): _type,
    ("_codecs", "encode"): _encoded,
    ("collections", "OrderedDict"): _ordered,
    ("collections", "defaultdict"): lambda *_: {},
    **{
        (module, name): form
        for module in ("builtins", "__builtin__")
        for name, form in {
            "list": None, "dict": None, "int": None, "float": None, "str": None,
            "set": _members, "frozenset": _members, "bytes": _raw, "bytearray": _raw,
        }.items()
    },
    ("torch._utils", "_rebuild_tensor_v2"): tensor_of,
    ("torch._utils", "_rebuild_tensor"): tensor_of,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch", "Size"): _torch_size,
    **{("torch", f"{kind}Storage"): None for kind in (
        "Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool",
    )},
    ("torch.storage", "UntypedStorage"): None,
    **{("torch", kind): None for kind in (
        "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool",
    )},
}  # fmt: skip
"""(module, name) in a pickle -> what it builds; None where it is only mentioned."""
