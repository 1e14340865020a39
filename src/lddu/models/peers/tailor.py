"""TAILOR (Zhang et al., AAAI 2022): common and private states separated by an adversary, then one query per label.

h_m = Transformer encoder of 256; common c_m = tanh(W_c h_m), private p_m = tanh(W_m h_m). A discriminator 256 -> 128 -> M names
the modality, through reversed gradients for c. Three-layer Transformers fuse the private states of two modalities, then of the
next, and at last the sum of c; a decoder layer with a query per label looks over the result; one linear map, shared by the labels,
gives each logit. Loss: BCE + .5 BCE on c + .01 adversarial + 5e-6 orthogonality. Published settings: encoders as CARAT's
(8 heads, feed-forward 256, dropout .3; 6 layers for text, 4 for others), rate 5e-5, batch 64.

Not stated; chosen here: c_m is averaged over its steps, so that lengths need not agree, and their sum is one more step for the last
fusion; the fusion begins with the last modality and ends with text, whatever their number; BCE on c is of the same decoder looking
at the sum of c alone; the adversarial loss is the cross-entropy of the discriminator on averages of c and of p; orthogonality
is |C_m^T P_m|^2 over the steps of a clip, averaged over clips. A missing modality is seen by nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.config import ObjectiveSettings, setting
from lddu.models import equations
from lddu.models.family import Family
from lddu.models.peers.blocks import (
    AttentionSettings,
    Labels,
    SelfAttention,
    masked_mean,
    padding,
    reversed_gradient,
    seen_steps,
    step_encoder,
    two_layers,
    zeroed,
)
from lddu.models.peers.published import Built, SummedTerms, published
from lddu.models.searched import Choice, Range


@dataclass(frozen=True)
class TailorSettings(AttentionSettings):
    """Sizes and dropout of TAILOR."""

    text_layers: int = setting(6, "Transformer layers of a modality called text", 0)
    layers: int = setting(4, "Transformer layers of each other modality", 0)
    fusion_layers: int = setting(3, "layers of each fusing Transformer", 1)
    dropout: float = setting(0.3, "dropout everywhere", 0, 0.95)


@dataclass(frozen=True)
class TailorObjectiveSettings(ObjectiveSettings):
    """Weights of the loss terms of TAILOR."""

    common_weight: float = setting(0.5, "weight of the BCE on the common states", 0)
    adversarial_weight: float = setting(0.01, "weight of naming the modality", 0)
    orthogonality_weight: float = setting(5e-6, "weight of the orthogonality of common and private states", 0)


@dataclass(frozen=True)
class TailorAnswer:
    """Logits, and what the loss reads.

    Attributes:
        logit: [B, E].
        common_logit: [B, E] from the common states alone.
        common_guess: [B, M, M] logits of the discriminator on c, behind reversed gradients.
        private_guess: [B, M, M] on p.
        overlap: [B, M] |C^T P|^2.
        presence: [B, M].
        evidence: none.
    """

    logit: Float[Tensor, "clip emotion"]
    common_logit: Float[Tensor, "clip emotion"]
    common_guess: Float[Tensor, "clip modality modality"]
    private_guess: Float[Tensor, "clip modality modality"]
    overlap: Float[Tensor, "clip modality"]
    presence: Bool[Tensor, "clip modality"]
    evidence: Mapping[str, Tensor | tuple[Tensor, ...]] = field(default_factory=dict)


def overlap(
    common: Float[Tensor, "clip step hidden"], private: Float[Tensor, "clip step hidden"]
) -> Float[Tensor, " clip"]:
    """|C^T P|^2 per clip, as the sum over pairs of steps of (C C^T) (P P^T); rows at padding are 0."""
    return (torch.bmm(common, common.mT) * torch.bmm(private, private.mT)).sum(dim=(1, 2))


class Tailor(nn.Module):
    """Common and private states, a chain of fusions, and a decoder with a query per label.

    Args:
        dimensions: name -> features per step of each modality, in order.
        emotions: E.
        settings: sizes and dropout.
    """

    def __init__(self, dimensions: Mapping[str, int], emotions: int, settings: TailorSettings) -> None:
        super().__init__()
        width, heads, dropout, modalities = settings.hidden, settings.heads, settings.dropout, len(dimensions)
        layers = [settings.text_layers if name == "text" else settings.layers for name in dimensions]
        self.order = sorted(range(modalities), key=lambda m: (list(dimensions)[m] == "text", -m))
        self.encoders = nn.ModuleList(
            step_encoder(d, settings, count, dropout) for d, count in zip(dimensions.values(), layers, strict=True)
        )
        self.common = nn.Linear(width, width)
        self.private = nn.ModuleList(nn.Linear(width, width) for _ in dimensions)
        self.discriminator = two_layers(width, max(width // 2, 1), modalities)
        self.fusions = nn.ModuleList(
            SelfAttention(width, heads, width, settings.fusion_layers, dropout) for _ in dimensions
        )
        self.queries = nn.Parameter(torch.empty(emotions, width))
        nn.init.xavier_normal_(self.queries)
        self.decoder = nn.TransformerDecoderLayer(width, heads, width, dropout, activation="gelu", batch_first=True)
        self.output = nn.Linear(width, 1)

    def forward(
        self, values: Sequence[Tensor], mask: Sequence[Tensor], presence: Bool[Tensor, "clip modality"]
    ) -> TailorAnswer:
        """Answer a batch of scaled features."""
        parts = seen_steps(values, mask, presence)
        seen = [real for _, real in parts]
        states = [encode(*part) for encode, part in zip(self.encoders, parts, strict=True)]
        common = [zeroed(self.common(h).tanh(), s) for h, s in zip(states, seen, strict=True)]
        private = [zeroed(layer(h).tanh(), s) for layer, h, s in zip(self.private, states, seen, strict=True)]
        pooled = [torch.stack(list(map(masked_mean, kind, seen)), dim=1) for kind in (common, private)]
        together = pooled[0].sum(dim=1, keepdim=True)
        there = torch.stack([real.any(dim=1) for real in seen], dim=1)
        anything = there.any(dim=1, keepdim=True)
        return TailorAnswer(
            self._decoded(*self._fused(private, seen, together, anything)),
            self._decoded(together, anything),
            self.discriminator(reversed_gradient(pooled[0])),
            self.discriminator(pooled[1]),
            torch.stack(list(map(overlap, common, private)), dim=1),
            there,
        )

    def _fused(
        self, private: Sequence[Tensor], seen: Sequence[Tensor], together: Tensor, anything: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The steps of all modalities and of their sum after the chain of fusions, and which are real."""
        first, *others = self.order
        states, mask = private[first], seen[first]
        further = [(private[m], seen[m]) for m in others] + [(together, anything)]
        for fuse, (more, real) in zip(self.fusions, further, strict=True):
            mask = torch.cat([mask, real], dim=1)
            states = fuse(torch.cat([states, more], dim=1), mask)
        return states, mask

    def _decoded(self, states: Tensor, mask: Tensor) -> Float[Tensor, "clip emotion"]:
        queries = self.queries.expand(states.shape[0], -1, -1)
        logit: Tensor = self.output(self.decoder(queries, states, memory_key_padding_mask=padding(mask)))
        return logit.squeeze(-1)


