"""A run on raters' shares measures the shares that it expects, beside baselines and one rater, wherever figures are shown."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lddu.runs.predictions import read_predictions
from lddu.runs.predictor import Predictor
from lddu.runs.run_folder import RunFolder
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.run import train
from tests.builders import tiny_config
from tests.command_line import lddu

EMOTIONS = ("joy", "anger", "fear")


def rated_store(path: Path, raters: int | None = 10) -> FeatureStore:
    """200 clips that ten raters judged, one vote each; the features show how likely each vote was."""
    rng = np.random.default_rng(0)
    with writing_store(path, StoreDescription(EMOTIONS, {"text": "made-up text"}, 0.2)) as writer:
        for n in range(200):
            logits = 2 * rng.standard_normal(3)
            chances = np.exp(logits) / np.exp(logits).sum()
            shares = rng.multinomial(10, chances) / 10
            split = ("train", "train", "train", "valid", "test")[n % 5]
            carried = {} if raters is None else {"_raters": float(raters)}
            writer.add(
                ClipRow(f"c{n}", split, shares.tolist(), carried=carried), {"text": logits[None].astype(np.float32)}
            )
    return FeatureStore(path)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    place = tmp_path_factory.mktemp("rated")
    config = tiny_config(training={"epochs": 6, "learning_rate": 0.01}, objective={"target": "shares"})
    return train(rated_store(place / "store"), place / "run", config)


def shares_of(run: RunFolder, split: str = "test") -> dict[str, Any]:
    found: dict[str, Any] = run.read_json("metrics.json")["splits"][split]["shares"]
    return found


def test_the_metrics_hold_the_shares_of_both_splits_with_baselines_and_one_rater(run: RunFolder) -> None:
    for split in ("valid", "test"):
        found = shares_of(run, split)
        assert found["n"] == 40 and found["one_vote"]
        assert [one["name"] for one in found["baselines"]] == ["mean-share", "logistic-regression"]
        assert found["one_rater"]["n"] == 40 and found["one_rater"]["raters"] == 10
        low, high = found["intervals"]["jensen_shannon"]
        assert low < found["jensen_shannon"] < high
        constant, linear = found["baselines"]
        assert linear["jensen_shannon"] < constant["jensen_shannon"] < 1
        apart = linear["difference"]["manhattan"]
        assert apart["value"] == pytest.approx(found["manhattan"] - linear["manhattan"])
        assert apart["low"] <= apart["value"] <= apart["high"]


def test_expected_shares_are_in_predictions_and_answers_and_sum_to_one(run: RunFolder) -> None:
    saved = read_predictions(run.path / "predictions.parquet").expected_share
    assert saved is not None
    np.testing.assert_allclose(saved.sum(axis=1), 1.0)
    found = Predictor(run.path).predict(FeatureStore(run.description.store["path"]))
    assert found.expected_share is not None and "expected_share_joy" in found.to_columns()
    assert found.to_records()[0]["expected_share"]["joy"] == pytest.approx(found.expected_share[0, 0])
    assert found[:3].expected_share.shape == (3, 3)  # type: ignore[union-attr]


def test_evaluate_measures_them_again_and_shows_them(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    printed = lddu(capsys, "evaluate", run.path, "--json").out
    again = json.loads(printed)["splits"]["test"]["shares"]
    kept = shares_of(run)
    assert again["jensen_shannon"] == pytest.approx(kept["jensen_shannon"])
    assert [one["name"] for one in again["baselines"]] == ["mean-share"]
    assert again["baselines"][0]["manhattan"] == pytest.approx(kept["baselines"][0]["manhattan"])
    shown = lddu(capsys, "evaluate", run.path).out
    assert "shares of raters, 40 clips" in shown and "one rater, of the others" in shown


def test_the_report_shows_them(run: RunFolder) -> None:
    page = (run.path / "report.html").read_text()
    assert "How many raters would say so?" in page and "mean share" in page and "one rater, of the others" in page


def test_a_store_without_the_number_of_raters_has_no_ceiling(run: RunFolder, tmp_path: Path) -> None:
    figures = Predictor(run.path).evaluate(rated_store(tmp_path / "store", raters=None))["shares"]
    assert "one_rater" not in figures and figures["jensen_shannon"] == pytest.approx(shares_of(run)["jensen_shannon"])
