"""Every example in docs and in docstrings runs as a test; `folder`, `store_folder` and `run_folder` are theirs."""

import gc
from doctest import ELLIPSIS
from pathlib import Path
from typing import Any

import pytest
from sybil import Sybil
from sybil.document import Document, PythonDocStringDocument
from sybil.parsers.markdown import PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser
from sybil.sybil import SybilCollection


class Docstrings(PythonDocStringDocument):
    """The docstrings of a module, which is parsed only where it holds an example."""

    @classmethod
    def parse(cls, path: str, *parsers: Any, encoding: str = "utf-8") -> Document:
        """All of them, or none."""
        if ">>>" not in Path(path).read_text(encoding):
            return Document("", path)
        return super().parse(path, *parsers, encoding=encoding)


pytest_collect_file = SybilCollection(
    [
        Sybil(
            [PythonCodeBlockParser(doctest_optionflags=ELLIPSIS)], path="docs", patterns=["*.md"], fixtures=["folder"]
        ),
        Sybil(
            [DocTestParser(ELLIPSIS)],
            path="src",
            patterns=["**/*.py"],
            document_types={".py": Docstrings},
            fixtures=["folder", "store_folder", "run_folder"],
        ),
    ]
).pytest()


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Before the first test of each file, what is there is there to stay: Python need not look through it for garbage again.

    There are millions of objects, all tests among them; without this a test takes half as long again.
    """
    if item.path != _seen.get("file"):
        _seen["file"] = item.path
        gc.collect()
        gc.freeze()


_seen: dict[str, Path] = {}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder, one per page."""
    return tmp_path_factory.mktemp("example")


@pytest.fixture(scope="session")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny store of 40 clips."""
    from tests.builders import tiny_store

    return tiny_store(tmp_path_factory.mktemp("examples") / "store", clips=40).path


@pytest.fixture(scope="session")
def run_folder(store_folder: Path) -> Path:
    """A finished run on it."""
    from tests.builders import tiny_config

    from lddu.store.store import FeatureStore
    from lddu.training.run import train

    config = tiny_config(training={"epochs": 1})
    return train(FeatureStore(store_folder), store_folder.with_name("run"), config).path
