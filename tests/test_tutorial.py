"""docs/tutorial.ipynb runs from top to bottom, and what it stores is what running it shows, small and without a trace of a machine."""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("av", reason="the tutorial reads a video")
from benchmarks.tutorial import NOTEBOOK, code_cells, outputs_of

KINDS = ("text/plain", "text/html", "image/png")


@pytest.fixture(scope="module")
def notebook() -> dict[str, object]:
    found: dict[str, object] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return found


@pytest.mark.slow  # a notebook is run whole, with its trainings
@pytest.mark.usefixtures("painted")
def test_the_tutorial_runs_and_stores_the_kinds_of_output_that_it_gives(
    notebook: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stored = [set(cell["outputs"][0]["data"]) if cell["outputs"] else None for cell in code_cells(notebook)]
    assert [None if found is None else set(found) for found in outputs_of(notebook)] == stored
    assert sorted(file.name for file in tmp_path.iterdir()) == ["tutorial"]
    assert (tmp_path / "tutorial" / "talk.eaf").is_file()
    again = [None if found is None else set(found) for found in outputs_of(notebook)]
    assert again == stored, "a second run, beside what the first one left"


def test_the_tutorial_is_a_notebook_that_is_small_and_names_no_machine(notebook: dict[str, object]) -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < 200_000
    assert not re.search(r"/(tmp|home|root|work|Users)/|https?://(?!arxiv|github)", text)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    cells = notebook["cells"]
    assert isinstance(cells, list) and len({cell["id"] for cell in cells}) == len(cells)
    assert all(set(output["data"]) <= set(KINDS) for cell in code_cells(notebook) for output in cell["outputs"])
    assert any("image/png" in output["data"] for cell in code_cells(notebook) for output in cell["outputs"])


def test_every_page_that_the_tutorial_names_is_there() -> None:
    named = set(re.findall(r"\]\((\w+\.md)\)", NOTEBOOK.read_text(encoding="utf-8")))
    assert named >= {"model_card.md", "uncertainty.md", "exports.md"}
    assert all((NOTEBOOK.parent / name).is_file() for name in named)
