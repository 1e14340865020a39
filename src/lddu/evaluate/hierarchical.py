"""One interval over clips and seeds.

A figure of several trainings varies with the clips that it is measured on and with the seeds that were drawn. The bootstrap draws both: clips
(or groups), the same for all settings, so that settings are paired; and within them trainings, for each setting apart.
"""

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
