"""Some clips of a store in memory: read in long runs, then given out one by one."""

from collections.abc import Sequence

import numpy as np

from lddu.store.store import FeatureStore


class LoadedClips:
    """The features of some clips, copied into memory.

    Nothing of any other clip is read. The memory map is not used, so that pages of the file do not stay with the process.

    Args:
        store: where they come from.
        modalities: which features.
        rows: row numbers in any order.
    """

    def __init__(self, store: FeatureStore, modalities: Sequence[str], rows: np.ndarray) -> None:
        self._rows = np.sort(rows)
        self._loaded = {name: _load(store, name, self._rows) for name in modalities}

    def __contains__(self, clip: int) -> bool:
        i = int(np.searchsorted(self._rows, clip))
        return i < len(self._rows) and int(self._rows[i]) == clip

    def steps(self, modality: str, clip: int) -> np.ndarray:
        """[T, D] features of one of the clips; T = 0 where the modality is missing."""
        values, offsets = self._loaded[modality]
        i = int(np.searchsorted(self._rows, clip))
        return values[offsets[i] : offsets[i + 1]]


def _load(store: FeatureStore, modality: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values [sum T, D] and offsets [N + 1] of these ascending rows."""
    stream = store.stream(modality)
    offsets = np.concatenate([[0], np.cumsum(stream.lengths[rows])])
    values = np.empty((int(offsets[-1]), stream.modality.dimension), stream.kind)
    done = 0
    for run in np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1):
        for some in stream.loaded(int(run[0]), int(run[-1]) + 1):
            values[done : done + len(some)] = some
            done += len(some)
    assert done == len(values)
    return values, offsets
