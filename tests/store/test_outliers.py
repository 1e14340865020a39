"""Numbers far beyond all others of their feature are named, and nothing that is only large, rare or skewed is."""

from pathlib import Path

import numpy as np
import pytest

from lddu.store.clip_table import ClipRow
from lddu.store.outliers import OutlierDetector
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store


def seen(clips: list[np.ndarray]) -> list[str]:
    watch = OutlierDetector("audio")
    for number, steps in enumerate(clips):
        watch.see(f"c{number}", steps)
    return watch.sentences()


def usual(clips: int = 60) -> list[np.ndarray]:
    draw = np.random.default_rng(0)
    return [draw.normal(size=(5, 4)).astype(np.float32) for _ in range(clips)]


@pytest.mark.parametrize("where", [0, 30, 59])
@pytest.mark.parametrize("value", [3e38, -3e38, 1e5])
def test_a_single_number_is_named_with_its_clip(where: int, value: float) -> None:
    clips = usual()
    clips[where][2, 1] = value
    [told] = seen(clips)
    assert told.startswith(f"feature 2 of audio is {np.float32(value):.3g} in clip 'c{where}'")


def test_a_whole_clip_and_two_more_do_not_hide_one_another() -> None:
    clips = usual()
    for number in (3, 4, 5):
        clips[number][:] = 1e6 * number
    told = seen(clips)
    assert len(told) == 4 and all("in clip 'c5'" in sentence for sentence in told)


def test_features_beyond_the_sixth_are_counted() -> None:
    clips = [np.repeat(steps, 3, axis=1) for steps in usual()]
    clips[7][0, :] = 1e9
    told = seen(clips)
    assert len(told) == 7 and told[-1] == "6 more features of audio are as far off in some clip"


def test_large_rare_skewed_and_few_numbers_are_no_outliers() -> None:
    draw = np.random.default_rng(1)
    large = [steps * 1e12 + 1e14 for steps in usual()]
    rare = [np.full((5, 1), float(number == 9)) for number in range(60)]
    skewed = [np.exp(draw.normal(0, 2, size=(5, 4))) for _ in range(2000)]
    few = usual(20)
    few[3][0, 0] = 1e9
    for clips in (large, rare, skewed, few):
        assert seen(clips) == []


def test_the_manifest_says_it(tmp_path: Path) -> None:
    with writing_store(tmp_path / "store", StoreDescription(("joy",), {"audio": "made up"})) as writer:
        for number, steps in enumerate(usual()):
            steps[0, 2] = 1e7 if number == 8 else 0
            writer.add(ClipRow(f"c{number}", "train", (1.0,)), {"audio": steps})
    [told] = FeatureStore(tmp_path / "store").manifest["warnings"]
    assert "feature 3 of audio is 1e+07 in clip 'c8'" in told
