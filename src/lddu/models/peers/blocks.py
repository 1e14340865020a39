"""What several published systems are made of: masked sequences, attention over them, and losses."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from lddu.config import ModelSettings, ObjectiveSettings, setting
from lddu.models import equations
from lddu.models.family import Answered, Losses
from lddu.models.lddu.encoder import UnimodalEncoder
from lddu.models.lddu.memory_queue import MemoryQueue
from lddu.models.lddu.settings import ResolvedModel


@dataclass(frozen=True)
class AttentionSettings(ModelSettings):
    """Of a network with several attention heads."""

    hidden: int = setting(256, "width of the network; a multiple of heads", 1)
    heads: int = setting(8, "attention heads", 1)

    def contradictions(self, objective: ObjectiveSettings) -> list[str]:
        """A width that the heads do not divide."""
        if self.hidden % self.heads == 0:
            return []
        return [f"expected model.hidden to be a multiple of model.heads = {self.heads}, but got {self.hidden}"]


def seen_steps(
    values: Sequence[Tensor], mask: Sequence[Tensor], presence: Bool[Tensor, "clip modality"]
) -> list[tuple[Tensor, Tensor]]:
    """Per modality [B, T, D] with zeros wherever nothing was seen, and [B, T] where something was."""
    seen = [real & presence[:, m, None] for m, real in enumerate(mask)]
    return [(zeroed(x, real), real) for x, real in zip(values, seen, strict=True)]


def zeroed(
    states: Float[Tensor, "clip step width"], mask: Bool[Tensor, "clip step"]
) -> Float[Tensor, "clip step width"]:
    """The same with zeros at masked steps."""
    return torch.where(mask[..., None], states, 0.0)


def reversed_gradient(x: Tensor) -> Tensor:
    """The same numbers; the gradient changes its sign (Ganin and Lempitsky, ICML 2015)."""
    return 2 * x.detach() - x


def masked_mean(
    states: Float[Tensor, "clip step width"], mask: Bool[Tensor, "clip step"]
) -> Float[Tensor, "clip width"]:
    """Mean over the unmasked steps; zeros where there are none."""
    return zeroed(states, mask).sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)


def last_step(states: Float[Tensor, "clip step width"], mask: Bool[Tensor, "clip step"]) -> Float[Tensor, "clip width"]:
    """The last unmasked step; zeros where there is none."""
    place = torch.arange(mask.shape[1], device=mask.device) * mask
    last = place.argmax(dim=1)
    step = states[torch.arange(states.shape[0], device=states.device), last]
    return torch.where(mask.any(dim=1, keepdim=True), step, 0.0)


def to_the_front(
    values: Float[Tensor, "clip step width"], mask: Bool[Tensor, "clip step"]
) -> tuple[Float[Tensor, "clip step width"], Tensor]:
    """The unmasked steps of each clip first, in their order, then zeros; and how many there are [B]."""
    order = torch.argsort((~mask).int(), dim=1, stable=True)
    moved = zeroed(values, mask).gather(1, order[..., None].expand_as(values))
    return moved, mask.sum(dim=1)


def padding(mask: Bool[Tensor, "*clip step"]) -> Bool[Tensor, "*clip step"]:
    """What attention must not see. A clip without any step sees its first, so that the softmax is defined; drop its answer."""
    first = torch.arange(mask.shape[-1], device=mask.device) == 0
    return ~(mask | (first & ~mask.any(dim=-1, keepdim=True)))


def sinusoids(steps: int, width: int, device: torch.device) -> Float[Tensor, "step width"]:
    """Sine and cosine of the position at falling frequencies (Vaswani et al., NeurIPS 2017)."""
    half = (width + 1) // 2
    rate = torch.exp(torch.arange(half, device=device) * (-math.log(10_000.0) / half))
    angle = torch.arange(steps, device=device)[:, None] * rate
    return torch.cat([angle.sin(), angle.cos()], dim=1)[:, :width]


class SelfAttention(nn.Module):
    """Layers of post-norm self-attention over masked sequences; zeros come out at padding.

    Args:
        width: H.
        heads: a divisor of H.
        inner: width of the feed-forward networks.
        layers: how many.
        dropout: on attention weights, in and after the feed-forward networks.
    """

    def __init__(self, width: int, heads: int, inner: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, inner, dropout, activation="gelu", batch_first=True)
            for _ in range(layers)
        )

    def forward(
        self, states: Float[Tensor, "clip step width"], mask: Bool[Tensor, "clip step"]
    ) -> Float[Tensor, "clip step width"]:
        """New states of every step."""
        hidden = padding(mask)
        for layer in self.layers:
            states = layer(states, src_key_padding_mask=hidden)
        return zeroed(states, mask)


class PooledEncoder(nn.Module):
    """Mean and deviation over the steps of one modality, and a layer; zeros where the clip lacks it."""

    def __init__(self, dimension: int, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2 * dimension, width), nn.ReLU(), nn.Dropout(dropout))

    def forward(
        self, values: Float[Tensor, "clip step feature"], mask: Bool[Tensor, "clip step"]
    ) -> Float[Tensor, "clip width"]:
        """One vector per clip."""
        states: Tensor = self.layers(equations.masked_mean_and_deviation(values, mask))
        return torch.where(mask.any(dim=1, keepdim=True), states, 0.0)


def step_encoder(dimension: int, settings: AttentionSettings, layers: int, dropout: float) -> UnimodalEncoder:
    """LDDU's unimodal encoder, Eq. (2)-(3), at other sizes: learned positions, post-norm layers, feed-forward width H."""
    sizes = ResolvedModel(
        hidden=settings.hidden, heads=settings.heads, max_steps=settings.max_steps, layers=layers, dropout=dropout,
        feature_norm=False,
    )  # fmt: skip
    return UnimodalEncoder(dimension, sizes)


