"""A clip that is learnt from and measured on under another id is named, whatever the order; nothing else is."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.store.clip_table import ClipRow
from lddu.store.repeated import MEASURED, RepeatDetector
from lddu.store.resplit import resplit
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store


def written(tmp_path: Path, splits: list[str], contents: list[int], text: bool = True) -> FeatureStore:
    """Clips with a voice, and words where `text` says so; equal contents, equal features."""
    with writing_store(tmp_path / "store", StoreDescription(("joy",), {"audio": "a", "text": "b"})) as writer:
        for n, (split, content) in enumerate(zip(splits, contents, strict=True)):
            features = {"audio": np.full((2, 3), content), **({"text": np.ones((1, 2))} if text else {})}
            writer.add(ClipRow(f"c{n}", split, [n % 2]), features)
    return FeatureStore(tmp_path / "store")


def test_a_clip_of_another_split_with_the_same_features_is_named(tmp_path: Path) -> None:
    store = written(tmp_path, ["train", "train", "valid", "test", "test"], [1, 2, 3, 2, 1])
    [told] = store.manifest["warnings"]
    assert told.startswith("2 clips with exactly the features of a clip of another split, such as c3 (those of c1): if")
    folds = resplit(store, tmp_path / "fold", np.array(["train"] * 5), store.table.group)
    assert folds.manifest["warnings"] == []  # which it does not hold for


@pytest.mark.parametrize(
    ("splits", "contents"),
    [(["train", "train"], [1, 1]), (["train", "unused"], [1, 1]), (["train", ""], [1, 1]), (["train", "test"], [1, 2])],
    ids=["one split", "unused", "no split", "words alone are the same"],
)
def test_what_is_not_measured_on_or_differs_in_a_modality_is_not(
    tmp_path: Path, splits: list[str], contents: list[int]
) -> None:
    assert written(tmp_path, splits, contents).manifest["warnings"] == []


def test_a_clip_without_features_and_one_that_lacks_a_modality_are_other_clips() -> None:
    detector, voice = RepeatDetector(), {"audio": np.ones((1, 2))}
    for clip, split, features in [("a", "train", {}), ("b", "test", {}), ("c", "train", voice)]:
        detector.see(clip, split, features)
    detector.see("d", "test", {**voice, "text": np.ones((1, 2))})
    detector.see("e", "test", {"audio": np.ones((2, 1))})
    detector.see("f", "test", {"text": np.ones((1, 2))})
    assert detector.sentences() == []


@given(clips=st.lists(st.tuples(st.sampled_from(MEASURED), st.integers(0, 4)), max_size=12), seed=st.integers(0, 99))
def test_whether_it_is_said_does_not_depend_on_the_order(clips: list[tuple[str, int]], seed: int) -> None:
    shared = any(a != b and m == n for a, m in clips for b, n in clips)
    for order in (np.arange(len(clips)), np.random.default_rng(seed).permutation(len(clips))):
        detector = RepeatDetector()
        for i in order:
            detector.see(f"c{i}", clips[i][0], {"audio": np.full((1, 2), clips[i][1])})
        assert bool(detector.sentences()) == shared
