"""Arrays that pass between stages, the entropy of a yes-or-no answer, and the scale of columns."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def binary_entropy(probability: Floats) -> Floats:
    """Entropy in nats of a yes or no of that probability; 0 at 0 and 1."""
    p = np.asarray(probability, np.float64)
    return np.asarray(-(xlogy(p, p) + xlogy(1 - p, 1 - p)))


LEAST_DEVIATION = 1e-9
"""A column that deviates no more is constant but for rounding."""


def column_scale(columns: Floats) -> Floats:
    """[I] deviation of columns [K, I]; 1 of a constant one, which elsewhere may deviate: that shall not count a billion times.

    Example:
        >>> column_scale(np.array([[1.0, 7.0], [5.0, 7.0]]))
        array([2., 1.])
    """
    deviation = columns.std(axis=0)
    return np.where(deviation > LEAST_DEVIATION, deviation, 1.0)
