"""The path beside a network is fitted on train, its share chosen on valid, and neither touches the training of the network."""

import json
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from lddu.batches.batch import BatchReader
from lddu.config import Config
from lddu.models.families import preset
from lddu.models.network import Network
from lddu.models.networks import infer
from lddu.models.scaling import ScalingClips
from lddu.runs.predictor import Predictor
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training import path_fit
from lddu.training.member import reader_of
from lddu.training.path_fit import SHARES, chosen_share, fit_path, path_probability
from lddu.training.plan import RunOptions
from lddu.training.run import resume, train
from tests.builders import tiny_config, tiny_network
from tests.training.stops import StopIn, left_by

EMOTIONS = ("joy", "fear")


def corpus(place: Path, clips: int) -> FeatureStore:
    """Joy holds where two features have one sign, which no line separates; a third of the clips lack a modality."""
    rng = np.random.default_rng(0)
    with writing_store(place, StoreDescription(EMOTIONS, {"audio": "a", "text": "t"})) as writer:
        for i in range(clips):
            split, x = ("train", "train", "valid", "test")[i % 4], rng.standard_normal((1, 2))
            features = {"audio": x} | ({"text": rng.standard_normal((1, 3))} if i % 3 else {})
            writer.add(ClipRow(f"c{i}", split, [float(x[0, 0] * x[0, 1] > 0), float(i % 5 == 0)]), features)
    return FeatureStore(place)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return corpus(tmp_path_factory.mktemp("path") / "store", 480)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """For whole trainings."""
    return corpus(tmp_path_factory.mktemp("path") / "small", 60)


def labelled(store: FeatureStore, split: str) -> ScalingClips:
    rows = store.table.in_split(split)
    return ScalingClips(rows, store.table.labels[rows].astype(np.float64))


def reader(store: FeatureStore) -> BatchReader:
    return BatchReader(store, {"audio": 2, "text": 3}, 16)


def network_with(beside: int) -> Network:
    return tiny_network({"audio": 2, "text": 3}, 2, shallow_networks=beside).eval()


def fitted(store: FeatureStore, train_clips: ScalingClips | None = None, seed: int = 0) -> Network:
    network = network_with(2)
    fit_path(network, reader(store), train_clips or labelled(store, "train"), labelled(store, "valid"), seed)
    return network


@pytest.fixture(scope="module")
def fitted_once(store: FeatureStore) -> Network:
    return fitted(store)


@pytest.fixture
def network(fitted_once: Network) -> Network:
    """Fitted on all training clips; a copy, to be changed."""
    return deepcopy(fitted_once)


def test_the_path_learns_what_no_line_separates(network: Network, store: FeatureStore) -> None:
    test = labelled(store, "test")
    alone = path_probability(network, reader(store), test.rows)
    assert alone is not None and network.path is not None
    assert ((alone[:, 0] > 0.5) == (test.presence[:, 0] == 1)).mean() > 0.75
    network.path.share.fill_(1.0)
    np.testing.assert_allclose(infer(network, reader(store), test.rows).probability, alone, atol=1e-6)


def test_without_a_path_nothing_is_fitted_and_chance_stays_as_it_was(store: FeatureStore) -> None:
    network = network_with(0)
    fit_path(network, reader(store), labelled(store, "train"), labelled(store, "valid"), seed=0)
    assert network.path is None and path_probability(network, reader(store), labelled(store, "test").rows) is None


@pytest.mark.slow
def test_fitting_takes_its_chance_from_the_seed_and_leaves_that_of_others_alone(store: FeatureStore) -> None:
    network = network_with(2)
    torch.manual_seed(5)
    fit_path(network, reader(store), labelled(store, "train"), labelled(store, "valid"), seed=0)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(3))
    first, same, other = network, fitted(store), fitted(store, seed=1)
    assert first.path is not None and same.path is not None and other.path is not None
    for one, two, three in zip(first.path.weights, same.path.weights, other.path.weights, strict=True):
        assert torch.equal(one, two) and not torch.equal(one, three)
        assert not one.requires_grad


