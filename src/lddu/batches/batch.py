"""Clips of a store as padded batches with true masks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lddu.store.observation import modality_shares_of
from lddu.store.store import FeatureStore


@dataclass(frozen=True)
class Batch:
    """Some clips, padded to the longest of them per modality.

    Attributes:
        values: per modality [B, T, D]; 0 at padding and where the modality is missing.
        mask: per modality [B, T]; True at real steps.
        presence: [B, M] whether the clip has the modality.
        shares: [B, E] share of raters in [0, 1]; NaN where unknown.
        rows: [B] row numbers in the store.
        modality_shares: [B, M, E] share of the raters who judged a modality alone; NaN where unknown. None where the store
            knows none.
    """

    values: tuple[Tensor, ...]
    mask: tuple[Tensor, ...]
    presence: Bool[Tensor, "clip modality"]
    shares: Float[Tensor, "clip emotion"]
    rows: tuple[int, ...]
    modality_shares: Float[Tensor, "clip modality emotion"] | None = None

    def to(self, device: torch.device) -> "Batch":
        """The batch on another device."""
        return Batch(
            tuple(v.to(device) for v in self.values),
            tuple(m.to(device) for m in self.mask),
            self.presence.to(device),
            self.shares.to(device),
            self.rows,
            None if self.modality_shares is None else self.modality_shares.to(device),
        )


@runtime_checkable
class StepSource(Protocol):
    """Where the features of a clip come from: the store itself, or clips of it that are in memory."""

    def steps(self, modality: str, clip: int) -> np.ndarray:
        """[T, D] features of one clip by row number; T = 0 where the modality is missing."""


class BatchReader:
    """Makes batches from a store for a model of given modalities.

    A modality that the store lacks is missing in every clip. Sequences longer than `max_steps` are cut; `cut_clips`
    counts how often that will happen. Features are copied from the memory map batch by batch.

    Args:
        store: where clips come from.
        dimensions: modality -> D, in the model's order.
        max_steps: longest sequence.
        source: where features are read; the store where left out.
        withheld: modalities to take for missing in every clip.
    """

    def __init__(
        self,
        store: FeatureStore,
        dimensions: dict[str, int],
        max_steps: int,
        source: StepSource | None = None,
        withheld: frozenset[str] = frozenset(),
    ) -> None:
        self.store = store
        self.source: StepSource = source or store
        self.dimensions = dimensions
        self.max_steps = max_steps
        self.withheld = withheld

    def withholding(self, modalities: frozenset[str]) -> "BatchReader":
        """The same reader with these modalities taken for missing."""
        return BatchReader(self.store, self.dimensions, self.max_steps, self.source, modalities)

    def over(self, source: StepSource) -> "BatchReader":
        """The same reader with features from elsewhere."""
        return BatchReader(self.store, self.dimensions, self.max_steps, source, self.withheld)

    def cut_clips(self, rows: np.ndarray) -> dict[str, int]:
        """Modality -> how many of these clips are longer than `max_steps`."""
        held = [name for name in self.dimensions if name in self.store.modalities]
        counts = {name: int((self.store.lengths(name)[rows] > self.max_steps).sum()) for name in held}
        return {name: count for name, count in counts.items() if count}

    def read(self, rows: Sequence[int]) -> Batch:
        """One batch of these clips, in this order."""
        columns = [self._modality(name, dimension, rows) for name, dimension in self.dimensions.items()]
        mask = tuple(column[1] for column in columns)
        places = np.asarray(rows, dtype=np.int64)
        modality_shares = modality_shares_of(self.store, places, tuple(self.dimensions))
        return Batch(
            values=tuple(column[0] for column in columns),
            mask=mask,
            presence=torch.stack([m.any(dim=1) for m in mask], dim=1),
            shares=torch.from_numpy(self.store.table.labels[places]),
            rows=tuple(int(row) for row in rows),
            modality_shares=None if modality_shares is None else torch.from_numpy(modality_shares),
        )

    def batches(self, rows: np.ndarray, batch_size: int) -> Iterator[Batch]:
        """Batches of these clips in this order; the last may be smaller."""
        for first in range(0, len(rows), batch_size):
            yield self.read(rows[first : first + batch_size].tolist())

    def _modality(self, name: str, dimension: int, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        if name not in self.store.modalities or name in self.withheld:
            return torch.zeros(len(rows), 1, dimension), torch.zeros(len(rows), 1, dtype=torch.bool)
        if self.source is self.store and (stream := self.store.stream(name)).whole:
            padded, seen = stream.padded(np.asarray(rows, np.int64), self.max_steps)
            return torch.from_numpy(padded), torch.from_numpy(seen)
        sequences = [self.source.steps(name, row)[: self.max_steps] for row in rows]
        longest = max(1, *(len(steps) for steps in sequences))
        values = np.zeros((len(rows), longest, dimension), np.float32)
        mask = np.zeros((len(rows), longest), bool)
        for i, steps in enumerate(sequences):
            values[i, : len(steps)] = steps
            mask[i, : len(steps)] = True
        return torch.from_numpy(values), torch.from_numpy(mask)
