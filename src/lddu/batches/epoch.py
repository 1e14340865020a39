"""Which clips each rank reads at each step of an epoch: a pure function of the rows, the seed, the epoch and the ranks.

Two orders. "clips" shuffles all clips; a batch is cut into one part per rank, so the number of ranks changes nothing.
"blocks" is for a training split that does not stay in memory: neighbouring clips form blocks of a few megabytes, the
blocks are shuffled and dealt to the ranks, and the clips of as many blocks as memory allows, a window, are shuffled
together. Each rank reads its blocks only, each in one go, and every clip is seen once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lddu.config import ResolvedTraining
from lddu.machine.ranks import ALONE, Ranks
from lddu.store.store import FeatureStore

BLOCK_BYTES = 4 * 2**20
"""A block takes a disk much longer to read than to find."""

FIRST_BLOCKS = 8
"""Blocks of an epoch's first window; each window is twice the one before, so that the first batch does not wait."""

WINDOWS_HELD = 3
"""In memory at once: one in use, one that a batch may still reach back to, one being read."""


@dataclass(frozen=True)
class TrainingRows:
    """The clips that are trained on.

    Attributes:
        rows: [N] row numbers, ascending.
        bytes: [N] of their features.
    """

    rows: np.ndarray
    bytes: np.ndarray

    @staticmethod
    def of(store: FeatureStore, rows: np.ndarray, modalities: tuple[str, ...]) -> "TrainingRows":
        """Rows of a store with the size of these modalities; four bytes a number."""
        sizes = [4 * store.modalities[name].dimension * store.lengths(name)[rows] for name in modalities]
        return TrainingRows(rows, np.asarray(np.sum(sizes, axis=0, dtype=np.int64)))

    @property
    def gib(self) -> float:
        """Size of all."""
        return float(self.bytes.sum() / 2**30)

    def blocks(self) -> list[np.ndarray]:
        """The rows in runs of about `BLOCK_BYTES`."""
        block = (np.cumsum(self.bytes) - self.bytes) // BLOCK_BYTES
        return np.split(self.rows, np.flatnonzero(np.diff(block)) + 1)


@dataclass(frozen=True)
class Epoch:
    """One rank's part of an epoch.

    Attributes:
        batches: per step, the rows of this rank; may be empty where another rank's are not.
        counts: per step, how many clips each rank has.
        windows: rows that are read into memory together, in the order in which batches use them up; empty where
            batches read from the store.
        stand_in: a training clip that passes the network, and counts for nothing, where this rank has none.
    """

    batches: list[np.ndarray]
    counts: list[tuple[int, ...]]
    windows: list[np.ndarray]
    stand_in: int

    def __len__(self) -> int:
        return len(self.batches)


def epoch_of(data: TrainingRows, config: ResolvedTraining, seed: int, epoch: int, ranks: Ranks = ALONE) -> Epoch:
    """The plan of an epoch (0-based) for this rank."""
    batch_size = config.batch_size
    if config.shuffle == "blocks":
        return _in_blocks(data, batch_size, config.loader_gib, np.random.SeedSequence([seed, epoch]), ranks)
    rows = epoch_order(data.rows, seed, epoch)
    whole = [rows[first : first + batch_size] for first in range(0, len(rows), batch_size)]
    counts = [tuple(len(batch[ranks.part(len(batch), r)]) for r in range(ranks.size)) for batch in whole]
    return Epoch([batch[ranks.part(len(batch))] for batch in whole], counts, [], int(data.rows[0]))


def _in_blocks(data: TrainingRows, batch_size: int, gib: float, entropy: np.random.SeedSequence, ranks: Ranks) -> Epoch:
    blocks = data.blocks()
    dealing, *shuffling = entropy.spawn(1 + ranks.size)
    order = np.random.default_rng(dealing).permutation(len(blocks))
    steps = -(-len(data.rows) // batch_size)
    lengths = [sum(len(blocks[b]) for b in order[r :: ranks.size]) for r in range(ranks.size)]
    counts = [tuple(len(part) for part in parts) for parts in zip(*(_even(n, steps) for n in lengths), strict=True)]
    generator = np.random.default_rng(shuffling[ranks.rank])
    own_blocks = [blocks[b] for b in order[ranks.rank :: ranks.size]]
    most = max(1, int(gib * 2**30 / WINDOWS_HELD / BLOCK_BYTES))
    windows = [generator.permutation(np.concatenate(some)) for some in _growing(own_blocks, most)]
    rows = np.concatenate([np.zeros(0, data.rows.dtype), *windows])
    return Epoch([rows[part.start : part.stop] for part in _even(len(rows), steps)], counts, windows, int(data.rows[0]))


def _even(length: int, steps: int) -> list[range]:
    """`length` things cut into `steps` consecutive parts, as even as can be."""
    return [range(length * i // steps, length * (i + 1) // steps) for i in range(steps)]


def _growing(blocks: list[np.ndarray], most: int) -> Iterator[list[np.ndarray]]:
    """The blocks in windows of 8, 16, 32, ... up to `most` blocks."""
    first, size = 0, min(FIRST_BLOCKS, most)
    while first < len(blocks):
        yield blocks[first : first + size]
        first, size = first + size, min(2 * size, most)


def epoch_order(rows: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """The rows in this epoch's order."""
    return np.random.default_rng([seed, epoch]).permutation(rows)