@pytest.mark.parametrize("emotion", [0, 1])
def test_what_is_unknown_teaches_nothing(small: FeatureStore, emotion: int) -> None:
    train_clips = labelled(small, "train")
    presence = train_clips.presence.copy()
    presence[::3, emotion] = np.nan
    found = fitted(small, ScalingClips(train_clips.rows, presence))
    garbage = np.where(np.isnan(presence), 7.0, presence)
    other = fitted(small, ScalingClips(train_clips.rows, garbage))
    assert found.path is not None and other.path is not None
    assert all(bool(weight.isfinite().all()) for weight in found.path.weights)
    assert not torch.equal(found.path.last, other.path.last)
    everything = np.full_like(presence, np.nan)
    blank = fitted(small, ScalingClips(train_clips.rows, everything))
    assert blank.path is not None and not blank.path.last_bias.any()


@pytest.mark.slow
def test_a_few_clips_and_more_than_fit_into_memory(store: FeatureStore, monkeypatch: pytest.MonkeyPatch) -> None:
    train_clips = labelled(store, "train")
    few = fitted(store, ScalingClips(train_clips.rows[:3], train_clips.presence[:3]))
    assert few.path is not None and all(bool(weight.isfinite().all()) for weight in few.path.weights)
    monkeypatch.setattr(path_fit, "MOST_NUMBERS", 10 * 64)  # 10 features a clip
    capped = fitted(store)
    monkeypatch.setattr(path_fit, "MOST_NUMBERS", 10 * 10_000)
    whole = fitted(store)
    assert capped.path is not None and whole.path is not None
    assert not torch.equal(capped.path.centre, whole.path.centre)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.integers(1, 10**6))
def test_half_is_taken_unless_less_is_better_by_more_than_chance(found: list[float], clips: int) -> None:
    scores = dict(zip(SHARES, found, strict=True))
    share = chosen_share(scores, clips)
    if max(found) - found[-1] > 0.1 / np.sqrt(clips):
        assert share < 0.5 and scores[share] == max(found)
    else:
        assert share == 0.5


def test_what_never_varied_in_training_moves_nothing_when_it_does(network: Network) -> None:
    """Of single steps every deviation is 0; a clip of several steps is answered by its means."""
    assert network.path is not None and network.path.first[2:4].eq(0).all() and network.path.first[:2].ne(0).all()
    network.path.share.fill_(1.0)
    steps, mask, presence = torch.randn(4, 5, 2), torch.ones(4, 5, dtype=torch.bool), torch.tensor([[True, False]])
    text, none = torch.zeros(4, 1, 3), torch.zeros(4, 1, dtype=torch.bool)
    with torch.inference_mode():
        alike = network((steps, text), (mask, none), presence.expand(4, 2)).logit
        mean = network((steps.mean(1, keepdim=True), text), (mask[:, :1], none), presence.expand(4, 2)).logit
    torch.testing.assert_close(alike, mean)


def test_the_numbers_of_the_path_are_counted(store: FeatureStore) -> None:
    assert network_with(2).fitted_numbers - network_with(0).fitted_numbers == 2 * (10 * 64 + 2 * 64 + 2 * 64 * 2 + 2)


@pytest.mark.parametrize(("clips", "steps"), [(40, 75), (9_999, 1500), (10_000, 4000)])
def test_many_clips_are_learned_from_for_longer(clips: int, steps: int) -> None:
    plan = list(path_fit._plan(clips))
    assert len(plan) == steps and plan[-1][2]
    rates = [rate for _, rate, _ in plan]
    assert max(rates) == pytest.approx(path_fit.RATE, rel=0.1) and rates[-1] == min(rates)


def test_the_units_of_a_run_are_those_that_were_asked_for(small: FeatureStore, tmp_path: Path) -> None:
    config = tiny_config(model={"shallow_networks": 2, "shallow_units": 5}, training={"epochs": 1})
    run = train(small, tmp_path / "run", config, RunOptions(report=False, baselines=False))
    network = run.members()[0].load_model()
    assert network.path is not None and network.path.last.shape == (2, 2, 5, 2)
    assert np.isfinite(Predictor(run.path).predict(small).probability).all()


def config_with(beside: int) -> Config:
    return tiny_config(model={"shallow_networks": beside}, training={"weight_average": 0.8})


@pytest.mark.slow
def test_the_network_and_its_epoch_are_the_same_with_and_without_a_path(small: FeatureStore, tmp_path: Path) -> None:
    weights, kept = [], []
    for beside in (0, 2):
        run = train(
            small, tmp_path / f"run-{beside}", config_with(beside), RunOptions(seed=1, report=False, baselines=False)
        )
        weights.append(load_file(run.path / "model.safetensors"))
        log = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
        kept.append(
            [(record["kept"], record["loss"], record["valid"].get("network", record["valid"])) for record in log]
        )
    assert kept[0] == kept[1]
    assert not [name for name in weights[0] if name.startswith("path.")]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert float(weights[1]["path.share"]) in SHARES


