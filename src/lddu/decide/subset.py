"""The part of a decision that clips with fewer modalities need for themselves.

Probabilities from the voice alone are less sure than those from text, voice and face together, and wrong in another way: a
threshold, a recalibration or a promised recall that was fitted on whole clips does not hold for them. So each of these is
also fitted on validation clips of which only some modalities are shown (group-conditional, or Mondrian, calibration: Vovk,
Gammerman and Shafer, Algorithmic Learning in a Random World, 2005, ch. 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lddu.arrays import Floats
from lddu.decide import reading
from lddu.decide.conformal import GuaranteedSets
from lddu.decide.error_score import ErrorScore
from lddu.decide.recalibrate import Method, Recalibration
from lddu.evaluate.scored import Validation

LEAST_CLIPS = 50
"""With fewer labelled validation clips nothing is fitted for a set of modalities; the decision of all clips is used."""

NAMES = ("modalities", "clips", "thresholds", "recalibration", "recall_sets", "precision_sets", "error_score")


@dataclass(frozen=True, eq=False)
class FitAnswers:
    """What a run answers on validation clips, to fit a decision on.

    Attributes:
        validation: with probabilities as predicted.
        scores: name -> [N, E] uncertainty scores of the same clips that compete with margin and entropy.
        recalibration: a method, or ``auto`` for the one with the best likelihood on left-out clips.
    """

    validation: Validation
    scores: Mapping[str, Floats]
    recalibration: Method | Literal["auto"] = "auto"

    @property
    def labelled(self) -> int:
        """Number of clips with a known label."""
        return int(self.validation.scored.known.any(axis=1).sum())


@dataclass(frozen=True)
class SubsetDecision:
    """What replaces the same fields of a `FittedDecision` for clips that have these modalities and no other.

    Attributes:
        modalities: in the order of the run.
        clips: number of labelled validation clips that it was fitted on.
        thresholds: E, on recalibrated probabilities.
        recalibration: monotone map of predicted probabilities.
        recall_sets: label sets with a promised recall, on probabilities as predicted.
        precision_sets: the same for precision.
        error_score: the chance that a decision is wrong.
    """

    modalities: tuple[str, ...]
    clips: int
    thresholds: tuple[float, ...]
    recalibration: Recalibration
    recall_sets: GuaranteedSets
    precision_sets: GuaranteedSets
    error_score: ErrorScore

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `decision.json` holds them."""
        return {
            "modalities": list(self.modalities),
            "clips": self.clips,
            "thresholds": list(self.thresholds),
            "recalibration": self.recalibration.to_mapping(),
            "recall_sets": self.recall_sets.to_mapping(),
            "precision_sets": self.precision_sets.to_mapping(),
            "error_score": self.error_score.to_mapping(),
        }

    @classmethod
    def from_mapping(cls, mapping: Any, where: str, known: tuple[str, ...], emotions: int) -> "SubsetDecision":
        """Read what `to_mapping` gave.

        Args:
            mapping: plain values.
            where: they stand.
            known: modalities of the run.
            emotions: E.

        Raises:
            RunError: something is missing, unknown or out of range.
        """
        fields = reading.section(mapping, NAMES, where)
        modalities = reading.words(fields["modalities"], f"{where}.modalities")
        in_order = tuple(name for name in known if name in modalities)
        reading.ensure(
            in_order == modalities and bool(modalities),
            f"{where}.modalities to be some of {', '.join(known)}, in this order",
            modalities,
        )
        thresholds = reading.numbers(fields["thresholds"], f"{where}.thresholds", 0, 1)
        recalibration = Recalibration.from_mapping(fields["recalibration"], f"{where}.recalibration")
        for name, given in (("thresholds", thresholds), ("recalibration.intercepts", recalibration.intercepts)):
            reading.ensure(len(given) == emotions, f"{where}.{name} to be {emotions} numbers", given)
        return cls(
            modalities,
            reading.whole(fields["clips"], f"{where}.clips"),
            thresholds,
            recalibration,
            GuaranteedSets.from_mapping(fields["recall_sets"], f"{where}.recall_sets", "recall"),
            GuaranteedSets.from_mapping(fields["precision_sets"], f"{where}.precision_sets", "precision"),
            ErrorScore.from_mapping(fields["error_score"], f"{where}.error_score"),
        )
