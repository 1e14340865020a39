"""lddu: which emotions a clip shows, several at once, from text, voice and face, with calibrated uncertainty.

Every public name is imported when it is first used, so that `import lddu` is light.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lddu.clips.configuration import ExtractorConfig
    from lddu.clips.extract import extract
    from lddu.config import ModelSettings, ObjectiveSettings
    from lddu.corpora.corpus_format import ImportOptions
    from lddu.corpora.importing import import_corpus
    from lddu.corpora.simulated.simulate import SimulationConfig, simulate
    from lddu.models.families import preset
    from lddu.models.family import Answer, Evidence, Family, Losses, Task
    from lddu.pages.share import push_to_hub
    from lddu.runs.compare import compare_runs
    from lddu.runs.figures import PredictOptions
    from lddu.runs.predictor import Predictor, load
    from lddu.runs.run_folder import RunFolder
    from lddu.store.store import FeatureStore
    from lddu.training.cross_validation import FoldOptions, cross_validate
    from lddu.training.plan import RunOptions
    from lddu.training.run import resume, train
    from lddu.training.score import ScoreOptions, score
    from lddu.training.search.search import SearchOptions, search

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Evidence",
    "ExtractorConfig",
    "Family",
    "FeatureStore",
    "FoldOptions",
    "ImportOptions",
    "Losses",
    "ModelSettings",
    "ObjectiveSettings",
    "PredictOptions",
    "Predictor",
    "RunFolder",
    "RunOptions",
    "ScoreOptions",
    "SearchOptions",
    "SimulationConfig",
    "Task",
    "compare_runs",
    "cross_validate",
    "extract",
    "import_corpus",
    "load",
    "preset",
    "push_to_hub",
    "resume",
    "score",
    "search",
    "simulate",
    "train",
]

_PLACES = {
    "Answer": "lddu.models.family",
    "Evidence": "lddu.models.family",
    "ExtractorConfig": "lddu.clips.configuration",
    "Family": "lddu.models.family",
    "FeatureStore": "lddu.store.store",
    "FoldOptions": "lddu.training.cross_validation",
    "ImportOptions": "lddu.corpora.corpus_format",
    "Losses": "lddu.models.family",
    "ModelSettings": "lddu.config",
    "ObjectiveSettings": "lddu.config",
    "PredictOptions": "lddu.runs.figures",
    "Predictor": "lddu.runs.predictor",
    "RunFolder": "lddu.runs.run_folder",
    "RunOptions": "lddu.training.plan",
    "ScoreOptions": "lddu.training.score",
    "SearchOptions": "lddu.training.search.search",
    "SimulationConfig": "lddu.corpora.simulated.simulate",
    "Task": "lddu.models.family",
    "compare_runs": "lddu.runs.compare",
    "cross_validate": "lddu.training.cross_validation",
    "extract": "lddu.clips.extract",
    "import_corpus": "lddu.corpora.importing",
    "load": "lddu.runs.predictor",
    "preset": "lddu.models.families",
    "push_to_hub": "lddu.pages.share",
    "resume": "lddu.training.run",
    "score": "lddu.training.score",
    "search": "lddu.training.search.search",
    "simulate": "lddu.corpora.simulated.simulate",
    "train": "lddu.training.run",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'lddu' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