@pytest.mark.slow
def test_the_log_gives_the_figures_of_what_is_kept(small: FeatureStore, tmp_path: Path) -> None:
    run = train(small, tmp_path / "run", config_with(2), RunOptions(seed=1, report=False, baselines=False))
    log = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    best = [record["valid"] for record in log if record["kept"]][-1]
    network = run.members()[0].load_model()
    assert network.path is not None and float(network.path.share) == pytest.approx(best["path_share"], abs=1e-6)
    valid = labelled(small, "valid")
    p = infer(network, BatchReader(small, run.description.task.dimensions, 16), valid.rows).probability
    nll = -np.log(np.where(valid.presence == 1, p, 1 - p)).mean()
    assert nll == pytest.approx(best["nll"], abs=1e-5)
    gained = (best["f1_micro"] + best["map_macro"] - best["network"]["f1_micro"] - best["network"]["map_macro"]) / 2
    assert gained >= -0.1 / np.sqrt(len(valid.rows))


def test_a_run_with_a_path_resumes_bit_for_bit(small: FeatureStore, tmp_path: Path) -> None:
    every_epoch = RunOptions(checkpoint_seconds=0, report=False, baselines=False)
    whole = train(small, tmp_path / "whole", config_with(2), every_epoch)
    callback = StopIn(3)
    with pytest.raises(callback.fault):
        train(small, tmp_path / "stopped", config_with(2), every_epoch, callback)
    resume(tmp_path / "stopped", small, every_epoch)
    assert left_by(tmp_path / "stopped") == left_by(whole.path)


def test_late_fusion_has_a_path_too(small: FeatureStore, tmp_path: Path) -> None:
    config = preset(overrides={"training": {"epochs": 2}, "model": {"shallow_networks": 1}}, family="late-fusion")
    run = train(small, tmp_path / "run", config, RunOptions(report=False, baselines=False))
    assert run.members()[0].load_model().path is not None
    assert np.isfinite(Predictor(run.path).predict(small).probability).all()


def test_where_shares_are_predicted_the_path_learns_shares(tmp_path: Path) -> None:
    """Presence begins at half of the raters here: of clips that a third of them named, a path of presence would say never."""
    place = tmp_path / "store"
    with writing_store(place, StoreDescription(EMOTIONS, {"text": "t"})) as writer:
        for i in range(120):
            row = ClipRow(f"c{i}", ("train", "train", "valid", "test")[i % 4], [i // 4 % 2 / 3, float(i % 8 == 0)])
            writer.add(row, {"text": np.full((1, 1), i % 5, np.float32)})
    store = FeatureStore(place)
    found = {}
    for target in ("presence", "shares"):
        config = tiny_config(model={"shallow_networks": 2}, objective={"target": target}, training={"epochs": 1})
        run = train(store, tmp_path / target, config, RunOptions(report=False, baselines=False))
        network = run.members()[0].load_model()
        path = path_probability(network, reader_of(run.description, store), store.table.in_split("train"))
        assert path is not None
        found[target] = path[:, 0].mean()
    assert found["presence"] + 0.05 < found["shares"]


def test_a_modality_taken_away_changes_the_mixture_as_if_the_clip_had_never_had_it(
    network: Network, store: FeatureStore
) -> None:
    assert network.path is not None
    network.path.share.fill_(0.5)
    batch = reader(store).read([1, 2, 3])
    without = batch.presence & torch.tensor([True, False])
    parts = [network.unimodal(m, batch.values[m], batch.mask[m]) for m in range(2)]
    blank = (batch.values[0], torch.zeros_like(batch.values[1]))
    with torch.inference_mode():
        fused = network.fuse(parts, without).logit
        whole = network(blank, batch.mask, without).logit
        torch.testing.assert_close(fused, whole)
        torch.testing.assert_close(
            network.fuse(parts, batch.presence).logit, network(batch.values, batch.mask, batch.presence).logit
        )
    mean, std = network.latents(network(batch.values, batch.mask, batch.presence))
    assert mean.shape == std.shape == (3, 2, 2, 4)
