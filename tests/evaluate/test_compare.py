import dataclasses

import numpy as np
import pytest

from lddu.errors import MismatchError
from lddu.evaluate.compare import Answers, compare, intervals
from lddu.evaluate.metrics import metrics
from lddu.evaluate.predicted import Scored
from tests.scores import random_scored, scored_of

HALF = np.full(4, 0.5)


def answers(scored: Scored, name: str = "a", noise: float = 0.0, seed: int = 0) -> Answers:
    flips = np.random.default_rng(seed).random(scored.probability.shape) < noise
    return Answers(name, scored, (scored.probability >= 0.5) ^ flips)


def test_values_are_those_of_metrics() -> None:
    scored = random_scored(unknown=0.2)
    found, expected = intervals(answers(scored)), metrics(scored, HALF)
    for name, estimate in found.items():
        assert estimate.value == pytest.approx(getattr(expected, name)), name
        assert estimate.low <= estimate.value <= estimate.high


def test_a_run_compared_with_itself_differs_by_exactly_nothing() -> None:
    same = compare(answers(random_scored()), answers(random_scored(), "b"), resamples=200)
    for difference in same.difference.values():
        assert (difference.value, difference.low, difference.high, difference.chance) == (0, 0, 0, 1)


def test_a_clearly_better_run_has_an_interval_above_zero() -> None:
    scored = random_scored()
    found = compare(answers(scored, "bad", noise=0.3), answers(scored, "good"))
    assert found.difference["f1_micro"].low > 0
    assert found.difference["f1_micro"].chance < 0.01
    assert found.by == "clip"


def test_the_order_of_clips_in_the_second_run_does_not_matter() -> None:
    scored = random_scored()
    one, two = answers(scored), answers(scored, "b", noise=0.1)
    order = np.random.default_rng(5).permutation(len(scored.clips))
    moved = Answers("b", scored.rows(order), two.labels[order])
    assert compare(one, moved, resamples=100) == compare(one, two, resamples=100)


def test_groups_are_resampled_whole_and_widen_the_interval_of_copies() -> None:
    base = random_scored(clips=40)
    copies = np.repeat(np.arange(40), 10)
    names = np.array([f"c{n}" for n in range(400)], dtype=object)
    alone = dataclasses.replace(base.rows(copies), clips=names)
    grouped = dataclasses.replace(alone, group=np.array([f"g{n}" for n in copies], dtype=object))
    by_clip, by_group = intervals(answers(alone))["f1_micro"], intervals(answers(grouped))["f1_micro"]
    assert by_group.high - by_group.low > 2 * (by_clip.high - by_clip.low)
    found = compare(answers(grouped), answers(grouped, "b"), resamples=10)
    assert (found.by, found.units) == ("group", 40)


def test_the_interval_agrees_with_a_plain_bootstrap() -> None:
    scored = random_scored(clips=80)
    random, drawn = np.random.default_rng(9), []
    for _ in range(400):
        drawn.append(metrics(scored.rows(random.integers(80, size=80)), HALF).f1_micro)
    found = intervals(answers(scored))["f1_micro"]
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.03)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    truth = metrics(random_scored(99, clips=20000), HALF).hamming_loss
    covered = []
    for seed in range(60):
        found = intervals(answers(random_scored(seed, clips=150)), resamples=400)["hamming_loss"]
        covered.append(found.low <= truth <= found.high)
    assert 0.85 <= np.mean(covered) <= 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clips": np.array([f"x{n}" for n in range(200)], dtype=object)}, r"same clips.*such as 'clip0'"),
        ({"emotions": ("a", "b", "c", "d")}, "same emotions"),
        ({"presence": np.ones((200, 4))}, "same observed labels"),
    ],
)
def test_runs_that_do_not_belong_together_are_refused(change: dict[str, object], message: str) -> None:
    scored = random_scored()
    other = dataclasses.replace(scored, **change)  # type: ignore[arg-type]
    with pytest.raises(MismatchError, match=message):
        compare(answers(scored), answers(other, "b"))


def test_an_emotion_without_labels_is_no_part_of_the_macro_mean() -> None:
    scored = scored_of([[0.9, 0.9], [0.4, 0.9]], [[1, np.nan], [0, np.nan]])
    assert intervals(answers(scored), resamples=10)["f1_macro"].value == 1.0
