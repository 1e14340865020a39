"""How likely is each answer wrong? One score per (clip, emotion), the plain one or a better one that validation found.

The recalibrated probability says it already: an emotion that is named with .3 is named wrongly with a chance of .7. Width,
margin, entropy and the modalities' own doubts know other things. Each alone, and all together in a logistic regression on
whether the answer was wrong, compete for the best error-AUROC on left-out validation clips. The best one becomes the
selected uncertainty score, on the scale of a chance, if it beats the plain one by more than one standard error; on few clips
a small lead is luck, and following it makes the uncertainty of other clips worse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logit

from lddu.arrays import Flags, Floats
from lddu.decide.linear import COMBINATION, FOLDS, LinearFit, LinearScore, fit_linear, left_out_total, read_linear
from lddu.evaluate.metrics import ranking_auroc
from lddu.evaluate.resample import auroc, is_resampled, resampled_ranking
from lddu.evaluate.scored import Validation

LABEL_ODDS = "label_odds"
"""Name of the plain score: log odds that the answer is wrong, by its own recalibrated probability."""

NEVER = 1e-6
"""Chances of an error nearer to 0 or 1 count as this far from them."""

LEAST_ERRORS = 10
STRENGTH = 0.1
"""Inverse strength of the ridge on standardised inputs."""


@dataclass(frozen=True)
class ErrorScore(LinearScore):
    """A logistic map of some scores to the chance that an answer is wrong; of the plain score alone, that chance itself.

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


PLAIN = LinearFit((0.0,), (1.0,), (1.0,), 0.0)
"""Takes `label_odds` as they are."""

OWN_CHANCE = ErrorScore(LABEL_ODDS, (LABEL_ODDS,), *PLAIN, {})
"""The plain score."""


def label_odds(probability: Floats, thresholds: Floats) -> Floats:
    """[N, E] log odds that the answers are wrong: present from the thresholds on, and right with these chances."""
    wrong = np.where(probability >= thresholds, 1 - probability, probability)
    return np.asarray(logit(np.clip(wrong, NEVER, 1 - NEVER)))


def fit_error_score(validation: Validation, labels: Flags, scores: Mapping[str, Floats]) -> ErrorScore:
    """Choose and fit the selected uncertainty score.

    Args:
        validation: the validation split.
        labels: [N, E] the final decision on its clips.
        scores: name -> [N, E], larger is less certain; `label_odds` among them. These are taken as they are where nothing
            is better by more than one standard error (bootstrap over units), and where validation holds fewer than ten
            right or ten wrong answers.
    """
    split = validation.scored
    known, wrong = split.known, (split.presence == 1) != labels
    units = np.broadcast_to(split.units()[:, None], known.shape)[known]
    target = wrong[known]
    rivals = {name: (name,) for name in scores if name != LABEL_ODDS} | {COMBINATION: tuple(scores)}
    columns = {name: np.stack([scores[s][known] for s in inputs], axis=1) for name, inputs in rivals.items()}
    reached: dict[str, float] = {}
    if min(target.sum(), (~target).sum()) >= LEAST_ERRORS and len(np.unique(units)) >= FOLDS:
        odds = {name: left_out_total(x, target, units, _logistic) for name, x in columns.items()}
        odds[LABEL_ODDS] = scores[LABEL_ODDS][known]
        reached = {name: ranking_auroc(target, values) for name, values in odds.items()}
        best = max(rivals, key=lambda name: reached[name])
        ahead = reached[best] - reached[LABEL_ODDS]
        if ahead > 0 and ahead > _error_of_lead(odds[best], odds[LABEL_ODDS], target, units):
            return ErrorScore(best, rivals[best], *fit_linear(columns[best], target, _logistic), reached)
    return ErrorScore(LABEL_ODDS, (LABEL_ODDS,), *PLAIN, reached)


def _logistic(standard: Floats, wrong: Flags) -> tuple[Floats, float]:
    inputs = standard.shape[1]
    if wrong.all() or not wrong.any():
        rate = (wrong.sum() + 0.5) / (len(wrong) + 1)
        return np.ones(inputs), float(np.log(rate / (1 - rate)))
    from sklearn.linear_model import LogisticRegression  # only fitting needs it

    model = LogisticRegression(C=STRENGTH).fit(standard, wrong)
    weights, offset = model.coef_[0], float(model.intercept_[0])
    if inputs == 1:  # a single score keeps its direction, even where chance on few clips would turn it
        weights = np.maximum(weights, 1e-6)
    return weights, offset


def _error_of_lead(first: Floats, second: Floats, target: Flags, units: np.ndarray) -> float:
    """Standard error of the difference of two error-AUROCs on the same pairs; NaN, which no lead exceeds, of too few units."""
    if not is_resampled(units):
        return float("nan")
    apart = resampled_ranking(auroc, first, target, units) - resampled_ranking(auroc, second, target, units)
    return float(np.nanstd(apart))
