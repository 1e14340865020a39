"""A path beside any family's network: a few small networks on a clip's pooled features, Eq. (21)-(23).

On few clips, or for rare emotions, a small network on means is hard to beat by anything larger, and the two err on different
clips. The path is fitted once, before training (`lddu.training.path_fit`), and takes no part in it; how much it counts is chosen
on validation after every epoch. Everything here is a buffer: no optimiser of the network touches it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.models import equations
from lddu.models.family import Answered


class ShallowPath(nn.Module):
    """A few networks with one hidden layer for each modality, whose logits are averaged.

    Args:
        sizes: numbers read of each modality: two for each feature of a step, its mean and its deviation.
        emotions: E.
        networks: K, how many.
        units: hidden units of each, for each modality.

    Example:
        >>> path = ShallowPath([6, 10], emotions=2, networks=4, units=64)
        >>> pooled = [torch.randn(1, 6), torch.randn(1, 10)]
        >>> path(pooled, torch.ones(1, 2, dtype=torch.bool)).shape
        torch.Size([1, 2])
    """

    centre: Tensor
    spread: Tensor
    first: Tensor
    first_bias: Tensor
    last: Tensor
    last_bias: Tensor
    share: Tensor

    def __init__(self, sizes: Sequence[int], emotions: int, networks: int, units: int) -> None:
        super().__init__()
        self.sizes, self.emotions, self.networks, self.units = list(sizes), emotions, networks, units
        modalities, read = len(self.sizes), sum(self.sizes)
        self.register_buffer("centre", torch.zeros(read))
        self.register_buffer("spread", torch.ones(read))
        self.register_buffer("first", torch.zeros(read, networks * units))
        self.register_buffer("first_bias", torch.zeros(modalities, networks * units))
        self.register_buffer("last", torch.zeros(modalities, networks, units, emotions))
        self.register_buffer("last_bias", torch.zeros(networks, 1, emotions))
        self.register_buffer("share", torch.zeros(()))

    @property
    def weights(self) -> list[Tensor]:
        """What is fitted by gradients."""
        return [self.first, self.first_bias, self.last, self.last_bias]

    def standardised(
        self, pooled: Sequence[Float[Tensor, "clip doubled"]], presence: Bool[Tensor, "clip modality"]
    ) -> Float[Tensor, "clip pooled"]:
        """Pooled features of all modalities side by side, standardised as Eq. (21) says; 0 where a modality is missing."""
        there = torch.cat([presence[:, m, None].expand(-1, size) for m, size in enumerate(self.sizes)], dim=1)
        return torch.where(there, (torch.cat(list(pooled), dim=1) - self.centre) / self.spread, 0.0)

    def each(
        self, standardised: Float[Tensor, "clip pooled"], input_dropout: float = 0.0, dropout: float = 0.0
    ) -> Float[Tensor, "network clip emotion"]:
        """The logits of each small network; with dropout while they are fitted."""
        logit_KBE = self.last_bias
        parts = zip(torch.split(standardised, self.sizes, dim=1), torch.split(self.first, self.sizes), strict=True)
        for m, (x, first) in enumerate(parts):
            inputs = nn.functional.dropout(x, input_dropout) if input_dropout else x
            logit_KBE = logit_KBE + equations.shallow_logits(
                inputs, first, self.first_bias[m], self.last[m], dropout=dropout
            )
        return logit_KBE

    def forward(
        self, pooled: Sequence[Float[Tensor, "clip doubled"]], presence: Bool[Tensor, "clip modality"]
    ) -> Float[Tensor, "clip emotion"]:
        """The logit of the path alone, Eq. (22)."""
        return self.each(self.standardised(pooled, presence)).mean(dim=0)

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
