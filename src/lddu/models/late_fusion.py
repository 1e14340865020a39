"""Late fusion: the floor that any multimodal model has to beat. Each modality votes for itself; learned weights add the votes.

h_m = [mean; deviation] over the real steps of modality m, p = sigmoid(b + sum over m of w_m MLP_m(h_m)). A modality that a clip
lacks has no vote; b is what is left where it lacks all. In training a tenth of the modalities is hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.config import (
    Config,
    DecisionConfig,
    ModelSettings,
    ObjectiveSettings,
    ResolvedConfig,
    TrainingConfig,
    setting,
)
from lddu.models import equations
from lddu.models.family import Answer, Family, Task
from lddu.models.searched import Choice, Range


@dataclass(frozen=True)
class LateFusionSettings(ModelSettings):
    """Sizes and dropout of late fusion."""

    hidden: int = setting(128, "hidden units of each modality's network", 1)
    dropout: float = setting(0.2, "dropout in each modality's network", 0, 0.95)


class LateFusion(nn.Module):
    """A small network per modality over the mean and deviation of its steps, and a weight per modality.

    Args:
        dimensions: features per step of each modality, in order; one or more.
        emotions: E.
        settings: sizes and dropout.
    """

    def __init__(self, dimensions: Sequence[int], emotions: int, settings: LateFusionSettings) -> None:
        super().__init__()
        self.voters = nn.ModuleList(
            nn.Sequential(
                nn.Linear(2 * dimension, settings.hidden),
                nn.ReLU(),
                nn.Dropout(settings.dropout),
                nn.Linear(settings.hidden, emotions),
            )
            for dimension in dimensions
        )
        self.weight = nn.Parameter(torch.ones(len(dimensions)))
        self.bias = nn.Parameter(torch.zeros(emotions))

    def unimodal(self, m: int, values: Tensor, mask: Tensor) -> Float[Tensor, "clip emotion"]:
        """The vote of modality m, from [B, T, D] and [B, T]."""
        vote: Tensor = self.voters[m](equations.masked_mean_and_deviation(values, mask))
        return vote

    def fuse(self, parts: Sequence[Tensor], presence: Bool[Tensor, "clip modality"]) -> Answer:
        """The weighted sum of the votes of the modalities that are there."""
        votes_BME = torch.stack(list(parts), dim=1) * (self.weight * presence)[:, :, None]
        return Answer(votes_BME.sum(dim=1) + self.bias)

    def forward(
        self, values: Sequence[Tensor], mask: Sequence[Tensor], presence: Bool[Tensor, "clip modality"]
    ) -> Answer:
        """Answer a batch of scaled features."""
        parts = [
            self.unimodal(m, x, seen & presence[:, m, None])
            for m, (x, seen) in enumerate(zip(values, mask, strict=True))
        ]
        return self.fuse(parts, presence)


def _build(task: Task, config: ResolvedConfig) -> nn.Module:
    assert isinstance(config.model, LateFusionSettings)
    return LateFusion(list(task.dimensions.values()), len(task.emotions), config.model)


DEFAULT = Config(
    "default",
    "late-fusion",
    LateFusionSettings(),
    ObjectiveSettings(),
    TrainingConfig(
        batch_size=64, learning_rate=2e-3, epochs="auto", patience="auto", checkpoint="f1_map", modality_dropout=0.1
    ),
    DecisionConfig(),
)

LATE_FUSION = Family(
    "late-fusion",
    _build,
    {"default": DEFAULT},
    searched=(Choice("model.hidden", (32, 64, 128, 256)), Range("model.dropout", 0.0, 0.6)),
)
"""The family: hidden 128, dropout .2, rate 2e-3, batch 64."""
