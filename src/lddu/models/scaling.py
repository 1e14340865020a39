"""How the features of a corpus are scaled, fitted on the training clips; read clip by clip, in bounded memory.

Standardising makes every feature equally loud, also those that are mostly noise, such as the last components of a
principal component analysis. A relevance gain gives back what the labels say about it: each feature is weighted by the
square root of its mean squared correlation with the emotions, less what chance alone would show; each emotion counts as
often as it is labelled.
"""

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.arrays import Floats
from lddu.batches.batch import BatchReader
from lddu.batches.epoch import TrainingRows
from lddu.config import ResolvedTraining

CLIPPED_AT = 5.0
"""Standardised features beyond this many deviations are outliers of the extractor; used without Eq. (1) only."""

_ROWS_AT_ONCE = 256

SAMPLED_BLOCKS = 64
"""Blocks (of some four megabytes each) that scaling is fitted on where the training split does not stay in memory."""

LEAST_RELEVANCE = 0.05
"""Squared correlation, as a share of the mean over features, below which no feature is taken to be."""


class Standardise(nn.Module):
    """Each feature to mean 0 and variance 1 of the training steps, times a gain; fitted once, stored with the weights.

    Args:
        dimension: D.
        clipped: clip at `CLIPPED_AT` deviations.
    """

    centre: Tensor
    scale: Tensor
    gain: Tensor

    def __init__(self, dimension: int, clipped: bool) -> None:
        super().__init__()
        self.limit = CLIPPED_AT if clipped else math.inf
        self.register_buffer("centre", torch.zeros(dimension))
        self.register_buffer("scale", torch.ones(dimension))
        self.register_buffer("gain", torch.ones(dimension))

    def fit(self, mean: Tensor, deviation: Tensor, gain: Tensor) -> None:
        """Take over the mean, deviation and gain of each feature."""
        self.centre.copy_(mean)
        self.scale.copy_(deviation)
        self.gain.copy_(gain)

    def distance(
        self, features: Float[Tensor, "clip step feature"], mask: Bool[Tensor, "clip step"]
    ) -> Float[Tensor, " clip"]:
        """How far each sequence lies from the training steps: root mean square over its steps and features, in deviations."""
        squares = (features - self.centre).div_(self.scale).square_().mean(dim=2)
        return (
            (torch.where(mask, squares, 0.0).sum(dim=1) / mask.sum(dim=1).clamp_min(1))
            .sqrt()
            .clamp_max(torch.finfo(torch.float32).max)
        )

    def forward(self, features: Float[Tensor, "*axes feature"]) -> Float[Tensor, "*axes feature"]:
        """Standardised features."""
        if math.isinf(self.limit):
            return (features - self.centre).mul_(self.gain / self.scale)
        return (features - self.centre).div_(self.scale).clamp_(-self.limit, self.limit).mul_(self.gain)


class Scaling(nn.ModuleList):
    """A `Standardise` per modality, in the model's order.

    Args:
        dimensions: D of each modality.
        clipped: clip at `CLIPPED_AT` deviations.
    """

    def __init__(self, dimensions: Iterable[int], clipped: bool) -> None:
        super().__init__(Standardise(dimension, clipped) for dimension in dimensions)

    def of(self, m: int) -> Standardise:
        """That of modality m."""
        scaling = self[m]
        assert isinstance(scaling, Standardise)
        return scaling


@dataclass(frozen=True)
class ScalingClips:
    """The clips that scaling is fitted on.

    Attributes:
        rows: [N] row numbers in the store.
        presence: [N, E] 1, 0, or NaN where unknown.
    """

    rows: np.ndarray
    presence: Floats


def fit_scaling(
    scaling: Scaling, reader: BatchReader, clips: ScalingClips, relevance: bool, averaged: Collection[str] = ()
) -> None:
    """Fit the scaling on these clips. A feature that is constant but for rounding keeps scale 1.

    Args:
        scaling: is changed in place.
        reader: of the training store.
        clips: training clips with their labels.
        relevance: weight each feature by how much it says about the labels; all gains are 1 otherwise.
        averaged: modalities of whose sequences the network reads the mean alone.
    """
    for m, name in enumerate(reader.dimensions):
        read = _Sequences(reader, name, name in averaged)
        mean, deviation = _moments(read, clips.rows)
        gain = _relevance(read, clips, mean, deviation) if relevance else np.ones_like(mean)
        scaling.of(m).fit(*(torch.from_numpy(values) for values in (mean, deviation, gain)))


