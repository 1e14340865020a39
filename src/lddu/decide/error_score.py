"""How likely is each answer wrong? One score per (clip, emotion), combined from what the run knows, chosen on validation.

Width, margin, entropy and the modalities' own doubts know different things. Each alone, and all together in a logistic
regression on whether the answer was wrong, compete for the best error-AUROC on left-out validation clips. The best
one becomes the product's uncertainty, on the scale of a chance, if it beats the plain entropy by more than one standard
error; on few clips a small lead is luck, and following it makes the uncertainty of other clips worse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from lddu.decide.linear import COMBINATION, FOLDS, LinearScore, fit_linear, left_out_total, read_linear
from lddu.evaluate.predicted import Flags, Floats, Validation
from lddu.evaluate.resample import auroc, resampled_ranking

LEAST_ERRORS = 10
STRENGTH = 0.1
"""Inverse strength of the ridge on standardised inputs."""


@dataclass(frozen=True)
class ErrorScore(LinearScore):
    """A logistic map of some scores to the chance that an answer is wrong.

    Attributes:
        left_out_auroc: candidate -> error-AUROC on left-out validation clips; empty where errors were too few to choose.
    """

    left_out_auroc: dict[str, float]

    def apply(self, scores: Mapping[str, Floats]) -> Floats:
        """[N, E] chance in (0, 1) that the answer is wrong.

        Raises:
            MismatchError: a score that it reads is not there.
        """
        return np.asarray(expit(self.total(scores)))

    @classmethod
    def from_mapping(cls, mapping: Any, where: str = "error_score") -> "ErrorScore":
        """Read what `to_mapping` gave.

        Raises:
            RunError: something is missing, unknown or out of range.
        """
        return cls(**read_linear(mapping, where, "left_out_auroc", least=0))


def fit_error_score(validation: Validation, labels: Flags, scores: Mapping[str, Floats], fallback: str) -> ErrorScore:
    """Choose and fit the product's uncertainty.

    Args:
        validation: the validation split.
        labels: [N, E] the final decision on its clips.
        scores: name -> [N, E], larger is less certain.
        fallback: the score that is taken where none is better by more than one standard error (bootstrap over units), and
            where validation holds fewer than ten right or ten wrong answers.
    """
    split = validation.scored
    known, wrong = split.known, (split.presence == 1) != labels
    units = np.broadcast_to(split.units()[:, None], known.shape)[known]
    candidates = {name: (name,) for name in scores} | {COMBINATION: tuple(scores)}
    target = wrong[known]
    columns = {name: np.stack([scores[s][known] for s in inputs], axis=1) for name, inputs in candidates.items()}
    reached: dict[str, float] = {}
    best = fallback
    if min(target.sum(), (~target).sum()) >= LEAST_ERRORS and len(np.unique(units)) >= FOLDS:
        odds = {name: left_out_total(x, target, units, _logistic) for name, x in columns.items()}
        reached = {name: float(roc_auc_score(target, own)) for name, own in odds.items()}
        leader = max(reached, key=lambda name: reached[name])
        ahead = reached[leader] - reached[fallback]
        if leader != fallback and ahead > _error_of_lead(odds[leader], odds[fallback], target, units):
            best = leader
    return ErrorScore(best, candidates[best], *fit_linear(columns[best], target, _logistic), reached)


def _logistic(standard: Floats, wrong: Flags) -> tuple[Floats, float]:
    inputs = standard.shape[1]
    if wrong.all() or not wrong.any():
        rate = (wrong.sum() + 0.5) / (len(wrong) + 1)
        return np.ones(inputs), float(np.log(rate / (1 - rate)))
    model = LogisticRegression(C=STRENGTH).fit(standard, wrong)
    weights, offset = model.coef_[0], float(model.intercept_[0])
    if inputs == 1:  # a single score keeps its direction, even where chance on few clips would turn it
        weights = np.maximum(weights, 1e-6)
    return weights, offset


def _error_of_lead(first: Floats, second: Floats, target: Flags, units: np.ndarray) -> float:
    """Standard error of the difference of two error-AUROCs on the same pairs."""
    apart = resampled_ranking(auroc, first, target, units) - resampled_ranking(auroc, second, target, units)
    return float(np.nanstd(apart))
