"""`lddu bench-uncertainty`: the ways side by side, and what it refuses."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lddu.decide.threshold import best_cut
from lddu.runs.predictor import Predictor
from lddu.runs.run_folder import RunFolder
from lddu.runs.uncertainty_table import uncertainty_table
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.builders import tiny_config
from tests.command_line import lddu

WAYS = ["prior", "first network", "ensemble of 2", "temperature", "MC dropout", "last-layer Laplace"]


def corpus(path: Path, labelled: tuple[str, ...] = ("train", "valid", "test"), unlabelled: int = 0) -> FeatureStore:
    """200 clips of two groups, each with the emotion that the first number of its text says, and one test clip of a third beside unlabelled ones."""
    rng = np.random.default_rng(0)
    with writing_store(path, StoreDescription(("joy", "anger"), {"text": "made-up text"})) as writer:
        for n in range(200):
            values = rng.standard_normal((1, 4)).astype(np.float32)
            joy = float(values[0, 0] + 0.5 * rng.standard_normal() > 0)
            split = ("train", "train", "train", "valid", "test")[n % 5]
            shares = [joy, 1 - joy] if split in labelled else [None, None]
            writer.add(ClipRow(f"c{n}", split, shares, group="ab"[n // 100]), {"text": values})
        for n in range(1 + unlabelled):
            values = rng.standard_normal((1, 4)).astype(np.float32)
            shares = [None, None] if n or "test" not in labelled else [1.0, 1.0]
            writer.add(ClipRow(f"d{n}", "test", shares, group="c"), {"text": values})
    return FeatureStore(path)


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    place = tmp_path_factory.mktemp("uncertain")
    config = tiny_config(training={"epochs": 6, "learning_rate": 0.01}, decision={"dropout_passes": 3})
    return train(corpus(place / "store"), place / "run", config, RunOptions(members=2, baselines=False))


def test_every_way_is_a_row_and_sets_cover_each_emotion(
    ensemble: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = json.loads(lddu(capsys, "bench-uncertainty", ensemble.path, "--json").out)[str(ensemble.path)]
    found = {row["way"]: row for row in rows}
    chosen = [way for way in found if way.startswith("recalibrated")]
    assert set(WAYS) <= set(found) and len(chosen) == 1
    assert {"score: width", "score: disagreement", "score: dropout_std"} <= set(found)
    kept = ensemble.read_json("metrics.json")["splits"]["test"]
    ours = found[chosen[0]]
    assert ours["brier"] == pytest.approx(kept["brier"]) and ours["adaptive_ece"] == pytest.approx(kept["adaptive_ece"])
    assert ours["error_auroc"] == pytest.approx(kept["error_auroc"]["product"])
    assert found["score: width"]["error_auroc"] == pytest.approx(kept["error_auroc"]["width"])
    for way in (*WAYS[1:], *chosen):
        row = found[way]
        assert row["nll"] < found["prior"]["nll"]
        assert 0 <= row["least_coverage"] <= row["coverage"] <= 1 and row["group_gap"] < 0.5
    assert found["score: width"]["nll"] is None


def test_clips_without_a_label_change_no_row(ensemble: RunFolder, tmp_path: Path) -> None:
    tables = [
        uncertainty_table(Predictor(ensemble.path), corpus(tmp_path / str(count), unlabelled=count))
        for count in (0, 40)
    ]
    for row, other in zip(*tables, strict=True):
        if "dropout" not in row.way:  # whose masks are drawn batch by batch
            assert asdict(other) == pytest.approx(asdict(row), abs=1e-6)


def test_the_selected_score_is_that_of_the_decisions_it_is_judged_by(ensemble: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(ensemble.path, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    plain = {
        "name": "label_odds",
        "inputs": ["label_odds"],
        "centres": [0.0],
        "scales": [1.0],
        "weights": [1.0],
        "offset": 0.0,
    }
    plain["left_out_auroc"] = {}
    folder.write_json(
        "decision.json", folder.read_json("decision.json") | {"thresholds": [0.95, 0.05], "error_score": plain}
    )
    store = FeatureStore(ensemble.description.store["path"])
    [row] = [own for own in uncertainty_table(Predictor(folder.path), store) if own.way.startswith("recalibrated")]
    found = RunFolder(ensemble.path).predictions()
    valid, test = (found.rows(found.split == name) for name in ("valid", "test"))
    cut = best_cut(valid.probability.ravel(), valid.presence.ravel() == 1)
    named, p = test.probability.ravel() >= cut, test.probability.ravel()
    wrong = named != (test.presence.ravel() == 1)
    assert row.error_auroc == pytest.approx(roc_auc_score(wrong, np.where(named, 1 - p, p)))


def test_the_table_names_run_and_way(ensemble: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    shown = lddu(capsys, "bench-uncertainty", ensemble.path, "--target", "0.8").out
    assert shown.startswith("| run | way |") and f"| {ensemble.path} | last-layer Laplace |" in shown


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "at least one run folder"),
        (["RUN", "--target", "1.5"], 2, "Expected --target to lie above 0 and below 1, but got 1.5"),
        (["nowhere"], 1, "nowhere"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    ensemble: RunFolder, capsys: pytest.CaptureFixture[str], words: list[str], code: int, message: str
) -> None:
    done = lddu(capsys, "bench-uncertainty", *(ensemble.path if word == "RUN" else word for word in words))
    assert done.code == code and message in " ".join(done.err.split()) and "Traceback" not in done.err


def test_a_store_without_labels_to_measure_on_is_refused(
    ensemble: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = corpus(tmp_path / "store", labelled=("train", "valid"))
    done = lddu(capsys, "bench-uncertainty", ensemble.path, "--store", store.path)
    assert done.code == 1 and "clips of the split 'test' with known labels" in " ".join(done.err.split())
