"""train -> evaluate -> predict -> report -> compare, each as a user types it: results on stdout, the rest on stderr."""

import contextlib
import csv
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from lddu.commands.cli import main
from lddu.store.store import FeatureStore
from tests.builders import tiny_store
from tests.command_line import lddu

SMALL = """
[model]
hidden = 8
latent = 4
layers = 1
heads = 2
max_steps = 16
[training]
epochs = 2
batch_size = 8
[objective]
memory_size = 64
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `store`, `small.toml` and two finished runs, one of them trained in a process of its own, where figures
    are drawn."""
    place = tmp_path_factory.mktemp("round-trip")
    tiny_store(place / "store", missing=[(4, "audio")])
    (place / "small.toml").write_text(SMALL)
    words = ["train", "store", "--config", "small.toml"]
    command = [sys.executable, "-m", "lddu", *words, "--out", "run", "--seed", "0"]
    found = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    (place / "run.out").write_text(found.stdout)
    (place / "run.err").write_text(found.stderr)
    with contextlib.chdir(place), pytest.raises(SystemExit) as ended:
        main([*words, "--out", "other", "--seed", "1"])
    assert not ended.value.code
    return place


def test_train_shows_progress_on_stderr_and_the_result_on_stdout(place: Path) -> None:
    out, err = ((place / f"run.{stream}").read_text() for stream in ("out", "err"))
    assert "run folder: run" in err and "epoch   2  loss" in err and "valid: micro-F1" in err
    assert "test: 4 clips; threshold chosen on valid" in out
    assert "this run" in out and "joy" in out and "report: run/report.html" in out
    assert "epoch" not in out


def test_train_writes_down_the_command_that_makes_the_run_again(place: Path) -> None:
    told = json.loads((place / "run" / "config.json").read_text())
    assert told["command"] == "lddu train store --config small.toml --out run --seed 0"
    assert told["config"]["model"]["hidden"] == 8 and told["config"]["preset"] == "default"


