"""Logistic regression on pooled features: what a model that looks at a clip's steps has to beat.

A clip is described by the mean and the deviation over steps of each feature, all modalities side by side. One regression per
emotion by scikit-learn; its strength and its weighting are chosen on validation. Pure: arrays in, probabilities out.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.evaluate.metrics import ranking_precision
from lddu.evaluate.shares import fully_known, share_distances

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

C_GRID = (0.001, 0.01, 0.1, 1.0)
"""Inverse strengths of the penalty that are tried, each without weights; then balanced weights at the best."""

FITS = len(C_GRID) + 1
"""Regressions per emotion and choice of modalities."""

SHARE_FITS = 2
"""What a regression on shares takes, in regressions: every clip stands there twice."""

FARTHEST = 10.0
"""Standardised features are clipped to this many deviations, as one broken value would rule a linear score."""


@dataclass(frozen=True, eq=False)
class PooledClips:
    """N clips, each modality as one vector.

    Attributes:
        values: modality -> [N, K]; a row of NaN where the clip lacks the modality.
        presence: [N, E] 1, 0, or NaN for unknown.
        shares: [N, E] of raters, NaN where unknown; None where nothing is fitted to them.
    """

    values: Mapping[str, np.ndarray]
    presence: Floats
    shares: Floats | None = None

    def __len__(self) -> int:
        return len(self.presence)


@dataclass(frozen=True, eq=False)
class LinearFit:
    """The regressions that did best on validation.

    Attributes:
        modalities: that they see.
        c: inverse strength of the penalty.
        balanced: whether positives and negatives weigh alike.
        score: on validation: the mean of the best micro-F1 of one threshold and mAP.
        probabilities: [N, E] of each group of clips that was answered.
    """

    modalities: tuple[str, ...]
    c: float
    balanced: bool
    score: float
    probabilities: tuple[Floats, ...]


def fit_linear(
    train: PooledClips, valid: PooledClips, groups: Sequence[PooledClips], modalities: Sequence[str]
) -> LinearFit:
    """Fit on training clips, choose strength and weighting on validation, answer on others.

    Args:
        train: clips to fit on.
        valid: clips to choose on.
        groups: of clips to answer on.
        modalities: that the regressions see.

    Example:
        >>> values = np.linspace(-1, 1, 40)[:, None]
        >>> clips = PooledClips({"text": values}, (values > 0).astype(float))
        >>> fit = fit_linear(clips, clips, [clips], ["text"])
        >>> fit.score, bool(((fit.probabilities[0] > 0.5) == (values > 0)).all())
        (1.0, True)
    """
    fitted, others = _columns(train, [valid, *groups], modalities)

    def tried(c: float, balanced: bool) -> LinearFit:
        judged, *answers = _probabilities(fitted, train.presence, others, c, balanced)
        return LinearFit(tuple(modalities), c, balanced, _score(judged, valid.presence), tuple(answers))

    best = max((tried(c, balanced=False) for c in C_GRID), key=lambda fit: fit.score)  # the first of equals: strongest
    return max((best, tried(best.c, balanced=True)), key=lambda fit: fit.score)


def fit_linear_shares(
    train: PooledClips,
    valid: PooledClips,
    groups: Sequence[PooledClips],
    modalities: Sequence[str],
    strengths: Sequence[float] = C_GRID,
) -> tuple[float, tuple[Floats, ...]]:
    """Fit shares of raters instead of presence: a clip counts as present by its share and as absent by the rest.

    Args:
        train: clips to fit on.
        valid: clips to choose the strength on, by cross-entropy.
        groups: of clips to answer on.
        modalities: that the regressions see.
        strengths: inverse strengths of the penalty that are tried.

    Returns:
        The inverse strength, and [N, E] shares of each group.
    """
    assert train.shares is not None and valid.shares is not None
    fitted, others = _columns(train, [valid, *groups], modalities)
    observed = valid.shares
    rows = fully_known(observed)
    tried = [(c, _expected_shares(fitted, train.shares, others, c)) for c in strengths]
    costs = [
        float(share_distances(predicted[0][rows], observed[rows])["cross_entropy"].mean()) for _, predicted in tried
    ]
    c, (_, *answers) = tried[int(np.argmin(costs))]
    return c, tuple(answers)


def regression(
    columns: np.ndarray, outcome: Flags, c: float, weight: Floats | None = None, *, balanced: bool = False
) -> "LogisticRegression":
    """A fitted logistic regression; one that has not converged is taken as it is.

    Args:
        columns: [N, K] standardised.
        outcome: [N], both classes.
        c: inverse strength of the penalty.
        weight: [N] of each row; all alike where there is none.
        balanced: whether positives and negatives weigh alike.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=c, class_weight="balanced" if balanced else None, max_iter=200, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # validation says what an unfinished one is worth
        return model.fit(columns, outcome, sample_weight=weight)