def _terms(s: Any, answer: TailorAnswer, labels: Labels) -> dict[str, tuple[Tensor, float]]:
    naming = _naming(answer.common_guess, answer.presence) + _naming(answer.private_guess, answer.presence)
    return {
        "bce": (equations.masked_bce(answer.logit, labels.target, labels.known), 1.0),
        "common": (equations.masked_bce(answer.common_logit, labels.target, labels.known), s.common_weight),
        "adversarial": (naming, s.adversarial_weight),
        "orthogonality": (answer.overlap.sum(dim=1).mean(), s.orthogonality_weight),
    }


def _naming(
    guess: Float[Tensor, "clip modality modality"], presence: Bool[Tensor, "clip modality"]
) -> Float[Tensor, ""]:
    """Cross-entropy of naming each modality that is there."""
    modality = torch.arange(guess.shape[1], device=guess.device).expand(len(guess), -1)
    loss = F.cross_entropy(guess.mT, modality, reduction="none")
    return (loss * presence).sum() / presence.sum().clamp(min=1)


TAILOR = Family(
    "tailor",
    Built(Tailor),
    published("tailor", TailorSettings(), TailorObjectiveSettings(), learning_rate=5e-5, batch_size=64),
    SummedTerms(_terms),
    searched=(
        Choice("model.hidden", (64, 128, 256)),
        Choice("model.layers", (1, 2, 4)),
        Range("model.dropout", 0.0, 0.5),
    ),
)
"""The family: TAILOR."""
