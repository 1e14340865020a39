"""`lddu data` as a user types it: results on stdout, everything else on stderr."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lddu.commands.data import app
from lddu.errors import SourceError, StoreError
from lddu.features.store import FeatureStore
from tests.builders import tiny_store


def lddu_data(*words: str | Path) -> None:
    app([str(word) for word in words], result_action="return_value")


def test_import_says_the_format_and_shows_the_store(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lddu_data("import", corpus, "--out", tmp_path / "store", "--present-at", "0.2")
    shown = capsys.readouterr()
    assert "format: table (found by looking)" in shown.err
    assert "6 clips" in shown.out and "present from a share of 0.2" in shown.out
    assert FeatureStore(tmp_path / "store").present_at == 0.2


def test_import_as_json_is_one_document_on_stdout(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lddu_data("import", corpus, "--format", "table", "--out", tmp_path / "store", "--json")
    shown = capsys.readouterr()
    summary = json.loads(shown.out)
    assert summary["clips"] == {"train": 4, "valid": 1, "test": 1}
    assert summary["emotions"][1]["unknown"] == 2
    assert "as asked" in shown.err


def test_import_options_reach_the_importer(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "store"
    lddu_data("import", corpus, "--out", out)
    with pytest.raises(StoreError, match="add --force"):
        lddu_data("import", corpus, "--out", out)
    lddu_data("import", corpus, "--out", out, "--force", "--keep-zero-rows")
    with pytest.raises(SourceError, match="nothing is there"):
        lddu_data("import", tmp_path / "nowhere", "--out", out)


def test_simulate_takes_sizes_and_says_that_it_is_simulated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ("--clips", "30", "--seed", "3", "--dimension.text", "5", "--dimension.audio", "2", "--missing", "0.1")
    lddu_data("simulate", "--out", tmp_path / "store", *sizes)
    assert "SIMULATED" in capsys.readouterr().out
    store = FeatureStore(tmp_path / "store")
    assert {m.name: m.dimension for m in store.modalities.values()} == {"text": 5, "audio": 2}
    assert len(store) == 30 and store.manifest["source"]["seed"] == 3


def described(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    lddu_data("describe", path, "--json")
    summary: dict[str, Any] = json.loads(capsys.readouterr().out)
    return summary


def test_describe_counts_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tiny_store(tmp_path / "store", missing=[(0, "audio"), (3, "audio")])
    summary = described(store.path, capsys)
    assert summary["clips"] == {"train": 12, "valid": 4, "test": 4}
    assert summary["groups"] == {"train": 5, "valid": 4, "test": 4}
    audio, text = summary["modalities"]
    assert audio["missing"] == pytest.approx({"train": 1 / 12, "valid": 1 / 4, "test": 0})
    assert (text["dimension"], text["steps"]["0"], text["steps"]["1"]) == (6, 1, 5)
    train = store.table.labels[store.table.in_split("train")]
    assert summary["emotions"][0]["present"]["train"] == pytest.approx((train[:, 0] >= 0.5).mean())
    assert summary["verified"] is False


def test_describe_shows_repairs_and_warnings_in_words(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = corpus / "clips.csv"
    file.write_text(file.read_text().replace("valid", "dev").replace("test", "unused"))
    lddu_data("import", corpus, "--out", tmp_path / "store")
    page = capsys.readouterr().out
    assert "splits renamed to train, valid or test" in page
    assert "No clip is in the split 'test'" in page
    assert str(tmp_path / "store") in page.replace("\n", "")


def test_verify_passes_a_sound_store_and_names_what_is_damaged(
    store: FeatureStore, capsys: pytest.CaptureFixture[str]
) -> None:
    lddu_data("describe", store.path, "--verify")
    assert "checksums hold" in capsys.readouterr().out
    file = store.path / "text.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(StoreError, match=r"but text.safetensors does not; copy the store again"):
        lddu_data("describe", store.path, "--verify")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, lddu.commands.data; print({'torch', 'numpy', 'pyarrow', 'sklearn'} & set(sys.modules) or 'light')"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "light"
