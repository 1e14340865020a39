"""The figures of one split, typed; `metrics.json` holds them as `to_mapping` lays them out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from lddu.evaluate.compare import Estimate
from lddu.evaluate.constants import below_constants
from lddu.evaluate.metrics import Baseline, Metrics
from lddu.evaluate.raters import RaterAgreement
from lddu.evaluate.single_label import ArgMaxFigures
from lddu.evaluate.verdicts import unpaired_difference
from lddu.runs.baselines import LinearBaseline
from lddu.runs.share_report import ShareReport


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
        shares: of the shares of raters that the run expects; None where validation taught none.
        noise_spearman: modality -> doubt about it -> rank correlation with its true noise; None unless that is known.
        entropy_parts: of an ensemble, aleatoric and epistemic -> emotion -> mean in nats; None for one network.
        baselines: constant answers; empty where there were no training labels to choose them on.
        linear: fitted baselines; empty where none were fitted.
        never_named: emotions that clips show and that no decision names.
        arg_max: of the most probable emotion, where training and validation clips have exactly one each.
        less_valid: micro-F1 of this split less that of validation; None on validation.
    """

    metrics: Metrics
    calibration: CalibrationErrors
    trust: Mapping[str, Any]
    intervals: Mapping[str, tuple[float, float]]
    raters: RaterAgreement | None = None
    shares: ShareReport | None = None
    noise_spearman: Mapping[str, Mapping[str, float | None]] | None = None
    entropy_parts: Mapping[str, Mapping[str, float]] | None = None
    baselines: tuple[Baseline, ...] = ()
    linear: tuple[LinearBaseline, ...] = ()
    never_named: tuple[str, ...] = ()
    arg_max: ArgMaxFigures | None = None
    less_valid: Estimate | None = None

    def beside(self, valid: "SplitFigures") -> "SplitFigures":
        """The same with the distance of micro-F1 from that of validation, where both have an interval and clips that show an emotion."""
        if not all(any(e.positives for e in split.metrics.per_emotion.values()) for split in (valid, self)):
            return self
        both = [(split.metrics.f1_micro, split.intervals.get("f1_micro")) for split in (valid, self)]
        (first, first_ends), (second, second_ends) = both
        if first_ends is None or second_ends is None:
            return self
        return replace(self, less_valid=unpaired_difference((first, first_ends), (second, second_ends)))

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, all at one level; what was not measured is absent."""
        plain = self.metrics.to_mapping()
        per_emotion = {name: entry | self.trust["per_emotion"][name] for name, entry in plain["per_emotion"].items()}
        figures = {
            **plain,
            **asdict(self.calibration),
            **self.trust,
            "per_emotion": per_emotion,
            "intervals": {name: list(ends) for name, ends in self.intervals.items()},
            "never_named": list(self.never_named),
        }
        further = {
            "raters": None if self.raters is None else self.raters.to_mapping(),
            "shares": None if self.shares is None else self.shares.to_mapping(),
            "noise_spearman": self.noise_spearman,
            "entropy_parts": self.entropy_parts,
            "arg_max": None if self.arg_max is None else asdict(self.arg_max),
            "less_valid": None if self.less_valid is None else asdict(self.less_valid),
        }
        figures |= {name: value for name, value in further.items() if value is not None}
        if self.baselines:
            figures["baselines"] = [
                *(baseline.to_mapping() for baseline in self.baselines),
                *(baseline.to_mapping() for baseline in self.linear),
            ]
            figures["below_constants"] = below_constants(figures, self.baselines)
        return figures
