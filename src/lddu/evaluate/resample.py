"""Intervals by bootstrap over clips, or groups of clips that resemble each other, drawn with replacement as a whole.

A resample is a row of weights over units. Ranking figures are computed from weights on pairs sorted once, so a thousand
resamples cost little more than one (Efron and Tibshirani, An introduction to the bootstrap, 1993).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lddu.arrays import Flags, Floats

METRIC_RESAMPLES = 1000
"""Of an interval of a single metric; `lddu.evaluate.compare` draws more, for p-values need the tails."""
LEAST_UNITS = 5
"""Figures of fewer clips or groups have no interval."""
CHUNK = 250_000
"""At most this many numbers are drawn at once: what is then done with them stays in a processor's cache (2 MB)."""


@dataclass(frozen=True)
class Interval:
    """The middle 95 %."""

    low: float
    high: float


def middle(values: Floats) -> Interval | None:
    """The middle 95 % of what is not NaN; None where there is not `enough_defined`."""
    if not enough_defined(values):
        return None
    low, high = np.quantile(values[~np.isnan(values)], [0.025, 0.975])
    return Interval(float(low), float(high))


def enough_defined(values: Floats) -> bool:
    """Whether at most a twentieth of the resamples is NaN, and one at least is not."""
    undefined = int(np.isnan(values).sum())
    return undefined < len(values) and 20 * undefined <= len(values)