def _columns(
    train: PooledClips, others: Sequence[PooledClips], modalities: Sequence[str]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Standardised by the training clips that have the modality; 0 where it is missing, and one column that says so."""
    from sklearn.preprocessing import StandardScaler

    columns: list[list[np.ndarray]] = [[] for _ in range(1 + len(others))]
    for name in modalities:
        scaler = StandardScaler().fit(train.values[name])  # leaves NaN out
        lively = np.nan_to_num(scaler.var_) > 0
        for blocks, clips in zip(columns, (train, *others), strict=True):
            values = clips.values[name]
            scaled = np.clip(scaler.transform(values)[:, lively], -FARTHEST, FARTHEST)
            blocks += [np.nan_to_num(scaled), np.isnan(values).any(axis=1, keepdims=True)]
    first, *rest = [np.concatenate(blocks, axis=1).astype(np.float32) for blocks in columns]
    return first, rest


def _probabilities(
    fitted: np.ndarray, presence: Floats, others: Sequence[np.ndarray], c: float, balanced: bool
) -> list[Floats]:
    """[N, E] for each of the others; an emotion without both classes in training keeps its frequency, .5 if unknown."""
    answers = [np.full((len(columns), presence.shape[1]), 0.5) for columns in others]
    for e, observed in enumerate(presence.T):
        known = ~np.isnan(observed)
        if len(np.unique(observed[known])) < 2:
            for answer in answers:
                answer[:, e] = observed[known].mean() if known.any() else 0.5
            continue
        model = regression(fitted[known], observed[known] == 1, c, balanced=balanced)
        for answer, columns in zip(answers, others, strict=True):
            answer[:, e] = model.predict_proba(columns)[:, 1] if len(columns) else 0.0
    return answers


def _expected_shares(fitted: np.ndarray, shares: Floats, others: Sequence[np.ndarray], c: float) -> list[Floats]:
    """[N, E] for each of the others; an emotion without both answers in training keeps its mean share, .5 if unknown."""
    answers = [np.full((len(columns), shares.shape[1]), 0.5) for columns in others]
    for e, share in enumerate(shares.T):
        known = np.flatnonzero(~np.isnan(share))
        weight = np.concatenate([share[known], 1 - share[known]])
        outcome, used = np.repeat([True, False], len(known)), weight > 0
        if len(np.unique(outcome[used])) < 2:
            for answer in answers:
                answer[:, e] = share[known].mean() if len(known) else 0.5
            continue
        model = regression(fitted[np.tile(known, 2)[used]], outcome[used], c, weight[used])
        for answer, columns in zip(answers, others, strict=True):
            answer[:, e] = model.predict_proba(columns)[:, 1] if len(columns) else 0.0
    return answers


def _score(probability: Floats, presence: Floats) -> float:
    """Mean of the best micro-F1 that one threshold reaches and mAP."""
    from sklearn.metrics import precision_recall_curve

    known, present = ~np.isnan(presence), presence == 1
    if not present.any():
        return 0.0
    precision, recall, _ = precision_recall_curve(present[known], probability[known])
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    ranked = [
        ranking_precision(present[rows, e], probability[rows, e])
        for e, rows in enumerate(known.T)
        if present[:, e].any()
    ]
    return float((f1.max() + np.mean(ranked)) / 2)
