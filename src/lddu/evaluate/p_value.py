"""The p-value of a bootstrap, by one rule for the whole project, and the correction for several tests.

The value itself counts as one more resample, so that R resamples give no p below 1 / (R + 1): that none of them was so extreme is
no proof that none could be (Davison and Hinkley, Bootstrap methods, 1997, ch. 4).
"""

from collections.abc import Sequence

import numpy as np

from lddu.arrays import Floats
from lddu.evaluate.resample import enough_defined


def p_value(beyond: int, resamples: int) -> float:
    """The p of one side.

    Args:
        beyond: how many resamples are at least as extreme as the value.
        resamples: how many there are.

    Example:
        >>> p_value(0, 1999), p_value(1999, 1999)
        (0.0005, 1.0)
    """
    return (beyond + 1) / (resamples + 1)


def two_sided(apart: Floats) -> float:
    """The p of no difference: twice that of the smaller side of 0, at most 1; NaN where more than a twentieth is undefined.

    Args:
        apart: [R] a difference on each resample.
    """
    defined = apart[~np.isnan(apart)]
    if not enough_defined(apart):
        return float("nan")
    return min(1.0, 2 * p_value(min(int((defined <= 0).sum()), int((defined >= 0).sum())), len(defined)))


def holm(chances: Sequence[float]) -> list[float]:
    """The p of several tests, corrected so that any of them is wrongly below a level as seldom as a single one (Holm, 1979).

    Args:
        chances: p of each test; NaN, of a test that could not be made, stays so and counts as none.

    Example:
        >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    values = np.asarray(chances, np.float64)
    order = np.argsort(values)[: int((~np.isnan(values)).sum())]
    raised = values[order] * np.arange(len(order), 0, -1)
    corrected = np.full(len(values), np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return [float(p) for p in corrected]
