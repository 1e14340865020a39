"""`--seeds K`: a run folder per member, and their mean on top."""

import json
from pathlib import Path

import numpy as np
import pytest

from lddu.errors import MismatchError
from lddu.runs.predictor import Predictor
from lddu.runs.run_folder import RunFolder
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions
from lddu.training.run import resume, train
from tests.builders import tiny_config, tiny_store
from tests.training.stops import PowerCut, StopIn, left_by

CONFIG = tiny_config(training={"epochs": 2})
TWO = RunOptions(seed=3, members=2, checkpoint_seconds=0)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("ensemble") / "store", missing=[(4, "audio")])


@pytest.fixture(scope="module")
def ensemble(corpus: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return train(corpus, tmp_path_factory.mktemp("two") / "run", CONFIG, TWO)


def test_each_member_is_a_finished_run_of_its_own_seed(
    corpus: FeatureStore, ensemble: RunFolder, tmp_path: Path
) -> None:
    members = ensemble.members()
    assert [m.path.name for m in members] == ["member-0", "member-1"]
    assert [m.description.seed for m in members] == [3, 4]
    assert all(m.finished for m in members) and ensemble.finished
    assert not (ensemble.path / "model.safetensors").exists()
    alone = train(corpus, tmp_path / "alone", CONFIG, RunOptions(seed=4))
    assert left_by(alone.path) == left_by(members[1].path)


def test_the_answer_is_the_mean_of_the_members(corpus: FeatureStore, ensemble: RunFolder) -> None:
    members = [Predictor(member.path).infer(corpus) for member in ensemble.members()]
    together = Predictor(ensemble.path)
    found = together.infer(corpus)
    assert together.networks == 2
    np.testing.assert_allclose(found.probability, (members[0].probability + members[1].probability) / 2, atol=1e-12)
    widths = [member.evidence["width"].values for member in members]
    np.testing.assert_allclose(found.evidence["width"].values, (widths[0] + widths[1]) / 2, rtol=1e-6)
    assert np.isnan(found.evidence["modality_error"].values[4, 0]).all()
    assert np.abs(members[0].probability - members[1].probability).max() > 1e-4


def test_costs_of_the_members_add_up(ensemble: RunFolder) -> None:
    cost = ensemble.read_json("metrics.json")["cost"]
    parts = [member.read_json("metrics.json")["cost"] for member in ensemble.members()]
    assert cost["parameters"] == sum(part["parameters"] for part in parts)
    assert cost["epochs"] == [2, 2] and len(cost["best_epoch"]) == 2


@pytest.mark.slow
def test_an_ensemble_killed_in_its_second_member_keeps_the_first(
    corpus: FeatureStore, ensemble: RunFolder, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with pytest.raises(PowerCut):
        train(corpus, run, CONFIG, TWO, StopIn(2, member=2))
    assert RunFolder(run / "member-0").finished and not RunFolder(run).finished
    first = (run / "member-0" / "model.safetensors").stat().st_mtime_ns
    resume(run, options=TWO)
    assert (run / "member-0" / "model.safetensors").stat().st_mtime_ns == first
    for k in range(2):
        assert left_by(run / f"member-{k}") == left_by(ensemble.path / f"member-{k}")
    assert (run / "predictions.parquet").read_bytes() == (ensemble.path / "predictions.parquet").read_bytes()
    assert RunFolder(run).finished
    assert json.loads((run / "metrics.json").read_text())["protocol"]["members"] == 2


def test_no_clips_have_no_answers(corpus: FeatureStore, ensemble: RunFolder) -> None:
    found = Predictor(ensemble.path).predict(corpus, rows=[])
    assert found.probability.shape == found.uncertainty.shape == (0, 2)
    assert found.emotion_epistemic is not None and len(found.emotion_epistemic) == 0


def test_to_explain_a_clip_of_other_features_is_refused(ensemble: RunFolder, tmp_path: Path) -> None:
    for sizes, told in (
        ({"audio": 1, "text": 6}, "audio of 4 numbers per step"),
        ({"smell": 3}, "at least one of audio, text"),
    ):
        store = tiny_store(tmp_path / f"{len(sizes)}", dimensions=sizes)
        with pytest.raises(MismatchError, match=told):
            Predictor(ensemble.path).explain(store, 0)
