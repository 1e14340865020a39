"""Modalities made worse: what is drawn, what is left alone, and what the curves say."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lddu.batches.corruption import (
    CLEAN,
    DROPS,
    MISSING,
    SHUFFLED,
    Corruption,
    clip_generators,
    corrupted,
    corruptions_for,
)
from lddu.errors import MismatchError
from lddu.runs.predictor import Predictor
from lddu.runs.robustness import Robustness
from lddu.runs.run_folder import RunFolder
from lddu.store.store import FeatureStore
from lddu.training.run import train
from tests.builders import tiny_config, tiny_store, with_table

VALUES = torch.randn(3, 6, 4, generator=torch.Generator().manual_seed(0))
MASK = torch.tensor([[True] * 6, [True] * 4 + [False] * 2, [False] * 6])
VALUES[~MASK] = 0
SCALE = torch.tensor([1.0, 2.0, 0.5, 1.0])


def made(
    corruption: Corruption, seed: int = 0, clips: tuple[int, ...] = (7, 8, 9)
) -> tuple[torch.Tensor, torch.Tensor]:
    return corrupted(VALUES, MASK, corruption, SCALE, clip_generators(seed, "audio", clips))


@pytest.mark.parametrize("corruption", [Corruption("noise", 2.0), SHUFFLED, *DROPS])
def test_padding_stays_padding_and_the_original_is_left_alone(corruption: Corruption) -> None:
    before = VALUES.clone()
    values, mask = made(corruption)
    assert torch.equal(VALUES, before)
    assert (values[~mask] == 0).all() and (mask <= MASK).all() and mask[:2].any(dim=1).all()


def test_noise_of_twice_the_size_is_the_same_noise_twice_in_units_of_each_feature() -> None:
    one, two = (made(Corruption("noise", size))[0] - VALUES for size in (1.0, 2.0))
    torch.testing.assert_close(two, 2 * one)
    wide = torch.zeros(1, 4000, 4)
    noise, _ = corrupted(
        wide, torch.ones(1, 4000, dtype=torch.bool), Corruption("noise", 3.0), SCALE, clip_generators(0, "audio", [1])
    )
    torch.testing.assert_close(noise[0].std(dim=0), 3 * SCALE, rtol=0.05, atol=0)


def test_shuffled_steps_are_the_same_steps_and_dropped_ones_keep_their_order() -> None:
    shuffled, _ = made(SHUFFLED)
    for b, steps in enumerate((6, 4)):
        assert sorted(shuffled[b, :steps].tolist()) == sorted(VALUES[b, :steps].tolist())
    assert not torch.equal(shuffled, VALUES)
    values, mask = made(Corruption("dropped", 0.5))
    assert mask.sum(dim=1).tolist() == [3, 2, 0]
    places = [VALUES[0].tolist().index(row) for row in values[0, :3].tolist()]
    assert places == sorted(places)


def test_a_clip_is_corrupted_alike_whatever_stands_beside_it() -> None:
    noise = Corruption("noise", 1.0)
    alone, _ = corrupted(VALUES[1:2], MASK[1:2], noise, SCALE, clip_generators(3, "audio", [8]))
    assert torch.equal(alone[0], made(noise, seed=3)[0][1])
    assert not torch.equal(alone[0], made(noise, seed=4)[0][1])


def test_what_can_make_no_difference_is_not_tried() -> None:
    assert {way.kind for way in corruptions_for(longest=1, modalities=1)} == {"noise"}
    assert {way.kind for way in corruptions_for(longest=9, modalities=2)} == {"noise", "shuffled", "dropped", "missing"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("robust") / "store", clips=40, missing=[(4, "audio")])


@pytest.fixture(scope="module")
def run(corpus: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return train(corpus, tmp_path_factory.mktemp("robust") / "run", tiny_config(training={"epochs": 2}))


@pytest.fixture(scope="module")
def found(corpus: FeatureStore, run: RunFolder) -> Robustness:
    return Predictor(run.path).robustness(corpus)


def test_the_clean_point_is_what_evaluate_says(corpus: FeatureStore, run: RunFolder, found: Robustness) -> None:
    clean = found.modalities["text"][0]
    assert (clean.kind, clean.risen) == (CLEAN.kind, None)
    figures = Predictor(run.path).evaluate(corpus)
    assert clean.f1_micro == pytest.approx(figures["f1_micro"])
    assert clean.map_macro == pytest.approx(figures["map_macro"], abs=1e-6)


def test_a_missing_modality_leaves_the_answer_to_the_others(found: Robustness) -> None:
    missing = {name: points[-1] for name, points in found.modalities.items()}
    for point in missing.values():
        assert point.kind == MISSING.kind and point.weight_on_others == 1
        assert point.uncertainty is None and point.risen is None
    for points in found.modalities.values():
        assert all(0 <= p.weight_on_others <= 1 for p in points if p.weight_on_others is not None)


def test_the_same_seed_gives_the_same_curves(corpus: FeatureStore, run: RunFolder, found: Robustness) -> None:
    assert Predictor(run.path).robustness(corpus) == found
    assert Predictor(run.path).robustness(corpus, seed=1) != found


def test_clips_without_a_label_change_no_curve(run: RunFolder, found: Robustness, tmp_path: Path) -> None:
    more = tiny_store(tmp_path / "store", clips=90, missing=[(4, "audio")])
    labels = more.table.labels.copy()
    labels[40:] = np.nan
    again = Predictor(run.path).robustness(with_table(more, replace(more.table, labels=labels)))
    assert (again.clips, again.of) == (found.clips, found.of)
    for name, points in found.modalities.items():
        for point, other in zip(points, again.modalities[name], strict=True):
            assert asdict(other) == pytest.approx(asdict(point), abs=1e-6)


def test_a_split_without_labels_is_refused(run: RunFolder, tmp_path: Path) -> None:
    from lddu.store.clip_table import ClipRow
    from lddu.store.writer import StoreDescription, writing_store

    with writing_store(tmp_path / "bare", StoreDescription(("joy", "anger"), {"audio": "made-up audio"})) as writer:
        writer.add(ClipRow("a", "test", [None, None]), {"audio": np.ones((2, 4), np.float32)})
    with pytest.raises(MismatchError, match="known labels"):
        Predictor(run.path).robustness(FeatureStore(tmp_path / "bare"))
