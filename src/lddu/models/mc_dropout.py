"""MC dropout: the same network run several times with dropout on, as a sample of networks (Gal and Ghahramani, 2016)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import nn

from lddu.arrays import Floats, binary_entropy
from lddu.batches.batch import Batch
from lddu.models.network import Network

_DROPPING = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


@dataclass(frozen=True, eq=False)
class DropoutMoments:
    """The outputs of K passes with dropout on, for N clips.

    Attributes:
        probability: [N, E] mean over the passes.
        square: [N, E] mean of its square.
        pass_entropy: [N, E] nats, mean of each pass's own entropy.
    """

    probability: Floats
    square: Floats
    pass_entropy: Floats

    @property
    def entropy(self) -> Floats:
        """[N, E] entropy of the mean probability, in nats."""
        return binary_entropy(self.probability)

    @property
    def information(self) -> Floats:
        """[N, E] mutual information of answer and network in nats: the part of `entropy` that passes disagree on."""
        return np.maximum(self.entropy - self.pass_entropy, 0)

    @property
    def std(self) -> Floats:
        """[N, E] standard deviation of the probability over the passes."""
        return np.sqrt(np.maximum(self.square - np.square(self.probability), 0))

    def rows(self, rows: np.ndarray) -> "DropoutMoments":
        """A part of the clips, or another order of them."""
        return DropoutMoments(*(getattr(self, f.name)[rows] for f in fields(self)))

    @staticmethod
    def mean_of(members: Sequence["DropoutMoments"]) -> "DropoutMoments":
        """The moments over the passes of several networks together."""
        return DropoutMoments(*(np.mean([getattr(m, f.name) for m in members], axis=0) for f in fields(DropoutMoments)))

    @staticmethod
    def joined(parts: Sequence["DropoutMoments"]) -> "DropoutMoments":
        """One after the other."""
        return DropoutMoments(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(DropoutMoments)))


def dropout_moments(model: Network, batch: Batch, passes: int) -> DropoutMoments:
    """Moments of one batch; draws from torch's generator, which `seeded` sets.

    Args:
        model: in evaluation mode, and left in it.
        batch: on the model's device.
        passes: K, at least 1.
    """
    probability = pass_entropy = square = np.zeros(())
    with dropout_on(model), torch.inference_mode():
        for _ in range(passes):
            p = model(batch.values, batch.mask, batch.presence).logit.sigmoid().cpu().numpy().astype(np.float64)
            probability, square = probability + p / passes, square + np.square(p) / passes
            pass_entropy = pass_entropy + binary_entropy(p) / passes
    return DropoutMoments(probability, square, pass_entropy)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """A generator of its own for what is drawn inside; the caller's is left alone."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


@contextmanager
def dropout_on(model: nn.Module) -> Iterator[None]:
    """Put the modules that drop out, and no others, into training mode: PyTorch's, and those with an attribute `dropout`."""
    dropping = [m for m in model.modules() if isinstance(m, _DROPPING) or hasattr(m, "dropout")]
    before = [module.training for module in dropping]
    for module in dropping:
        module.training = True
    try:
        yield
    finally:
        for module, was in zip(dropping, before, strict=True):
            module.training = was
