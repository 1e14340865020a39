"""One computational sequence of the CMU Multimodal SDK: an HDF5 file `<root>/data/<video>/{features, intervals}`.

Videos are read one at a time, so a file of any size needs the memory of its longest video. A file can point outside
itself (links, external and virtual data) and declare far more than it holds; both are refused.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lddu.errors import PackageError, SourceError

LARGEST_EXPANSION = 1100
"""How many times its stored size a data set may have; gzip cannot exceed 1,032."""

LARGEST_DATASET = 2**29
"""Bytes of one video's features, eight a number: two hours of COVAREP take 430 MB."""

LARGEST_REREADING = 4
"""How many times what a file can hold at most is read in all; names may share what they name, but not for ever."""

_WORD = 64
"""Bytes that an object of Python takes, about."""

_DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)


class CsdFile:
    """An open computational sequence; made by `opened_csd`.

    Attributes:
        path: the file.
        root: name of the sequence, such as ``COVAREP``.
        entries: video -> keys of its entries: one ``VIDEO``, or several ``VIDEO[k]`` in order of k.
    """

    def __init__(self, path: Path, file: Any) -> None:
        self.path = path
        self.root, self._data = _root(path, file)
        self._left = LARGEST_REREADING * LARGEST_EXPANSION * path.stat().st_size
        self.entries: dict[str, list[str]] = {}
        for key in self._data:
            self.entries.setdefault(video_of(key), []).append(key)
        for keys in self.entries.values():
            keys.sort(key=_number_in)

    def read(self, video: str) -> tuple[np.ndarray, np.ndarray]:
        """[F, 2] intervals in seconds and [F, D] features (numbers or byte strings) of all entries of a video.

        Raises:
            SourceError: where they are damaged or do not fit each other.
        """
        parts = []
        size = 0
        for key in self.entries[video]:
            parts.append(self.read_entry(key))
            size += sum(array.nbytes for array in parts[-1])
            if size > LARGEST_DATASET:
                raise SourceError(
                    f"Expected the entries of video {video!r} in {self.path} to be at most {LARGEST_DATASET:,} bytes "
                    "in all, but they are more; refused."
                )
        widths = {values.shape[1] for _, values in parts if len(values)}
        if len(widths) > 1:
            raise SourceError(
                f"Expected the entries of video {video!r} in {self.path} to have one width, but got {sorted(widths)}."
            )
        filled = [part for part in parts if len(part[1])] or parts[:1]
        return np.concatenate([part[0] for part in filled]), np.concatenate([part[1] for part in filled])

    def read_entry(self, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Intervals and features of one entry; see `read`."""
        where = f"{key!r} in {self.path}"
        try:
            group = self._data[_own(self._data, key, where)]
            intervals = _array(group[_own(group, "intervals", where)], f"the intervals of {where}")
            features = _array(group[_own(group, "features", where)], f"the features of {where}")
        except _DAMAGE as fault:
            raise _damaged(where, fault) from None
        self._left -= intervals.nbytes + features.nbytes
        if self._left < 0:
            raise SourceError(f"Expected {self.path} to hold what it declares, but it repeats itself; refused.")
        intervals = intervals[None] if intervals.ndim == 1 and len(intervals) == 2 else intervals
        features = features.reshape(len(intervals), -1) if features.ndim == 1 and features.size else features
        if features.size == 0:
            features = np.zeros((0, features.shape[-1] if features.ndim == 2 else 0), np.float32)
            intervals = np.zeros((0, 2))
        if intervals.ndim != 2 or intervals.shape[1] != 2 or intervals.dtype.kind not in "fiu":
            raise SourceError(
                f"Expected the intervals of {where} to be [frames, 2] seconds, but got {_form(intervals)}."
            )
        if features.ndim != 2 or len(features) != len(intervals):
            raise SourceError(
                f"Expected the features of {where} to have one row for each of {len(intervals)} intervals, "
                f"but got {_form(features)}; download the file again."
            )
        return intervals.astype(np.float64), features


@contextmanager
def opened_csd(path: Path) -> Iterator[CsdFile]:
    """Open a ``.csd`` file for reading.

    Raises:
        PackageError: where h5py is not installed.
        SourceError: where the file is no computational sequence.
    """
    try:
        import h5py
    except ImportError:
        raise PackageError.missing("h5py", f"reading {path}", "lddu[mosei]") from None
    try:
        file = h5py.File(path, "r")
    except _DAMAGE as fault:
        raise _damaged(str(path), fault) from None
    with file:
        try:
            opened = CsdFile(path, file)
        except _DAMAGE as fault:
            raise _damaged(str(path), fault) from None
        yield opened


def video_of(key: str) -> str:
    """The video of an entry: what stands before ``[``."""
    return key.split("[")[0]


def _number_in(key: str) -> tuple[int, str]:
    digits = key.partition("[")[2].rstrip("]")
    return (int(digits) if digits.isdecimal() and len(digits) < 10 else -1, key)


def _root(path: Path, file: Any) -> tuple[str, Any]:
    names = list(file)
    if len(names) != 1:
        raise SourceError(
            f"Expected {path} to be a computational sequence with one root, but it has {len(names)}; "
            "is it another kind of HDF5 file?"
        )
    root = file[_own(file, names[0], str(path))]
    if "data" not in root:
        raise SourceError(f"Expected 'data' in the root {names[0]!r} of {path}, but it is not there.")
    return names[0], root[_own(root, "data", str(path))]


def _own(group: Any, name: str, where: str) -> str:
    """The name, as long as it is a part of the file itself and no link to another place."""
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise SourceError(f"Expected {where} to hold its own data, but {name!r} is a link to another place; refused.")
    return name


def _array(dataset: Any, where: str) -> np.ndarray:
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        raise SourceError(f"Expected {where} to be an array, but it is a {type(dataset).__name__.lower()}.")
    if dataset.external or dataset.is_virtual:
        raise SourceError(f"Expected {where} to be in the file, but it lies in another file; refused.")
    text = h5py.check_string_dtype(dataset.dtype)
    if dataset.dtype.kind not in "fiu" and text is None:
        raise SourceError(f"Expected {where} to be numbers or words, but its type is {dataset.dtype}.")
    number = dataset.dtype.itemsize if text else max(dataset.dtype.itemsize, 8)  # they become float64 on the way
    declared, held = math.prod(dataset.shape) * number, dataset.id.get_storage_size()
    largest = max(declared, math.prod(dataset.chunks or ()) * dataset.dtype.itemsize)
    if largest > LARGEST_DATASET or declared > LARGEST_EXPANSION * 8 * (held + 64):
        raise SourceError(
            f"Expected {where} to be at most {LARGEST_DATASET:,} bytes and to hold what it declares, "
            f"but it declares {largest:,} and holds {held:,}; refused."
        )
    if text is not None and text.length is None:
        return _words(dataset, where)
    values: np.ndarray = dataset[()]
    return np.asarray(values)


def _words(dataset: Any, where: str) -> np.ndarray:
    """Words of any length, one at a time: many can name one place in the file, which is then read as many times."""
    words, left = [], LARGEST_DATASET
    for place in np.ndindex(dataset.shape):
        words.append(bytes(dataset[place]))
        left -= len(words[-1]) + _WORD
        if left < 0:
            raise SourceError(
                f"Expected {where} to be at most {LARGEST_DATASET:,} bytes, but its words are more; refused."
            )
    return np.array(words, object).reshape(dataset.shape)


def _form(values: np.ndarray) -> str:
    return f"shape {values.shape} of {values.dtype}"


def _damaged(where: str, fault: BaseException) -> SourceError:
    reason = (str(fault).strip("'\"").splitlines() or [type(fault).__name__])[0][:160]
    return SourceError(
        f"Expected {where} to be a sound .csd (HDF5) file, but it cannot be read ({reason}); download it again."
    )
