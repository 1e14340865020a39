"""Last-layer Laplace: a logistic regression on what a network's last layer reads, with a Gaussian over its weights.

The weights' posterior is taken as a Gaussian around the most probable ones, its precision the curvature there (MacKay,
1992; Kristiadi et al., ICML 2020). The strength of the prior is chosen on validation by likelihood. Pure: arrays in, arrays out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from lddu.arrays import Floats, column_scale
from lddu.evaluate.linear_baselines import C_GRID, regression
from lddu.evaluate.metrics import negative_log_likelihood

FLAT = 1e-6
"""Prior precision of the intercept, which is left free."""


@dataclass(frozen=True, eq=False)
class LaplaceAnswer:
    """Of N clips and E emotions.

    Attributes:
        probability: [N, E] averaged over the posterior.
        variance: [N, E] of the logit over the posterior: what the head does not know.
    """

    probability: Floats
    variance: Floats


@dataclass(frozen=True, eq=False)
class LastLayer:
    """What the last layer reads of N clips: [N, E, D], the inputs of each emotion's score, and [N, E] presence (NaN unknown)."""

    inputs: np.ndarray
    presence: Floats


def laplace_head(train: LastLayer, valid: LastLayer, groups: Sequence[LastLayer]) -> tuple[LaplaceAnswer, ...]:
    """Fit on training clips, choose the prior on validation, answer on others.

    Args:
        train: clips to fit on.
        valid: clips to choose on, with at least one known label.
        groups: of clips to answer on.

    Example:
        >>> values = np.linspace(-3, 3, 60)[:, None, None]
        >>> clips = LastLayer(values, (values[:, :, 0] > 0).astype(float))
        >>> near, far = laplace_head(clips, clips, [clips, LastLayer(10 * values, clips.presence)])
        >>> bool((far.variance > near.variance).all())
        True
    """
    known = ~np.isnan(valid.presence)
    best: tuple[float, tuple[LaplaceAnswer, ...]] | None = None
    for c in C_GRID:
        on_valid, *answers = _answers(train, [valid, *groups], c)
        nll = negative_log_likelihood(valid.presence[known] == 1, on_valid.probability[known])
        if best is None or nll < best[0]:
            best = nll, tuple(answers)
    assert best is not None
    return best[1]


def _answers(train: LastLayer, others: Sequence[LastLayer], c: float) -> list[LaplaceAnswer]:
    shapes = [clips.inputs.shape[:2] for clips in others]
    answers = [LaplaceAnswer(np.full(shape, 0.5), np.zeros(shape)) for shape in shapes]
    for e, observed in enumerate(train.presence.T):
        known = ~np.isnan(observed)
        if len(np.unique(observed[known])) < 2:
            for answer in answers:
                answer.probability[:, e] = observed[known].mean() if known.any() else 0.5
            continue
        inputs = train.inputs[known, e].astype(np.float64)
        centre, scale = inputs.mean(axis=0), column_scale(inputs)
        weight, covariance = _posterior(_with_one((inputs - centre) / scale), observed[known], c)
        for answer, clips in zip(answers, others, strict=True):
            columns = _with_one((clips.inputs[:, e] - centre) / scale)
            variance = np.einsum("ij,jk,ik->i", columns, covariance, columns)
            answer.variance[:, e] = variance
            answer.probability[:, e] = expit((columns @ weight) / np.sqrt(1 + np.pi * variance / 8))
    return answers


def _posterior(columns: Floats, observed: Floats, c: float) -> tuple[Floats, Floats]:
    """Most probable weights [D + 1], the intercept last, and their covariance."""
    model = regression(columns[:, :-1], observed == 1, c)
    weight = np.append(model.coef_[0], model.intercept_[0])
    p = expit(columns @ weight)
    precision = (columns * (p * (1 - p))[:, None]).T @ columns
    precision[np.diag_indices_from(precision)] += np.append(np.full(len(weight) - 1, 1 / c), FLAT)
    return weight, np.linalg.inv(precision)


def _with_one(columns: Floats) -> Floats:
    return np.concatenate([columns, np.ones((len(columns), 1))], axis=1)
