"""Randomness as a pure function of (seed, epoch): an epoch can be run again without knowing what came before it."""

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from lddu.model.lddu import LDDU


def epoch_order(rows: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """The rows in this epoch's order."""
    return np.random.default_rng([seed, epoch]).permutation(rows)


def seed_epoch(seed: int, epoch: int, rank: int = 0) -> None:
    """Seed dropout for this epoch and rank; call inside `torch.random.fork_rng` to leave the caller's generator alone."""
    entropy = [seed, epoch, 1, rank] if rank else [seed, epoch, 1]
    torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> 1))


def hide_modalities(presence: Bool[Tensor, "clip modality"], chance: float) -> Bool[Tensor, "clip modality"]:
    """Eq. (15), training: hide each present modality with a small chance, never all of a clip's."""
    if chance == 0:
        return presence
    kept = presence & (torch.rand(presence.shape, device=presence.device) >= chance)
    return torch.where(kept.any(dim=1, keepdim=True), kept, presence)


def add_noise(model: LDDU, values: tuple[Tensor, ...], deviation: float) -> tuple[Tensor, ...]:
    """Features with white noise of `deviation` times each feature's own standard deviation."""
    if deviation == 0:
        return values
    scales = [encoder.get_buffer("standardise.scale") for encoder in model.encoders]
    return tuple(x + deviation * scale * torch.randn_like(x) for x, scale in zip(values, scales, strict=True))
