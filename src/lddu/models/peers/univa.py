"""UniVA (ACM MM 2024): labels as shares of one softmax, and clips of like emotion drawn together in each modality.

h_m = Transformer of 768 (12 heads, feed-forward 3072; 7 layers for text, 5 for face, 3 for others); u_m = additive attention pooling
of h_m; z = W [u_1; ..; u_M]. Loss: (1 - a) (1000 KL(softmax(y) | softmax(z)) + sum_ij S_ij |log p_i - log p_j|_2 / B)
+ a mean_m SupCon_m. Published settings: a .45 and tau .7 on RoBERTa (on GloVe .2, .4 and no S), rate 7e-5, batch 32, 15 epochs.

Other than published: positives are clips with the same emotions present, since the valence and arousal of clips, which must lie within .1, are not
public. Not stated; chosen here: S is both / either in the batch, and each pair of emotions counts once; positions are sinusoids; dropout .1. The answer is the log-odds of the share, so that its sigmoid is the share;
threshold and recalibration come from validation. Shares cannot tell a clip of all emotions from one of none. Where one label alone is
known, its absence is the second class. A missing modality is zeros and takes no part in SupCon.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.config import ObjectiveSettings, setting
from lddu.models.family import Family
from lddu.models.peers import blocks
from lddu.models.peers.blocks import AttentionSettings, Labels, SelfAttention
from lddu.models.peers.published import Built, SummedTerms, published
from lddu.models.searched import Choice, Range

KL_WEIGHT = 1000.0


@dataclass(frozen=True)
class UnivaSettings(AttentionSettings):
    """Sizes and dropout of UniVA."""

    hidden: int = setting(768, "width of the network; a multiple of heads", 1)
    heads: int = setting(12, "attention heads", 1)
    inner: int = setting(3072, "width of the feed-forward networks", 1)
    text_layers: int = setting(7, "Transformer layers of a modality called text", 0)
    layers: int = setting(3, "the same of each other modality; two more for one called face or visual", 0)
    dropout: float = setting(0.1, "dropout in the Transformers", 0, 0.95)


@dataclass(frozen=True)
class UnivaObjectiveSettings(ObjectiveSettings):
    """Weights of the loss terms of UniVA."""

    contrastive_share: float = setting(0.45, "a, share of the contrastive loss; the others have the rest", 0, 1)
    temperature: float = setting(0.7, "tau of the contrastive loss", 1e-3)
    cooccurrence_weight: float = setting(1.0, "weight of the nearness of emotions that occur together; 0 on GloVe", 0)


@dataclass(frozen=True)
class UnivaAnswer:
    """Log-odds of the shares, and what the loss reads.

    Attributes:
        logit: [B, E] whose sigmoid is the share.
        pooled: [B, M, H] u.
        presence: [B, M].
        evidence: none.
    """

    logit: Float[Tensor, "clip emotion"]
    pooled: Float[Tensor, "clip modality hidden"]
    presence: Bool[Tensor, "clip modality"]
    evidence: Mapping[str, Tensor | tuple[Tensor, ...]] = field(default_factory=dict)


class StepPooling(nn.Module):
    """Additive attention over the unmasked steps of a modality; zeros where there are none."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1, bias=False))

    def forward(
        self, states: Float[Tensor, "clip step width"], mask: Bool[Tensor, "clip step"]
    ) -> Float[Tensor, "clip width"]:
        """One vector per clip."""
        attention = self.score(states).squeeze(-1).masked_fill(blocks.padding(mask), -torch.inf).softmax(dim=1)
        pooled = (attention[..., None] * states).sum(dim=1)
        return torch.where(mask.any(dim=1, keepdim=True), pooled, 0.0)


class Univa(nn.Module):
    """A Transformer and attention pooling per modality, and one linear map of all.

    Args:
        dimensions: name -> features per step of each modality, in order.
        emotions: E.
        settings: sizes and dropout.
    """

    def __init__(self, dimensions: Mapping[str, int], emotions: int, settings: UnivaSettings) -> None:
        super().__init__()
        width = settings.hidden
        of_faces = dict.fromkeys(("face", "visual"), settings.layers + 2)
        layers = {"text": settings.text_layers, **of_faces}
        self.projections = nn.ModuleList(nn.Linear(dimension, width) for dimension in dimensions.values())
        self.encoders = nn.ModuleList(
            SelfAttention(width, settings.heads, settings.inner, layers.get(name, settings.layers), settings.dropout)
            for name in dimensions
        )
        self.pooling = nn.ModuleList(StepPooling(width) for _ in dimensions)
        self.output = nn.Linear(len(dimensions) * width, emotions)

    def forward(
        self, values: Sequence[Tensor], mask: Sequence[Tensor], presence: Bool[Tensor, "clip modality"]
    ) -> UnivaAnswer:
        """Answer a batch of scaled features."""
        parts = blocks.seen_steps(values, mask, presence)
        pooled = torch.stack([self._pooled(m, *part) for m, part in enumerate(parts)], dim=1)
        there = torch.stack([seen.any(dim=1) for _, seen in parts], dim=1)
        return UnivaAnswer(log_odds(self.output(pooled.flatten(1))), pooled, there)

    def _pooled(self, m: int, values: Tensor, seen: Tensor) -> Tensor:
        states = self.projections[m](values)
        states = blocks.zeroed(states + blocks.sinusoids(states.shape[1], states.shape[2], states.device), seen)
        return self.pooling[m](self.encoders[m](states, seen), seen)  # type: ignore[no-any-return]


