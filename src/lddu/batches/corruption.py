"""Modalities corrupted on purpose, by a known amount: noise, shuffled steps, dropped steps, the whole modality missing.

What is drawn for a clip depends on the seed, the modality and the clip alone, and noise of any size is the same draw
scaled, so that a curve over sizes is smooth and the same for every batch size.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

Kind = Literal["clean", "noise", "dropped", "shuffled", "missing"]


@dataclass(frozen=True)
class Corruption:
    """One way of making a modality worse.

    Attributes:
        kind: what is done to it.
        size: `noise`: deviation in units of each feature's own over the training steps; `dropped`: share of the steps.
    """

    kind: Kind
    size: float = 0.0


CLEAN = Corruption("clean")
NOISES = tuple(Corruption("noise", size) for size in (0.5, 1.0, 2.0, 4.0))
DROPS = tuple(Corruption("dropped", size) for size in (0.25, 0.5, 0.75))
SHUFFLED = Corruption("shuffled")
MISSING = Corruption("missing")


def corruptions_for(longest: int, modalities: int) -> tuple[Corruption, ...]:
    """What makes a difference: the order and number of steps only where there are several, absence beside others only.

    Args:
        longest: steps of the longest sequence of the modality.
        modalities: how many the model has.
    """
    steps = (SHUFFLED, *DROPS) if longest > 1 else ()
    return (*NOISES, *steps, *((MISSING,) if modalities > 1 else ()))


def corrupted(
    values: Tensor, mask: Tensor, corruption: Corruption, scale: Tensor, generators: Sequence[np.random.Generator]
) -> tuple[Tensor, Tensor]:
    """Values [B, T, D] and mask [B, T] of a batch after the corruption; what is padded stays so.

    Args:
        values: of one modality.
        mask: True at real steps, which come first.
        corruption: any but `MISSING`, which is a matter of presence.
        scale: [D] deviation of each feature.
        generators: one per clip, from `clip_generators`.
    """
    values, mask = values.clone(), mask.clone()
    for b, (random, steps) in enumerate(zip(generators, mask.sum(dim=1).tolist(), strict=True)):
        if corruption.kind == "noise":
            noise = torch.from_numpy(random.standard_normal((steps, values.shape[2]), dtype=np.float32))
            values[b, :steps] += corruption.size * scale * noise.to(values)
        elif corruption.kind == "shuffled":
            values[b, :steps] = values[b, torch.from_numpy(random.permutation(steps))]
        elif corruption.kind == "dropped":
            order = random.permutation(steps)
            remaining = torch.from_numpy(np.sort(order[: max(1, round(steps * (1 - corruption.size)))]))
            left = values[b, remaining].clone()
            values[b, :steps], mask[b] = 0.0, False
            values[b, : len(left)], mask[b, : len(left)] = left, True
    return values, mask


def clip_generators(seed: int, modality: str, clips: Sequence[int]) -> list[np.random.Generator]:
    """A generator for each clip, the same whatever clips stand beside it.

    Args:
        seed: 0 or more.
        modality: its name.
        clips: row numbers in the store.
    """
    return [np.random.default_rng([seed, zlib.crc32(modality.encode()), clip]) for clip in clips]
