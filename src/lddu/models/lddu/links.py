"""Monotone links: from a width to the chance of an error, and from noise to trust, Eq. (13), (20)."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lddu.models import equations

STEEPNESS = 4.0
"""Logits of expected error, at the start of training, between no width and a typical one: what a width has to span."""


TRUSTED = 5.0
"""Log odds, at the start of training, of the fusion's weight on a modality whose noise q is 0."""


DISTRUST = 3.0
"""By how much they fall, at the start of training, for each unit of q, which ends at 2."""


class WidthLink(nn.Module):
    """The monotone link from a width to the chance of an error, Eq. (13): sigmoid(alpha u + beta), alpha > 0."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        typical = math.sqrt(dimensions)  # the width where every std is 1, as at the start of training
        self.raw_slope = nn.Parameter(torch.tensor(math.log(math.expm1(STEEPNESS / typical))))
        self.offset = nn.Parameter(torch.tensor(-1.0 - STEEPNESS))

    @property
    def slope(self) -> Float[Tensor, ""]:
        """Alpha, positive by construction."""
        return F.softplus(self.raw_slope)

    def forward(self, width: Float[Tensor, "*axes"]) -> Float[Tensor, "*axes"]:
        """Expected error in (0, 1)."""
        return (self.slope * width + self.offset).sigmoid()


class NoiseTrust(nn.Module):
    """The fusion's weight on each modality, given its noise, Eq. (20): nearly 1 where q = 0, small where q is 2."""

    def __init__(self, modalities: int) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.full((modalities,), TRUSTED))
        self.raw_slope = nn.Parameter(torch.full((modalities,), math.log(math.expm1(DISTRUST))))

    def forward(self, noise: Float[Tensor, "clip modality"]) -> Float[Tensor, "clip modality"]:
        """Shares in (0, 1)."""
        return equations.noise_trust(noise, self.offset, F.softplus(self.raw_slope))
