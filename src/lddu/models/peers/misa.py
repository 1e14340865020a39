"""MISA (Hazarika et al., ACM MM 2020): what modalities share and what is each one's own, as separate vectors.

u_m of 128 numbers from two bidirectional LSTMs; private p_m = sigmoid(P_m u_m), shared c_m = sigmoid(C u_m) with one C for all.
One Transformer layer with 2 heads over the 2 M vectors -> MLP -> logits. Loss: BCE + .3 orthogonality + 1.0 central moment
discrepancy of the shared vectors + 1.0 reconstruction of u_m from p_m + c_m. Published settings: these, and rate 1e-4.

Other than published: orthogonality, there |C_m^T P_m|^2 and |P_m^T P_n|^2 over the clips of a batch, is the squared inner product of p_m with
c_m, and of p_m with p_n, each of unit length, averaged over clips, so that the size of the batch does not weigh it.

Not stated; chosen here: the two LSTMs follow each other, the last states of both make u_m; the discrepancy (Zellinger et al., ICLR 2017) has
five moments, averaged over pairs of modalities; reconstruction is the mean square; feed-forward width 128, dropout .1; batch
64. A missing modality is seen by nobody and takes no part in a loss.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from lddu.config import ObjectiveSettings, setting
from lddu.models import equations
from lddu.models.family import Family
from lddu.models.peers.blocks import (
    AttentionSettings,
    Labels,
    SelfAttention,
    central_moment_discrepancy,
    each_own,
    seen_steps,
    to_the_front,
)
from lddu.models.peers.published import Built, SummedTerms, published
from lddu.models.searched import Choice, Range


@dataclass(frozen=True)
class MisaSettings(AttentionSettings):
    """Sizes and dropout of MISA."""

    hidden: int = setting(128, "width of the vectors; a multiple of heads", 1)
    heads: int = setting(2, "attention heads", 1)
    dropout: float = setting(0.1, "dropout in the Transformer layer and the output network", 0, 0.95)


@dataclass(frozen=True)
class MisaObjectiveSettings(ObjectiveSettings):
    """Weights of the loss terms of MISA."""

    orthogonality_weight: float = setting(0.3, "weight of the orthogonality of private and shared vectors", 0)
    discrepancy_weight: float = setting(1.0, "weight of the central moment discrepancy of the shared vectors", 0)
    reconstruction_weight: float = setting(1.0, "weight of the reconstruction", 0)


@dataclass(frozen=True)
class MisaAnswer:
    """Logits, and the vectors that the loss compares.

    Attributes:
        logit: [B, E].
        encoded: [B, M, H] u.
        private: [B, M, H] p.
        shared: [B, M, H] c.
        rebuilt: [B, M, H] of u, from both.
        presence: [B, M].
        evidence: none.
    """

    logit: Float[Tensor, "clip emotion"]
    encoded: Float[Tensor, "clip modality hidden"]
    private: Float[Tensor, "clip modality hidden"]
    shared: Float[Tensor, "clip modality hidden"]
    rebuilt: Float[Tensor, "clip modality hidden"]
    presence: Bool[Tensor, "clip modality"]
    evidence: Mapping[str, Tensor | tuple[Tensor, ...]] = field(default_factory=dict)


class SequenceEncoder(nn.Module):
    """Two bidirectional LSTMs over one modality; their last states as one vector."""

    def __init__(self, dimension: int, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(dimension, width, num_layers=2, batch_first=True, bidirectional=True)
        self.output = nn.Sequential(nn.Linear(4 * width, width), nn.ReLU(), nn.LayerNorm(width))

    def forward(
        self, values: Float[Tensor, "clip step feature"], mask: Bool[Tensor, "clip step"]
    ) -> Float[Tensor, "clip hidden"]:
        """One vector per clip."""
        steps, count = to_the_front(values, mask)
        packed = pack_padded_sequence(steps, count.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False)
        _, (last_LBH, _) = self.lstm(packed)
        vector: Tensor = self.output(last_LBH.transpose(0, 1).flatten(1))
        return vector


class Misa(nn.Module):
    """Private and shared vectors of every modality, and attention among them.

    Args:
        dimensions: name -> features per step of each modality, in order.
        emotions: E.
        settings: sizes and dropout.
    """

    def __init__(self, dimensions: Mapping[str, int], emotions: int, settings: MisaSettings) -> None:
        super().__init__()
        width = settings.hidden
        self.encoders = nn.ModuleList(SequenceEncoder(dimension, width) for dimension in dimensions.values())
        self.private = nn.ModuleList(nn.Linear(width, width) for _ in dimensions)
        self.shared = nn.Linear(width, width)
        self.rebuild = nn.ModuleList(nn.Linear(width, width) for _ in dimensions)
        self.mixing = SelfAttention(width, settings.heads, width, 1, settings.dropout)
        vectors = 2 * len(dimensions) * width
        self.output = nn.Sequential(
            nn.Linear(vectors, width), nn.ReLU(), nn.Dropout(settings.dropout), nn.Linear(width, emotions)
        )

    def forward(
        self, values: Sequence[Tensor], mask: Sequence[Tensor], presence: Bool[Tensor, "clip modality"]
    ) -> MisaAnswer:
        """Answer a batch of scaled features."""
        parts = seen_steps(values, mask, presence)
        there = torch.stack([seen.any(dim=1) for _, seen in parts], dim=1)
        encoded = torch.stack([encode(*part) for encode, part in zip(self.encoders, parts, strict=True)], dim=1)
        private = each_own(self.private, encoded).sigmoid()
        shared = self.shared(encoded).sigmoid()
        rebuilt = each_own(self.rebuild, private + shared)
        mixed = self.mixing(torch.cat([private, shared], dim=1), torch.cat([there, there], dim=1))
        return MisaAnswer(self.output(mixed.flatten(1)), encoded, private, shared, rebuilt, there)


def orthogonality(answer: MisaAnswer) -> Float[Tensor, ""]:
    """Mean squared inner product of unit vectors that should have nothing in common; 0 where no clip has them."""
    private, shared = F.normalize(answer.private, dim=-1), F.normalize(answer.shared, dim=-1)
    modalities = range(private.shape[1])
    pairs = [(private[:, m], shared[:, m], answer.presence[:, m]) for m in modalities]
    pairs += [
        (private[:, m], private[:, n], answer.presence[:, m] & answer.presence[:, n])
        for m, n in itertools.combinations(modalities, 2)
    ]
    terms = [((a * b).sum(dim=-1).square() * both).sum() / both.sum().clamp(min=1) for a, b, both in pairs]
    return torch.stack(terms).mean()


def discrepancy(answer: MisaAnswer) -> Float[Tensor, ""]:
    """The central moment discrepancy of the shared vectors, averaged over pairs of modalities; 0 where there is no pair."""
    terms = []
    for m, n in itertools.combinations(range(answer.shared.shape[1]), 2):
        first, second = answer.presence[:, m], answer.presence[:, n]
        if first.any() and second.any():
            terms.append(central_moment_discrepancy(answer.shared[first, m], answer.shared[second, n]))
    return torch.stack(terms).mean() if terms else answer.shared.new_zeros(())


def reconstruction(answer: MisaAnswer) -> Float[Tensor, ""]:
    """Mean squared error of the rebuilt vectors of the modalities that are there."""
    square = (answer.rebuilt - answer.encoded).square().mean(dim=-1)
    return (square * answer.presence).sum() / answer.presence.sum().clamp(min=1)


def _terms(s: Any, answer: MisaAnswer, labels: Labels) -> dict[str, tuple[Tensor, float]]:
    return {
        "bce": (equations.masked_bce(answer.logit, labels.target, labels.known), 1.0),
        "orthogonality": (orthogonality(answer), s.orthogonality_weight),
        "discrepancy": (discrepancy(answer), s.discrepancy_weight),
        "reconstruction": (reconstruction(answer), s.reconstruction_weight),
    }


MISA = Family(
    "misa",
    Built(Misa),
    published("misa", MisaSettings(), MisaObjectiveSettings(), learning_rate=1e-4),
    SummedTerms(_terms),
    searched=(Choice("model.hidden", (64, 128, 256)), Range("objective.orthogonality_weight", 0.1, 1.0)),
)
"""The family: modality-invariant and modality-specific vectors."""
