"""Randomness as a pure function of (seed, epoch): an epoch can be run again without knowing what came before it."""

import numpy as np
import torch


def seed_epoch(seed: int, epoch: int, rank: int = 0) -> None:
    """Seed dropout for this epoch and rank; call inside `torch.random.fork_rng` to leave the caller's generator alone."""
    entropy = [seed, epoch, 1, rank] if rank else [seed, epoch, 1]
    torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> 1))
