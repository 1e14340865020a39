"""CARAT (AAAI 2024): label vectors per modality, rebuilt from the other modalities and from prototypes, and their aggregation.

z_l^m = attention of label l over the encoded steps of m; e = f(z), 256 -> 128 -> 64, and back D(e). Prototypes per modality, label and
sign are moving averages (.99) of e; similarity chooses one, softly in training, hard in test. z'^m = T_m[D(e_a); D(e_b); D(prototype_m)],
z''^m = T_m[z'^1; ..; z'^M]; logit max_m v_l^m z; an aggregator reads all z''. p = (sigmoid(aggregator) + sigmoid(max of z'')) / 2.
Loss: BCE(z'') + .01 BCE(z) + .1 BCE(z') + BCE(aggregator) + .1 BCE(aggregator on z'' shuffled over clips and modalities per label, labels
along) + SupCon (tau .07, memory 8,192) + |D(e) - z|^2 + |z' - z|^2. Published settings: 8 heads, feed-forward 256, dropout .3, layers 6 for
text and 4 for others, rate 5e-5, warm-up .1, batch 64, 20 epochs. A missing modality is its prototype.

Not stated; chosen here: e and prototypes have unit length; the sign of a label is chosen for all modalities at once, by the softmax of
the mean cosine over the modalities that are there / .1; prototypes begin at zero; one T_m for both levels, linear; the aggregator is one hidden
layer of H; squares are means over the modalities that are there; a shuffle takes all modalities of a label from the same clip.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.config import ObjectiveSettings, ResolvedConfig, setting
from lddu.machine.ranks import Ranks
from lddu.models import equations
from lddu.models.family import Family, Losses, Task
from lddu.models.peers import blocks
from lddu.models.peers.carat_network import Carat, CaratAnswer, CaratSettings
from lddu.models.peers.published import Built, published
from lddu.models.searched import Choice

MEMORY = 8192


@dataclass(frozen=True)
class CaratObjectiveSettings(ObjectiveSettings):
    """Weights of the loss terms of CARAT."""

    first_weight: float = setting(0.01, "weight of the BCE on z", 0)
    rebuilt_weight: float = setting(0.1, "weight of the BCE on z'", 0)
    shuffled_weight: float = setting(0.1, "weight of the BCE of the aggregator on shuffled vectors", 0)
    contrastive_weight: float = setting(1.0, "weight of the contrastive loss", 0)
    temperature: float = setting(0.07, "tau of the contrastive loss", 1e-3)
    reconstruction_weight: float = setting(1.0, "weight of both reconstructions", 0)


class CaratObjective(nn.Module):
    """The loss of CARAT and its memory of latent vectors; moves the prototypes of the network."""

    def __init__(self, settings: CaratObjectiveSettings, latent: int, present_at: float, ranks: Ranks) -> None:
        super().__init__()
        self.settings, self.present_at, self.ranks = settings, present_at, ranks
        self.contrast = blocks.MemoryContrast(MEMORY, latent, settings.temperature)

    def forward(self, network: Carat, answer: CaratAnswer, shares: Tensor, noise: Tensor) -> Losses:
        """The loss of a batch, from shares [B, E], NaN where unknown; `noise` is not read."""
        s = self.settings
        target, known = equations.training_target(shares, self.present_at, s.target)
        rebuilt = answer.rebuilt
        first, once, twice = (equations.masked_bce(rebuilt.best[:, n], target, known) for n in range(3))
        terms = {
            "first": (first, s.first_weight),
            "rebuilt": (once, s.rebuilt_weight),
            "final": (twice, 1.0),
            "aggregated": (equations.masked_bce(rebuilt.aggregated, target, known), 1.0),
            "shuffled": (self._shuffled(network, rebuilt.vectors[:, 3], target, known), s.shuffled_weight),
            "contrastive": (self._contrastive(network, answer, shares, known), s.contrastive_weight),
            "reconstruction": (reconstruction(rebuilt.vectors, answer.presence), s.reconstruction_weight),
        }
        return blocks.summed(terms)

    def _shuffled(self, network: Carat, final: Tensor, target: Tensor, known: Tensor) -> Tensor:
        clips, modalities, emotions, _ = final.shape
        drawn = self.ranks.agreed(torch.rand(clips + modalities, emotions, device=final.device))
        clip, modality = drawn[:clips].argsort(dim=0), drawn[clips:].argsort(dim=0)
        mixed = final[clip[:, None], modality, torch.arange(emotions, device=final.device)]
        return equations.masked_bce(network.aggregator(mixed.flatten(1)), target.gather(0, clip), known.gather(0, clip))

    def _contrastive(self, network: Carat, answer: CaratAnswer, shares: Tensor, known: Tensor) -> Tensor:
        present = equations.is_present(shares, self.present_at)
        there, latent = answer.presence[:, :, None] & known[:, None], answer.rebuilt.latent
        network.prototypes.move(latent, there[..., None] & torch.stack([~present, present], dim=-1)[:, None])
        classes = equations.distribution_class(present, answer.presence.shape[1])[there]
        return self.contrast(latent[there], classes)  # type: ignore[no-any-return]


def reconstruction(
    vectors: Float[Tensor, "clip kind modality emotion hidden"], there: Bool[Tensor, "clip modality"]
) -> Float[Tensor, ""]:
    """Mean |D(e) - z|^2 + |z' - z|^2 over the modalities that are there."""
    decoded, encoded, once, _ = vectors.unbind(dim=1)
    square = ((decoded - encoded).square() + (once - encoded).square()).mean(dim=(2, 3))
    return (square * there).sum() / there.sum().clamp(min=1)


def _objective(config: ResolvedConfig, task: Task, ranks: Ranks) -> nn.Module:
    assert isinstance(config.model, CaratSettings) and isinstance(config.objective, CaratObjectiveSettings)
    return CaratObjective(config.objective, config.model.latent, task.present_at, ranks)


CARAT = Family(
    "carat",
    Built(Carat),
    published("carat", CaratSettings(), CaratObjectiveSettings(), learning_rate=5e-5, batch_size=64, epochs=20),
    _objective,
    searched=(Choice("model.hidden", (64, 128, 256)), Choice("model.layers", (1, 2, 4))),
)
"""The family: CARAT."""
