"""A path beside any family's network: logistic regression on a clip's likeness to landmarks, Eq. (21)-(23).

On a few hundred clips a kernel machine is hard to beat by anything that is trained step by step, and the two err on different
clips. The path is fitted once, before training (`lddu.training.path_fit`), and takes no part in it; how much it counts is
fitted on validation after every epoch. Everything here is a buffer: no optimiser touches it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.models import equations
from lddu.models.family import Answered


class KernelPath(nn.Module):
    """Landmarks and coefficients of the path.

    Args:
        dimensions: features per step of each modality.
        emotions: E.
        landmarks: how many there is room for; those that are not fitted have no weight.

    Example:
        >>> path = KernelPath([3, 5], emotions=2, landmarks=4)
        >>> pooled = [torch.randn(1, 6), torch.randn(1, 10)]
        >>> path(pooled, torch.ones(1, 2, dtype=torch.bool)).shape
        torch.Size([1, 2])
    """

    centre: Tensor
    landmarks: Tensor
    sharpness: Tensor
    weight: Tensor
    bias: Tensor
    share: Tensor

    def __init__(self, dimensions: Sequence[int], emotions: int, landmarks: int) -> None:
        super().__init__()
        self.sizes = [2 * dimension for dimension in dimensions]
        self.register_buffer("centre", torch.zeros(sum(self.sizes)))
        self.register_buffer("landmarks", torch.zeros(landmarks, sum(self.sizes)))
        self.register_buffer("sharpness", torch.ones(()))
        self.register_buffer("weight", torch.zeros(landmarks, emotions))
        self.register_buffer("bias", torch.zeros(emotions))
        self.register_buffer("share", torch.zeros(()))

    def centred(
        self, pooled: Sequence[Float[Tensor, "clip doubled"]], presence: Bool[Tensor, "clip modality"]
    ) -> Float[Tensor, "clip pooled"]:
        """S of Eq. (21): pooled features of all modalities side by side, centred; 0 where a modality is missing."""
        there = torch.cat([presence[:, m, None].expand(-1, size) for m, size in enumerate(self.sizes)], dim=1)
        return torch.where(there, torch.cat(list(pooled), dim=1) - self.centre, 0.0)

    def forward(
        self, pooled: Sequence[Float[Tensor, "clip doubled"]], presence: Bool[Tensor, "clip modality"]
    ) -> Float[Tensor, "clip emotion"]:
        """Logit of q, the path's own probability, Eq. (22)."""
        likeness = equations.kernel_likeness(self.centred(pooled, presence), self.landmarks, self.sharpness)
        return equations.path_logit(likeness, self.weight, self.bias)

    def mixed(
        self,
        answer: Answered,
        pooled: Sequence[Float[Tensor, "clip doubled"]],
        presence: Bool[Tensor, "clip modality"],
    ) -> "Mixed":
        """The answer of the network with that of the path, Eq. (23)."""
        return Mixed(answer, equations.shared_logit(answer.logit, self(pooled, presence), self.share))


@dataclass(frozen=True)
class Mixed:
    """The answer of a network and its path.

    Attributes:
        network: the answer of the network alone, whose evidence it is.
        logit: [B, E] of the mixture.
    """

    network: Answered
    logit: Tensor

    @property
    def evidence(self) -> Mapping[str, Tensor | tuple[Tensor, ...]]:
        """That of the network."""
        return self.network.evidence


@dataclass(frozen=True)
class PooledPart:
    """What a modality contributes to the network, and what the path reads of it.

    Attributes:
        part: as the family's network gives it.
        pooled: [B, 2 D], Eq. (21).
    """

    part: object
    pooled: Tensor
