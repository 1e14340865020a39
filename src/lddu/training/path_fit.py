"""Fitting the path beside a network, Eq. (21)-(23): its small networks on train before training, its share on valid.

The small networks learn side by side, each by its own loss, with dropout on what they read and on their hidden units. Kept are
the weights with the best likelihood on validation.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lddu.arrays import Floats
from lddu.batches.batch import BatchReader
from lddu.config import MANY_CLIPS
from lddu.evaluate.chance import lead_by_chance
from lddu.models import equations
from lddu.models.network import Network
from lddu.models.scaling import ScalingClips
from lddu.models.shallow_path import ShallowPath
from lddu.training.optim import move

SHARES = (0.0, 0.25, 0.5)
"""Candidates for w, the share of the path in the probability."""

STEPS, MANY_STEPS, PASSES = 1500, 4000, 75
"""Optimiser steps below and from `MANY_CLIPS` training clips, and passes over them, at most."""

RATE, DECAY = 3e-3, 1 / 3
"""Peak learning rate, which rises for a tenth of the steps and falls as a half cosine, and decoupled weight decay."""

INPUT_DROPOUT, DROPOUT = 0.2, 0.3
"""Share of the features, and of the hidden units, that a step hides."""

BATCH, LARGE_BATCH, LARGE = 32, 128, 3000
"""Clips per step, and from which number of training clips on they are more."""

MOST_NUMBERS = 40_000_000
"""Pooled features that are held in memory, at most: of more clips, some are drawn."""

_LEAST_SPREAD = 1e-6  # a feature that varies less counts as constant
_ROWS_AT_ONCE = 256
_COPIES = 4  # of pooled features at once: as read, joined, standardised, and what varies of them


def fit_path(network: Network, reader: BatchReader, train: ScalingClips, valid: ScalingClips, seed: int) -> None:
    """Fit the path of a network; its share stays 0 until validation says otherwise.

    Args:
        network: with its scaling fitted; is changed in place. Without a path nothing happens.
        reader: of the training store.
        train: clips to fit on; what they show is presence or a share, NaN where unknown.
        valid: clips to choose the weights on.
        seed: of first weights, order and dropout, and of the clips where there are too many.
    """
    path = network.path
    if path is None:
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(np.random.default_rng([seed, 3]).integers(2**62)))
        chosen = torch.randperm(len(train.rows))[: MOST_NUMBERS // sum(path.sizes)].numpy()
        pooled, presence = _read(network, path, reader, train.rows[chosen])
        varying = _standardise(path, pooled, presence)
        fitted = _Clips(_standardised(path, pooled, presence)[:, varying], _targets(train.presence[chosen]))
        pooled, presence = _read(network, path, reader, valid.rows)
        checked = _Clips(_standardised(path, pooled, presence)[:, varying], _targets(valid.presence))
        sizes = [int(part.sum()) for part in torch.split(varying, path.sizes)]
        learned = ShallowPath(sizes, path.emotions, path.networks, path.units)
        _learn(learned, fitted, checked)
    path.first.zero_()
    path.first[varying] = learned.first
    for weight, fitted_weight in zip(path.weights[1:], learned.weights[1:], strict=True):
        weight.copy_(fitted_weight)


def numbers_held(network: Network, clips: int) -> int:
    """How many numbers lie in memory while the path is fitted, at most: pooled features, and the copies on their way to being standardised.

    Args:
        network: with or without a path.
        clips: of training.
    """
    read = sum(network.path.sizes) if network.path is not None else 0
    return _COPIES * min(MOST_NUMBERS, clips * read)


def path_probability(network: Network, reader: BatchReader, rows: np.ndarray) -> Floats | None:
    """[N, E] the path's own probability of some clips; None without a path.

    Args:
        network: whose path is fitted.
        reader: of the store.
        rows: [N] row numbers.
    """
    path = network.path
    if path is None:
        return None
    device = path.centre.device
    probabilities = []
    with torch.inference_mode():
        for batch in reader.batches(rows, _ROWS_AT_ONCE):
            moved = batch.to(device)
            logits = path(_pooled(network, moved.values, moved.mask), moved.presence)
            probabilities.append(logits.sigmoid().cpu().numpy().astype(np.float64))
    return np.concatenate(probabilities)


def chosen_share(scores: Mapping[float, float], clips: int) -> float:
    """The share that a path gets: half, unless validation says more than by chance that less is better.

    Args:
        scores: what validation says of each of `SHARES`; higher is better.
        clips: of validation.

    Example:
        >>> chosen_share({0.0: 0.70, 0.25: 0.705, 0.5: 0.70}, clips=100)
        0.5
        >>> chosen_share({0.0: 0.70, 0.25: 0.705, 0.5: 0.70}, clips=10_000)
        0.25
    """
    half, best = SHARES[-1], max(scores, key=lambda share: scores[share])
    return best if scores[best] - scores[half] > lead_by_chance(clips) else half


@dataclass(frozen=True)
class _Clips:
    """[N, S] standardised pooled features that vary over train, and [N, E] targets, NaN where unknown."""

    features: Tensor
    target: Tensor


def _learn(path: ShallowPath, train: _Clips, valid: _Clips) -> None:
    """Fit the small networks; the weights with the best likelihood on validation are kept."""
    read, hidden = (1 / math.sqrt(max(1.0, inputs)) for inputs in (sum(path.sizes) / len(path.sizes), path.units))
    for weight, bound in zip(path.weights, (read, read, hidden, 0.0), strict=True):
        weight.uniform_(-bound, bound).requires_grad_()
    first, second = ([torch.zeros_like(weight) for weight in path.weights] for _ in range(2))
    steps = [torch.zeros(()) for _ in path.weights]
    best, best_weights = math.inf, [weight.detach().clone() for weight in path.weights]
    for rows, rate, ends_pass in _plan(len(train.target)):
        loss = _loss(path.each(train.features[rows], INPUT_DROPOUT, DROPOUT), train.target[rows])
        gradients = list(torch.autograd.grad(loss * path.networks, path.weights))
        move(path.weights, gradients, (first, second), steps, rate, DECAY)
        if ends_pass:
            with torch.inference_mode():
                reached = float(_loss(path.each(valid.features).mean(dim=0, keepdim=True), valid.target))
            if reached < best:
                best, best_weights = reached, [weight.detach().clone() for weight in path.weights]
    for weight, best_weight in zip(path.weights, best_weights, strict=True):
        weight.requires_grad_(False).copy_(best_weight)


def _plan(clips: int) -> Iterator[tuple[Tensor, float, bool]]:
    """Row numbers and learning rate of each step, and whether validation follows it."""
    batch = min(clips, BATCH if clips < LARGE else LARGE_BATCH)
    a_pass = clips // batch
    steps = min(STEPS if clips < MANY_CLIPS else MANY_STEPS, PASSES * a_pass)
    for step in range(steps):
        if step % a_pass == 0:
            order = torch.randperm(clips)
        done = (step + 1) / steps
        factor = 10 * done if done < 0.1 else (1 + math.cos(math.pi * (done - 0.1) / 0.9)) / 2
        ends_pass = (step + 1) % a_pass == 0 or step + 1 == steps
        yield order[step % a_pass * batch :][:batch], RATE * max(factor, 0.01), ends_pass


def _loss(logit: Tensor, target: Tensor) -> Tensor:
    """Mean BCE of [K, B, E] logits where the target is known."""
    wide = target.expand_as(logit)
    return equations.masked_bce(logit, wide, ~wide.isnan())


def _targets(labels: Floats) -> Tensor:
    return torch.from_numpy(labels.astype(np.float32))


def _pooled(network: Network, values: tuple[Tensor, ...], mask: tuple[Tensor, ...]) -> list[Tensor]:
    read, seen = zip(*map(network.read, range(len(values)), values, mask), strict=True)
    scaled = (network.scaling.of(m)(x) for m, x in enumerate(read))
    return list(map(equations.masked_mean_and_deviation, scaled, seen))


def _read(network: Network, path: ShallowPath, reader: BatchReader, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """Pooled features side by side, as they are, and presence of each modality."""
    pooled = [torch.zeros(0, sum(path.sizes))]
    presence = [torch.zeros(0, len(path.sizes), dtype=torch.bool)]
    with torch.inference_mode():
        for batch in reader.batches(rows, _ROWS_AT_ONCE):
            pooled.append(torch.cat(_pooled(network, batch.values, batch.mask), dim=1))
            presence.append(batch.presence)
    return torch.cat(pooled), torch.cat(presence)


def _standardise(path: ShallowPath, pooled: Tensor, presence: Tensor) -> Tensor:
    """Fit centre and spread on the clips that have the modality; bool [S], what varies among them.

    What does not (of single steps every deviation) gets no weight: nothing is known of what it would mean if it did.
    """
    there = presence.repeat_interleave(torch.tensor(path.sizes), dim=1)
    count = there.sum(dim=0).clamp(min=1)
    centre = torch.where(there, pooled, 0.0).sum(dim=0) / count
    spread = (torch.where(there, pooled - centre, 0.0).square().sum(dim=0) / count).sqrt()
    path.centre.copy_(centre)
    varying = spread > _LEAST_SPREAD
    path.spread.copy_(torch.where(varying, spread, 1.0))
    return varying


def _standardised(path: ShallowPath, pooled: Tensor, presence: Tensor) -> Tensor:
    return path.standardised(torch.split(pooled, path.sizes, dim=1), presence)
