"""The feature store: a folder of memory-mapped features, a clip table and a manifest. Format in docs/own_data.md.

Sequences of all clips lie end to end in one array per modality, so that nothing is padded on disk and a clip is a
slice. Large corpora are several such parts. Nothing in a store can run code when it is read.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from lddu.errors import StoreError
from lddu.sentences import counted
from lddu.store.clip_table import ClipTable, read_table
from lddu.store.manifest import read_manifest
from lddu.store.place import Place, features_place, is_url, place_of
from lddu.store.stream import Stream

Chosen = Sequence[int] | Sequence[str] | np.ndarray
"""Clips of a store, as `FeatureStore.rows` takes them."""


class FeatureStore:
    """Read access to a store. Opening reads the manifest only; features stay on disk, or remote, until needed.

    Args:
        path: the store's folder, or its URL (``s3://bucket/store``), whose files are fetched into a cache as needed.

    Attributes:
        path: the folder on this machine.
        place: what a user calls the store: the path or the URL.

    Example:
        >>> store = FeatureStore(store_folder)
        >>> store.emotions
        ('joy', 'anger')
        >>> store.steps("audio", 0).shape
        (3, 4)

    Raises:
        StoreError: where the folder is no store, is damaged, or was written by a newer version.
    """

    def __init__(self, path: str | Path) -> None:
        self._files = place_of(path)
        self.path, self.place = self._files.path, self._files.name
        self._streams: dict[str, Stream] = {}
        manifest = read_manifest(self._files)
        self.manifest = manifest.content
        self.emotions, self.present_at = manifest.emotions, manifest.present_at
        self.modalities, self.simulated = manifest.modalities, manifest.simulated
        self._split_counts, self._table_sha256 = manifest.clips, manifest.table_sha256

    def __repr__(self) -> str:
        streams = ", ".join(f"{m.name} {m.dimension}" for m in self.modalities.values())
        return f"FeatureStore({self.place!r}: {counted(len(self), 'clip')}, {streams}; {', '.join(self.emotions)})"

    def __len__(self) -> int:
        return sum(self._split_counts.values())

    @cached_property
    def table(self) -> ClipTable:
        """The clip table; read on first use.

        Its checksum is always compared, for rows in another order would silently be given the features of other clips.
        """
        file = self._files.local("clips.parquet", self._table_sha256)
        table = read_table(file, self.emotions)
        if len(table) != len(self):
            raise StoreError(
                f"Expected {counted(len(self), 'clip')} in {self._files.shown('clips.parquet')} as the manifest says, "
                f"but got {len(table)}; import the corpus again."
            )
        if table.split_counts() != self._split_counts:
            raise StoreError(
                f"Expected the splits {_counted(self._split_counts)} in {self._files.shown('clips.parquet')} as the manifest says, but got "
                f"{_counted(table.split_counts())}; import the corpus again."
            )
        if file_sha256(file) != self._table_sha256:
            raise StoreError(
                f"Expected {self._files.shown('clips.parquet')} as the manifest knows it, but it was changed: its rows may no longer be "
                "those of the features; put it back, or change the corpus and import it again."
            )
        return table

    @cached_property
    def _features(self) -> Place:
        """Where the parts lie: beside the manifest, or in the store that this one splits anew."""
        return features_place(self._files, self.manifest)

    def rows(self, chosen: Chosen | None) -> np.ndarray:
        """Row numbers of some clips.

        Args:
            chosen: row numbers, clip ids, or a mask with a flag for every clip; None takes all.

        Raises:
            StoreError: where the store has no such clip.
        """
        if chosen is None:
            return np.arange(len(self))
        selection = np.asarray(chosen)
        if not selection.size:
            return np.zeros(0, np.int64)
        if selection.ndim == 1 and selection.dtype == bool and len(selection) == len(self):
            return np.flatnonzero(selection)
        if selection.ndim == 1 and selection.dtype.kind in "iu":
            if out := [row for row in selection.tolist() if not 0 <= row < len(self)]:
                raise StoreError(
                    f"Expected rows from 0 to {len(self) - 1} of {self.place}, but got {out[0]}; name others."
                )
            return selection.astype(np.int64)
        if selection.ndim == 1 and all(isinstance(clip, str) for clip in selection.tolist()):
            if unknown := [clip for clip in selection.tolist() if clip not in self._row_of]:
                raise StoreError(
                    f"Expected ids of clips in {self.place}, but got {unknown[0]!r}, which is none; name others."
                )
            return np.array([self._row_of[clip] for clip in selection.tolist()], np.int64)
        raise StoreError(
            f"Expected row numbers, clip ids, or a mask with a flag for each of the {len(self)} clips of {self.place}, but got "
            f"{selection.dtype} of the shape {selection.shape}; name the clips in one of these ways."
        )

    @cached_property
    def _row_of(self) -> dict[str, int]:
        """Id of a clip -> its row number."""
        return {clip: row for row, clip in enumerate(self.table.clip.tolist())}

    def lengths(self, modality: str) -> np.ndarray:
        """[N] steps of each clip; 0 where the modality is missing."""
        return self.stream(modality).lengths

    def steps(self, modality: str, clip: int | str) -> np.ndarray:
        """[T, D] features of one clip by row number or id, still on disk; T = 0 where the modality is missing.

        Raises:
            IndexError: where the store has no such row.
            StoreError: where it has no such modality, or no clip of that id.
        """
        return self.stream(modality).steps(self._row(clip))

    def times(self, modality: str, clip: int | str) -> np.ndarray | None:
        """[T, 2] start and end of each step in seconds from the clip's start; None where the store does not know.

        Raises:
            IndexError: where the store has no such row.
            StoreError: where it has no such modality, or no clip of that id.
        """
        return self.stream(modality).times(self._row(clip))

    def _row(self, clip: int | str) -> int:
        return int(self.rows([clip])[0]) if isinstance(clip, str) else clip

    def stream(self, modality: str) -> Stream:
        """Read access to one modality."""
        if modality not in self._streams:
            if modality not in self.modalities:
                raise StoreError(
                    f"Expected a modality out of {', '.join(self.modalities)} in {self.place}, but got {modality!r}; name one of these."
                )
            self._streams[modality] = Stream(self._features, self.modalities[modality])
        return self._streams[modality]

    def present(self) -> np.ndarray:
        """[N, M] whether each clip has each modality."""
        return np.stack([self.lengths(name) > 0 for name in self.modalities], axis=1)

    def bytes(self, modality: str) -> int:
        """Of the files that hold a modality."""
        return sum(self._features.size(part.file) for part in self.modalities[modality].parts)

    @property
    def manifest_sha256(self) -> str:
        """Checksum of the manifest, which holds the checksums of everything else: distinguishes stores."""
        return file_sha256(self.path / "manifest.json")

    @property
    def address(self) -> str:
        """The store's URL, or its path from the root: found from any working directory."""
        return self.place if is_url(self.place) else str(self.path.resolve())

    def verify(self) -> list[str]:
        """Files whose content no longer matches the checksum in the manifest; fetches those that are elsewhere."""
        sums = {(part.file, part.sha256): self._features for m in self.modalities.values() for part in m.parts}
        sums["clips.parquet", self._table_sha256] = self._files
        return [
            file for (file, expected), place in sums.items() if file_sha256(place.local(file, expected)) != expected
        ]


StoreLike = FeatureStore | str | Path
"""A store, or its path or URL."""


def opened_store(store: StoreLike) -> FeatureStore:
    """The store; opens it where it is named by its path or URL.

    Raises:
        StoreError: where it cannot be opened.
    """
    return store if isinstance(store, FeatureStore) else FeatureStore(store)


def file_sha256(path: Path) -> str:
    """Checksum of a file, hexadecimal; empty where it is absent."""
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _counted(splits: Mapping[str, int]) -> str:
    return ", ".join(f"{split or '(none)'} {count}" for split, count in sorted(splits.items()))
