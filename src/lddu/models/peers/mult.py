"""MulT, Multimodal Transformer (Tsai et al., ACL 2019): every modality looks into every other, no alignment needed.

x_m = Conv1d(X_m) + position, to width 30. For every ordered pair (a, b) a stack of five layers moves states of a, whose queries
look at the steps of b; the source x_b stays as it was. The M - 1 results of a target a stand side by side, pass self-attention,
and the last valid step is its vector; logits = a residual network over the M vectors. Published settings: 5 heads, rate 1e-3, batch
24, 40 epochs.

Not stated; chosen here: kernel 3; sinusoidal positions; pre-norm cross-modal layers, post-norm self-attention, each with a
feed-forward network four times as wide as its states; as many layers of self-attention as cross-modal ones; dropout .1. A missing
source gives nothing to a target, a missing target is zeros. With one modality there is no pair: its own states pass self-attention.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.config import setting
from lddu.models.family import Answer, Family
from lddu.models.peers.blocks import (
    AttentionSettings,
    SelfAttention,
    last_step,
    padding,
    seen_steps,
    sinusoids,
)
from lddu.models.peers.published import Built, published
from lddu.models.searched import Choice, Range


@dataclass(frozen=True)
class MultSettings(AttentionSettings):
    """Sizes and dropout of MulT."""

    hidden: int = setting(30, "width of the states; a multiple of heads", 1)
    heads: int = setting(5, "attention heads", 1)
    layers: int = setting(5, "cross-modal layers per pair of modalities, and layers of self-attention", 1)
    kernel: int = setting(3, "steps that the convolution spans", 1)
    dropout: float = setting(0.1, "dropout in attention, networks and output", 0, 0.95)


class CrossLayer(nn.Module):
    """Steps of a target look at the steps of a source; then a feed-forward network. Pre-norm."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.target_norm, self.source_norm, self.inner_norm = (nn.LayerNorm(width) for _ in range(3))
        self.attention = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.inner = nn.Sequential(
            nn.Linear(width, 4 * width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4 * width, width),
            nn.Dropout(dropout),
        )

    def forward(
        self, target: Float[Tensor, "clip step width"], source: Float[Tensor, "clip other width"], seen: Tensor
    ) -> Float[Tensor, "clip step width"]:
        """New states of the target; `seen` [B, T of the source] says which steps of the source are real."""
        keys = self.source_norm(source)
        looked, _ = self.attention(
            self.target_norm(target), keys, keys, key_padding_mask=padding(seen), need_weights=False
        )
        target = target + torch.where(seen.any(dim=1)[:, None, None], looked, 0.0)
        added: Tensor = self.inner(self.inner_norm(target))
        return target + added


class Mult(nn.Module):
    """Cross-modal Transformers for all ordered pairs of modalities.

    Args:
        dimensions: name -> features per step of each modality, in order.
        emotions: E.
        settings: sizes and dropout.
    """

    def __init__(self, dimensions: Mapping[str, int], emotions: int, settings: MultSettings) -> None:
        super().__init__()
        width, heads, dropout = settings.hidden, settings.heads, settings.dropout
        self.convolutions = nn.ModuleList(
            nn.Conv1d(dimension, width, settings.kernel, padding="same") for dimension in dimensions.values()
        )
        modalities = range(len(dimensions))
        self.pairs = [[b for b in modalities if b != a] for a in modalities]
        self.crossings = nn.ModuleDict(
            {
                f"{a}_{b}": nn.ModuleList(CrossLayer(width, heads, dropout) for _ in range(settings.layers))
                for a in modalities
                for b in self.pairs[a]
            }
        )
        joined = width * max(1, len(dimensions) - 1)
        self.memories = nn.ModuleList(
            SelfAttention(joined, heads, 4 * joined, settings.layers, dropout) for _ in modalities
        )
        total = joined * len(dimensions)
        self.residual = nn.Sequential(nn.Linear(total, total), nn.ReLU(), nn.Dropout(dropout), nn.Linear(total, total))
        self.output = nn.Linear(total, emotions)

    def forward(
        self, values: Sequence[Tensor], mask: Sequence[Tensor], presence: Bool[Tensor, "clip modality"]
    ) -> Answer:
        """Answer a batch of scaled features."""
        parts = seen_steps(values, mask, presence)
        seen = [real for _, real in parts]
        states = [self._embedded(m, x) for m, (x, _) in enumerate(parts)]
        vectors = torch.cat([self._target(a, states, seen) for a in range(len(states))], dim=1)
        return Answer(self.output(vectors + self.residual(vectors)))

    def _embedded(self, m: int, values: Tensor) -> Tensor:
        """[B, T, H] of modality m, from [B, T, D] with zeros at padding."""
        states: Tensor = self.convolutions[m](values.transpose(1, 2)).transpose(1, 2)
        return states + sinusoids(states.shape[1], states.shape[2], states.device)

    def _target(self, a: int, states: Sequence[Tensor], seen: Sequence[Tensor]) -> Tensor:
        """The vector of modality a, from what it sees in the others."""
        views = [self._crossed(a, b, states, seen) for b in self.pairs[a]] or [states[a]]
        remembered = self.memories[a](torch.cat(views, dim=2), seen[a])
        return last_step(remembered, seen[a])

    def _crossed(self, a: int, b: int, states: Sequence[Tensor], seen: Sequence[Tensor]) -> Tensor:
        crossed = states[a]
        layers = self.crossings[f"{a}_{b}"]
        assert isinstance(layers, nn.ModuleList)
        for layer in layers:
            crossed = layer(crossed, states[b], seen[b])
        return crossed


MULT = Family(
    "mult",
    Built(Mult),
    published("mult", MultSettings(), learning_rate=1e-3, batch_size=24, epochs=40),
    searched=(
        Choice("model.hidden", (20, 30, 40)),
        Choice("model.layers", (1, 3, 5)),
        Range("model.dropout", 0.0, 0.5),
    ),
)
"""The family: Multimodal Transformer."""
