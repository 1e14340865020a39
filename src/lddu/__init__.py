"""lddu: which emotions a clip shows, several at once, from text, voice and face, with calibrated uncertainty.

Every public name is imported when it is first used, so that `import lddu` is light.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lddu.comparison import compare_runs
    from lddu.conclusion import Wish
    from lddu.config import preset
    from lddu.features.corpus_format import ImportOptions
    from lddu.features.importing import import_corpus
    from lddu.features.simulate import SimulationConfig, simulate
    from lddu.features.store import FeatureStore
    from lddu.predict import Predictor
    from lddu.training.plan import RunOptions
    from lddu.training.run import resume, train
    from lddu.training.search import SearchOptions, search

    load = Predictor

__version__ = "0.1.0"

__all__ = [
    "FeatureStore",
    "ImportOptions",
    "Predictor",
    "RunOptions",
    "SearchOptions",
    "SimulationConfig",
    "Wish",
    "compare_runs",
    "import_corpus",
    "load",
    "preset",
    "resume",
    "search",
    "simulate",
    "train",
]

_PLACES = {
    "FeatureStore": "lddu.features.store",
    "ImportOptions": "lddu.features.corpus_format",
    "Predictor": "lddu.predict",
    "RunOptions": "lddu.training.plan",
    "SearchOptions": "lddu.training.search",
    "SimulationConfig": "lddu.features.simulate",
    "Wish": "lddu.conclusion",
    "compare_runs": "lddu.comparison",
    "import_corpus": "lddu.features.importing",
    "load": "lddu.predict",
    "preset": "lddu.config",
    "resume": "lddu.training.run",
    "search": "lddu.training.search",
    "simulate": "lddu.features.simulate",
    "train": "lddu.training.run",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'lddu' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), "Predictor" if name == "load" else name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
