"""The network of CARAT: label vectors of each modality, what they are rebuilt from, and their aggregation; see `carat`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.config import setting
from lddu.models.peers import blocks
from lddu.models.peers.blocks import AttentionSettings, padding, seen_steps, step_encoder, two_layers
from lddu.models.peers.prototypes import Prototypes


@dataclass(frozen=True)
class CaratSettings(AttentionSettings):
    """Sizes and dropout of CARAT."""

    text_layers: int = setting(6, "Transformer layers of a modality called text", 0)
    layers: int = setting(4, "Transformer layers of each other modality", 0)
    latent: int = setting(64, "width of the latent vectors and prototypes", 1)
    dropout: float = setting(0.3, "dropout in the Transformers", 0, 0.95)


@dataclass(frozen=True)
class Rebuilt:
    """What follows from the label vectors z of a batch.

    Attributes:
        best: [B, 3, E] largest logit over the modalities, of z, z' and z''.
        aggregated: [B, E] logits of the aggregator.
        vectors: [B, 4, M, E, H] D(e), z, z' and z''.
        latent: [B, M, E, P] e.
    """

    best: Float[Tensor, "clip level emotion"]
    aggregated: Float[Tensor, "clip emotion"]
    vectors: Float[Tensor, "clip kind modality emotion hidden"]
    latent: Float[Tensor, "clip modality emotion latent"]


@dataclass(frozen=True)
class CaratAnswer:
    """Label vectors, from which all else follows, for the whole batch at once: the loss moves the prototypes that it reads.

    Attributes:
        label_vectors: [B, M, E, H] z of the modalities that are there.
        presence: [B, M].
        rebuild: (label_vectors, presence) -> what follows.
        evidence: none.
    """

    label_vectors: Float[Tensor, "clip modality emotion hidden"]
    presence: Bool[Tensor, "clip modality"]
    rebuild: Callable[[Tensor, Tensor], Rebuilt]
    evidence: Mapping[str, Tensor | tuple[Tensor, ...]] = field(default_factory=dict)

    @cached_property
    def rebuilt(self) -> Rebuilt:
        """What follows from `label_vectors`."""
        return self.rebuild(self.label_vectors, self.presence)

    @property
    def logit(self) -> Tensor:
        """[B, E] of p."""
        return blocks.mean_log_odds(self.rebuilt.aggregated, self.rebuilt.best[:, 2])


class Carat(nn.Module):
    """Label vectors of each modality, reconstruction in two levels, and an aggregator.

    Args:
        dimensions: name -> features per step of each modality, in order.
        emotions: E.
        settings: sizes and dropout.
    """

    def __init__(self, dimensions: Mapping[str, int], emotions: int, settings: CaratSettings) -> None:
        super().__init__()
        width, latent, modalities = settings.hidden, settings.latent, len(dimensions)
        middle = max(width // 2, 1)
        self.encoders = nn.ModuleList(
            step_encoder(d, settings, settings.text_layers if name == "text" else settings.layers, settings.dropout)
            for name, d in dimensions.items()
        )
        self.queries = nn.Parameter(torch.randn(modalities, emotions, width) / width**0.5)
        self.shrink = nn.ModuleList(two_layers(width, middle, latent) for _ in dimensions)
        self.expand = nn.ModuleList(two_layers(latent, middle, width) for _ in dimensions)
        self.rebuild = nn.ModuleList(nn.Linear(modalities * width, width) for _ in dimensions)
        self.votes = nn.Parameter(torch.randn(modalities, emotions, width) / width**0.5)
        self.bias = nn.Parameter(torch.zeros(modalities, emotions))
        self.aggregator = two_layers(modalities * emotions * width, width, emotions)
        self.prototypes = Prototypes(modalities, emotions, latent)

    def forward(
        self, values: Sequence[Tensor], mask: Sequence[Tensor], presence: Bool[Tensor, "clip modality"]
    ) -> CaratAnswer:
        """Answer a batch of scaled features."""
        parts = seen_steps(values, mask, presence)
        there = torch.stack([seen.any(dim=1) for _, seen in parts], dim=1)
        label_vectors = torch.stack([self._label_vectors(m, *part) for m, part in enumerate(parts)], dim=1)
        return CaratAnswer(label_vectors, there, self.rebuilt)

    def rebuilt(self, label_vectors: Tensor, there: Bool[Tensor, "clip modality"]) -> Rebuilt:
        """Both levels, the votes and the aggregator, from label vectors [B, M, E, H] of the modalities that are there [B, M]."""
        latent = F.normalize(blocks.each_own(self.shrink, label_vectors), dim=-1)
        decoded = blocks.each_own(self.expand, latent)
        prototype = blocks.each_own(self.expand, self.prototypes(latent, there))
        real = there[:, :, None, None]
        label_vectors, decoded = torch.where(real, label_vectors, prototype), torch.where(real, decoded, prototype)
        others = [(decoded[:, :m], prototype[:, m : m + 1], decoded[:, m + 1 :]) for m in range(label_vectors.shape[1])]
        once = torch.stack([self._together(m, torch.cat(mixed, dim=1)) for m, mixed in enumerate(others)], dim=1)
        twice = torch.stack([self._together(m, once) for m in range(label_vectors.shape[1])], dim=1)
        levels = torch.stack([label_vectors, once, twice], dim=1)
        best = ((levels * self.votes).sum(dim=-1) + self.bias).amax(dim=2)
        aggregated = self.aggregator(twice.flatten(1))
        return Rebuilt(best, aggregated, torch.cat([decoded[:, None], levels], dim=1), latent)

    def _label_vectors(self, m: int, values: Tensor, seen: Tensor) -> Float[Tensor, "clip emotion hidden"]:
        states = self.encoders[m](values, seen)
        score = (states @ self.queries[m].T).mT / states.shape[-1] ** 0.5
        return score.masked_fill(padding(seen)[:, None], -torch.inf).softmax(dim=-1) @ states  # type: ignore[no-any-return]

    def _together(self, m: int, vectors: Tensor) -> Float[Tensor, "clip emotion hidden"]:
        return self.rebuild[m](vectors.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]
