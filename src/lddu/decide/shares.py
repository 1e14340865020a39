"""From predicted probabilities to shares of raters: what part of the raters would name each emotion of a clip.

A network may have learnt presence or shares; either way a slope and an intercept per emotion, fitted on the shares of
validation, make its probabilities shares. Where every validation rater named exactly one emotion, shares sum to 1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lddu.arrays import Floats
from lddu.decide import reading
from lddu.decide.aleatoric import LEAST_DIFFERING, raters_differ
from lddu.decide.recalibrate import Recalibration, fit_linear_map
from lddu.errors import MismatchError
from lddu.evaluate.scored import Validation
from lddu.evaluate.shares import fully_known, one_vote_each


@dataclass(frozen=True)
class ShareMap:
    """A fitted map to shares. Only `fit_shares` and a run folder make one.

    Attributes:
        recalibration: of the probabilities as predicted, by the likelihood of the raters' votes.
        one_vote: whether the shares of a clip are scaled to sum 1.

    Example:
        >>> both = ShareMap(Recalibration("platt_per_emotion", 1.0, (0.0, 0.0)), one_vote=True)
        >>> both.apply(np.array([[0.9, 0.6]])).round(3)
        array([[0.6, 0.4]])
    """

    recalibration: Recalibration
    one_vote: bool

    def apply(self, probability: Floats) -> Floats:
        """[N, E] shares of raters from probabilities as predicted."""
        shares = self.recalibration.apply(probability)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True) if self.one_vote else shares)

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `decision.json` holds them."""
        return {"recalibration": self.recalibration.to_mapping(), "one_vote": self.one_vote}

    @classmethod
    def from_mapping(cls, mapping: Any, where: str, emotions: int) -> "ShareMap":
        """Read what `to_mapping` gave.

        Raises:
            RunError: something is missing, unknown or out of range.
        """
        fields = reading.section(mapping, ("recalibration", "one_vote"), where)
        map_ = Recalibration.from_mapping(fields["recalibration"], f"{where}.recalibration")
        reading.ensure(map_.method == "platt_per_emotion", f"{where}.recalibration of each emotion", map_.method)
        reading.ensure(len(map_.intercepts) == emotions, f"{where} of {emotions} emotions", map_.intercepts)
        reading.ensure(
            isinstance(fields["one_vote"], bool), f"{where}.one_vote to be true or false", fields["one_vote"]
        )
        return cls(map_, fields["one_vote"])


def fit_shares(validation: Validation, shares: Floats) -> ShareMap | None:
    """Learn from the raters of validation; None where fewer than `LEAST_DIFFERING` clips have raters that differ.

    Args:
        validation: the validation split, with probabilities as predicted.
        shares: [N, E] of raters; NaN where unknown.

    Raises:
        MismatchError: the shares are not those of the split.
    """
    expected = validation.scored.probability.shape
    if shares.shape != expected:
        raise MismatchError(
            f"Expected shares of clips x emotions {expected} to fit on, but got {shares.shape}; give a share for each."
        )
    rows = fully_known(shares)
    if raters_differ(shares[rows]).sum() < LEAST_DIFFERING:
        return None
    recalibration = fit_linear_map(validation.scored.probability[rows], shares[rows], "platt_per_emotion")
    return ShareMap(recalibration, one_vote_each(shares))
