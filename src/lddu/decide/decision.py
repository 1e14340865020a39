"""From probabilities to an answer: everything fitted on validation, frozen, as `decision.json` holds it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lddu.arrays import Flags, Floats, binary_entropy
from lddu.decide import reading
from lddu.decide.abstain import Abstention, fit_abstention
from lddu.decide.aleatoric import MEAN_ENTROPY, AleatoricScore, fit_aleatoric
from lddu.decide.conformal import GuaranteedSets, fit_precision_sets, fit_recall_sets
from lddu.decide.error_score import LABEL_ODDS, ErrorScore, fit_error_score, label_odds
from lddu.decide.recalibrate import Method, Recalibration, fit_recalibration
from lddu.decide.shares import ShareMap, fit_shares
from lddu.decide.subset import LEAST_CLIPS, FitAnswers, SubsetDecision
from lddu.decide.threshold import ONE_BY_MICRO_F1, ThresholdRule, fit_threshold
from lddu.errors import MismatchError, RunError
from lddu.evaluate.scored import Validation

VERSION = 4
"""2 added `aleatoric`, 3 `shares`, 4 `modalities` and `by_modalities`; where version 1 lacks the first, it is the mean entropy."""
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
    "modalities",
    "by_modalities",
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
        modalities: M, of the run, in order; empty where nothing depends on them.
        by_modalities: what is decided otherwise for clips that have some of the modalities only.
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
    modalities: tuple[str, ...] = ()
    by_modalities: tuple[SubsetDecision, ...] = ()

    def apply(
        self,
        probability: Floats,
        scores: Mapping[str, Floats] | None = None,
        recall: float | None = None,
        coverage: float | None = None,
        presence: Flags | None = None,
    ) -> Decision:
        """Decide for N clips.

        Args:
            probability: [N, E] as predicted, before recalibration.
            scores: name -> [N, E] further uncertainty scores, those that the decision was fitted with.
            recall: also give the label sets that hold at least this share of a clip's emotions on average.
            coverage: answer only this share of (clip, emotion) pairs, the most certain ones; the cut is the same whatever
                modalities a clip has, so that of what is less certain less is answered.
            presence: [N, M] which modalities the clips have; needed where the decision depends on them.

        Raises:
            MismatchError: columns are not the emotions, the modalities are not told, or the recall or coverage was not fitted or
                cannot be reached.
        """
        probability = np.asarray(probability, np.float64)
        if probability.ndim != 2 or probability.shape[1] != len(self.emotions):
            raise MismatchError(
                f"Expected probabilities of clips x {len(self.emotions)} emotions, but got the shape "
                f"{probability.shape}; decide with the run that predicted them."
            )
        parts = [
            (
                rows,
                one._decided(probability[rows], {name: score[rows] for name, score in (scores or {}).items()}, recall),
            )
            for one, rows in self.by_presence(presence, len(probability))
        ]
        decided = parts[0][1] if len(parts) == 1 else _joined(parts)
        if coverage is None:
            return decided
        return replace(decided, abstained=self.abstention.abstained(decided.uncertainty, coverage))

    def _decided(self, probability: Floats, scores: Mapping[str, Floats], recall: float | None) -> Decision:
        """Of clips that have the same modalities, whatever `by_modalities` says."""
        recalibrated = self.recalibration.apply(probability)
        thresholds = np.array(self.thresholds)
        known = {**own_scores(recalibrated, thresholds), **scores}
        return Decision(
            recalibrated,
            recalibrated >= thresholds,
            known,
            self.error_score.apply(known),
            None if recall is None else self.recall_sets.sets(probability, recall),
        )

    def given(self, modalities: Sequence[str]) -> "FittedDecision":
        """The decision for clips that have these modalities and no other; it depends on modalities no more."""
        fitted = next((one for one in self.by_modalities if set(one.modalities) == set(modalities)), None)
        if fitted is None:
            return replace(self, modalities=(), by_modalities=())
        return replace(
            self,
            thresholds=fitted.thresholds,
            recalibration=fitted.recalibration,
            recall_sets=fitted.recall_sets,
            precision_sets=fitted.precision_sets,
            error_score=fitted.error_score,
            modalities=(),
            by_modalities=(),
        )

    def with_threshold(self, cut: float) -> "FittedDecision":
        """The same with this threshold for all emotions and all clips."""
        same = (cut,) * len(self.emotions)
        subsets = tuple(replace(one, thresholds=same) for one in self.by_modalities)
        return replace(self, thresholds=same, by_modalities=subsets)

    def by_presence(self, presence: Flags | None, clips: int) -> Iterator[tuple["FittedDecision", NDArray[np.intp]]]:
        """The decision of each clip, and the clips that share it.

        Args:
            presence: [N, M] which modalities the clips have; None where the decision does not depend on them.
            clips: N.

        Yields:
            A decision that depends on modalities no more, and [K] row numbers; one at least, all rows together once each.

        Raises:
            MismatchError: the decision depends on modalities, and `presence` is not given or of other ones.
        """
        if not self.by_modalities:
            yield self, np.arange(clips)
            return
        if presence is None or presence.shape != (clips, len(self.modalities)):
            raise MismatchError(
                f"Expected to be told which of {', '.join(self.modalities)} each of {clips} clips has, but got "
                f"{'nothing' if presence is None else f'the shape {presence.shape}'}; give `presence`."
            )
        sets, place = np.unique(np.asarray(presence, bool), axis=0, return_inverse=True)
        if not clips:
            yield self.given(self.modalities), np.arange(0)
        for number, flags in enumerate(sets):
            names = [name for name, there in zip(self.modalities, flags, strict=True) if there]
            yield self.given(names), np.flatnonzero(place.ravel() == number)

    def of_most(self, presence: Flags) -> "FittedDecision":
        """The decision that most of some clips share, for what one figure has to stand for; depends on modalities no more.

        Args:
            presence: [N, M] which modalities the clips have; of equally many clips those with the most modalities count.

        Example:
            >>> from lddu.evaluate.scored import Scored
            >>> probability = np.linspace(0.1, 0.9, 30)[:, None]
            >>> scored = Scored(probability, probability > 0.5, [f"c{n}" for n in range(30)], ("joy",), split="valid")
            >>> decision = fit_decision(Validation(scored))
            >>> decision.of_most(np.ones((30, 0), bool)).thresholds == decision.thresholds
            True
        """
        if not len(presence):
            return self.given(self.modalities)
        parts = list(self.by_presence(presence, len(presence)))
        decided, _ = max(parts, key=lambda part: (len(part[1]), int(presence[part[1][0]].sum())))
        return decided

    def thresholds_of(self, presence: Flags | None, clips: int) -> Floats:
        """[N, E] from which an emotion of a clip counts as present; arguments as of `by_presence`."""
        thresholds = np.empty((clips, len(self.emotions)))
        for one, rows in self.by_presence(presence, clips):
            thresholds[rows] = one.thresholds
        return thresholds

    def recalibrated(self, probability: Floats, presence: Flags | None = None) -> Floats:
        """[N, E] the probabilities of `apply`, from those that were predicted."""
        after = np.empty(np.shape(probability))
        for one, rows in self.by_presence(presence, len(probability)):
            after[rows] = one.recalibration.apply(probability[rows])
        return after

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
            "modalities": list(self.modalities),
            "by_modalities": [one.to_mapping() for one in self.by_modalities],
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
            mapping = {**mapping, "version": 3, "shares": None}
        if version in (1, 2, 3):
            mapping = {**mapping, "version": VERSION, "modalities": [], "by_modalities": []}
        fields = reading.section(mapping, NAMES, where)
        reading.ensure(fields["version"] == VERSION, f"{where}.version to be {VERSION}", fields["version"])
        emotions = reading.words(fields["emotions"], f"{where}.emotions")
        thresholds = reading.numbers(fields["thresholds"], f"{where}.thresholds", 0, 1)
        recalibration = Recalibration.from_mapping(fields["recalibration"], f"{where}.recalibration")
        for name, given in (("thresholds", thresholds), ("recalibration.intercepts", recalibration.intercepts)):
            reading.ensure(len(given) == len(emotions) > 0, f"{where}.{name} to be {len(emotions)} numbers", given)
        shares = fields["shares"]
        modalities = reading.words(fields["modalities"], f"{where}.modalities")
        by_modalities = fields["by_modalities"]
        reading.ensure(isinstance(by_modalities, list), f"{where}.by_modalities to be a list", by_modalities)
        on = reading.section(fields["fitted_on"], ("split", "n"), f"{where}.fitted_on")
        split = reading.word(on["split"], f"{where}.fitted_on.split", ("valid",))
        return cls(
            emotions,
            thresholds,
            recalibration,
            GuaranteedSets.from_mapping(fields["recall_sets"], f"{where}.recall_sets", "recall"),
            GuaranteedSets.from_mapping(fields["precision_sets"], f"{where}.precision_sets", "precision"),
            ErrorScore.from_mapping(fields["error_score"], f"{where}.error_score"),
            Abstention.from_mapping(fields["abstention"], f"{where}.abstention"),
            AleatoricScore.from_mapping(fields["aleatoric"], f"{where}.aleatoric"),
            None if shares is None else ShareMap.from_mapping(shares, f"{where}.shares", len(emotions)),
            FittedOn(split, reading.whole(on["n"], f"{where}.fitted_on.n")),
            modalities,
            tuple(
                SubsetDecision.from_mapping(one, f"{where}.by_modalities[{i}]", modalities, len(emotions))
                for i, one in enumerate(by_modalities)
            ),
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
        FittedOn(scored.split, int(scored.labelled.sum())),
    )


def with_subsets(
    decision: FittedDecision,
    whole: FitAnswers,
    presence: Mapping[str, Flags],
    subsets: Mapping[tuple[str, ...], FitAnswers],
    threshold: ThresholdRule = ONE_BY_MICRO_F1,
) -> FittedDecision:
    """The same with what is decided otherwise for clips that have some of the modalities only; abstention is fitted anew.

    Args:
        decision: as `fit_decision` gave it.
        whole: what that was fitted on.
        presence: modality of the run, in order -> [N] which clips of `whole` have it.
        subsets: modalities -> answers on validation clips that show these only. Sets with fewer than `LEAST_CLIPS` labelled clips
            are left to `decision`.
        threshold: how thresholds are chosen.
    """
    fitted = tuple(
        _fitted_subset(modalities, answers, threshold)
        for modalities, answers in subsets.items()
        if answers.labelled >= LEAST_CLIPS
    )
    if not fitted:
        return decision
    decision = replace(decision, modalities=tuple(presence), by_modalities=fitted)
    scored, there = whole.validation.scored, np.stack(list(presence.values()), axis=1)
    decided = decision.apply(scored.probability, whole.scores, presence=there)
    after = Validation(scored.with_probability(decided.probability))
    name = decision.abstention.score
    return replace(decision, abstention=fit_abstention(after, decided.labels, decided.uncertainty, name))


def _fitted_subset(modalities: tuple[str, ...], answers: FitAnswers, threshold: ThresholdRule) -> SubsetDecision:
    fitted = fit_decision(answers.validation, threshold, answers.recalibration, answers.scores)
    return SubsetDecision(
        modalities,
        answers.labelled,
        fitted.thresholds,
        fitted.recalibration,
        fitted.recall_sets,
        fitted.precision_sets,
        fitted.error_score,
    )


def _joined(parts: Sequence[tuple[NDArray[np.intp], Decision]]) -> Decision:
    """Decisions on some clips each, in the order of all."""
    decisions = [part for _, part in parts]
    order = np.argsort(np.concatenate([rows for rows, _ in parts]))
    label_sets = [part.label_set for part in decisions if part.label_set is not None]
    return Decision(
        np.concatenate([part.probability for part in decisions])[order],
        np.concatenate([part.labels for part in decisions])[order],
        {name: np.concatenate([part.scores[name] for part in decisions])[order] for name in decisions[0].scores},
        np.concatenate([part.uncertainty for part in decisions])[order],
        np.concatenate(label_sets)[order] if label_sets else None,
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
