"""The family of runs that nobody trained here: their answers came in a table, and they hold no weights."""

from dataclasses import dataclass
from typing import NoReturn

from lddu.config import Config, DecisionConfig, ModelSettings, ObjectiveSettings, TrainingConfig, setting
from lddu.errors import RunError
from lddu.models.family import Family

IMPORTED = "imported"


@dataclass(frozen=True)
class ImportedSettings(ModelSettings):
    """What is known of a model whose answers were imported."""

    name: str = setting("", "what its user calls the model; tables of one name and several seeds are compared together")


def _build(*_: object) -> NoReturn:
    raise RunError("Expected a model that can be built, but answers that were imported come without one.")


IMPORTED_FAMILY = Family(
    IMPORTED,
    _build,
    {
        "default": Config(
            "default", IMPORTED, ImportedSettings(), ObjectiveSettings(), TrainingConfig(), DecisionConfig()
        )
    },
)
"""Is read wherever a run is, and is in no table of families: it cannot be trained."""
