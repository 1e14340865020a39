"""When to say "I do not know": a cut on an uncertainty score, for a target coverage.

Beside each cut stands its risk: what validation showed for the answers that are kept, an estimate and no guarantee.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.decide import reading
from lddu.errors import MismatchError
from lddu.evaluate.scored import Validation
from lddu.evaluate.selective import risk_coverage

STEPS = 200
"""At most this many cuts are kept."""


@dataclass(frozen=True)
class Abstention:
    """Cuts on an uncertainty score: an answer is given where ``uncertainty <= cut``.

    Attributes:
        score: name of the uncertainty score that this was fitted on, such as ``entropy``.
        unit: ``clip``: a clip is answered or not; ``pair``: each (clip, emotion) is.
        cuts: rising; the last keeps everything that validation held.
        coverages: share of the units that each cut keeps on validation; rising.
        risks: share of wrong labels among what each cut keeps on validation.

    Example:
        >>> Abstention("entropy", "clip", (0.2, 0.9), (0.5, 1.0), (0.0, 0.1)).cut_for_coverage(0.8)
        0.9
    """

    score: str
    unit: str
    cuts: tuple[float, ...]
    coverages: tuple[float, ...]
    risks: tuple[float, ...]

    def cut_for_coverage(self, coverage: float) -> float:
        """The smallest cut that keeps at least this share.

        Raises:
            MismatchError: the coverage is not in (0, 1].
        """
        if not 0 < coverage <= 1:
            raise MismatchError(f"Expected a coverage above 0 and at most 1, but got {coverage:g}; ask for 0.8, say.")
        if coverage == 1:
            return float("inf")  # also what is less certain than anything in validation
        return next(c for c, reached in zip(self.cuts, self.coverages, strict=True) if reached >= coverage - 1e-9)

    def abstained(self, uncertainty: Floats, coverage: float) -> Flags:
        """Where no answer is given, for the target coverage; same shape as `uncertainty`."""
        return np.asarray(uncertainty) > self.cut_for_coverage(coverage)

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `decision.json` holds them."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, mapping: Any, where: str = "abstention") -> "Abstention":
        """Read what `to_mapping` gave.

        Raises:
            RunError: something is missing, unknown or out of range.
        """
        fields = reading.section(mapping, ("score", "unit", "cuts", "coverages", "risks"), where)
        cuts = reading.numbers(fields["cuts"], f"{where}.cuts")
        coverages = reading.numbers(fields["coverages"], f"{where}.coverages", 0, 1)
        risks = reading.numbers(fields["risks"], f"{where}.risks", 0, 1)
        same = len(cuts) == len(coverages) == len(risks) > 0
        reading.ensure(same, f"{where} to hold as many coverages and risks as cuts", [len(cuts), len(coverages)])
        rising = bool(np.all(np.diff(cuts) > 0) and np.all(np.diff(coverages) > 0) and coverages[-1] == 1)
        reading.ensure(rising, f"{where} to hold rising cuts and coverages up to 1", coverages)
        unit = reading.word(fields["unit"], f"{where}.unit", ("clip", "pair"))
        return cls(reading.word(fields["score"], f"{where}.score"), unit, cuts, coverages, risks)


def fit_abstention(validation: Validation, labels: Flags, uncertainty: Floats, score: str) -> Abstention:
    """Cuts on an uncertainty score, with what they keep and how wrong that is on validation.

    Args:
        validation: the validation split.
        labels: [N, E] the final decision on its clips.
        uncertainty: [N, E] larger is less certain.
        score: its name.
    """
    scored = validation.scored
    known, wrong = scored.known, (scored.presence == 1) != labels
    curve = risk_coverage(np.asarray(uncertainty, np.float64)[known], wrong[known].astype(np.float64))
    steps = np.unique(np.linspace(0, len(curve.cut) - 1, STEPS).round().astype(int))
    return Abstention(
        score,
        "pair",
        *(tuple(float(v) for v in column[steps]) for column in (curve.cut, curve.coverage, curve.risk)),
    )
