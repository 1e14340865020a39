"""Predictions and a fitted decision put together: the figures of a split and the rows of a table."""

from dataclasses import dataclass, replace

import numpy as np

from lddu.argument_types import refuse_wrong_types
from lddu.arrays import Floats
from lddu.decide.aleatoric import clip_ambiguity, raters_differ, vote_entropy
from lddu.decide.decision import FittedDecision
from lddu.decide.error_score import OWN_CHANCE
from lddu.errors import ConfigError, parameter
from lddu.evaluate.answered import Answers
from lddu.evaluate.calibration import calibration_error
from lddu.evaluate.compare import intervals
from lddu.evaluate.metrics import baselines, metrics
from lddu.evaluate.raters import RaterAgreement, rater_agreement
from lddu.evaluate.scored import Scored
from lddu.evaluate.selective import spearman
from lddu.evaluate.trust import SELECTED, Judged, trust_figures
from lddu.models.family import Evidence, Task
from lddu.models.measured import Measured
from lddu.models.networks import Alone, Inference
from lddu.runs.observed import Observed
from lddu.runs.predictions import MODALITY_ERROR, Predictions
from lddu.runs.share_report import share_report
from lddu.runs.split_figures import CalibrationErrors, SplitFigures
from lddu.store.observation import presence_of, shares_of
from lddu.store.store import FeatureStore


@dataclass(frozen=True)
class PredictOptions:
    """What a user asks for beyond the labels.

    Attributes:
        recall: also the label sets that hold at least this share of a clip's emotions on average.
        coverage: answer only this share of (clip, emotion) pairs, the most certain ones.
        adapt: re-centre the features on those of training first, over the clips that are predicted (`lddu.runs.adapt`).

    Raises:
        ConfigError: either is no such share.
    """

    recall: float | None = None
    coverage: float | None = None
    adapt: bool = False

    def __post_init__(self) -> None:
        refuse_wrong_types(self)
        if self.recall is not None and not 0 < self.recall < 1:
            raise ConfigError(
                f"Expected {parameter('recall')} above 0 and below 1, but got {self.recall:g}; ask for 0.9, say."
            )
        if self.coverage is not None and not 0 < self.coverage <= 1:
            raise ConfigError(
                f"Expected {parameter('coverage')} above 0 and at most 1, but got {self.coverage:g}; ask for 0.8, say."
            )

    def unadapted(self) -> "PredictOptions":
        """The same for features that are re-centred already, or not to be."""
        return replace(self, adapt=False)


NOTHING_MORE = PredictOptions()


DROPOUT_SCORES = ("dropout_entropy", "dropout_information", "dropout_std")


def uncertainty_scores(inference: Inference) -> dict[str, Floats]:
    """Name -> [N, E] the networks' own measures of uncertainty, beside margin and entropy; larger is less certain.

    Returns:
        What the model family gives as evidence for each emotion (LDDU: `width`, Eq. (11), and `modality_error`, Eq. (14));
        for an ensemble also `disagreement`, the epistemic part of the entropy; where passes with dropout on
        were made, `DROPOUT_SCORES` of them.
    """
    presence = inference.presence
    scores = {name: measured.doubt(presence) for name, measured in inference.evidence.items() if measured.of_emotions}
    if inference.disagreement is not None:
        scores["disagreement"] = inference.disagreement
    if inference.dropout is not None:
        passes = inference.dropout
        scores |= dict(zip(DROPOUT_SCORES, (passes.entropy, passes.information, passes.std), strict=True))
    return scores


def figures_of(
    split: Scored,
    inference: Inference,
    decision: FittedDecision,
    observed: Observed,
    train_presence: Floats | None = None,
) -> SplitFigures:
    """The figures of one split, after recalibration; `*_raw` before.

    Args:
        split: probabilities as predicted beside what was observed.
        inference: of the same clips.
        decision: of the run.
        observed: of the same clips.
        train_presence: [N_train, E] to choose the best constant answer on; no baselines without.
    """
    decided = decision.apply(split.probability, uncertainty_scores(inference), presence=inference.presence)
    after = split.with_probability(decided.probability)
    estimates = intervals(Answers("", after, decided.labels))
    unnamed = (split.presence == 1).any(axis=0) & ~decided.labels.any(axis=0)
    return SplitFigures(
        metrics=metrics(after, np.array(decision.of_most(inference.presence).thresholds), decided.labels),
        calibration=_calibration(split, decided.probability),
        trust=trust_figures(Judged(after, decided.labels, {**decided.scores, SELECTED: decided.uncertainty})),
        # the adaptive calibration error has an interval of its own; NaN where a resample is undefined
        intervals={
            n: (estimate.low, estimate.high)
            for n, estimate in estimates.items()
            if n != "adaptive_ece" and estimate.low == estimate.low
        },
        raters=_raters(after, inference, decision, observed),
        shares=None if decision.shares is None else share_report(split, decision.shares, observed),
        noise_spearman=_noise_spearman(inference, observed.noise) if observed.noise else None,
        entropy_parts=_entropy_parts(inference, split.emotions),
        baselines=() if train_presence is None else baselines(train_presence, split.presence, split.emotions),
        never_named=tuple(name for name, missed in zip(split.emotions, unnamed, strict=True) if missed),
    )


