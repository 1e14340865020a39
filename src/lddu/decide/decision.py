"""The fitted decision of a run (`decision.json`): which probabilities become labels."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lddu.decide.threshold import fit_threshold
from lddu.errors import RunError
from lddu.evaluate.predicted import Flags, Floats, Validation

VERSION = 1


@dataclass(frozen=True, eq=False)
class FittedDecision:
    """Thresholds that were chosen on validation.

    Attributes:
        emotions: E names.
        thresholds: [E]; an emotion counts as present where its probability reaches its threshold.
        kind: one threshold for all emotions or one each.
        fitted_on: clips of the validation split it was fitted on.
    """

    emotions: tuple[str, ...]
    thresholds: Floats
    kind: Literal["global", "per_emotion"]
    fitted_on: int

    def labels(self, probability: Floats) -> Flags:
        """[N, E] the decision."""
        return np.asarray(probability >= self.thresholds)

    def to_mapping(self) -> dict[str, Any]:
        """As `decision.json` holds it."""
        return {
            "version": VERSION,
            "thresholds": dict(zip(self.emotions, self.thresholds.tolist(), strict=True)),
            "kind": self.kind,
            "recalibration": None,
            "conformal": None,
            "fitted_on": {"split": "valid", "n": self.fitted_on},
        }

    @staticmethod
    def from_mapping(found: dict[str, Any]) -> "FittedDecision":
        """Read what `to_mapping` wrote.

        Raises:
            RunError: where it is damaged or of a newer version.
        """
        try:
            if found["version"] != VERSION:
                raise RunError(
                    f"Expected decision.json of version {VERSION}, but got {found['version']!r}; update lddu."
                )
            thresholds = {str(name): float(value) for name, value in found["thresholds"].items()}
            kind, n = found["kind"], int(found["fitted_on"]["n"])
            if kind not in ("global", "per_emotion") or not all(0 <= t <= 1 for t in thresholds.values()):
                raise ValueError("a threshold or its kind is out of range")
            return FittedDecision(tuple(thresholds), np.array(list(thresholds.values())), kind, n)
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise RunError(
                f"Expected decision.json to hold a fitted decision, but it is damaged ({fault!r}); copy the run again."
            ) from None


def fit_decision(validation: Validation, kind: Literal["global", "per_emotion"]) -> FittedDecision:
    """Choose the thresholds on validation."""
    split = validation.scored
    return FittedDecision(split.emotions, fit_threshold(validation, kind), kind, len(split.clips))