def log_odds(z: Float[Tensor, "clip emotion"]) -> Float[Tensor, "clip emotion"]:
    """Log-odds of each share of softmax(z); z itself where there is a single emotion."""
    diagonal = torch.eye(z.shape[1], dtype=torch.bool, device=z.device)
    return z if z.shape[1] == 1 else z - z[:, None, :].masked_fill(diagonal, -torch.inf).logsumexp(dim=2)


def share_divergence(logit: Tensor, target: Tensor, known: Tensor) -> Float[Tensor, ""]:
    """KL(softmax(y) | shares) over the known labels, averaged over clips that have any.

    A clip of one known label has its absence as the second class.
    """
    alone = known & (known.sum(dim=1, keepdim=True) == 1)
    counted = torch.cat([known, alone], dim=1)
    y = torch.cat([target, 1 - target], dim=1).masked_fill(~counted, -torch.inf)
    log_share = F.logsigmoid(torch.cat([logit, -logit], dim=1)).masked_fill(~counted, -torch.inf)
    some = known.any(dim=1)
    log_target, given = y[some].log_softmax(dim=1), log_share[some].log_softmax(dim=1)
    terms = torch.where(counted[some], log_target.exp() * (log_target - given), 0.0)
    return terms.sum() / max(len(terms), 1)


def cooccurrence(logit: Tensor, target: Tensor, known: Tensor) -> Float[Tensor, ""]:
    """sum_ij S_ij |log p_i - log p_j|_2 / B, with S = both / either over the batch; each pair once."""
    present = torch.where(known, target, 0.0)
    both = present.T @ present
    either = present.sum(dim=0)[:, None] + present.sum(dim=0) - both
    i, j = torch.triu_indices(logit.shape[1], logit.shape[1], offset=1, device=logit.device)
    log_share = F.logsigmoid(logit)
    apart = torch.where(known[:, i] & known[:, j], log_share[:, i] - log_share[:, j], 0.0)
    nearness = (both / either.clamp(min=1e-6))[i, j]
    total: Tensor = (nearness * torch.linalg.vector_norm(apart, dim=0)).sum() / len(logit)
    return total


def contrastive(answer: UnivaAnswer, labels: Labels, temperature: float) -> Float[Tensor, ""]:
    """Supervised contrastive loss within each modality (Khosla et al., NeurIPS 2020); positives show the same emotions, all known."""
    present, whole = labels.present, labels.known.all(dim=1)
    same = (present[:, None] == present).all(dim=2) & whole[:, None] & whole
    others = ~torch.eye(len(present), dtype=torch.bool, device=present.device)
    unit = F.normalize(answer.pooled, dim=-1)
    terms = []
    for m in range(unit.shape[1]):
        there = answer.presence[:, m]
        pairs = others & there[:, None] & there
        positive = same & pairs
        score = (unit[:, m] @ unit[:, m].T / temperature).masked_fill(~pairs, -1e9)
        per_clip = -torch.where(positive, score.log_softmax(dim=1), 0.0).sum(dim=1) / positive.sum(dim=1).clamp(min=1)
        terms.append(per_clip.sum() / positive.any(dim=1).sum().clamp(min=1))
    return torch.stack(terms).mean()


def _terms(s: Any, answer: UnivaAnswer, labels: Labels) -> dict[str, tuple[Tensor, float]]:
    target, known = labels.target, labels.known
    rest = 1 - s.contrastive_share
    return {
        "shares": (share_divergence(answer.logit, target, known), rest * KL_WEIGHT),
        "cooccurrence": (cooccurrence(answer.logit, target, known), rest * s.cooccurrence_weight),
        "contrastive": (contrastive(answer, labels, s.temperature), s.contrastive_share),
    }


UNIVA = Family(
    "univa",
    Built(Univa),
    published("univa", UnivaSettings(), UnivaObjectiveSettings(), learning_rate=7e-5, batch_size=32, epochs=15),
    SummedTerms(_terms),
    searched=(Choice("model.hidden", (96, 192, 384)), Range("objective.contrastive_share", 0.1, 0.6)),
)
"""The family: UniVA."""
