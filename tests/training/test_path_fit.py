"""The kernel path is fitted on train, its share on valid, and neither touches the training of the network."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from scipy.optimize import minimize_scalar

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
from lddu.training.path_fit import LEAST_CLUSTER, cluster_means, fit_path, likeliest_share, path_probability
from lddu.training.plan import RunOptions
from lddu.training.run import resume, train
from tests.builders import tiny_config, tiny_network
from tests.training.stops import StopIn, left_by

EMOTIONS = ("joy", "fear")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """Joy holds where two features have one sign, which no line separates; a third of the clips lack a modality."""
    rng = np.random.default_rng(0)
    place = tmp_path_factory.mktemp("path") / "store"
    with writing_store(place, StoreDescription(EMOTIONS, {"audio": "a", "text": "t"})) as writer:
        for i in range(480):
            split, x = ("train", "train", "valid", "test")[i % 4], rng.standard_normal((1, 2))
            features = {"audio": x} | ({"text": rng.standard_normal((1, 3))} if i % 3 else {})
            writer.add(ClipRow(f"c{i}", split, [float(x[0, 0] * x[0, 1] > 0), float(i % 5 == 0)]), features)
    return FeatureStore(place)


def labelled(store: FeatureStore, split: str) -> ScalingClips:
    rows = store.table.in_split(split)
    return ScalingClips(rows, store.table.labels[rows].astype(np.float64))


def reader(store: FeatureStore) -> BatchReader:
    return BatchReader(store, {"audio": 2, "text": 3}, 16)


def network_with(landmarks: int) -> Network:
    return tiny_network({"audio": 2, "text": 3}, 2, path_landmarks=landmarks).eval()


@pytest.mark.parametrize("landmarks", [40, 200])
def test_the_path_learns_what_no_line_separates_with_more_or_fewer_landmarks_than_clusters(
    store: FeatureStore, landmarks: int
) -> None:
    network = network_with(landmarks)
    fit_path(network, reader(store), labelled(store, "train"), labelled(store, "valid"), seed=0)
    test = labelled(store, "test")
    alone = path_probability(network, reader(store), test.rows)
    assert alone is not None and network.path is not None
    assert ((alone[:, 0] > 0.5) == (test.presence[:, 0] == 1)).mean() > 0.75
    network.path.share.fill_(1.0)
    np.testing.assert_allclose(infer(network, reader(store), test.rows).probability, alone, atol=1e-6)


def test_unknown_labels_count_for_nothing(store: FeatureStore) -> None:
    train_clips = labelled(store, "train")
    presence = train_clips.presence.copy()
    presence[:, 1] = np.nan
    presence[::7, 0] = np.nan
    network = network_with(30)
    fit_path(network, reader(store), ScalingClips(train_clips.rows, presence), labelled(store, "valid"), seed=0)
    assert network.path is not None and network.path.weight[:, 0].any()
    assert network.path.weight[:, 1].abs().max() < 1e-6 and torch.isfinite(network.path.bias).all()


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.integers(1, 60), st.integers(1, 80))
def test_no_landmark_is_the_features_of_fewer_than_three_clips(seed: int, clips: int, count: int) -> None:
    features = np.random.default_rng(seed).standard_normal((clips, 3))
    landmarks = cluster_means(features, count, seed=0)
    assert len(landmarks) <= max(1, clips // LEAST_CLUSTER)
    nearest = np.abs(landmarks[:, None] - features[None]).max(axis=2).min(axis=1)
    assert clips < LEAST_CLUSTER or (nearest > 0).all()


def test_the_share_is_the_likeliest() -> None:
    rng = np.random.default_rng(0)
    presence = rng.integers(0, 2, (150, 2)).astype(float)
    presence[::9, 0] = np.nan
    p, q = rng.uniform(0.01, 0.99, (2, 150, 2))
    known = ~np.isnan(presence)

    def loss(w: float) -> float:
        mixture = (1 - w) * p + w * q
        return float(-np.log(np.where(presence == 1, mixture, 1 - mixture))[known].mean())

    best = minimize_scalar(loss, bounds=(0, 1), method="bounded").x
    assert likeliest_share(presence, p, q) == pytest.approx(best, abs=1e-2)


def config_with(landmarks: int) -> Config:
    return tiny_config(model={"path_landmarks": landmarks}, training={"weight_average": 0.8})


def test_the_network_and_its_epoch_are_the_same_with_and_without_a_path(store: FeatureStore, tmp_path: Path) -> None:
    weights, kept = [], []
    for landmarks in (0, 20):
        run = train(store, tmp_path / f"run-{landmarks}", config_with(landmarks), RunOptions(seed=1, report=False))
        weights.append(load_file(run.path / "model.safetensors"))
        log = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
        kept.append(
            [(record["kept"], record["loss"], record["valid"].get("network", record["valid"])) for record in log]
        )
    assert kept[0] == kept[1]
    assert not [name for name in weights[0] if name.startswith("path.")]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert 0 <= float(weights[1]["path.share"]) <= 1


def test_the_log_gives_the_figures_of_what_is_kept(store: FeatureStore, tmp_path: Path) -> None:
    run = train(store, tmp_path / "run", config_with(20), RunOptions(seed=1, report=False))
    log = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    best = [record["valid"] for record in log if record["kept"]][-1]
    network = run.members()[0].load_model()
    assert network.path is not None and float(network.path.share) == pytest.approx(best["path_share"], abs=1e-6)
    valid = labelled(store, "valid")
    p = infer(network, BatchReader(store, run.description.task.dimensions, 16), valid.rows).probability
    nll = -np.log(np.where(valid.presence == 1, p, 1 - p)).mean()
    assert nll == pytest.approx(best["nll"], abs=1e-5)
    assert nll <= best["network"]["nll"] + 1e-9


@pytest.mark.parametrize("landmarks", [20])
def test_a_run_with_a_path_resumes_bit_for_bit(store: FeatureStore, tmp_path: Path, landmarks: int) -> None:
    every_epoch = RunOptions(checkpoint_seconds=0)
    whole = train(store, tmp_path / "whole", config_with(landmarks), every_epoch)
    callback = StopIn(3)
    with pytest.raises(callback.fault):
        train(store, tmp_path / "stopped", config_with(landmarks), every_epoch, callback)
    resume(tmp_path / "stopped", store)
    assert left_by(tmp_path / "stopped") == left_by(whole.path)


def test_late_fusion_has_a_path_too_with_one_landmark_for_five_clips(store: FeatureStore, tmp_path: Path) -> None:
    config = preset(overrides={"training": {"epochs": 2}, "model": {"path_landmarks": "auto"}}, family="late-fusion")
    run = train(store, tmp_path / "run", config, RunOptions(report=False))
    assert run.description.config.model.path_landmarks == 240 // 5
    assert np.isfinite(Predictor(run.path).predict(store).probability).all()


def test_a_modality_taken_away_changes_the_mixture_as_if_the_clip_had_never_had_it(store: FeatureStore) -> None:
    network = network_with(30)
    fit_path(network, reader(store), labelled(store, "train"), labelled(store, "valid"), seed=0)
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
