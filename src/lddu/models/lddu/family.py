"""LDDU as a model family: how it is built, what it is trained with, and the evidence that it gives."""

from typing import Any

from torch import Tensor, nn

from lddu.config import ResolvedConfig, modalities_in
from lddu.machine.ranks import Ranks
from lddu.models.family import Evidence, Family, Task
from lddu.models.lddu.network import LDDU
from lddu.models.lddu.objective import Objective
from lddu.models.lddu.settings import PRESETS, SEARCHED, ResolvedModel, ResolvedObjective

EVIDENCE = (
    Evidence("width", ("emotion",), False, "Size of the standard deviations of all modalities, Eq. (11)."),
    Evidence(
        "modality_error",
        ("modality", "emotion"),
        False,
        "Chance that the modality errs alone, by its own width, Eq. (14).",
        "error",
    ),
    Evidence(
        "modality_noise",
        ("modality",),
        False,
        "How noisy the modality's features are, to be compared within a modality only, Eq. (18).",
        "noise",
    ),
    Evidence("modality_trust", ("modality",), True, "How much of the modality the fusion uses, Eq. (20).", "trust"),
    Evidence("attention", ("modality", "emotion", "step"), True, "When in the clip an emotion was seen, Eq. (4)."),
)


def _build(task: Task, config: ResolvedConfig) -> nn.Module:
    settings = config.model
    assert isinstance(settings, ResolvedModel)
    modalities = list(task.dimensions)
    named = modalities_in(settings.linear_only, "model.linear_only", modalities)
    linear_only = [modalities.index(name) for name in named]
    return LDDU(list(task.dimensions.values()), len(task.emotions), settings, linear_only)


def _objective(config: ResolvedConfig, task: Task, ranks: Ranks) -> nn.Module:
    model, settings = config.model, config.objective
    assert isinstance(model, ResolvedModel) and isinstance(settings, ResolvedObjective)
    return Objective(settings, model.latent, task.present_at, ranks)


def _latents(prediction: Any) -> tuple[Tensor, Tensor]:
    return prediction.mean, prediction.std


LDDU_FAMILY = Family("lddu", _build, PRESETS, _objective, EVIDENCE, _latents, SEARCHED)
"""Latent emotional Distribution Decomposition with Uncertainty perception (Huang et al., Findings of ACL 2025)."""
