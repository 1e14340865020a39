"""One unimodal extractor: steps of scaled features to states of size H, Eq. (1)-(3)."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.models import equations
from lddu.models.kernels.packing import Packing
from lddu.models.lddu.settings import ResolvedModel


class TransformerLayer(nn.Module):
    """Parameters of Eq. (3). The feed-forward width is H, not the common 4 H."""

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


class UnimodalEncoder(nn.Module):
    """Normalise, embed, L Transformer layers. One class, used once per modality.

    Args:
        dimension: D, features per step of this modality.
        config: sizes and dropout.
    """

    def __init__(self, dimension: int, config: ResolvedModel) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.feature_norm = nn.LayerNorm(dimension) if config.feature_norm else None
        self.projection = nn.Linear(dimension, config.hidden)
        self.positions = nn.Parameter(torch.randn(config.max_steps, config.hidden) * 0.02)
        self.embedding_norm = nn.LayerNorm(config.hidden)
        self.layers = nn.ModuleList(
            TransformerLayer(config.hidden, config.heads, config.dropout) for _ in range(config.layers)
        )

    def forward(
        self, features: Float[Tensor, "clip step feature"], mask: Bool[Tensor, "clip step"]
    ) -> Float[Tensor, "clip step hidden"]:
        """States of every unmasked step, zeros elsewhere; only unmasked steps are looked at and computed."""
        dropout = self.dropout if self.training else 0.0
        packing = Packing.of(mask)
        steps = packing.pack(features)
        if self.feature_norm is not None:
            steps = equations.normalise_features(steps, self.feature_norm)
        position = F.embedding(packing.positions, self.positions)
        states = equations.embed_steps(steps, self.projection, position, self.embedding_norm, dropout)
        for layer in self.layers:
            states = layer(states, packing)
        return packing.unpack(states)