def _calibration(split: Scored, recalibrated: Floats) -> CalibrationErrors:
    known = split.known
    present = split.presence[known] == 1
    after, before = recalibrated[known], split.probability[known]
    return CalibrationErrors(
        calibration_error(after, present, "equal_width"),
        calibration_error(after, present, "equal_mass"),
        calibration_error(before, present, "equal_width"),
        calibration_error(before, present, "equal_mass"),
    )


def _raters(split: Scored, inference: Inference, decision: FittedDecision, observed: Observed) -> RaterAgreement | None:
    """The aleatoric uncertainty against people; None where they agree or are unknown."""
    agreement = rater_agreement(
        vote_entropy(observed.shares),
        decision.aleatoric.apply(split.probability, spreads(inference)),
        clip_ambiguity(split.probability, spreads(inference)),
        split.units(),
    )
    return agreement if raters_differ(observed.shares).any() else None


def _entropy_parts(inference: Inference, emotions: tuple[str, ...]) -> dict[str, dict[str, float]] | None:
    """The two parts of an ensemble's entropy, mean over clips."""
    if inference.disagreement is None:
        return None
    parts = {"aleatoric": inference.entropy, "epistemic": inference.disagreement}
    return {name: {e: float(values[:, i].mean()) for i, e in enumerate(emotions)} for name, values in parts.items()}


def _noise_spearman(inference: Inference, noise: dict[str, Floats]) -> dict[str, dict[str, float | None]]:
    """Modality -> rank correlation of its true noise with each doubt about a modality: LDDU's `error` and `noise`."""
    readings = {
        measured.evidence.prefix: measured.per_modality()
        for measured in inference.evidence.values()
        if "modality" in measured.evidence.axes and not measured.evidence.higher_is_surer
    }
    return {
        name: {reading: _known_spearman(values[:, m], true) for reading, values in readings.items()}
        for m, (name, true) in enumerate(noise.items())
    }


def _known_spearman(first: Floats, second: Floats) -> float | None:
    known = ~(np.isnan(first) | np.isnan(second))
    return spearman(first[known], second[known]) if known.any() else None


def spreads(inference: Inference) -> dict[str, Floats]:
    """Name -> [N, E] evidence of single emotions that says how unclear a clip is: LDDU's width."""
    return {
        name: measured.doubt(inference.presence)
        for name, measured in inference.evidence.items()
        if measured.evidence.axes == ("emotion",)
    }


ALONE = Evidence(
    MODALITY_ERROR,
    ("modality",),
    False,
    "Chance that a decision is wrong where the modality alone is given, mean over emotions.",
    "error",
)


def errors_alone(inference: Inference, alone: Alone, decision: FittedDecision, own: Floats) -> Measured:
    """How likely the run would err on each clip if it were given one of its modalities alone.

    Args:
        inference: of N clips.
        alone: as `Networks.alone` gives it.
        decision: of the run.
        own: [N, E] the selected score, which is that of the only modality of clips that have one.
    """
    errors = np.where(inference.presence, own.mean(axis=1, keepdims=True), np.nan)
    if set(decision.error_score.inputs) & set(DROPOUT_SCORES):  # no such passes were made here
        decision = replace(decision, error_score=OWN_CHANCE)
    for m, (places, answers) in alone.items():
        decided = decision.apply(answers.probability, uncertainty_scores(answers), presence=answers.presence)
        errors[places, m] = decided.uncertainty.mean(axis=1)
    return Measured(ALONE, errors)


def predictions_of(
    store: FeatureStore,
    task: Task,
    inference: Inference,
    alone: Alone,
    decision: FittedDecision,
    options: PredictOptions = NOTHING_MORE,
) -> Predictions:
    """The predictions of some clips with the decision applied.

    Args:
        store: that holds the clips.
        task: of the run.
        inference: of the clips.
        alone: what the same networks answer from each modality alone, as `Networks.alone` gives it.
        decision: of the run.
        options: what else is to be answered.

    Raises:
        MismatchError: where the options cannot be met.
    """
    rows, table = inference.rows, store.table
    decided = decision.apply(
        inference.probability, uncertainty_scores(inference), options.recall, options.coverage, inference.presence
    )
    shares = shares_of(store, rows, task.emotions)
    ensemble = inference.disagreement is not None
    evidence = {name: measured.for_table() for name, measured in inference.evidence.items()}
    if task.dimensions:
        evidence[MODALITY_ERROR] = errors_alone(inference, alone, decision, decided.uncertainty)
    return Predictions(
        clip=table.clip[rows],
        split=table.split[rows],
        group=table.group[rows],
        emotions=task.emotions,
        modalities=tuple(task.dimensions),
        probability=decided.probability,
        label=decided.labels,
        presence=presence_of(store, rows, task.emotions, task.present_at),
        uncertainty=decided.uncertainty,
        presented=inference.presence,
        evidence=evidence,
        modality_distance=inference.distance,
        aleatoric=decision.aleatoric.apply(decided.probability, spreads(inference)),
        share=shares if raters_differ(shares).any() else None,
        expected_share=None if decision.shares is None else decision.shares.apply(inference.probability),
        emotion_aleatoric=inference.entropy if ensemble else None,
        emotion_epistemic=inference.disagreement if ensemble else None,
        label_set=decided.label_set,
        abstained=decided.abstained,
        carried={name: values[rows] for name, values in table.carried.items()},
    )
