"""One unimodal extractor: steps of features to states of size H, Eq. (1)-(3)."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.config import ModelConfig, resolved
from lddu.models.kernels.packing import Packing
from lddu.models.lddu import equations

CLIPPED_AT = 5.0
"""Standardised features beyond this many deviations are outliers of the extractor; used without Eq. (1) only."""


class TransformerLayer(nn.Module):
    """Parameters of Eq. (3). The feed-forward width is H, not the usual 4 H."""

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.mixed = nn.Linear(hidden, hidden)
        self.attention_norm = nn.LayerNorm(hidden)
        self.inner = nn.Linear(hidden, hidden)
        self.outer = nn.Linear(hidden, hidden)
        self.output_norm = nn.LayerNorm(hidden)

    def forward(self, states: Float[Tensor, "row hidden"], packing: Packing) -> Float[Tensor, "row hidden"]:
        """One layer over the packed steps."""
        dropout = self.dropout if self.training else 0.0
        return equations.transformer_layer(states, packing, self, self.heads, dropout)


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


class UnimodalEncoder(nn.Module):
    """Standardise, normalise, embed, L Transformer layers. One class, used once per modality.

    Args:
        dimension: D, features per step of this modality.
        config: sizes and dropout.
    """

    def __init__(self, dimension: int, config: ModelConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.standardise = Standardise(dimension, clipped=not config.feature_norm)
        self.feature_norm = nn.LayerNorm(dimension) if config.feature_norm else None
        self.projection = nn.Linear(dimension, config.hidden)
        self.positions = nn.Parameter(torch.randn(config.max_steps, config.hidden) * 0.02)
        self.embedding_norm = nn.LayerNorm(config.hidden)
        self.layers = nn.ModuleList(
            TransformerLayer(config.hidden, config.heads, config.dropout) for _ in range(resolved(config.layers))
        )

    def forward(
        self, features: Float[Tensor, "clip step feature"], mask: Bool[Tensor, "clip step"]
    ) -> Float[Tensor, "clip step hidden"]:
        """States of every unmasked step, zeros elsewhere; only unmasked steps are looked at and computed."""
        dropout = self.dropout if self.training else 0.0
        packing = Packing.of(mask)
        steps = self.standardise(packing.pack(features))
        if self.feature_norm is not None:
            steps = equations.normalise_features(steps, self.feature_norm)
        position = F.embedding(packing.positions, self.positions)
        states = equations.embed_steps(steps, self.projection, position, self.embedding_norm, dropout)
        for layer in self.layers:
            states = layer(states, packing)
        return packing.unpack(states)
