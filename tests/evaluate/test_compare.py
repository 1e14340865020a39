import dataclasses

import numpy as np
import pytest

from lddu.errors import MismatchError
from lddu.evaluate.answered import HEADLINE, Answers, resampled
from lddu.evaluate.calibration import calibration_error, equal_mass_bins
from lddu.evaluate.compare import compare, intervals, paired
from lddu.evaluate.metrics import mean_average_precision, metrics, micro_f1
from lddu.evaluate.resample import unit_weights
from lddu.evaluate.scored import Scored
from lddu.evaluate.selective import selective_report
from tests.scores import random_scored, scored_of

HALF = np.full(4, 0.5)


def answers(scored: Scored, name: str = "a", noise: float = 0.0, seed: int = 0) -> Answers:
    flips = np.random.default_rng(seed).random(scored.probability.shape) < noise
    return Answers(name, scored, (scored.probability >= 0.5) ^ flips, 0.5 - np.abs(scored.probability - 0.5))


def test_values_are_those_of_metrics_and_of_the_reports_of_trust() -> None:
    scored = random_scored(unknown=0.2)
    one = answers(scored)
    assert one.uncertainty is not None
    found, known = intervals(one), scored.known
    expected = vars(metrics(scored, HALF)) | {
        "adaptive_ece": calibration_error(scored.probability[known], scored.presence[known] == 1, "equal_mass"),
        "error_auroc": selective_report(scored, one.labels, one.uncertainty).pooled.error_auroc,
    }
    assert tuple(found)[: len(HEADLINE)] == HEADLINE
    for name, estimate in found.items():
        assert estimate.value == pytest.approx(expected[name]), name
        assert estimate.low <= estimate.high
        assert name == "adaptive_ece" or estimate.low <= estimate.value <= estimate.high, name


@pytest.mark.parametrize("name", ["map_macro", "error_auroc", "adaptive_ece"])
def test_a_resample_has_the_figure_of_the_clips_that_were_drawn(name: str) -> None:
    scored = random_scored(clips=60)
    one = answers(scored, noise=0.1)
    drawn = resampled(one, seed=3, resamples=5)[name]
    for value, weight in zip(drawn, next(unit_weights(60, 3, 5)), strict=True):
        rows = np.repeat(np.arange(60), weight.astype(int))
        part, labels = scored.rows(rows), one.labels[rows]
        assert one.uncertainty is not None
        if name == "map_macro":
            assert value == pytest.approx(mean_average_precision(part))
        elif name == "error_auroc":
            assert value == pytest.approx(selective_report(part, labels, one.uncertainty[rows]).pooled.error_auroc)
        else:
            bins = equal_mass_bins(scored.probability[scored.known]).reshape(scored.presence.shape)[rows].ravel()
            gap = np.bincount(bins, (part.presence - part.probability).ravel())
            assert value == pytest.approx(np.abs(gap).sum() / part.presence.size)


def test_the_differences_of_ranking_figures_are_paired() -> None:
    scored = random_scored(clips=150)
    blurred = np.clip(scored.probability + np.random.default_rng(1).normal(0, 0.02, scored.probability.shape), 0, 1)
    found = compare(answers(scored), answers(scored.with_probability(blurred), "b"), resamples=300)
    apart, alone = found.difference["map_macro"], found.first["map_macro"]
    assert apart.high - apart.low < 0.5 * (alone.high - alone.low)


def test_a_figure_that_most_resamples_cannot_give_has_no_interval() -> None:
    presence = np.tile([1.0, 0.0], (40, 1))
    probability = np.tile([0.9, 0.1], (40, 1))
    probability[0] = 0.2, 0.1
    found = compare(answers(scored_of(probability, presence)), answers(scored_of(probability, presence), "b"))
    difference = found.difference["error_auroc"]
    assert difference.value == 0 and np.isnan([difference.low, difference.high, difference.chance]).all()
    right = scored_of(np.where(presence == 1, 0.9, 0.1), presence)
    assert "error_auroc" not in compare(answers(right), answers(right, "b"), resamples=20).difference


def test_an_emotion_that_nobody_shows_is_no_part_of_the_mean_precision() -> None:
    scored = scored_of([[0.9, 0.9], [0.4, 0.2]], [[1, 0], [0, 0]])
    assert intervals(answers(scored), resamples=50)["map_macro"].value == 1.0
    nobody = scored_of([[0.9, 0.9], [0.4, 0.2]], [[0, 0], [0, 0]])
    assert "map_macro" not in intervals(answers(nobody), resamples=50)


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
    assert two.uncertainty is not None
    moved = Answers("b", scored.rows(order), two.labels[order], two.uncertainty[order])
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
        again = scored.rows(random.integers(80, size=80))
        drawn.append(micro_f1(again.presence, again.probability >= HALF))
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


def test_the_order_of_emotions_in_the_second_run_does_not_matter() -> None:
    scored = random_scored(unknown=0.1)
    one, two = answers(scored), answers(scored, "b", noise=0.1)
    order = [2, 0, 3, 1]
    assert two.uncertainty is not None
    moved = Answers("b", scored.columns(order), two.labels[:, order], two.uncertainty[:, order])
    assert moved.scored.emotions != scored.emotions
    found, wanted = (compare(one, other, resamples=100) for other in (moved, two))
    for name, difference in wanted.difference.items():
        assert dataclasses.astuple(found.difference[name]) == pytest.approx(dataclasses.astuple(difference)), name


def test_emotions_that_only_one_run_has_are_named() -> None:
    scored = random_scored()
    other = dataclasses.replace(scored, emotions=(*scored.emotions[:3], "awe"))
    said = rf"only a has {scored.emotions[3]} and only b has awe; compare"
    with pytest.raises(MismatchError, match=said):
        compare(answers(scored), answers(other, "b"))


def grouped(scored: Scored, size: int) -> Scored:
    names = [f"g{n // size}" for n in range(len(scored.clips))]
    return dataclasses.replace(scored, group=np.array(names, dtype=object))


@pytest.mark.parametrize("turned", [False, True])
def test_runs_with_finer_and_coarser_groups_are_paired_over_the_coarser(turned: bool) -> None:
    scored = random_scored(clips=120)
    blurred = np.clip(scored.probability + np.random.default_rng(1).normal(0, 0.02, scored.probability.shape), 0, 1)
    coarse, fine = grouped(scored, 6), grouped(scored.with_probability(blurred), 2)
    runs = [answers(coarse), answers(fine, "b")]
    first, second = runs[::-1] if turned else runs
    found = compare(first, second, resamples=300)
    alike = compare(answers(coarse), answers(grouped(fine, 6), "b"), resamples=300).difference["map_macro"]
    apart = found.difference["map_macro"]
    assert (found.by, found.units) == ("group", 20)
    assert apart.high - apart.low == pytest.approx(alike.high - alike.low)


def test_groups_that_cut_across_each_other_are_drawn_alike() -> None:
    scored = random_scored(clips=120)
    other = dataclasses.replace(scored, group=np.array([f"h{n % 30}" for n in range(120)], dtype=object))
    found = compare(answers(grouped(scored, 6)), answers(other, "b"), resamples=100)
    assert (found.by, found.units) == ("group", 20)
    assert all((own.value, own.low, own.high) == (0, 0, 0) for own in found.difference.values())
    assert [one.grouped_as for one in paired([answers(grouped(scored, 6)), answers(other, "b")])] == ["", "a"]
