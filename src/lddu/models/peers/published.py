"""How a published system becomes a family: its presets, its network from the task, its loss from terms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from lddu.config import Config, DecisionConfig, ModelSettings, ObjectiveSettings, ResolvedConfig, TrainingConfig
from lddu.machine.ranks import Ranks
from lddu.models.family import Task
from lddu.models.peers.blocks import SummedObjective, Terms


def published(
    family: str, model: ModelSettings, objective: ObjectiveSettings | None = None, **training: Any
) -> dict[str, Config]:
    """The presets of a peer: `default` with its published settings; what is not stated is as LDDU's `paper` has it.

    Args:
        family: its name.
        model: of the network.
        objective: of the loss.
        training: fields of `TrainingConfig`.
    """
    open_ = {"epochs": "auto", "patience": "auto", "checkpoint": "f1_map"}
    config = TrainingConfig(**(open_ | training))
    return {"default": Config("default", family, model, objective or ObjectiveSettings(), config, DecisionConfig())}


@dataclass(frozen=True)
class Built:
    """Makes a network that takes the features per step of each modality, the number of emotions, and its settings."""

    network: Callable[[Mapping[str, int], int, Any], nn.Module]

    def __call__(self, task: Task, config: ResolvedConfig) -> nn.Module:
        """Make it."""
        return self.network(task.dimensions, len(task.emotions), config.model)


@dataclass(frozen=True)
class SummedTerms:
    """Makes a loss that is a weighted sum of terms of answer and labels."""

    terms: Terms

    def __call__(self, config: ResolvedConfig, task: Task, ranks: Ranks) -> nn.Module:
        """Make it."""
        return SummedObjective(config.objective, task.present_at, self.terms)
