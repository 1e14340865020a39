"""Batches of an epoch, prepared in the background while the network is at work; the order is that of the plan."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import torch

from lddu.batches.batch import Batch, BatchReader
from lddu.batches.epoch import Epoch
from lddu.machine.threads import in_order
from lddu.store.loaded_clips import LoadedClips

AHEAD = 4
"""Batches that are ready or being read beside the one in use."""

Ready = TypeVar("Ready")


@dataclass(frozen=True)
class Portion:
    """What one rank computes at one step.

    Attributes:
        batches: passes through the network, in order.
        kept: how many of their clips count; 0 where this rank has none at this step and a stand-in passes instead.
    """

    batches: tuple[Batch, ...]
    kept: int

    def to(self, device: torch.device) -> "Portion":
        """The portion on another device."""
        return Portion(tuple(batch.to(device) for batch in self.batches), self.kept)


def portions(reader: BatchReader, epoch: Epoch, parts: int = 1) -> Iterator[Portion]:
    """The portions of an epoch, in order, read a few steps ahead.

    Args:
        reader: of the training store.
        epoch: the plan.
        parts: into which a rank's clips of a step are cut (gradient accumulation).
    """
    return prefetched(_windowed(reader, epoch, parts) if epoch.windows else _plain(reader, epoch, parts), AHEAD)


def prefetched(tasks: Iterable[Callable[[], Ready]], ahead: int) -> Iterator[Ready]:
    """Results of the tasks in their order; one thread works on the next `ahead` ones meanwhile."""
    with ThreadPoolExecutor(1, "loader") as pool:
        yield from in_order(pool, tasks, ahead)


def _plain(reader: BatchReader, epoch: Epoch, parts: int) -> Iterator[Callable[[], Portion]]:
    return (partial(_portion, reader, rows, epoch.stand_in, parts) for rows in epoch.batches)


def _windowed(reader: BatchReader, epoch: Epoch, parts: int) -> Iterator[Callable[[], Portion]]:
    """As `_plain`, from windows in memory; the next window is read while one is used up."""
    names = [name for name in reader.dimensions if name in reader.store.modalities]
    coming = prefetched((partial(LoadedClips, reader.store, names, window) for window in epoch.windows), 1)
    ends = iter(np.cumsum([len(window) for window in epoch.windows]).tolist())
    held: deque[tuple[int, LoadedClips]] = deque()  # each with the place in the epoch where it ends
    done = 0
    for rows in epoch.batches:
        while held and held[0][0] <= done:
            held.popleft()
        done += len(rows)
        while done and (not held or held[-1][0] < done):
            held.append((next(ends), next(coming)))
        source = reader.over(_Held(tuple(window for _, window in held))) if len(rows) else reader
        yield partial(_portion, source, rows, epoch.stand_in, parts)


@dataclass(frozen=True)
class _Held:
    """Several windows as one source."""

    windows: tuple[LoadedClips, ...]

    def steps(self, modality: str, clip: int) -> np.ndarray:
        return next(window for window in self.windows if clip in window).steps(modality, clip)


def _portion(reader: BatchReader, rows: np.ndarray, stand_in: int, parts: int) -> Portion:
    used = rows if len(rows) else np.array([stand_in])
    pieces = np.array_split(used, min(parts, len(used)))
    return Portion(tuple(reader.read(piece.tolist()) for piece in pieces), len(rows))
