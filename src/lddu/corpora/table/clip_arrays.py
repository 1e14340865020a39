"""One modality of the table format, whatever its form on disk: clip id -> array."""

import os
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import numpy as np

from lddu.corpora.untrusted.arrays import WORDS, Archive, Header, read_array, read_header, refuse_oversized
from lddu.errors import SourceError

STACKED = ({"clip", "values"}, {"clip", "values", "offsets"})
"""Names of the arrays in an .npz whose clips lie end to end."""


class ClipArrays(Protocol):
    """The arrays of one modality."""

    path: Path
    duplicates: int
    strangers: tuple[str, ...]

    @property
    def clips(self) -> Collection[str]:
        """Ids of the clips that have an array."""
        ...

    def shape(self, clip: str) -> tuple[int, ...]:
        """Shape of a clip's array, without reading its numbers."""
        ...

    def array(self, clip: str) -> np.ndarray:
        """A clip's array as it is on disk."""
        ...


class KeyedArrays:
    """An .npz with one array per clip: read one by one, so that memory stays bounded."""

    duplicates = 0

    def __init__(self, archive: Archive) -> None:
        self.path, self.strangers = archive.path, archive.strangers
        self.clips: Collection[str] = dict.fromkeys(archive.names)
        self._archive = archive

    def shape(self, clip: str) -> tuple[int, ...]:
        """See `ClipArrays`."""
        return self._archive.header(clip).shape

    def array(self, clip: str) -> np.ndarray:
        """See `ClipArrays`."""
        return self._archive.array(clip)


def files_below(folder: Path) -> Iterator[Path]:
    """Every file in a folder and its subfolders, as they are found.

    Raises:
        SourceError: where one of them cannot be looked into: what lies in it would be missing.
    """
    try:
        for place, _, names in os.walk(folder, onerror=_refuse):
            yield from (Path(place, name) for name in names)
    except OSError as fault:
        raise SourceError(
            f"Expected to look into every folder in {folder}, but {fault.filename} cannot be read ({fault.strerror}); "
            "check its permissions."
        ) from None


def _refuse(fault: OSError) -> None:
    raise fault


class FolderArrays:
    """A folder of ``<clip>.npy``; an id may hold ``/`` where it lies in a subfolder."""

    duplicates = 0

    def __init__(self, path: Path) -> None:
        self.path = path
        files = sorted(file for file in files_below(path) if file.is_file() and not file.name.startswith("."))
        self._files = {
            file.relative_to(path).as_posix().removesuffix(".npy"): file for file in files if file.suffix == ".npy"
        }
        self.strangers = tuple(file.name for file in files if file.suffix != ".npy")
        self.clips: Collection[str] = self._files.keys()

    def shape(self, clip: str) -> tuple[int, ...]:
        """See `ClipArrays`."""
        return self._header(clip).shape

    def array(self, clip: str) -> np.ndarray:
        """See `ClipArrays`."""
        file = self._files[clip]
        with file.open("rb") as stream:
            return read_array(stream, file.stat().st_size, str(file))

    def _header(self, clip: str) -> Header:
        file = self._files[clip]
        with file.open("rb") as stream:
            return refuse_oversized(read_header(stream, file.stat().st_size, str(file)), str(file))


class StackedArrays:
    """An .npz with the arrays `clip` [N], `values` [sum T, D] and, where clips have several steps, `offsets` [N+1]."""

    strangers: tuple[str, ...] = ()

    def __init__(self, archive: Archive) -> None:
        self.path = archive.path
        self._values = archive.array("values")
        ids = _ids(archive)
        if self._values.ndim != 2:
            raise SourceError(
                f"Expected 'values' in {self.path} to be [all steps, numbers], but its shape is {self._values.shape}; "
                "lay the clips end to end and give 'offsets'."
            )
        offsets = archive.array("offsets", "iu") if "offsets" in archive.names else np.arange(len(self._values) + 1)
        _check_offsets(self.path, offsets, ids, len(self._values), "offsets" in archive.names)
        self._spans: dict[str, tuple[int, int]] = {}
        self.duplicates = 0
        for i, clip in enumerate(ids):
            self._note(clip, (int(offsets[i]), int(offsets[i + 1])))

    @property
    def clips(self) -> Collection[str]:
        """See `ClipArrays`."""
        return self._spans.keys()

    def shape(self, clip: str) -> tuple[int, ...]:
        """See `ClipArrays`."""
        first, last = self._spans[clip]
        return (last - first, self._values.shape[1])

    def array(self, clip: str) -> np.ndarray:
        """See `ClipArrays`."""
        first, last = self._spans[clip]
        return self._values[first:last]

    def _note(self, clip: str, span: tuple[int, int]) -> None:
        if clip not in self._spans:
            self._spans[clip] = span
        elif np.array_equal(self.array(clip), self._values[span[0] : span[1]]):
            self.duplicates += 1
        else:
            raise SourceError(
                f"Expected each clip of {self.path} once, but {clip!r} is there twice with different values; keep one."
            )