def test_train_as_json_and_with_options_over_the_file(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--config", place / "small.toml", "--preset", "paper", "--training.epochs", "1", "--model.no-feature-norm")
    found = lddu(capsys, "train", place / "store", "--out", place / "paper", *words, "--json", "--force")
    told = json.loads(found.out)
    assert found.code == 0 and set(told["splits"]) == {"valid", "test"}
    assert told["protocol"]["preset"] == "paper" and told["cost"]["epochs"] == [1]
    config = json.loads((place / "paper" / "config.json").read_text())["config"]
    assert config["model"]["feature_norm"] is False and config["model"]["hidden"] == 8


def test_evaluate_gives_the_figures_of_training_again(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = lddu(capsys, "evaluate", place / "run", "--json")
    first = json.loads((place / "run" / "metrics.json").read_text())["splits"]["test"]
    again = json.loads(found.out)["splits"]["test"]
    assert found.code == 0
    assert again["f1_micro"] == first["f1_micro"] and again["brier"] == pytest.approx(first["brier"], abs=1e-6)


def test_evaluate_another_split_as_a_table(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = lddu(capsys, "evaluate", place / "run", place / "store", "--split", "valid")
    assert found.code == 0 and "valid: 4 clips; threshold chosen on valid" in found.out


def test_robustness_is_shown_and_kept_with_the_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = lddu(capsys, "evaluate", place / "other", "--robustness")
    assert found.code == 0 and "audio made worse" in found.out and "noise 4" in found.out and "missing" in found.out
    told = json.loads(lddu(capsys, "evaluate", place / "other", "--robustness", "--json").out)
    curves = told["splits"]["test"]["robustness"]
    kept = json.loads((place / "other" / "metrics.json").read_text())["splits"]["test"]
    assert kept["robustness"] == curves and set(curves["modalities"]) == {"audio", "text"}
    page = (place / "other" / "report.html").read_text(encoding="utf-8")
    assert "is corrupted" in page and "weight of the others" in page


def test_robustness_on_another_store_leaves_the_run_alone(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_store(place / "elsewhere", clips=30, seed=3)
    before = (place / "run" / "metrics.json").read_bytes()
    words = ("--robustness", "--split", "valid", "--seed", "2")
    assert lddu(capsys, "evaluate", place / "run", place / "elsewhere", *words).code == 0
    assert (place / "run" / "metrics.json").read_bytes() == before
    assert "--seed to be 0 or more" in lddu(capsys, "evaluate", place / "run", "--seed", "-1").err
    assert "Expected --seed together with --robustness" in lddu(capsys, "evaluate", place / "run", "--seed", "1").err


def test_predict_shows_a_table_of_every_clip(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = lddu(capsys, "predict", place / "run", place / "store")
    assert found.code == 0 and "20 clips" in found.out
    assert all(f"-clip{i}" in found.out for i in range(20))


def test_predict_as_json_has_every_figure_of_every_clip(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(lddu(capsys, "predict", place / "run", place / "store", "--json").out)
    clips = {clip["clip"]: clip for clip in told["clips"]}
    assert len(clips) == 20
    assert clips["-clip4"]["missing"] == ["audio"]
    assert clips["-clip4"]["evidence"]["modality_error"]["audio"] is None
    for clip in clips.values():
        assert set(clip["probability"]) == {"joy", "anger"} and all(0 <= p <= 1 for p in clip["probability"].values())
        assert all(width > 0 for width in clip["evidence"]["width"].values())


def test_csv_json_and_predictions_parquet_agree(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lddu.runs.predictions import read_predictions

    rows = list(csv.DictReader(io.StringIO(lddu(capsys, "predict", place / "run", place / "store", "--csv").out)))
    told = json.loads(lddu(capsys, "predict", place / "run", place / "store", "--json").out)
    assert [row["clip"] for row in rows] == [clip["clip"] for clip in told["clips"]]
    assert [float(row["probability_joy"]) for row in rows] == [clip["probability"]["joy"] for clip in told["clips"]]
    assert [row["label_joy"] == "True" for row in rows] == ["joy" in clip["emotions"] for clip in told["clips"]]
    stored = read_predictions(place / "run" / "predictions.parquet")
    of_clip = {row["clip"]: float(row["probability_joy"]) for row in rows}
    expected = [of_clip[clip] for clip in stored.clip]
    np.testing.assert_allclose(stored.probability[:, stored.emotions.index("joy")], expected, atol=1e-6)
    assert set(stored.split) == {"valid", "test"}


def test_predict_exports_a_store_and_every_export_agrees_with_the_json(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("a.csv", "a.long.csv", "a.parquet", "a.jsonl")
    words = [word for name in names for word in ("--export", tmp_path / name)]
    found = lddu(capsys, "predict", place / "run", place / "store", "--json", "--coverage", "0.5", *words)
    assert found.code == 0 and all(f"export: {tmp_path / name}" in found.err for name in names)
    told = json.loads(found.out)["clips"]
    wide = list(csv.DictReader((tmp_path / "a.csv").open()))
    long = {(row["clip"], row["emotion"]): row for row in csv.DictReader((tmp_path / "a.long.csv").open())}
    assert [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()] == told
    stored = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()
    for clip, row, kept in zip(told, wide, stored, strict=True):
        for emotion, width in clip["evidence"]["width"].items():
            unsure, named = emotion in clip["cannot_tell"], emotion in clip["emotions"]
            verdict = "can't tell" if unsure else "present" if named else "absent"
            assert (
                verdict
                == row[f"verdict_{emotion}"]
                == kept[f"verdict_{emotion}"]
                == long[clip["clip"], emotion]["verdict"]
            )
            assert row[f"cannot_tell_{emotion}"] == long[clip["clip"], emotion]["cannot_tell"] == str(int(unsure))
            assert float(row[f"width_{emotion}"]) == kept[f"width_{emotion}"] == width
            assert float(long[clip["clip"], emotion]["width"]) == width
        assert row["error_audio"] == ("" if clip["missing"] else str(clip["evidence"]["modality_error"]["audio"]))
        assert long[clip["clip"], "joy"]["error_audio"] == row["error_audio"]
    again = lddu(capsys, "predict", place / "run", place / "store", "--export", tmp_path / "a.csv")
    assert again.code != 0 and "choose another or add --force" in again.err
    assert lddu(capsys, "predict", place / "run", place / "store", "--export", tmp_path / "a.csv", "--force").code == 0


def test_an_export_that_does_not_fit_a_store_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = lddu(capsys, "predict", place / "run", place / "store", "--export", place / "x.eaf")
    assert found.code != 0 and "Expected raw clips for" in found.err and not (place / "x.eaf").exists()
    found = lddu(capsys, "predict", place / "run", place / "store", "--export", place / "x.doc")
    assert found.code != 0 and "ends in .srt, .vtt," in found.err
    found = lddu(capsys, "predict", place / "run", place / "store", "--force")
    assert found.code != 0 and "--force together with --html or --export" in found.err


def test_report_is_written_again(place: Path, capsys: pytest.CaptureFixture[str], painted_here: None) -> None:
    page = place / "run" / "report.html"
    before = page.read_bytes()
    page.unlink()
    found = lddu(capsys, "report", place / "run")
    assert found.code == 0 and "report.html" in found.out
    assert page.read_bytes() == before


def test_the_report_is_self_contained_and_names_what_a_stranger_must_know(place: Path) -> None:
    page = (place / "run" / "report.html").read_text(encoding="utf-8")
    assert (
        "<script src" not in page and 'href="http' not in page.replace('href="https://arxiv.org', "") and "<svg" in page
    )
    for word in ("micro-F1", "joy", "anger", "valid", "test", "seed"):
        assert word in page


def test_compare_two_runs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = lddu(capsys, "compare", place / "run", place / "other")
    assert found.code == 0 and "test: 4 clips; 4 clips resampled" in found.out
    assert all(word in found.out for word in ("micro-F1", "mAP", "Brier (lower is better)", "AUROC of errors"))
    told = json.loads(lddu(capsys, "compare", place / "run", place / "run", "--split", "valid", "--json").out)
    assert all(d["value"] == 0 for d in told["comparisons"][0]["difference"].values())
    assert {"f1_micro", "map_macro", "brier", "adaptive_ece"} <= set(told["comparisons"][0]["difference"])


def test_compare_writes_a_page(place: Path, capsys: pytest.CaptureFixture[str], painted_here: None) -> None:
    page = place / "compare.html"
    found = lddu(capsys, "compare", place / "run", place / "other", place / "run", "--html", page)
    text = page.read_text(encoding="utf-8")
    assert found.code == 0 and "<svg" in text and "<script" not in text
    assert "<td>micro-F1</td>" in text and "<td>mAP</td>" in text and "anger" in text and "3: " in text
    assert "<th>AUROC of errors</th>" in text
    nowhere = lddu(capsys, "compare", place / "run", place / "other", "--html", place / "none" / "page.html")
    assert nowhere.code == 1 and "make it first" in nowhere.err


def test_an_unlabelled_store_is_predicted(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lddu.store.clip_table import ClipRow
    from lddu.store.writer import StoreDescription, writing_store

    bare = place / "bare"
    description = StoreDescription(("joy",), {"audio": "made-up audio"})
    with writing_store(bare, description, force=True) as writer:
        writer.add(ClipRow("--json", "", [float("nan")]), {"audio": np.ones((2, 4), np.float32)})
    found = lddu(capsys, "predict", place / "run", bare, "--json")
    told = json.loads(found.out)
    assert found.code == 0 and [clip["clip"] for clip in told["clips"]] == ["--json"]
    assert told["clips"][0]["missing"] == ["text"]
    assert "text is missing in the clip: its result rests on audio" in found.err.replace("\n", " ") and told["warnings"]


def test_runs_whose_split_is_unlabelled_are_not_compared(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from lddu.runs.predictions import read_predictions

    bare = Path(shutil.copytree(place / "run", tmp_path / "bare"))
    found = read_predictions(bare / "predictions.parquet")
    replace(found, presence=np.full_like(found.presence, np.nan)).write_parquet(bare / "predictions.parquet")
    told = lddu(capsys, "compare", bare, place / "run")
    assert told.code == 1 and f"Expected labels of the split 'test' in {bare}" in told.err.replace("\n", " ")


@pytest.mark.slow
def test_training_without_a_store_simulates_one_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import lddu.corpora.simulated.simulate as simulation

    class Small(simulation.SimulationConfig):
        def __init__(self) -> None:
            super().__init__(clips=40, dimensions={"text": 5, "audio": 3})

    monkeypatch.setattr(simulation, "SimulationConfig", Small)
    (tmp_path / "small.toml").write_text(SMALL)
    words = ("--config", tmp_path / "small.toml", "--out", tmp_path / "runs" / "demo")
    found = lddu(capsys, "train", *words)
    assert found.code == 0 and "making the simulated corpus" in found.err and "simulated corpus" in found.out
    assert "imulated" in (tmp_path / "runs" / "demo" / "report.html").read_text(encoding="utf-8")
    assert FeatureStore(tmp_path / "runs" / "simulated-corpus").simulated
    again = lddu(capsys, "train", *words, "--force")
    assert again.code == 0 and "making the simulated corpus" not in again.err


@pytest.mark.slow  # tests/training/test_ensemble.py asks the same of the library
def test_an_ensemble_is_trained_and_used_like_one_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--config", place / "small.toml", "--training.epochs", "1", "--seeds", "2", "--force")
    assert lddu(capsys, "train", place / "store", "--out", place / "two", *words).code == 0
    assert lddu(capsys, "predict", place / "two", place / "store").code == 0
    assert lddu(capsys, "report", place / "two").code == 0
    assert lddu(capsys, "compare", place / "run", place / "two").code == 0


def test_importing_lddu_and_asking_for_help_load_no_torch() -> None:
    code = (
        "import sys, lddu\n"
        "from lddu.commands.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'numpy', 'pyarrow', 'sklearn', 'scipy', 'matplotlib', 'pandas'} & set(sys.modules)\n"
        "print('heavy:', heavy)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "heavy: set()" in found.stdout
    for verb in ("train", "evaluate", "predict", "report", "compare", "data"):
        assert verb in found.stdout


@pytest.mark.parametrize("verb", ["train", "evaluate", "predict", "report", "compare", "data", "data import"])
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = lddu(capsys, *verb.split(), "--help")
    assert found.code == 0 and f"Usage: lddu {verb}" in found.out


def test_a_run_below_the_constant_answers_says_so_everywhere(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    poor = shutil.copytree(place / "run", place / "poor")
    metrics = json.loads((poor / "metrics.json").read_text())
    entry = metrics["splits"]["test"]
    assert set(entry["below_constants"]) <= {"f1_micro", "f1_macro", "jaccard_empty_correct"}
    entry["f1_micro"], entry["baselines"][0]["f1_micro"] = 0.1, 0.4
    entry["baselines"][1]["f1_micro"] = 0.05
    (poor / "metrics.json").write_text(json.dumps(metrics))
    found = lddu(capsys, "report", poor)
    told = "This run is no better than a constant answer in micro-F1 (0.100; everything-positive 0.400)"
    assert found.code == 0 and told in found.out
    page = (poor / "report.html").read_text(encoding="utf-8")
    assert told in page and "learnt nothing" not in page
    lddu(capsys, "compare", poor, place / "other", "--html", place / "poor.html")
    assert f"poor: {told}" in (place / "poor.html").read_text(encoding="utf-8")


def shell(place: Path, command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    words = ["bash", "-o", "pipefail", "-c", command.replace("lddu ", f"{sys.executable} -m lddu ")]
    return subprocess.run(words, cwd=place, capture_output=True, env=os.environ | environment, check=False)


def test_a_reader_that_goes_away_ends_the_command_quietly(place: Path) -> None:
    found = shell(place, "lddu data describe store --json | true")  # `true` has gone before there is anything to read
    assert found.returncode == 1 and found.stdout == found.stderr == b""


def test_a_full_disk_is_one_sentence(place: Path) -> None:
    found = shell(place, "lddu data describe store --json > /dev/full")
    assert found.returncode == 1 and b"the system refused" in found.stderr and b"Traceback" not in found.stderr


@pytest.mark.slow
def test_a_screen_that_knows_few_letters_gets_numbers_for_the_others(place: Path) -> None:
    found = shell(place, "lddu compare run other && lddu data describe store --json", PYTHONIOENCODING="ascii")
    assert found.returncode == 0 and found.stderr == b"" and found.stdout.isascii()
