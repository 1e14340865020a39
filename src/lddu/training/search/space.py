"""What a search tries: ranges and choices over settings of `lddu.config`."""

from typing import Any

from lddu.config import Config
from lddu.models.family import Family
from lddu.models.searched import Choice, Range, Space

TRAINING_SPACE: Space = (
    Range("training.learning_rate", 1e-4, 5e-3, log=True),
    Choice("training.batch_size", ("auto", 32, 64, 128, 256)),
    Range("training.weight_decay", 1e-4, 0.3, log=True),
    Range("training.modality_dropout", 0.0, 0.4),
    Choice("training.feature_noise", ("auto", 0.0, 0.1, 0.3, 0.7)),
    Choice("training.weight_average", (0.0, 0.95, 0.98, 0.99)),
)
"""Searched for every model family."""


def space_of(family: Family) -> Space:
    """What `lddu search` tries for a family, less what the user has set: with its preset, which is the first trial, inside.

    A number of epochs that was published suits a corpus of the size that it was published for; that of this corpus is tried beside it.
    """
    base = family.preset()
    stated = base.training.epochs
    epochs = () if stated == "auto" else (Choice("training.epochs", (stated, "auto")),)
    space: Space = TRAINING_SPACE + epochs + family.searched
    return tuple(part.widened(value_of(base, part.setting)) for part in space)


def nested(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """``{"model.hidden": 64}`` as ``{"model": {"hidden": 64}}``, which `lddu.config.laid_over` takes."""
    sections: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        section, _, key = name.partition(".")
        sections.setdefault(section, {})[key] = value
    return sections


def value_of(config: Config, setting: str) -> Any:
    """The value of a setting such as ``model.hidden``."""
    section, _, key = setting.partition(".")
    return getattr(getattr(config, section), key)