def chunks(total: int, width: int) -> list[int]:
    """Numbers of draws that add up to `total`, each small enough for the memory at `width` numbers a draw."""
    size = max(1, CHUNK // max(width, 1))
    return [min(size, total - done) for done in range(0, total, size)]


def unit_weights(units: int, seed: int, resamples: int, width: int = 0) -> Iterator[Floats]:
    """Resamples, some at a time, as [draws, units] numbers of times that each unit was drawn.

    Args:
        units: how many there are.
        seed: of the draws.
        resamples: how many in all.
        width: numbers that the caller will hold per draw, where these are more than the units.
    """
    random = np.random.default_rng(seed)
    for draws in chunks(resamples, max(units, width)):
        drawn = random.integers(units, size=(draws, units)) + units * np.arange(draws)[:, None]
        yield np.bincount(drawn.ravel(), minlength=draws * units).reshape(draws, units).astype(np.float64)


def is_resampled(units: np.ndarray) -> bool:
    """Whether the units of some rows are enough to be drawn: resamples of a few are nearly alike and look sure of everything."""
    return len(np.unique(units)) >= LEAST_UNITS


@dataclass(frozen=True, eq=False)
class Ranking:
    """R resamples of rows by falling score, seen at the G distinct scores that a positive has.

    Attributes:
        hits: [R, G] weight of the positives of that score.
        misses: [R, G] weight of the negatives of that score.
        retrieved: [R, G] weight of all rows that score at least as high.
        total: [R] weight of all rows.
    """

    hits: Floats
    misses: Floats
    retrieved: Floats
    total: Floats

    @property
    def above(self) -> Floats:
        """[R, G] weight of the positives that score at least as high."""
        return np.asarray(np.cumsum(self.hits, axis=1))


RankingFigure = Callable[[Ranking], Floats]
"""`auroc` or `average_precision`."""


def ranking_interval(
    figure: RankingFigure, score: Floats, positive: Flags, units: np.ndarray, seed: int = 0
) -> Interval | None:
    """Interval of a figure of how well a score finds the positives; None where too many resamples lack a side, or there are too few units.

    Example:
        >>> interval = ranking_interval(auroc, np.arange(40.0), np.arange(40) > 19, np.arange(40))
        >>> interval.low, interval.high
        (1.0, 1.0)
    """
    return middle(resampled_ranking(figure, score, positive, units, seed))


def resampled_ranking(
    figure: RankingFigure, score: Floats, positive: Flags, units: np.ndarray, seed: int = 0
) -> Floats:
    """[R] the figure on every resample; the same units and seed give the same resamples, so that scores can be paired.

    NaN throughout where rows are of fewer than `LEAST_UNITS` units.

    Args:
        figure: of how well the score finds the positives.
        score: [K]; larger is more likely positive.
        positive: [K].
        units: [K] unit of each row, any whole numbers.
        seed: of the resamples.
    """
    if not is_resampled(units):
        return np.full(METRIC_RESAMPLES, np.nan)
    ranked = Ranked.of(score, positive, np.unique(units, return_inverse=True)[1])
    drawn = unit_weights(int(ranked.unit.max()) + 1, seed, METRIC_RESAMPLES, width=len(score))
    return np.concatenate([ranked.figure(figure, weight) for weight in drawn])


@dataclass(frozen=True, eq=False)
class Ranked:
    """K rows by falling score, ready for any resample of their units.

    Attributes:
        unit: [K] number of each row's unit, from 0.
        positive: places of the positives among the rows.
        starts: of each distinct score of a positive, its first place among the positives.
        ends: [G] rows that score at least as high as that.
        sizes: [G] rows of that score.
    """

    unit: np.ndarray
    positive: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    sizes: np.ndarray

    @staticmethod
    def of(score: Floats, positive: Flags, unit: np.ndarray) -> "Ranked":
        """From rows in any order."""
        order = np.argsort(-score, kind="stable")
        _, level, rows = np.unique(-score[order], return_inverse=True, return_counts=True)
        places = np.flatnonzero(positive[order])
        levels, starts = np.unique(level[places], return_index=True)
        return Ranked(unit[order], places, starts, np.cumsum(rows)[levels], rows[levels])

    def figure(self, figure: RankingFigure, weight: Floats) -> Floats:
        """[R] the figure where the units weigh as `weight` [R, U] says."""
        row = weight[:, self.unit]
        summed = np.zeros((len(row), row.shape[1] + 1))  # over the first 0, 1, ... rows
        np.cumsum(row, axis=1, out=summed[:, 1:])
        hits = row[:, self.positive]
        if len(self.starts) < len(self.positive):
            hits = np.add.reduceat(hits, self.starts, axis=1)
        retrieved = summed[:, self.ends]
        misses = retrieved - summed[:, self.ends - self.sizes] - hits
        return figure(Ranking(hits, misses, retrieved, summed[:, -1]))


def auroc(ranking: Ranking) -> Floats:
    """[R] chance that a positive scores higher than a negative, ties half; NaN where either side is empty."""
    positives = ranking.hits.sum(axis=1)
    negatives = ranking.total - positives
    below = negatives[:, None] - (ranking.retrieved - ranking.above) + ranking.misses / 2
    return _divided((ranking.hits * below).sum(axis=1), positives * negatives)


def average_precision(ranking: Ranking) -> Floats:
    """[R] precision at each distinct score, weighted by its positives; NaN without positives."""
    above = ranking.above
    precision = np.divide(above, ranking.retrieved, out=np.zeros_like(above), where=ranking.retrieved > 0)
    precise = _divided((ranking.hits * precision).sum(axis=1), ranking.hits.sum(axis=1))
    return np.minimum(precise, 1.0)  # rounding may pass 1


def mean_interval(values: Floats, units: np.ndarray, seed: int = 0) -> Interval | None:
    """Interval of the mean of [N] values; units are drawn whole. None where there are too few.

    Example:
        >>> mean_interval(np.ones(20), np.arange(20))
        Interval(low=1.0, high=1.0)
    """
    if not is_resampled(units):
        return None
    unit = np.unique(units, return_inverse=True)[1]
    total, count = np.bincount(unit, values), np.bincount(unit)
    drawn = unit_weights(len(count), seed, METRIC_RESAMPLES)
    return middle(np.concatenate([(weight @ total) / (weight @ count) for weight in drawn]))


def spearman_interval(first: Floats, second: Floats, units: np.ndarray, seed: int = 0) -> Interval | None:
    """Interval of the rank correlation of two columns [N]; units are drawn whole. None where there are too few."""
    if not is_resampled(units):
        return None
    unit = np.unique(units, return_inverse=True)[1]
    levels = [np.unique(column, return_inverse=True)[1] for column in (first, second)]
    drawn = unit_weights(int(unit.max()) + 1, seed, METRIC_RESAMPLES, width=len(unit))
    return middle(np.concatenate([_rank_correlation(weight[:, unit], *levels) for weight in drawn]))


def _rank_correlation(weight: Floats, first: np.ndarray, second: np.ndarray) -> Floats:
    """[R] correlation of the ranks of two columns of levels [N], rows counted as `weight` [R, N] says; NaN where one is constant."""
    x, y = _centred_ranks(weight, first), _centred_ranks(weight, second)
    spread = np.sqrt((weight * x**2).sum(axis=1) * (weight * y**2).sum(axis=1))
    return _divided((weight * x * y).sum(axis=1), spread)


def _centred_ranks(weight: Floats, level: np.ndarray) -> Floats:
    """[R, N] ranks less their mean; equal levels share their mean rank."""
    order = np.argsort(level, kind="stable")
    count = np.add.reduceat(weight[:, order], np.flatnonzero(np.diff(level[order], prepend=-1)), axis=1)
    rank = np.cumsum(count, axis=1) - count / 2
    return np.asarray((rank - weight.sum(axis=1, keepdims=True) / 2)[:, level])


def _divided(above: Floats, below: Floats) -> Floats:
    """Above / below, NaN where below is 0."""
    return np.asarray(np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0))
