"""How a published system becomes a family: its presets, its network from the task, its loss from terms."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn

from lddu.config import Config, DecisionConfig, ModelSettings, ObjectiveSettings, ResolvedConfig, TrainingConfig
from lddu.machine.ranks import Ranks
from lddu.models.family import Build, MakeObjective, Task
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


def built(network: Callable[[Mapping[str, int], int, Any], nn.Module]) -> Build:
    """Makes a network that takes the features per step of each modality, the number of emotions, and its settings."""
    return partial(_build, network)


def summed_terms(terms: Terms) -> MakeObjective:
    """Makes a loss that is a weighted sum of terms of answer and labels."""
    return partial(_summed, terms)


def _build(
    network: Callable[[Mapping[str, int], int, Any], nn.Module], task: Task, config: ResolvedConfig
) -> nn.Module:
    return network(task.dimensions, len(task.emotions), config.model)


def _summed(terms: Terms, config: ResolvedConfig, task: Task, ranks: Ranks) -> nn.Module:
    return SummedObjective(config.objective, task.present_at, terms)
