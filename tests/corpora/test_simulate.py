"""The simulated corpus: deterministic, in the shape of CMU-MOSEI, its noise known and independent of everything."""

from pathlib import Path

import numpy as np
import pytest
from benchmarks.simulated_learnability import learnability
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.corpora.simulated.labels import FREQUENCY, LabelDraw, correlation_matrix, draw_labels
from lddu.corpora.simulated.simulate import NOISE_SPREAD, SimulationConfig, prototypes_of, simulate
from lddu.errors import ConfigError, StoreError
from lddu.labels import MOSEI_EMOTIONS
from lddu.store.store import FeatureStore

SMALL = {"text": 6, "audio": 4}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """The corpus at its default size."""
    return simulate(tmp_path_factory.mktemp("simulated") / "store")


@pytest.fixture(scope="module")
def labels() -> LabelDraw:
    """Labels of so many clips that frequencies are sharp."""
    return draw_labels(np.random.default_rng(0), np.arange(60_000) // 7)


def test_the_same_config_gives_the_same_bytes(tmp_path: Path) -> None:
    config = SimulationConfig(clips=60, dimensions=SMALL, missing=0.2)
    first, second = simulate(tmp_path / "a", config), simulate(tmp_path / "b", config)
    names = sorted(file.name for file in first.path.iterdir())
    assert names == ["audio.safetensors", "clips.parquet", "manifest.json", "text.safetensors"]
    for name in names:
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes()


def test_another_seed_gives_other_clips_of_the_same_world(tmp_path: Path) -> None:
    config = SimulationConfig(clips=60, dimensions=SMALL)
    first = simulate(tmp_path / "a", config)
    second = simulate(tmp_path / "b", SimulationConfig(clips=60, dimensions=SMALL, seed=1))
    assert not np.array_equal(first.table.labels, second.table.labels)
    np.testing.assert_array_equal(prototypes_of("text", 6, 1.0), prototypes_of("text", 6, 1.0))
    assert not np.array_equal(prototypes_of("text", 6, 1.0), prototypes_of("audio", 6, 1.0))


def test_it_says_that_it_is_simulated(full: FeatureStore) -> None:
    assert full.simulated
    assert "simulated" in full.manifest["source"]["name"].lower()
    assert all("simulated" in modality.feature for modality in full.modalities.values())
    assert all(clip.startswith("simulated") for clip in full.table.clip)


def test_it_has_the_shape_of_mosei(full: FeatureStore) -> None:
    assert {name: modality.dimension for name, modality in full.modalities.items()} == {
        "text": 768,
        "audio": 74,
        "visual": 35,
    }
    assert full.emotions == MOSEI_EMOTIONS
    assert len(full) == 2400 and full.present_at == 0.5
    assert full.steps("text", 0).dtype == np.float32
    for name in ("audio", "visual"):
        np.testing.assert_array_equal(full.lengths(name), full.lengths("text"))
    quantiles = np.quantile(full.lengths("text"), [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1])
    np.testing.assert_allclose(quantiles, [2, 7.8, 11.4, 16.9, 24.4, 34.8, 50], atol=1.5)
    shares = {split: count / 2400 for split, count in full.manifest["splits"].items()}
    assert shares["train"] == pytest.approx(0.70, abs=0.02)
    assert shares["valid"] == pytest.approx(0.08, abs=0.02)
    assert shares["test"] == pytest.approx(0.22, abs=0.02)


def test_no_video_is_in_two_splits_and_its_clips_follow_each_other(full: FeatureStore) -> None:
    table = full.table
    for group in set(table.group):
        rows = table.group == group
        assert len(set(table.split[rows])) == 1
        np.testing.assert_allclose(table.start[rows][1:], table.end[rows][:-1], atol=2e-3)


def test_emotions_are_as_frequent_as_in_mosei(labels: LabelDraw) -> None:
    present = labels.shares >= 0.5
    np.testing.assert_allclose(labels.shown.mean(axis=0), list(FREQUENCY.values()), atol=0.01)
    np.testing.assert_allclose(present.mean(axis=0), list(FREQUENCY.values()), atol=0.015)
    assert present.mean() == pytest.approx(0.225, abs=0.007)
    assert present.sum(axis=1).mean() == pytest.approx(1.35, abs=0.04)
    assert 0.1 < (present.sum(axis=1) == 0).mean() < 0.2


def test_emotions_occur_together_as_people_feel_them(labels: LabelDraw) -> None:
    present = dict(zip(MOSEI_EMOTIONS, (labels.shares >= 0.5).T, strict=True))

    def lift(first: str, second: str) -> float:
        return float((present[first] & present[second]).mean() / present[first].mean() / present[second].mean())

    assert lift("anger", "disgust") > 2
    assert 1.2 < lift("sad", "anger") < 2
    assert lift("happy", "sad") < 0.75
    assert lift("happy", "anger") < 0.7
    assert np.linalg.eigvalsh(correlation_matrix()).min() > 0.1


def test_three_annotators_disagree_on_some_labels_and_mostly_get_it_right(labels: LabelDraw) -> None:
    assert sorted(set(np.rint(labels.shares.ravel() * 3))) == [0, 1, 2, 3]
    disputed = (labels.shares > 0) & (labels.shares < 1)
    assert 0.05 < disputed.mean() < 0.15
    present = labels.shares >= 0.5
    assert 2 * (present & labels.shown).sum() / (present.sum() + labels.shown.sum()) > 0.92


def test_the_noise_is_log_normal_and_independent_of_everything(full: FeatureStore) -> None:
    noise = np.log(np.stack([full.table.carried[f"_noise_{name}"] for name in full.modalities]))
    assert noise.mean() == pytest.approx(0, abs=0.04)
    assert noise.std() == pytest.approx(NOISE_SPREAD, abs=0.03)
    others = np.stack([*full.table.labels.T, full.lengths("text"), full.table.start, full.table.split == "train"])
    correlation = np.corrcoef(np.concatenate([noise, others.astype(float)]))
    beyond_itself = correlation[: len(noise)] - np.eye(len(noise), len(correlation))
    assert np.abs(beyond_itself).max() < 4 / np.sqrt(len(full))


@pytest.mark.parametrize("modality", ["text", "audio", "visual"])
def test_the_noise_in_the_features_is_the_noise_that_is_stored(full: FeatureStore, modality: str) -> None:
    stored = full.table.carried[f"_noise_{modality}"]
    for clip in np.flatnonzero(full.lengths(modality) >= 20)[:50]:
        measured = full.steps(modality, int(clip)).std(axis=0, ddof=1)
        assert np.sqrt((measured**2).mean()) == pytest.approx(stored[clip], rel=0.15)


def test_what_remains_without_noise_is_prototypes_times_intensities(tmp_path: Path) -> None:
    store = simulate(tmp_path / "store", SimulationConfig(clips=300, dimensions={"text": 200}, prototype_scale=50))
    prototypes = prototypes_of("text", 200, 50)
    np.testing.assert_allclose(np.linalg.norm(prototypes, axis=1), 50 * 2**0.25, rtol=1e-5)
    means = np.stack([store.steps("text", i).mean(axis=0) for i in range(300)])
    strength = np.linalg.lstsq(prototypes.T, means.T, rcond=None)[0].T
    shown = strength > 0.3
    assert ((strength[shown] > 0.4) & (strength[shown] < 1.6)).all()
    assert np.abs(strength[~shown]).max() < 0.15
    unanimous = (store.table.labels == 0) | (store.table.labels == 1)
    assert (shown == (store.table.labels == 1))[unanimous].mean() > 0.99


def test_logistic_regression_learns_it_neither_badly_nor_perfectly(full: FeatureStore) -> None:
    assert 0.65 <= learnability(full) <= 0.80


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clips=st.integers(10, 150), seed=st.integers(0, 2**31), missing=st.floats(0, 0.99))
def test_every_split_has_clips_and_every_clip_a_modality(tmp_path: Path, clips: int, seed: int, missing: float) -> None:
    config = SimulationConfig(clips=clips, seed=seed, dimensions=SMALL, missing=missing)
    store = simulate(tmp_path / "store", config, force=True)
    assert set(store.manifest["splits"]) == {"train", "valid", "test"}
    assert sum(store.manifest["splits"].values()) == clips
    assert store.present().any(axis=1).all()
    for m, name in enumerate(store.modalities):
        np.testing.assert_array_equal(np.isnan(store.table.carried[f"_noise_{name}"]), ~store.present()[:, m])


def test_a_modality_is_missing_as_often_as_asked(tmp_path: Path) -> None:
    store = simulate(tmp_path / "store", SimulationConfig(clips=2000, dimensions=SMALL, missing=0.1))
    np.testing.assert_allclose(1 - store.present().mean(axis=0), 0.1, atol=0.025)


def test_impossible_sizes_are_all_named_at_once() -> None:
    with pytest.raises(
        ConfigError, match=r"at least 10, but got 3; `seed` .* -1; at least one modality, .*; `missing`"
    ):
        SimulationConfig(clips=3, seed=-1, dimensions={}, missing=1.0)
    with pytest.raises(ConfigError, match="dimension of 1 or more"):
        SimulationConfig(dimensions={"text": 0})


def test_it_does_not_overwrite_unasked(tmp_path: Path) -> None:
    config = SimulationConfig(clips=10, dimensions=SMALL)
    simulate(tmp_path / "store", config)
    with pytest.raises(StoreError, match="add `force=True`"):
        simulate(tmp_path / "store", config)
    simulate(tmp_path / "store", config, force=True)
