"""How much would people differ about a clip? One figure per clip, learnt from the raters of validation where they differ.

The raters' votes on a clip, as shares over the emotions, have an entropy: 0 where all name the same, high where each
names another. What a run knows of a clip says something about it in several ways, and which says most depends on the corpus:
the number of emotions to expect, the mean entropy of each emotion's yes or no, the entropy of the probabilities taken as
shares, the mean of what the model family gives (LDDU: its width). Each alone, and all together in a linear regression, compete for the best rank correlation with
the votes' entropy on left-out validation clips. Where validation knows no shares, the mean entropy is taken as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import xlogy

from lddu.arrays import Flags, Floats, binary_entropy
from lddu.decide.linear import COMBINATION, FOLDS, LinearScore, fit_linear, left_out_total, read_linear
from lddu.evaluate.scored import Validation
from lddu.evaluate.selective import spearman

LEAST_DIFFERING = 30
"""Validation clips with differing raters below which nothing is learnt from them."""
STRENGTH = 1.0
"""Ridge on standardised inputs."""
UNFITTED = "entropy"


@dataclass(frozen=True)
class AleatoricScore(LinearScore):
    """A linear map of `clip_ambiguity` to the entropy of a clip's votes.

    Attributes:
        left_out_spearman: candidate -> rank correlation with the votes' entropy on left-out validation clips; empty
            where raters that differ were too few.
    """

    left_out_spearman: dict[str, float]

    @property
    def learnt(self) -> bool:
        """Whether it was fitted to raters; otherwise it is the mean entropy of the emotions."""
        return bool(self.left_out_spearman)

    def apply(self, probability: Floats, spread: Mapping[str, Floats]) -> Floats:
        """[N] expected entropy of the votes in nats, at least 0.

        Args:
            probability: [N, E] recalibrated.
            spread: name -> [N, E] that it was fitted with, such as LDDU's width.
        """
        return np.asarray(np.maximum(self.total(clip_ambiguity(probability, spread)), 0.0))

    @classmethod
    def from_mapping(cls, mapping: Any, where: str = "aleatoric") -> "AleatoricScore":
        """Read what `to_mapping` gave.

        Raises:
            RunError: something is missing, unknown or out of range.
        """
        fields = read_linear(mapping, where, "left_out_spearman", least=-1)
        return cls(**fields)


MEAN_ENTROPY = AleatoricScore(UNFITTED, (UNFITTED,), (0.0,), (1.0,), (1.0,), 0.0, {})
"""Without raters to fit to: the mean entropy of the emotions."""


def clip_ambiguity(probability: Floats, spread: Mapping[str, Floats]) -> dict[str, Floats]:
    """Name -> [N] what a run knows of how unclear a clip is; larger is less clear.

    Returns:
        `entropy`: mean over emotions of the entropy of yes or no; `expected_emotions`: sum of the probabilities;
        `entropy_as_shares`: entropy of the probabilities scaled to sum 1; of each spread, such as LDDU's `width`, the mean
        over emotions. Entropies in nats.
    """
    return {
        "entropy": binary_entropy(probability).mean(axis=1),
        "expected_emotions": probability.sum(axis=1),
        "entropy_as_shares": np.nan_to_num(vote_entropy(probability)),  # of no emotion at all: nothing is unclear
    } | {name: values.mean(axis=1) for name, values in spread.items()}


def vote_entropy(shares: Floats) -> Floats:
    """[N] entropy in nats of shares [N, E] scaled to sum 1; NaN where one is unknown or all are 0.

    Example:
        >>> vote_entropy(np.array([[1.0, 0, 0], [0.5, 0.5, 0]])).round(3)
        array([0.   , 0.693])
    """
    total = shares.sum(axis=1, keepdims=True)
    scaled = np.divide(shares, total, out=np.full_like(shares, np.nan), where=total > 0)
    return np.asarray(np.maximum(-xlogy(scaled, scaled).sum(axis=1), 0.0))


def raters_differ(shares: Floats) -> Flags:
    """[N] whether some emotion was named by a part of the raters only."""
    return np.asarray(((shares > 1e-6) & (shares < 1 - 1e-6)).any(axis=1))


def fit_aleatoric(
    validation: Validation, probability: Floats, spread: Mapping[str, Floats], shares: Floats
) -> AleatoricScore:
    """Learn from the raters of validation how much people differ.

    Args:
        validation: the validation split.
        probability: [N, E] of its clips, recalibrated.
        spread: name -> [N, E] that says how unclear a clip is, such as LDDU's width, Eq. (11).
        shares: [N, E] of raters; NaN where unknown.
    """
    votes = vote_entropy(shares)
    rows = ~np.isnan(votes)
    units = validation.scored.units()[rows]
    if raters_differ(shares)[rows].sum() < LEAST_DIFFERING or len(np.unique(units)) < FOLDS:
        return MEAN_ENTROPY
    known = {name: values[rows] for name, values in clip_ambiguity(probability, spread).items()}
    candidates = {name: (name,) for name in known} | {COMBINATION: tuple(known)}
    columns = {name: np.stack([known[i] for i in inputs], axis=1) for name, inputs in candidates.items()}
    left_out = {name: left_out_total(x, votes[rows], units, _ridge) for name, x in columns.items()}
    reached = {name: spearman(expected, votes[rows]) or 0.0 for name, expected in left_out.items()}
    best = max(reached, key=lambda name: reached[name])
    return AleatoricScore(best, candidates[best], *fit_linear(columns[best], votes[rows], _ridge), reached)


def _ridge(standard: Floats, target: np.ndarray) -> tuple[Floats, float]:
    from sklearn.linear_model import Ridge  # half a second that those who only predict are spared

    model = Ridge(STRENGTH).fit(standard, target)
    return model.coef_, float(model.intercept_)
