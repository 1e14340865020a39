"""Simulated talking clips and one extractor for all tests of raw clips."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

pytest.importorskip("av", reason="raw clips need the extra: pip install 'lddu[clips]'")
pytest.importorskip("mediapipe", reason="raw clips need the extra: pip install 'lddu[clips]'")

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extract import extract
from lddu.clips.extractor import ClipExtractor
from lddu.clips.simulated.drawn_face import Expression
from lddu.clips.simulated.talking_clips import TalkingClip, write_talking_clip, write_talking_corpus
from lddu.config import laid_over
from lddu.models.lddu.settings import DEFAULT
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions
from lddu.training.run import train

SENTENCE = "I am so glad that you came."


def made_once(temporary: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first worker to want it makes, and the others read: nobody may change what is in it."""
    place = temporary.getbasetemp()
    place = place.parent if "PYTEST_XDIST_WORKER" in os.environ else place
    folder, done = place / name, place / f"{name}.done"
    with FileLock(place / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One simulated talking clip with its transcript beside it."""
    path = tmp_path_factory.mktemp("talking") / "talk.mp4"
    write_talking_clip(path, TalkingClip(SENTENCE, Expression(smile=1.0)), "buzz")
    return path


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of ten labelled simulated talking clips."""
    folder = made_once(
        tmp_path_factory, "talks-clips", lambda place: write_talking_corpus(place, 10, seed=3, voice="buzz")
    )
    return folder / "clips.csv"


@pytest.fixture(scope="session")
def extractor() -> ClipExtractor:
    """With the default configuration; its models are loaded once."""
    return ClipExtractor(ExtractorConfig())


SMALL = laid_over(
    DEFAULT,
    {"model": {"hidden": 32, "latent": 8, "layers": 1, "heads": 2}, "training": {"epochs": 2, "batch_size": 32}},
)
"""Settings of a run that is there to be used, not to be good."""


@pytest.fixture(scope="session")
def talks(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """The features of `corpus`."""
    return FeatureStore(made_once(tmp_path_factory, "talks", lambda place: extract([str(corpus)], place, jobs=1)))


@pytest.fixture(scope="session")
def run(talks: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was trained on `talks` for two epochs."""
    return made_once(tmp_path_factory, "talks-run", lambda place: train(talks, place, SMALL, RunOptions(device="cpu")))
