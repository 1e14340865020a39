"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest

from lddu.features.store import FeatureStore
from tests.builders import table_folder, tiny_store


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real corpora; tests that ask for it are skipped where it is absent."""
    root = Path(__file__).resolve().parent.parent
    shared = Path(os.environ.get("LDDU_SHARED", root.parent / "shared"))
    if not (shared / "data").is_dir():
        pytest.skip(f"no real corpora: set LDDU_SHARED to the folder that holds data/ (looked in {shared})")
    return shared / "data"


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    """A sound tiny store of 20 clips."""
    return tiny_store(tmp_path / "store")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A sound corpus folder in the table format of 6 clips."""
    return table_folder(tmp_path / "corpus")
