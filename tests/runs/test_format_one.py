"""Runs of format 1, LDDU alone with the scaling inside its encoders, answer as they did and can be finished."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors.torch import load_file, save_file
from torch import Tensor

from lddu.pages.report import write_report
from lddu.runs.predictions import read_predictions
from lddu.runs.predictor import Predictor
from lddu.runs.run_folder import RunFolder
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions
from lddu.training.run import resume, train
from tests.builders import tiny_config, tiny_store
from tests.training.stops import PowerCut, StopIn


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("old") / "store", missing=[(4, "audio")])


def as_it_was(weights: dict[str, Tensor], prefix: str = "") -> dict[str, Tensor]:
    """The names that format 1 had."""

    def name(key: str) -> str:
        key = key.removeprefix(prefix)
        part, m, entry = [*key.split("."), "", ""][:3]
        return (
            f"{prefix}encoders.{m}.standardise.{entry}"
            if part == "scaling"
            else f"{prefix}{key.removeprefix('module.')}"
        )

    return {name(key): value for key, value in weights.items()}


def written_by_format_one(run: Path) -> Path:
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    config["version"] = 1
    del config["config"]["family"]
    (run / "config.json").write_text(json.dumps(config), encoding="utf-8")
    if (run / "model.safetensors").is_file():
        save_file(as_it_was(load_file(run / "model.safetensors")), run / "model.safetensors")
    if (run / "predictions.parquet").is_file():
        table = pq.read_table(run / "predictions.parquet")
        kept = {k: v for k, v in table.schema.metadata.items() if k in (b"emotions", b"modalities")}
        pq.write_table(table.replace_schema_metadata(kept), run / "predictions.parquet")
    for state in run.glob("resume/epoch-*/state.safetensors"):
        tensors = load_file(state)
        for prefix in ("model.", "best.", "average.module."):
            own = {key: value for key, value in tensors.items() if key.startswith(prefix)}
            tensors = {key: value for key, value in tensors.items() if key not in own} | as_it_was(own, prefix)
        save_file(tensors, state)
    return run


def test_a_run_of_format_one_answers_as_before(corpus: FeatureStore, tmp_path: Path) -> None:
    run = train(corpus, tmp_path / "run", tiny_config(training={"epochs": 2}))
    before = Predictor(run.path).predict(corpus)
    stored = read_predictions(run.path / "predictions.parquet")
    old = written_by_format_one(run.path)
    after = Predictor(old).predict(corpus)
    np.testing.assert_array_equal(after.probability, before.probability)
    again = read_predictions(old / "predictions.parquet")
    assert list(again.evidence) == list(stored.evidence) and np.array_equal(again.presented, stored.presented)
    for name, measured in stored.evidence.items():
        np.testing.assert_array_equal(again.evidence[name].values, measured.values)
    write_report(RunFolder(old))


@pytest.mark.parametrize("average", [pytest.param(0.0, marks=pytest.mark.slow), 0.9])
def test_a_training_that_format_one_began_is_finished_bit_for_bit(
    corpus: FeatureStore, tmp_path: Path, average: float
) -> None:
    config = tiny_config(training={"epochs": 4, "patience": 4, "weight_average": average})
    whole = train(corpus, tmp_path / "whole", config)
    with pytest.raises(PowerCut):
        train(corpus, tmp_path / "half", config, RunOptions(checkpoint_seconds=0), StopIn(2))
    old = written_by_format_one(tmp_path / "half")
    finished = resume(old, corpus)
    one, other = (load_file(run.path / "model.safetensors") for run in (whole, finished))
    assert one.keys() == other.keys() and all(bool((one[name] == other[name]).all()) for name in one)
