"""One modality of a store: where each clip's steps lie, over one or several parts, and three ways to read them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lddu.errors import StoreError
from lddu.store.tensor_file import Files, TensorPlace, map_tensor, read_tensor, tensor_places


@dataclass(frozen=True)
class StorePart:
    """One safetensors file: `values` and `offsets` of a run of consecutive clips."""

    file: str
    clips: int
    steps: int
    sha256: str


@dataclass(frozen=True)
class Modality:
    """One stream of features.

    Attributes:
        name: such as ``text``, ``audio``, ``visual``.
        dimension: D, numbers per step.
        feature: what the numbers are, such as ``GloVe 300`` or an extractor's full configuration.
        parts: files that hold it, in clip order.
    """

    name: str
    dimension: int
    feature: str
    parts: tuple[StorePart, ...]


class StoreFiles(Files, Protocol):
    """Where the files of a store are."""

    def local(self, name: str, sha256: str) -> Path:
        """The whole file on this machine; fetched first where it is elsewhere."""


class Stream:
    """Read access to one modality. Nothing is read before it is needed, and no part that is not.

    Args:
        files: where the parts are.
        modality: dimension and parts.
    """

    def __init__(self, files: StoreFiles, modality: Modality) -> None:
        self.modality = modality
        self._files = files
        self._first = np.cumsum([0, *(part.clips for part in modality.parts)])
        self._values: dict[int, np.ndarray] = {}

    @cached_property
    def lengths(self) -> np.ndarray:
        """[N] steps of each clip; 0 where the modality is missing."""
        return np.concatenate([np.diff(offsets) for offsets in self._offsets])

    def steps(self, clip: int) -> np.ndarray:
        """[T, D] features of one clip, still on disk."""
        k, i = self._locate(clip)
        offsets = self._offsets[k]
        return self._mapped(k)[offsets[i] : offsets[i + 1]]

    @property
    def whole(self) -> bool:
        """Whether one file holds all clips, so that `padded` can be called."""
        return len(self.modality.parts) == 1

    def padded(self, clips: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Features [B, T, D], zeros at padding, and mask [B, T] of some clips, each cut to `most` steps; in one go.

        Args:
            clips: [B] numbers.
            most: steps of a clip.
        """
        offsets = self._offsets[0]
        lengths = np.minimum(self.lengths[clips], most)
        step = np.arange(max(1, int(lengths.max(initial=0))))
        mask = step < lengths[:, None]
        values = np.zeros((*mask.shape, self.modality.dimension), np.float32)
        values[mask] = self._mapped(0)[(offsets[clips][:, None] + step)[mask]]
        return values, mask

    @property
    def kind(self) -> np.dtype[Any]:
        """Type of number that holds those of every part as they are."""
        return np.result_type(*(self._place(k, "values").kind for k in range(len(self.modality.parts))))

    def times(self, clip: int) -> np.ndarray | None:
        """[T, 2] start and end of each step in seconds; None where the store does not know."""
        k, i = self._locate(clip)
        part, places = self.modality.parts[k], self._places[k]
        if "times" not in places or places["times"].shape != (part.steps, 2):
            return None
        times = map_tensor(self._local(k), places["times"])
        spans = np.asarray(times[self._offsets[k][i] : self._offsets[k][i + 1]])
        return None if np.isnan(spans).any() else spans

    def loaded(self, first: int, end: int) -> Iterator[np.ndarray]:
        """[sum T, D] features of the clips `first` to `end` (exclusive) in memory, from one part after the other."""
        while first < end:
            k, i = self._locate(first)
            here = min(end, int(self._first[k + 1]))
            offsets = self._offsets[k]
            rows = self._place(k, "values").rows(int(offsets[i]), int(offsets[i + here - first]))
            yield read_tensor(self._local(k), rows)
            first = here

    def _locate(self, clip: int) -> tuple[int, int]:
        """StorePart, and number within it."""
        if not 0 <= clip < self._first[-1]:
            raise IndexError(f"Expected a clip below {self._first[-1]}, but got {clip}.")
        k = int(np.searchsorted(self._first, clip, side="right")) - 1
        return k, int(clip - self._first[k])

    def _mapped(self, k: int) -> np.ndarray:
        if k not in self._values:
            self._values[k] = map_tensor(self._local(k), self._place(k, "values"))
        return self._values[k]

    def _local(self, k: int) -> Path:
        part = self.modality.parts[k]
        return self._files.local(part.file, part.sha256)

    @cached_property
    def _places(self) -> list[dict[str, TensorPlace]]:
        return [tensor_places(self._files, part.file, StoreError) for part in self.modality.parts]

    def _place(self, k: int, name: str) -> TensorPlace:
        return self._places[k][name]

    @cached_property
    def _offsets(self) -> list[np.ndarray]:
        """Of each part; checked against the manifest."""
        return [self._checked(part, places) for part, places in zip(self.modality.parts, self._places, strict=True)]

    def _checked(self, part: StorePart, places: dict[str, TensorPlace]) -> np.ndarray:
        values, place = places.get("values"), places.get("offsets")
        offsets = None
        if place is not None and place.shape == (part.clips + 1,) and place.kind.kind in "iu":
            raw = self._files.some(part.file, place.start, place.bytes)
            offsets = np.frombuffer(raw, place.kind).astype(np.int64)
        sound = (
            offsets is not None
            and values is not None
            and values.shape == (part.steps, self.modality.dimension)
            and bool((np.diff(offsets) >= 0).all())
            and int(offsets[0]) == 0
            and int(offsets[-1]) == part.steps
        )
        if not sound or offsets is None:
            raise StoreError(
                f"Expected {self._files.shown(part.file)} to hold {part.steps} steps of {self.modality.dimension} numbers for {part.clips} "
                "clips, as the manifest says, but it holds something else; copy the store again or import the corpus "
                "again."
            )
        return offsets
