"""Fixtures for all tests."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import jaxtyping
import numpy as np
import pytest
from matplotlib.figure import Figure

from lddu.evaluate import linear_baselines
from lddu.evaluate.linear_baselines import C_GRID
from lddu.machine.cache import VARIABLE
from lddu.pages import plots, subgroups, trust_plots
from lddu.store.store import FeatureStore
from tests.builders import table_folder, tiny_store

hypothesis.settings.register_profile("brief", deadline=None, max_examples=40)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=100)
hypothesis.settings.load_profile("brief")  # --hypothesis-profile thorough, as in `make test-slow`, looks closer


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's cache folder is left alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real corpora; tests that ask for it are skipped where it is absent."""
    root = Path(__file__).resolve().parent.parent
    shared = Path(os.environ.get("LDDU_SHARED", root.parent / "shared"))
    if not (shared / "data").is_dir():
        pytest.skip(f"no real corpora: set LDDU_SHARED to the folder that holds data/ (looked in {shared})")
    return shared / "data"


SHAPES_CHECKED = ("models", "batches/test_batch", "test_shape_checks.py")
"""Where shapes are checked in every call; elsewhere trainings would take twice as long for it."""


@pytest.fixture(scope="module", autouse=True)
def shapes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Shapes of tensors are checked, or are not."""
    checked = request.path.relative_to(Path(__file__).parent).as_posix().startswith(SHAPES_CHECKED)
    jaxtyping.config.update("jaxtyping_disable", not checked)
    yield
    jaxtyping.config.update("jaxtyping_disable", True)


@pytest.fixture
def unchecked_shapes(shapes: None) -> Iterator[None]:
    """For a test of hundreds of steps in a module whose shapes are checked."""
    checked = not jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", not checked)


class Sketch:
    """A figure or what it holds: takes whatever is drawn on it, and leaves an empty picture."""

    def __init__(self, **_: Any) -> None: ...

    def __getattr__(self, name: str) -> "Sketch":
        if name.startswith("__"):
            raise AttributeError(name)  # it is no array
        return self

    def __call__(self, *_: Any, **__: Any) -> "Sketch":
        return self

    def __getitem__(self, name: Any) -> "Sketch":
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def get_ylim(self) -> tuple[float, float]:
        return 0.0, 1.0

    def subplots(self, rows: int = 1, columns: int = 1, squeeze: bool = True, **_: Any) -> Any:
        if squeeze:
            return self
        panels = np.empty((rows, columns), object)
        panels.fill(self)
        return panels

    def savefig(self, stream: io.StringIO, **_: Any) -> None:
        stream.write('<svg width="1" height="1"></svg>')


@pytest.fixture(scope="session", autouse=True)
def unpainted() -> Iterator[None]:
    """Reports without their figures, which take most of a short training's time; `painted` brings them back."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (plots, subgroups, trust_plots):
            patch.setattr(module, "Figure", Sketch)
        yield


@pytest.fixture(scope="module")
def painted(unpainted: None) -> Iterator[None]:
    """Figures as users see them: for modules that look at them."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (plots, subgroups, trust_plots):
            patch.setattr(module, "Figure", Figure)
        yield


@pytest.fixture
def painted_here(unpainted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures as users see them, for one test."""
    for module in (plots, subgroups, trust_plots):
        monkeypatch.setattr(module, "Figure", Figure)


@pytest.fixture
def drawn(unpainted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are drawn, but not written: for a test whose numbers matplotlib might refuse."""
    monkeypatch.setattr(Figure, "savefig", Sketch.savefig)
    for module in (plots, subgroups, trust_plots):
        monkeypatch.setattr(module, "Figure", Figure)


@pytest.fixture(scope="session", autouse=True)
def one_strength() -> Iterator[None]:
    """Logistic regressions beside a run of one strength, not the best of four; `every_strength` brings them back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear_baselines, "C_GRID", C_GRID[1:2])
        yield


@pytest.fixture(scope="module")
def every_strength(one_strength: None) -> Iterator[None]:
    """The strength of a regression is chosen as users see it: for modules that look at the choice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear_baselines, "C_GRID", C_GRID)
        yield


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    """A sound tiny store of 20 clips."""
    return tiny_store(tmp_path / "store")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A sound corpus folder in the table format of 6 clips."""
    return table_folder(tmp_path / "corpus")
