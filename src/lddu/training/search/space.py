"""What a search tries: ranges and choices over settings of `lddu.config`."""

from dataclasses import dataclass
from typing import Any

from lddu.config import Config


@dataclass(frozen=True)
class Range:
    """A setting that takes any number from `low` to `high`; `log` where the order of magnitude is what matters."""

    setting: str
    low: float
    high: float
    log: bool = False

    def holds(self, value: Any) -> bool:
        """Whether the value lies in it."""
        return isinstance(value, int | float) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """A setting that takes one of some values."""

    setting: str
    values: tuple[str | int | float, ...]

    def holds(self, value: Any) -> bool:
        """Whether the value is one of them."""
        return value in self.values


Space = tuple[Range | Choice, ...]

SPACE: Space = (
    Range("training.learning_rate", 1e-4, 5e-3, log=True),
    Choice("training.batch_size", ("auto", 32, 64, 128, 256)),
    Range("training.weight_decay", 1e-4, 0.3, log=True),
    Range("training.modality_dropout", 0.0, 0.4),
    Choice("training.feature_noise", ("auto", 0.0, 0.1, 0.3, 0.7)),
    Choice("training.weight_average", (0.0, 0.95, 0.98, 0.99)),
    Choice("model.hidden", (64, 128, 256)),
    Choice("model.latent", (32, 64, 128)),
    Choice("model.layers", ("auto", 0, 1, 2, 3)),
    Range("model.dropout", 0.0, 0.5),
    Range("objective.contrastive_weight", 0.01, 1.0, log=True),
    Range("objective.temperature", 0.03, 0.3, log=True),
    Range("objective.direct_weight", 0.0, 1.0),
    Range("objective.error_weight", 0.0, 1.5),
    Range("objective.modality_weight", 0.0, 0.3),
    Choice("objective.target", ("presence", "shares")),
)
"""Searched by `lddu search`, less what the user has set."""


def nested(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """``{"model.hidden": 64}`` as ``{"model": {"hidden": 64}}``, which `lddu.config.laid_over` takes."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        section, _, key = name.partition(".")
        found.setdefault(section, {})[key] = value
    return found


def value_of(config: Config, setting: str) -> Any:
    """The value of a setting such as ``model.hidden``."""
    section, _, key = setting.partition(".")
    return getattr(getattr(config, section), key)
