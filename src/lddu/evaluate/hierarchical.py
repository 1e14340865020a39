"""One interval over clips and seeds, and how many comparisons it may be looked at in.

A figure of several trainings varies with the clips that it is measured on and with the seeds that were drawn. The bootstrap draws both: clips
(or groups), the same for all settings, so that settings are paired; and within them trainings, for each setting apart.
"""

from collections.abc import Sequence

import numpy as np

from lddu.arrays import Floats


def mean_over_seeds(drawn: Floats, random: np.random.Generator) -> Floats:
    """[R] the mean over redrawn trainings, on each resample of the clips.

    Of S trainings S - 1 are drawn: the mean of S of S varies too little, by (S - 1) / S, which matters where there are three
    (McCarthy and Snowden, The bootstrap and finite population sampling, 1985). A single training stays what it is.

    Args:
        drawn: [S, R] a figure of each training on each resample of the clips.
        random: draws the trainings; not the generator that drew the clips.

    Example:
        >>> mean_over_seeds(np.array([[0.5, 0.6], [0.5, 0.6]]), np.random.default_rng(1))
        array([0.5, 0.6])
    """
    trainings, resamples = drawn.shape
    if trainings == 1:
        return np.asarray(drawn[0])
    chosen = random.integers(trainings, size=(trainings - 1, resamples))
    return np.asarray(np.take_along_axis(drawn, chosen, axis=0).mean(axis=0))


def two_sided(apart: Floats) -> float:
    """The p of no difference: twice the share of resamples on the other side of 0; NaN where a twentieth of them is undefined.

    The value itself counts as one more resample, so that p is never 0 (Davison and Hinkley, Bootstrap methods, 1997, ch. 4).

    Args:
        apart: [R] a difference on each resample.
    """
    defined = apart[~np.isnan(apart)]
    if len(defined) < 0.95 * len(apart) or not len(defined):
        return float("nan")
    least = min(int((defined <= 0).sum()), int((defined >= 0).sum()))
    return min(1.0, 2 * (least + 1) / (len(defined) + 1))


def holm(chances: Sequence[float]) -> list[float]:
    """The p of several tests, corrected so that any of them is wrongly below a level as seldom as a single one (Holm, 1979).

    Args:
        chances: p of each test; NaN, of a test that could not be made, stays so and counts as none.

    Example:
        >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    found = np.asarray(chances, np.float64)
    order = np.argsort(found)[: int((~np.isnan(found)).sum())]
    raised = found[order] * np.arange(len(order), 0, -1)
    corrected = np.full(len(found), np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return [float(p) for p in corrected]
