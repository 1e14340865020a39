"""The figures of one split, typed; `metrics.json` holds them as `to_mapping` lays them out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lddu.evaluate.constants import below_constants
from lddu.evaluate.metrics import Baseline, Metrics
from lddu.evaluate.raters import RaterAgreement


@dataclass(frozen=True)
class CalibrationErrors:
    """Pooled over pairs, after recalibration and, `_raw`, before: 15 bins of equal width, 10 of equal mass."""

    ece: float
    adaptive_ece: float
    ece_raw: float
    adaptive_ece_raw: float


@dataclass(frozen=True)
class SplitFigures:
    """What is measured on one split.

    Attributes:
        metrics: of the decisions.
        calibration: of the probabilities.
        trust: of the uncertainty, as `lddu.evaluate.trust.trust_figures` gives it.
        intervals: name of a metric -> its 95 % interval.
        raters: how well the aleatoric uncertainty follows the raters' disagreement; None where they agree or are unknown.
        noise_spearman: modality -> doubt about it -> rank correlation with its true noise; None unless that is known.
        entropy_parts: of an ensemble, aleatoric and epistemic -> emotion -> mean in nats; None for one network.
        baselines: constant answers; empty where there were no training labels to choose them on.
    """

    metrics: Metrics
    calibration: CalibrationErrors
    trust: Mapping[str, Any]
    intervals: Mapping[str, tuple[float, float]]
    raters: RaterAgreement | None = None
    noise_spearman: Mapping[str, Mapping[str, float | None]] | None = None
    entropy_parts: Mapping[str, Mapping[str, float]] | None = None
    baselines: tuple[Baseline, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, all at one level; what was not measured is absent."""
        plain = self.metrics.to_mapping()
        per_emotion = {name: own | self.trust["per_emotion"][name] for name, own in plain["per_emotion"].items()}
        figures = {
            **plain,
            **asdict(self.calibration),
            **self.trust,
            "per_emotion": per_emotion,
            "intervals": {name: list(ends) for name, ends in self.intervals.items()},
        }
        further = {
            "raters": None if self.raters is None else self.raters.to_mapping(),
            "noise_spearman": self.noise_spearman,
            "entropy_parts": self.entropy_parts,
        }
        figures |= {name: found for name, found in further.items() if found is not None}
        if self.baselines:
            figures["baselines"] = [constant.to_mapping() for constant in self.baselines]
            figures["below_constants"] = below_constants(figures, self.baselines)
        return figures
