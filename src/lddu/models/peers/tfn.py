"""TFN, Tensor Fusion Network (Zadeh et al., EMNLP 2017): the outer product of all modalities.

z = [h_1; 1] x .. x [h_M; 1], a tensor of prod_m (H_m + 1) numbers, so that it holds every product of entries of one, two and three
modalities; logits = W relu(V z) with 16 units in between. Published settings: H_m 128, but 16 for audio; dropout .4, rate 5e-3.

Not stated; chosen here: h_m is one ReLU layer over the mean and deviation of the steps; a missing modality is h_m = 0, which
leaves the products of the others; batch 64. The product grows without bound: more than three modalities are refused.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from lddu.config import ModelSettings, setting
from lddu.errors import ConfigError
from lddu.models.family import Answer, Family
from lddu.models.peers.blocks import PooledEncoder, seen_steps
from lddu.models.peers.published import Built, published
from lddu.models.searched import Choice, Range

MOST_MODALITIES = 3


@dataclass(frozen=True)
class TfnSettings(ModelSettings):
    """Sizes and dropout of TFN."""

    hidden: int = setting(128, "numbers per modality in the product", 1)
    audio_hidden: int = setting(16, "the same of a modality called audio", 1)
    fused: int = setting(16, "units between the product and the emotions", 1)
    dropout: float = setting(0.4, "dropout in the modalities' networks and on the product", 0, 0.95)


class Tfn(nn.Module):
    """A vector per modality, their outer product, and one hidden layer.

    Args:
        dimensions: name -> features per step of each modality, in order; three at most.
        emotions: E.
        settings: sizes and dropout.

    Raises:
        ConfigError: where there are more than three modalities.
    """

    def __init__(self, dimensions: Mapping[str, int], emotions: int, settings: TfnSettings) -> None:
        super().__init__()
        if len(dimensions) > MOST_MODALITIES:
            raise ConfigError(
                f"Expected at most {MOST_MODALITIES} modalities for the model family tfn, whose outer product grows without "
                f"bound, but got {len(dimensions)} ({', '.join(dimensions)}); take the family lmf, or fewer modalities."
            )
        widths = [settings.audio_hidden if name == "audio" else settings.hidden for name in dimensions]
        self.encoders = nn.ModuleList(
            PooledEncoder(dimension, width, settings.dropout)
            for dimension, width in zip(dimensions.values(), widths, strict=True)
        )
        self.output = nn.Sequential(
            nn.Dropout(settings.dropout),
            nn.Linear(math.prod(width + 1 for width in widths), settings.fused),
            nn.ReLU(),
            nn.Linear(settings.fused, emotions),
        )

    def forward(
        self, values: Sequence[Tensor], mask: Sequence[Tensor], presence: Bool[Tensor, "clip modality"]
    ) -> Answer:
        """Answer a batch of scaled features."""
        product = values[0].new_ones(presence.shape[0], 1)
        for encoder, (x, seen) in zip(self.encoders, seen_steps(values, mask, presence), strict=True):
            vector = encoder(x, seen)
            with_one = torch.cat([vector, torch.ones_like(vector[:, :1])], dim=1)
            product = (product[:, :, None] * with_one[:, None, :]).flatten(1)
        return Answer(self.output(product))


TFN = Family(
    "tfn",
    Built(Tfn),
    published("tfn", TfnSettings(), learning_rate=5e-3),
    searched=(
        Choice("model.hidden", (32, 64, 128)),
        Choice("model.fused", (16, 32, 64)),
        Range("model.dropout", 0.0, 0.6),
    ),
)
"""The family: Tensor Fusion Network."""
