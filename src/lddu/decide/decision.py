"""From probabilities to an answer: everything fitted on validation, frozen, as `decision.json` holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lddu.arrays import Flags, Floats, binary_entropy
from lddu.decide import reading
from lddu.decide.abstain import Abstention, fit_abstention
from lddu.decide.aleatoric import MEAN_ENTROPY, AleatoricScore, fit_aleatoric
from lddu.decide.conformal import GuaranteedSets, fit_precision_sets, fit_recall_sets
from lddu.decide.error_score import LABEL_ODDS, ErrorScore, fit_error_score, label_odds
from lddu.decide.recalibrate import Method, Recalibration, fit_recalibration
from lddu.decide.shares import ShareMap, fit_shares
from lddu.decide.threshold import ONE_BY_MICRO_F1, ThresholdRule, fit_threshold
from lddu.errors import MismatchError, RunError
from lddu.evaluate.scored import Validation

VERSION = 3
"""2 added `aleatoric`, 3 `shares`; where version 1 lacks the first, it is the mean entropy."""
NAMES = (
    "version",
    "emotions",
    "thresholds",
    "recalibration",
    "recall_sets",
    "precision_sets",
    "error_score",
    "abstention",
    "aleatoric",
    "shares",
    "fitted_on",
)


@dataclass(frozen=True)
class FittedOn:
    """Which clips a decision was fitted on."""

    split: str
    n: int


@dataclass(frozen=True, eq=False)
class Decision:
    """The answer for N clips.

    Attributes:
        probability: [N, E] recalibrated.
        labels: [N, E] which emotions are decided to be present.
        scores: name -> [N, E] every uncertainty score: `margin` and `entropy` beside those that were given.
        uncertainty: [N, E] the selected score: the chance that the label is wrong.
        label_set: [N, E] the set with the promised recall, where a recall was given.
        abstained: [N, E] where no answer is given, where a coverage was given.
    """

    probability: Floats
    labels: Flags
    scores: dict[str, Floats]
    uncertainty: Floats
    label_set: Flags | None = None
    abstained: Flags | None = None


@dataclass(frozen=True)
class FittedDecision:
    """Everything that turns predicted probabilities into an answer. Only `fit_decision` and a run folder make one.

    Attributes:
        emotions: E names.
        thresholds: E, on recalibrated probabilities.
        recalibration: monotone map of predicted probabilities.
        recall_sets: label sets with a promised recall, on probabilities as predicted.
        precision_sets: the same for precision.
        error_score: the selected uncertainty score: the chance that a decision is wrong.
        abstention: cuts on that score, per pair.
        aleatoric: how much people would differ about a clip.
        shares: map to shares of raters, from probabilities as predicted; None where too few raters of validation differ.
        fitted_on: split and number of clips.
    """

    emotions: tuple[str, ...]
    thresholds: tuple[float, ...]
    recalibration: Recalibration
    recall_sets: GuaranteedSets
    precision_sets: GuaranteedSets
    error_score: ErrorScore
    abstention: Abstention
    aleatoric: AleatoricScore
    shares: ShareMap | None
    fitted_on: FittedOn

    def apply(
        self,
        probability: Floats,
        scores: Mapping[str, Floats] | None = None,
        recall: float | None = None,
        coverage: float | None = None,
    ) -> Decision:
        """Decide for N clips.

        Args:
            probability: [N, E] as predicted, before recalibration.
            scores: name -> [N, E] further uncertainty scores, those that the decision was fitted with.
            recall: also give the label sets that hold at least this share of a clip's emotions on average.
            coverage: answer only this share of (clip, emotion) pairs, the most certain ones.

        Raises:
            MismatchError: columns are not the emotions, or the recall or coverage was not fitted or cannot be reached.
        """
        probability = np.asarray(probability, np.float64)
        if probability.ndim != 2 or probability.shape[1] != len(self.emotions):
            raise MismatchError(
                f"Expected probabilities of clips x {len(self.emotions)} emotions, but got the shape "
                f"{probability.shape}; decide with the run that predicted them."
            )
        recalibrated = self.recalibration.apply(probability)
        thresholds = np.array(self.thresholds)
        known = {**own_scores(recalibrated, thresholds), **(scores or {})}
        uncertainty = self.error_score.apply(known)
        return Decision(
            recalibrated,
            recalibrated >= thresholds,
            known,
            uncertainty,
            None if recall is None else self.recall_sets.sets(probability, recall),
            None if coverage is None else self.abstention.abstained(uncertainty, coverage),
        )

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `decision.json` holds them."""
        return {
            "version": VERSION,
            "emotions": list(self.emotions),
            "thresholds": list(self.thresholds),
            "recalibration": self.recalibration.to_mapping(),
            "recall_sets": self.recall_sets.to_mapping(),
            "precision_sets": self.precision_sets.to_mapping(),
            "error_score": self.error_score.to_mapping(),
            "abstention": self.abstention.to_mapping(),
            "aleatoric": self.aleatoric.to_mapping(),
            "shares": None if self.shares is None else self.shares.to_mapping(),
            "fitted_on": {"split": self.fitted_on.split, "n": self.fitted_on.n},
        }

    @classmethod
    def from_mapping(cls, mapping: Any, where: str = "decision.json") -> "FittedDecision":
        """Read what `to_mapping` gave.

        Raises:
            RunError: it was made by a newer version, or something is missing, unknown or out of range.
        """
        version = mapping.get("version") if isinstance(mapping, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise RunError(
                f"Expected {where} of version {VERSION} or older, but got version {version}; install a newer lddu."
            )
        if version == 1:
            mapping = {**mapping, "version": 2, "aleatoric": MEAN_ENTROPY.to_mapping()}
        if version in (1, 2):
            mapping = {**mapping, "version": VERSION, "shares": None}
        fields = reading.section(mapping, NAMES, where)
        reading.ensure(fields["version"] == VERSION, f"{where}.version to be {VERSION}", fields["version"])
        emotions = reading.words(fields["emotions"], f"{where}.emotions")
        thresholds = reading.numbers(fields["thresholds"], f"{where}.thresholds", 0, 1)
        recalibration = Recalibration.from_mapping(fields["recalibration"], f"{where}.recalibration")
        for name, given in (("thresholds", thresholds), ("recalibration.intercepts", recalibration.intercepts)):
            reading.ensure(len(given) == len(emotions) > 0, f"{where}.{name} to be {len(emotions)} numbers", given)
        shares = fields["shares"]
        on = reading.section(fields["fitted_on"], ("split", "n"), f"{where}.fitted_on")
        split = reading.word(on["split"], f"{where}.fitted_on.split", ("valid",))
        return cls(
            emotions,
            thresholds,
            recalibration,
            _promise(fields["recall_sets"], f"{where}.recall_sets", "recall"),
            _promise(fields["precision_sets"], f"{where}.precision_sets", "precision"),
            ErrorScore.from_mapping(fields["error_score"], f"{where}.error_score"),
            Abstention.from_mapping(fields["abstention"], f"{where}.abstention"),
            AleatoricScore.from_mapping(fields["aleatoric"], f"{where}.aleatoric"),
            None if shares is None else ShareMap.from_mapping(shares, f"{where}.shares", len(emotions)),
            FittedOn(split, reading.whole(on["n"], f"{where}.fitted_on.n")),
        )


def fit_decision(
    validation: Validation,
    threshold: ThresholdRule = ONE_BY_MICRO_F1,
    recalibration: Method | Literal["auto"] = "auto",
    scores: Mapping[str, Floats] | None = None,
    shares: Floats | None = None,
    spread: Mapping[str, Floats] | None = None,
) -> FittedDecision:
    """Fit everything on validation: recalibration, thresholds on its result, then promises, scores and abstention.

    Args:
        validation: the validation split with probabilities as predicted.
        threshold: one threshold for all emotions, or one each, and what it is best in.
        recalibration: a method, or ``auto`` for the one with the best likelihood on left-out validation clips.
        scores: name -> [N, E] uncertainty scores that compete with margin and entropy, such as the width.
        shares: [N, E] of raters, where they are known; they teach how much people differ, and what shares to expect.
        spread: name -> [N, E] what may say so, beside the probabilities, such as LDDU's width.

    Example:
        >>> from lddu.evaluate.scored import Scored
        >>> probability = np.linspace(0.1, 0.9, 30)[:, None]
        >>> scored = Scored(probability, probability > 0.5, [f"c{n}" for n in range(30)], ("joy",), split="valid")
        >>> decision = fit_decision(Validation(scored))
        >>> bool((decision.apply(probability).labels == (probability > 0.5)).all())
        True
    """
    scored = validation.scored
    map_ = fit_recalibration(validation, recalibration)
    recalibrated = map_.apply(scored.probability)
    after = Validation(scored.with_probability(recalibrated))
    thresholds = fit_threshold(after, threshold.kind, threshold.criterion)
    labels = recalibrated >= thresholds
    known = {**own_scores(recalibrated, thresholds), **(scores or {})}
    error_score = fit_error_score(after, labels, known)
    aleatoric = MEAN_ENTROPY
    if shares is not None:
        aleatoric = fit_aleatoric(after, recalibrated, spread or {}, shares)
    return FittedDecision(
        scored.emotions,
        tuple(float(t) for t in thresholds),
        map_,
        fit_recall_sets(validation),
        fit_precision_sets(validation),
        error_score,
        fit_abstention(after, labels, error_score.apply(known), error_score.name),
        aleatoric,
        None if shares is None else fit_shares(validation, shares),
        FittedOn(scored.split, len(scored.clips)),
    )


def own_scores(probability: Floats, thresholds: Floats) -> dict[str, Floats]:
    """The scores that recalibrated probabilities hold by themselves; larger is less certain.

    Returns:
        `label_odds`: log odds that the answer is wrong, by p; `margin`: -|p - threshold|; `entropy` of p in nats; all [N, E].
    """
    return {
        LABEL_ODDS: label_odds(probability, thresholds),
        "margin": -np.abs(probability - thresholds),
        "entropy": binary_entropy(probability),
    }


def _promise(mapping: Any, where: str, promise: str) -> GuaranteedSets:
    sets = GuaranteedSets.from_mapping(mapping, where)
    reading.ensure(sets.promise == promise, f"{where}.promise to be {promise}", sets.promise)
    return sets