def open_arrays(path: Path, opened: ExitStack) -> ClipArrays:
    """The arrays of a modality; files stay open until `opened` closes.

    Raises:
        SourceError: where the file or folder cannot be read.
    """
    if path.is_dir():
        return FolderArrays(path)
    archive = opened.enter_context(Archive(path))
    return StackedArrays(archive) if set(archive.names) in STACKED else KeyedArrays(archive)


def usual_width(arrays: ClipArrays, clips: Collection[str]) -> tuple[int, dict[str, int]]:
    """Numbers per step that most clips have, and the clips that differ.

    Args:
        arrays: the modality.
        clips: ids to look at, all in `arrays`.

    Returns:
        The width, 0 where every clip is empty; clip -> its width, for every clip of another one.

    Raises:
        SourceError: where an array is no sequence, or no width is that of more than half of the clips.
    """
    widths: dict[str, int] = {}
    for clip in clips:
        shape = arrays.shape(clip)
        if len(shape) not in (1, 2):
            raise SourceError(
                f"Expected {clip!r} in {arrays.path} to be [steps, numbers] or [numbers], but its shape is {shape}; "
                "reshape it."
            )
        if 0 not in shape:
            widths[clip] = shape[-1]
    if not widths:
        return 0, {}
    width, times = Counter(widths.values()).most_common(1)[0]
    if 2 * times <= len(widths):
        some = ", ".join(f"{clip!r} {arrays.shape(clip)}" for clip in list(widths)[:3])
        raise SourceError(
            f"Expected the clips of {arrays.path} to be [steps, numbers] with the same numbers per step, but they have "
            f"{len(set(widths.values()))} widths ({some}); transpose them if they are [numbers, steps]."
        )
    return width, {clip: clip_width for clip, clip_width in widths.items() if clip_width != width}


def _ids(archive: Archive) -> list[str]:
    ids = archive.array("clip", WORDS + "iu")
    if ids.ndim != 1:
        raise SourceError(f"Expected 'clip' in {archive.path} to be a list of ids, but its shape is {ids.shape}.")
    if ids.dtype.kind != "S":
        return [str(clip).strip() for clip in ids.tolist()]
    try:
        return [clip.decode("utf-8").strip() for clip in ids.tolist()]
    except UnicodeDecodeError:
        raise SourceError(
            f"Expected 'clip' in {archive.path} to be UTF-8 text, but it is not; save it as str."
        ) from None


def _check_offsets(path: Path, offsets: np.ndarray, ids: list[str], steps: int, given: bool) -> None:
    if offsets.shape != (len(ids) + 1,):
        problem = f"'offsets' has shape {offsets.shape}" if given else f"there are {steps} rows and no 'offsets'"
        raise SourceError(
            f"Expected {len(ids) + 1} 'offsets' for the {len(ids)} clips of {path} (or one row per clip without them), "
            f"but {problem}."
        )
    falls = np.flatnonzero(offsets[1:] < offsets[:-1])
    if len(falls):
        raise SourceError(
            f"Expected 'offsets' in {path} never to fall, but they do at clip {ids[int(falls[0])]!r} "
            f"({offsets[falls[0]]} to {offsets[falls[0] + 1]}); offset i is the first row of clip i."
        )
    if int(offsets[0]) != 0 or int(offsets[-1]) != steps:
        raise SourceError(
            f"Expected 'offsets' in {path} to run from 0 to the {steps} rows of 'values', "
            f"but they run from {offsets[0]} to {offsets[-1]}."
        )