def scaling_rows(train: TrainingRows, config: ResolvedTraining, seed: int) -> np.ndarray:
    """The clips to fit on: all, or some blocks of a training split that does not stay in memory."""
    if config.shuffle != "blocks":
        return train.rows
    blocks = train.blocks()
    chosen = np.random.default_rng([seed, 2]).permutation(len(blocks))[:SAMPLED_BLOCKS]
    return np.concatenate([blocks[b] for b in sorted(chosen)])


@dataclass(frozen=True)
class _Sequences:
    """What the network reads of a modality."""

    reader: BatchReader
    name: str
    averages: bool

    @property
    def dimension(self) -> int:
        return self.reader.dimensions[self.name]

    def of(self, row: int) -> Floats:
        steps = self.reader.store.steps(self.name, row)[: self.reader.max_steps].astype(np.float64)
        return steps.mean(axis=0, keepdims=True) if self.averages and len(steps) else steps

    def some(self, rows: np.ndarray) -> Iterator[tuple[np.ndarray, list[Floats]]]:
        """Positions within `rows` of clips that have the modality, and their steps, some at a time."""
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            sequences = [self.of(row) for row in rows[first : first + _ROWS_AT_ONCE].tolist()]
            inside = np.array([i for i, steps in enumerate(sequences) if len(steps)], dtype=np.int64)
            if len(inside):
                yield first + inside, [sequences[i] for i in inside]


def _moments(read: _Sequences, rows: np.ndarray) -> tuple[Floats, Floats]:
    """Mean and deviation of each feature over all steps."""
    dimension = read.dimension
    total, squares, steps = np.zeros(dimension), np.zeros(dimension), 0
    shift = None
    for _, sequences in read.some(rows):
        values = np.concatenate(sequences)
        shift = values.mean(axis=0) if shift is None else shift  # keeps the sum of squares accurate
        total += (values - shift).sum(axis=0)
        squares += np.square(values - shift).sum(axis=0)
        steps += len(values)
    assert shift is not None, f"no training clip has {read.name}"
    deviation = np.sqrt(np.maximum(squares / steps - np.square(total / steps), 0))
    least = 1e-6 * np.maximum(min(1.0, float(deviation.max())), np.abs(shift))  # in whatever unit the features come
    return shift + total / steps, np.where(deviation > least, deviation, 1.0)


def _relevance(read: _Sequences, clips: ScalingClips, mean: Floats, deviation: Floats) -> Floats:
    """[D] gains with a mean square of 1, from correlations of the clips' mean features with the emotions."""
    dimension, emotions = read.dimension, clips.presence.shape[1]
    count, label = np.zeros(emotions), np.zeros(emotions)
    feature, square, product = (np.zeros((dimension, emotions)) for _ in range(3))
    for inside, sequences in read.some(clips.rows):
        means = np.stack([(steps.mean(axis=0) - mean) / deviation for steps in sequences]).clip(-5, 5)
        presence = clips.presence[inside]
        known = ~np.isnan(presence)
        present = np.where(known, presence, 0.0)
        count += known.sum(axis=0)
        label += present.sum(axis=0)
        feature += means.T @ known
        square += np.square(means).T @ known
        product += means.T @ present
    n = np.maximum(count, 1)
    covariance = product / n - feature / n * (label / n)
    variance = np.maximum(square / n - np.square(feature / n), 1e-12) * np.maximum(label / n * (1 - label / n), 1e-12)
    explained = ((np.square(covariance) / variance - 1 / n) * count).sum(axis=1) / max(count.sum(), 1)
    floor = LEAST_RELEVANCE * max(float(explained.mean()), 1e-9)
    gain = np.sqrt(np.maximum(explained, floor))
    return np.asarray(gain / np.sqrt(np.square(gain).mean()))