def two_layers(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """A network with one hidden layer."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def each_own(
    maps: nn.ModuleList, vectors: Float[Tensor, "clip modality *axes"]
) -> Float[Tensor, "clip modality *other"]:
    """The vectors of every modality through its own map."""
    return torch.stack([layer(vectors[:, m]) for m, layer in enumerate(maps)], dim=1)


def mean_log_odds(a: Float[Tensor, "*axes"], b: Float[Tensor, "*axes"]) -> Float[Tensor, "*axes"]:
    """Log-odds of (sigmoid(a) + sigmoid(b)) / 2."""
    return torch.logaddexp(F.logsigmoid(a), F.logsigmoid(b)) - torch.logaddexp(F.logsigmoid(-a), F.logsigmoid(-b))


class MemoryContrast(nn.Module):
    """Supervised contrastive loss of unit vectors with a memory of past ones (Khosla et al., NeurIPS 2020).

    Args:
        size: of the memory.
        width: of the vectors.
        temperature: tau.
    """

    def __init__(self, size: int, width: int, temperature: float) -> None:
        super().__init__()
        self.memory, self.temperature = MemoryQueue(size, width), temperature

    def forward(self, vectors: Float[Tensor, "key width"], classes: Int[Tensor, " key"]) -> Float[Tensor, ""]:
        """The loss; the vectors enter the memory."""
        past, of = self.memory.filled()
        keys, kinds = torch.cat([vectors, past]), torch.cat([classes, of])
        tau = self.temperature / 2  # Eq. (8) halves the product
        loss = equations.contrastive_loss(keys, kinds, len(classes), tau, len(classes))
        self.memory.push(vectors, classes)
        return loss


MOMENTS = 5


def central_moment_discrepancy(a: Float[Tensor, "clip hidden"], b: Float[Tensor, "clip hidden"]) -> Float[Tensor, ""]:
    """Distance of the means, plus distances of the central moments up to the fifth, of numbers in [0, 1] (Zellinger et al., ICLR 2017)."""
    mean_a, mean_b = a.mean(dim=0), b.mean(dim=0)
    terms = [(mean_a - mean_b).norm()]
    for k in range(2, MOMENTS + 1):
        terms.append(((a - mean_a).pow(k).mean(dim=0) - (b - mean_b).pow(k).mean(dim=0)).norm())
    return torch.stack(terms).sum()


@dataclass(frozen=True)
class Labels:
    """What a loss compares an answer with.

    Attributes:
        target: [B, E] presence, or shares of raters; 0 where unknown.
        known: [B, E].
        present: [B, E] whether the emotion counts as present, also where shares are the target; False where unknown.
    """

    target: Float[Tensor, "clip emotion"]
    known: Bool[Tensor, "clip emotion"]
    present: Bool[Tensor, "clip emotion"]


Terms = Callable[[Any, Any, Labels], dict[str, tuple[Tensor, float]]]
"""(settings, answer, labels) -> name of each loss term -> the term and its weight."""


class SummedObjective(nn.Module):
    """A weighted sum of terms that read nothing but the answer and its labels.

    Args:
        settings: of the objective.
        present_at: share from which an emotion counts as present.
        terms: computes them.
    """

    def __init__(self, settings: ObjectiveSettings, present_at: float, terms: Terms) -> None:
        super().__init__()
        self.settings, self.present_at, self.terms = settings, present_at, terms

    def forward(self, network: nn.Module, answer: Answered, shares: Tensor, noise: Tensor) -> Losses:
        """The loss of a batch, from shares [B, E], NaN where unknown; `network` and `noise` are not read."""
        target, known = equations.training_target(shares, self.present_at, self.settings.target)
        present = equations.is_present(shares, self.present_at)
        return summed(self.terms(self.settings, answer, Labels(target, known, present)))


def summed(terms: dict[str, tuple[Tensor, float]]) -> Losses:
    """The weighted sum of name -> term and weight."""
    values, weights = (list(column) for column in zip(*terms.values(), strict=True))
    return Losses(equations.weighted_total(values, weights), {name: term for name, (term, _) in terms.items()})
