"""`lddu data` as a user types it: results on stdout, everything else on stderr."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from lddu.commands import screen, store_page
from lddu.commands.data import app
from lddu.errors import SourceError, StoreError
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from tests.builders import tiny_store


def lddu_data(*words: str | Path) -> None:
    app([str(word) for word in words], result_action="return_value")


def test_import_says_the_format_and_shows_the_store(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lddu_data("import", corpus, "--out", tmp_path / "store", "--present-at", "0.2")
    shown = capsys.readouterr()
    assert "format: table (recognised from its files)" in shown.err
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
    with pytest.raises(StoreError, match="add `force=True`"):
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
    assert summary["groups"] == {"train": 6, "valid": 2, "test": 2}
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


def page(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int = 80) -> str:
    """The page as a terminal of some width shows it."""
    monkeypatch.setattr(screen, "results", lambda: Console(width=columns, highlight=False))
    monkeypatch.setattr(store_page, "results", screen.results)
    capsys.readouterr()
    lddu_data("describe", path)
    return capsys.readouterr().out


def test_a_store_to_be_predicted_is_described_without_a_word_on_emotions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    description = StoreDescription((), {"text": "words", "audio": "voice"}, unlabelled=True)
    with writing_store(tmp_path / "store", description) as writer:
        writer.add(ClipRow("a"), {"text": np.ones((3, 4)), "audio": np.ones((2, 3))})
    shown = page(tmp_path / "store", capsys, monkeypatch)
    assert "1 clip, to be predicted: no emotions" in shown
    assert "show none" not in shown and "Emotions" not in shown and "Together" not in shown and "raters" not in shown
    assert "no clip lacks text or audio" in shown
    lddu_data("describe", tmp_path / "store", "--json")
    summary = json.loads(capsys.readouterr().out)
    assert summary["labels_per_clip"] is None and summary["clips_without_emotion"] is None


def test_a_store_without_known_labels_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing_store(tmp_path / "store", StoreDescription(("joy", "fear"), {"text": "words"})) as writer:
        writer.add(ClipRow("a", "test", (None, 1.0)), {"text": np.ones((3, 4))})
        writer.add(ClipRow("b", "test"), {"text": np.ones((2, 4))})
    shown = page(tmp_path / "store", capsys, monkeypatch)
    assert "No clip has all its labels known." in shown
    assert re.search(r"joy +- +- +2\n", shown) and re.search(r"fear +100.0% +1 +1\n", shown)


def test_the_page_counts_the_clips_of_each_emotion_and_what_comes_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tiny_store(tmp_path / "store", missing=[(0, "audio")])
    shown = page(store.path, capsys, monkeypatch)
    labels = store.table.labels >= 0.5
    name = store.emotions[0]
    assert re.search(rf"{name} .* {labels[:, 0].sum()} ", shown)
    both = (labels[:, 0] & labels[:, 1]).sum() / labels[:, 0].sum()
    assert re.search(rf"{name} +{both:.0%}\s", shown)
    assert f"A clip shows {labels.sum(axis=1).mean():.2f} emotions on average" in shown
    assert (
        described(store.path, capsys)["emotions"][0]["clips"]["train"] == labels[store.table.in_split("train"), 0].sum()
    )


@pytest.mark.parametrize("columns", [80, 110])
def test_a_page_of_many_long_names_keeps_within_its_columns(
    tmp_path: Path, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = (
        "amazed-surprised",
        "amazed-shocked",
        "happy-pleased",
        "relaxing-calm",
        "quiet-still",
        "sad-lonely",
        "angry",
        "proud",
        "fear",
    )
    feature = "an extractor whose settings, all of them, are written down here, one after the other, as far as they go"
    source = {
        "path": "/a/very/long/path/" + "folder/" * 12,
        "files": {"text": "a.csd", "audio": "b.csd"},
        "aligned": True,
    }
    with writing_store(tmp_path / "store", StoreDescription(names, {"text": feature}, source=source)) as writer:
        for i in range(4):
            writer.count("dialogues_not_in_annotation", "clips", 12_345_678)
            writer.add(ClipRow(f"c{i}", "train", [1.0] * len(names)), {"text": np.ones((3, 4))})
        writer.warnings.append("A sentence that goes on and on, " * 8)
    shown = page(tmp_path / "store", capsys, monkeypatch, columns)
    long = [line for line in shown.splitlines() if len(line) > columns and "/" not in line]
    assert not long
    assert str(source["path"]) in shown
    assert "files: text a.csd, audio b.csd" in shown and "aligned: yes" in shown
    rows = [line for line in shown.splitlines() if line.startswith("amazed-surprised") and "100%" in line]
    assert rows[-1].count("100%") == len(names) - 1
    assert "…" not in shown


@pytest.mark.parametrize(("count", "columns"), [(14, 80), (28, 60), (28, 80), (28, 110), (60, 80)])
def test_a_page_of_many_emotions_has_a_line_for_each_and_what_comes_with_it_most(
    tmp_path: Path, count: int, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = tuple(f"{'disappointment'[: 6 + i % 9]}{i:02d}" for i in range(count))
    with writing_store(tmp_path / "store", StoreDescription(names, {"text": "words"})) as writer:
        for i in range(4 * (count - 1)):
            shown = {i % (count - 1), 1 + i % 3, 0}
            writer.add(ClipRow(f"c{i}", "train", [float(e in shown) for e in range(count)]), {"text": np.ones((1, 2))})
    lines = page(tmp_path / "store", capsys, monkeypatch, columns).splitlines()
    assert len(lines) < count + 40 and all(len(line.rstrip()) <= columns for line in lines if "/" not in line)
    for name in names[4:-1]:
        assert any(line.startswith(f"{name} ") and f"{names[0]} 100%" in line for line in lines)
    assert any(line.startswith(f"{names[-1]} ") and line.rstrip().endswith(" -") for line in lines)


def test_talking_says_how_many_videos_lie_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("av", reason="raw clips need the extra: pip install 'lddu[clips]'")
    for clips, told in ((1, "1 simulated video"), (2, "2 simulated videos")):
        lddu_data("talking", "--clips", str(clips), "--out", tmp_path / str(clips))
        assert f"{told}: {tmp_path / str(clips)}\n" in capsys.readouterr().err
        assert len(list((tmp_path / str(clips)).glob("*.mp4"))) == clips
