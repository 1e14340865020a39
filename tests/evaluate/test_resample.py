"""Intervals: ranking figures from weights agree with scikit-learn, and units are drawn whole."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from lddu.evaluate.answered import Answers
from lddu.evaluate.calibration import calibration_report
from lddu.evaluate.compare import compare, intervals
from lddu.evaluate.resample import (
    LEAST_UNITS,
    METRIC_RESAMPLES,
    Ranked,
    RankingFigure,
    auroc,
    average_precision,
    mean_interval,
    middle,
    ranking_interval,
    resampled_ranking,
    spearman_interval,
    unit_weights,
)
from tests.scores import random_scored

RANDOM = np.random.default_rng(5)
SCORE = RANDOM.integers(0, 12, 80) / 12
POSITIVE = RANDOM.random(80) < SCORE


@pytest.mark.parametrize(("ours", "theirs"), [(auroc, roc_auc_score), (average_precision, average_precision_score)])
@given(rows=st.lists(st.tuples(st.integers(-2, 2), st.booleans(), st.integers(0, 3)), max_size=12))
def test_figures_from_weights_agree_with_scikit_learn(
    ours: RankingFigure, theirs: Callable[..., float], rows: list[tuple[int, bool, int]]
) -> None:
    score, positive, unit = (np.array(column) for column in zip(*rows, strict=True)) if rows else [np.zeros(0, int)] * 3
    weight = np.array([[1.0, 1.0, 1.0, 1.0], [2.0, 0.0, 3.0, 1.0]])
    found = Ranked.of(score.astype(float), positive.astype(bool), unit).figure(ours, weight)
    for value, times in zip(found, weight[:, unit], strict=True):
        sides = [bool((times[positive.astype(bool) == side] > 0).any()) for side in (True, False)]
        if not all(sides if ours is auroc else sides[:1]):
            assert np.isnan(value)
        else:
            assert value == pytest.approx(theirs(positive, score, sample_weight=times))


def test_the_interval_holds_the_figure_and_narrows_with_more_pairs() -> None:
    few = ranking_interval(auroc, SCORE, POSITIVE, np.arange(80))
    many = ranking_interval(auroc, np.tile(SCORE, 20), np.tile(POSITIVE, 20), np.arange(1600))
    assert few is not None and many is not None
    assert few.low < roc_auc_score(POSITIVE, SCORE) < few.high
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_units_are_drawn_whole() -> None:
    doubled = ranking_interval(auroc, np.repeat(SCORE, 2), np.repeat(POSITIVE, 2), np.repeat(np.arange(80), 2))
    single = ranking_interval(auroc, SCORE, POSITIVE, np.arange(80))
    assert doubled is not None and single is not None
    assert (doubled.low, doubled.high) == pytest.approx((single.low, single.high), abs=1e-9)


def test_a_side_that_many_resamples_lack_gives_no_interval() -> None:
    assert ranking_interval(auroc, SCORE, np.arange(80) == 3, np.arange(80)) is None
    assert middle(np.full(10, np.nan)) is None


def test_two_scores_meet_the_same_resamples() -> None:
    shifted = resampled_ranking(auroc, SCORE + 1, POSITIVE, np.arange(80), seed=4)
    assert np.array_equal(resampled_ranking(auroc, SCORE, POSITIVE, np.arange(80), seed=4), shifted)


def test_weights_do_not_depend_on_how_many_are_drawn_at_once() -> None:
    at_once, in_parts = (np.concatenate(list(unit_weights(7, 0, 50, width))) for width in (0, 400_000))
    assert np.array_equal(at_once, in_parts)
    assert (at_once.sum(axis=1) == 7).all()


def test_the_interval_of_a_rank_correlation_holds_it() -> None:
    first = RANDOM.normal(size=200)
    found = spearman_interval(first, first + RANDOM.normal(size=200), np.arange(200))
    assert found is not None and 0.5 < found.low < 0.69 < found.high < 0.85


def test_the_interval_of_a_rank_correlation_is_that_of_scipy_on_every_resample() -> None:
    first = RANDOM.normal(size=30)
    second, units = np.round(first + RANDOM.normal(size=30), 0), RANDOM.integers(12, size=30)
    _, unit = np.unique(units, return_inverse=True)
    drawn = np.concatenate(list(unit_weights(int(unit.max()) + 1, 0, METRIC_RESAMPLES)))
    rows = [np.repeat(np.arange(30), weight[unit].astype(np.int64)) for weight in drawn]
    found = [spearmanr(first[kept], second[kept]).statistic for kept in rows]
    expected = middle(np.array(found))
    measured = spearman_interval(first, second, units)
    assert measured is not None and expected is not None
    assert (measured.low, measured.high) == pytest.approx((expected.low, expected.high))


def test_there_is_no_interval_where_a_column_is_constant() -> None:
    assert spearman_interval(RANDOM.normal(size=20), np.ones(20), np.arange(20)) is None


@pytest.mark.parametrize("few", [1, 2, LEAST_UNITS - 1])
def test_a_few_units_have_no_interval_and_prove_no_difference(few: int) -> None:
    one = random_scored(clips=few)
    run, other = (Answers(name, one, one.probability >= cut) for name, cut in (("run", 0.5), ("other", 0.9)))
    assert all(np.isnan([found.low, found.high]).all() for found in intervals(run).values())
    assert np.isnan([(d.low, d.high, d.chance) for d in compare(run, other, resamples=50).difference.values()]).all()
    values, units = np.arange(6.0), np.arange(6) % few
    assert mean_interval(values, units) is None is spearman_interval(values, values, units)
    assert ranking_interval(auroc, values, values > 2, units) is None
    assert calibration_report(one).pooled.adaptive_ece_interval is None
