"""Arrays that pass between stages, and the entropy of a yes-or-no answer."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def binary_entropy(probability: Floats) -> Floats:
    """Entropy in nats of a yes or no of that probability; 0 at 0 and 1."""
    p = np.asarray(probability, np.float64)
    return np.asarray(-(xlogy(p, p) + xlogy(1 - p, 1 - p)))
