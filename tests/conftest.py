"""Fixtures for all tests."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import jaxtyping
import pytest
from matplotlib.figure import Figure

from lddu.machine.cache import VARIABLE
from lddu.store.store import FeatureStore
from tests.builders import table_folder, tiny_store

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


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


_PAINT = Figure.savefig


@pytest.fixture(scope="session", autouse=True)
def unpainted() -> Iterator[None]:
    """Reports without their figures, which take most of a short training's time; `painted` brings them back."""

    def outlined(figure: Figure, stream: Any, **options: Any) -> None:
        if isinstance(stream, io.StringIO):
            stream.write('<svg width="1" height="1"></svg>')
        else:
            _PAINT(figure, stream, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", outlined)
        yield


@pytest.fixture(scope="module")
def painted(unpainted: None) -> Iterator[None]:
    """Figures as users see them: for modules that look at them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", _PAINT)
        yield


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    """A sound tiny store of 20 clips."""
    return tiny_store(tmp_path / "store")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A sound corpus folder in the table format of 6 clips."""
    return table_folder(tmp_path / "corpus")
