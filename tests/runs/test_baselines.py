"""Every training is compared with logistic regression on its own store, and says where it is not better."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lddu.commands.figures import show_run
from lddu.runs.baselines import FEWEST, affordable, moments
from lddu.runs.predictor import Predictor
from lddu.runs.run_folder import RunFolder
from lddu.runs.seeds import differing
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.checkpoint import TrainingState
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.builders import tiny_config

pytestmark = pytest.mark.usefixtures("every_strength")

LEARNS_NOTHING = {"epochs": 1, "learning_rate": 1e-9}


def linear_store(
    path: Path, modalities: tuple[str, ...] = ("text", "audio"), unlabelled: int = 0, empty: int = 0
) -> FeatureStore:
    """200 clips, each with the emotion that the first number of its text says, and clips without a label or without a modality."""
    rng = np.random.default_rng(0)
    description = StoreDescription(("joy", "anger"), {name: f"made-up {name}" for name in modalities})
    with writing_store(path, description) as writer:
        for n in range(200 + unlabelled):
            features = {name: rng.standard_normal((3, 4)).astype(np.float32) for name in modalities}
            joy = float(features[modalities[0]][:, 0].mean() > 0)
            split = ("train", "train", "train", "valid", "test")[n % 5]
            writer.add(ClipRow(f"c{n}", split, [joy, 1 - joy] if n < 200 else [None, None]), features)
        for n in range(empty):
            writer.add(ClipRow(f"e{n}", "train", [n % 2, 1 - n % 2]), {})
    return FeatureStore(path)


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run that learns nothing where a linear score is right."""
    place = tmp_path_factory.mktemp("poor")
    return train(linear_store(place / "store"), place / "run", tiny_config(training=LEARNS_NOTHING))


def entries(run: RunFolder, split: str = "test") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run.read_json("metrics.json")["splits"][split]["baselines"]
    return found


def test_figures_and_paired_intervals_are_in_the_metrics_of_both_splits(poor: RunFolder) -> None:
    for split in ("valid", "test"):
        names = [one["name"] for one in entries(poor, split)]
        assert names == ["everything-positive", "best-constant", "logistic-regression", "best-modality"]
        everything, best = entries(poor, split)[2:]
        assert everything["modalities"] == ["text", "audio"] and best["modalities"] == ["text"]
        assert best["map_macro"] > 0.9 and everything["train_clips"] == everything["train_of"] == 120
        apart, own = best["difference"]["f1_micro"], poor.metrics[split].f1_micro
        assert apart["low"] <= apart["value"] <= apart["high"]
        assert apart["value"] == pytest.approx(own - best["f1_micro"])


def test_a_run_that_loses_to_logistic_regression_says_so_everywhere(
    poor: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    told = "not better than logistic regression (text) in micro-F1"
    assert told in (poor.path / "report.html").read_text(encoding="utf-8")
    show_run(poor)
    assert told in capsys.readouterr().out
    store = FeatureStore(poor.path.parent / "store")
    assert any(told in warning and warning.endswith(", on test") for warning in Predictor(poor.path).warnings(store))


def test_a_corpus_of_one_label_each_has_the_figures_of_the_arg_max(poor: RunFolder) -> None:
    figures = poor.read_json("metrics.json")["splits"]["test"]
    found = poor.predictions()
    rows = found.split == "test"
    right = found.probability[rows].argmax(axis=1) == found.presence[rows].argmax(axis=1)
    assert figures["arg_max"]["accuracy"] == pytest.approx(right.mean()) and figures["arg_max"]["n"] == rows.sum()
    assert entries(poor)[3]["arg_max"]["accuracy"] > 0.9
    assert "unweighted recall" in (poor.path / "report.html").read_text(encoding="utf-8")


def test_the_same_training_has_the_same_baselines(poor: RunFolder, tmp_path: Path) -> None:
    store = FeatureStore(poor.path.parent / "store")
    again = train(store, tmp_path / "again", tiny_config(training=LEARNS_NOTHING))
    assert entries(again) == entries(poor)


@pytest.mark.parametrize(("unlabelled", "empty"), [(50, 0), (0, 50)])
def test_clips_of_which_nothing_is_known_change_no_baseline(
    poor: RunFolder, tmp_path: Path, unlabelled: int, empty: int
) -> None:
    """Without a label, or without a modality: the network does not learn from them either."""
    store = linear_store(tmp_path / "store", unlabelled=unlabelled, empty=empty)
    more = train(store, tmp_path / "run", tiny_config(training=LEARNS_NOTHING))
    for split in ("valid", "test"):
        assert entries(more, split) == entries(poor, split)


def test_without_baselines_only_constants_are_left(poor: RunFolder, tmp_path: Path) -> None:
    store = FeatureStore(poor.path.parent / "store")
    run = train(store, tmp_path / "run", tiny_config(training=LEARNS_NOTHING), RunOptions(baselines=False))
    assert [one["name"] for one in entries(run)] == ["everything-positive", "best-constant"]
    assert "logistic" not in (run.path / "report.html").read_text(encoding="utf-8")


def test_few_seconds_of_training_pay_for_few_clips_but_never_for_a_straw_man() -> None:
    assert affordable(10_000, 1000, 100, 1e9) == 10_000
    assert affordable(200, 1000, 100, 0.0) == 200
    numbers = [affordable(100_000, 1000, 100, seconds) for seconds in (0, 10, 100, 1000)]
    assert numbers == sorted(numbers) and FEWEST <= numbers[0] < 2 * FEWEST


def test_padding_does_not_change_mean_and_deviation() -> None:
    steps = torch.randn(2, 5, 3)
    mask = torch.tensor([[True] * 3 + [False] * 2, [False] * 5])
    found = moments(steps, mask)
    by_hand = np.concatenate([steps[0, :3].numpy().mean(axis=0), steps[0, :3].numpy().std(axis=0)])
    assert found[0] == pytest.approx(by_hand, rel=1e-5) and np.isnan(found[1]).all()


def test_other_modalities_are_the_difference_and_not_what_auto_made_of_them(poor: RunFolder, tmp_path: Path) -> None:
    alone = linear_store(tmp_path / "store", ("text",))
    both = FeatureStore(poor.path.parent / "store")
    fast = RunOptions(baselines=False)
    runs = [
        train(s, tmp_path / name, tiny_config(training=LEARNS_NOTHING), fast).path
        for s, name in ((both, "a"), (alone, "b"))
    ]
    sizes = [RunFolder(run).description.config.to_mapping()["objective"]["anchors"] for run in runs]
    assert sizes[0] != sizes[1]
    assert list(differing(runs).values()) == [{"modalities": "text, audio"}, {"modalities": "text"}]


def test_stopping_follows_the_score_that_keeps_the_checkpoint() -> None:
    assert TrainingState().stagnant == 0
    assert TrainingState(epoch=7, best_epoch=5).stagnant == 2
