"""Emotions in another order: what meets is set side by side by name, or refused, never by place."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lddu as package
from lddu.errors import MismatchError, RunError
from lddu.runs.compare import compare_runs
from lddu.runs.predictor import Predictor
from lddu.runs.run_folder import RunFolder
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.builders import tiny_config

NAMES = ("joy", "anger", "awe")
SHORT = tiny_config(training={"epochs": 1}, decision={"dropout_passes": 0, "threshold": "per_emotion"})
QUICK = RunOptions(report=False, baselines=False)


def store_of(path: Path, emotions: tuple[str, ...]) -> FeatureStore:
    """The same 150 clips, whose frequent and rare emotions stand in another order."""
    random = np.random.default_rng(0)
    with writing_store(path, StoreDescription(emotions, {"audio": "made up"})) as writer:
        for n in range(150):
            shown = dict(zip(NAMES, (random.random(3) < (0.8, 0.5, 0.2)).astype(float).tolist(), strict=True))
            split = ("train", "valid", "test")[n % 3]
            features = {"audio": random.normal(size=(2, 4)).astype(np.float32)}
            carried: dict[str, float | str] = {"_half": "ab"[n // 3 % 2]}
            shares = [shown[name] for name in emotions]
            writer.add(ClipRow(f"c{n}", split, shares, group=f"g{n % 30}", carried=carried), features)
    return FeatureStore(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stores, a run on the first, and its answers scored against either: `run`, `same`, `turned`."""
    place = tmp_path_factory.mktemp("order")
    stores = [store_of(place / "store", NAMES), store_of(place / "turned-store", NAMES[::-1])]
    run = train(stores[0], place / "run", SHORT, QUICK)
    answers = Predictor(run.path).predict(stores[0]).to_columns()
    columns = {name: answers[f"probability_{name}"] for name in ("anger", "awe", "joy")}
    pd.DataFrame({"clip": answers["clip"], **columns}).to_csv(place / "answers.csv", index=False)
    for name, store in zip(("same", "turned"), stores, strict=True):
        package.score(place / "answers.csv", store, place / name, package.ScoreOptions(baselines=False))
    return place


def test_the_same_answers_of_two_orders_differ_in_nothing(place: Path) -> None:
    [pair] = compare_runs([place / "same", place / "turned"])
    assert pair.note, "they are the same answers"
    for name, difference in pair.comparison.difference.items():
        assert difference.value == pytest.approx(0, abs=1e-9), name
    figures = [package.RunFolder(place / name).metrics["test"].figures for name in ("same", "turned")]
    for name in NAMES:
        own, other = (found["per_emotion"][name] for found in figures)
        assert own == {k: pytest.approx(v, abs=1e-6) for k, v in other.items()}, name


def test_label_sets_of_subgroups_are_those_of_each_run_alone(place: Path) -> None:
    [pair] = compare_runs([place / "run", place / "turned"], by="_half")
    alone = RunFolder(place / "turned").subgroups("_half")
    for own in pair.subgroups:
        assert own.second["set_recall"].value == pytest.approx(alone[own.name].figures["set_recall"].value)
        assert own.first["f1_micro"].value == pytest.approx(
            RunFolder(place / "run").subgroups("_half")[own.name].figures["f1_micro"].value
        )


def test_a_run_measured_on_a_store_of_another_order_reaches_the_same(place: Path) -> None:
    predictor = Predictor(place / "run")
    own, turned = (predictor.evaluate(place / name) for name in ("store", "turned-store"))
    assert turned["f1_micro"] == own["f1_micro"] and turned["per_emotion"] == own["per_emotion"]


def test_answers_of_another_order_than_the_run_are_refused(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "run", tmp_path / "run")
    shutil.copy(place / "turned" / "predictions.parquet", tmp_path / "run" / "predictions.parquet")
    with pytest.raises(RunError, match=r"emotions of config.json \(joy, anger, awe\), but it names awe, anger, joy"):
        RunFolder(tmp_path / "run").predictions()


@pytest.mark.parametrize("what", ["emotions", "modalities"])
def test_an_ensemble_with_a_network_of_another_order_is_refused(place: Path, tmp_path: Path, what: str) -> None:
    run = train(place / "store", tmp_path / "run", SHORT, RunOptions(members=2, report=False, baselines=False))
    file = run.path / "member-1" / "config.json"
    content = json.loads(file.read_text())
    if what == "emotions":
        content["task"]["emotions"].reverse()
    else:
        content["task"]["dimensions"] = {"video": 4}
        content["task"]["features"] = {"video": "made up"}
    file.write_text(json.dumps(content))
    with pytest.raises(RunError, match=rf"member-1 to have the {what} of its ensemble in their order"):
        Predictor(run.path)


def test_a_network_of_another_order_is_no_start(place: Path, tmp_path: Path) -> None:
    options = RunOptions(report=False, baselines=False, init_from=place / "run")
    with pytest.raises(MismatchError, match=r"awe, anger, joy in this order.*answers on joy, anger, awe; import"):
        train(place / "turned-store", tmp_path / "run", SHORT, options)
