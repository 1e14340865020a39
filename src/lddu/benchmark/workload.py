"""What is computed in a benchmark: a network, and batches whose lengths are fixed or those of real clips."""

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from lddu.batches.batch import Batch
from lddu.config import NOTHING_OPEN
from lddu.models.family import Task
from lddu.models.lddu.settings import PAPER, ResolvedLddu

QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)
SECONDS = (1.0, 3.0, 4.4, 6.5, 9.4, 13.4, 24.4, 30.0)
"""Durations of CMU-MOSEI's clips at these quantiles; the ends are guesses."""

WORDS_PER_SECOND = 2.6


PAPER_RESOLVED = PAPER.fitted_to(NOTHING_OPEN)


@dataclass(frozen=True)
class Workload:
    """Sizes of a benchmark; the defaults are those of the paper.

    Attributes:
        config: the `paper` preset, maybe at other sizes.
        dimensions: D of each modality.
        emotions: E.
        steps: longest sequence of each modality.
        batch: clips per training step.
    """

    config: ResolvedLddu = PAPER_RESOLVED
    dimensions: tuple[int, ...] = (768, 74, 35)
    emotions: int = 6
    steps: tuple[int, ...] = (50, 50, 50)
    batch: int = 64

    @property
    def task(self) -> Task:
        """What the network recognises, from what."""
        dimensions = {f"m{i}": dimension for i, dimension in enumerate(self.dimensions)}
        names = tuple(f"e{i}" for i in range(self.emotions))
        return Task(names, dimensions, dict.fromkeys(dimensions, "random"), present_at=0.5, simulated=True)

    def unaligned(self) -> "Workload":
        """Audio and visual ten times as long as text, in a batch a quarter of the size."""
        steps = (self.steps[0], *(10 * steps for steps in self.steps[1:]))
        model = replace(self.config.model, max_steps=max(steps))
        config = replace(self.config, model=model)
        return replace(self, config=config, steps=steps, batch=max(1, self.batch // 4))


def tiny_workload() -> Workload:
    """A network that runs in no time, to see that everything does."""
    model = replace(PAPER_RESOLVED.model, hidden=16, latent=8, layers=1, heads=2)
    config = replace(PAPER_RESOLVED, model=model, objective=replace(PAPER_RESOLVED.objective, memory_size=128))
    return Workload(config, dimensions=(12, 7, 5), steps=(10, 10, 10), batch=4)


@dataclass
class Clips:
    """Draws random batches of a workload.

    Attributes:
        workload: the sizes.
        realistic: lengths of real clips, alike in all modalities; else all of full length.
    """

    workload: Workload
    realistic: bool
    _random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def lengths(self, clips: int) -> np.ndarray:
        """[clips] share of the longest sequence."""
        if not self.realistic:
            return np.ones(clips)
        seconds = np.interp(self._random.random(clips), QUANTILES, SECONDS)
        return np.asarray(np.minimum(seconds * WORDS_PER_SECOND / 50, 1))

    def batch(self, lengths: np.ndarray) -> Batch:
        """A batch of clips of these lengths, with random features and labels."""
        w, generator = self.workload, torch.Generator().manual_seed(int(self._random.integers(2**31)))
        values, masks = [], []
        for dimension, longest in zip(w.dimensions, w.steps, strict=True):
            steps = torch.from_numpy(np.maximum(1, np.round(lengths * longest)).astype(np.int64))
            mask = torch.arange(int(steps.max())) < steps[:, None]
            drawn = torch.randn(*mask.shape, dimension, generator=generator)
            values.append(torch.where(mask[..., None], drawn, 0.0))
            masks.append(mask)
        presence = torch.ones(len(lengths), len(w.dimensions), dtype=torch.bool)
        shares = (torch.rand(len(lengths), w.emotions, generator=generator) < 0.225).float()
        return Batch(tuple(values), tuple(masks), presence, shares, tuple(range(len(lengths))))

    def sorted_batches(self, count: int, size: int) -> list[Batch]:
        """Batches as `lddu.models.networks` makes them: clips sorted by length, the longest first."""
        lengths = np.sort(self.lengths(count * size))[::-1]
        return [self.batch(lengths[first : first + size]) for first in range(0, len(lengths), size)]
