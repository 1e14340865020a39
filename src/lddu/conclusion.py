"""Predictions and a fitted decision put together: the figures of a split and the rows of a table."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lddu.decide.decision import Decision, FittedDecision
from lddu.evaluate.calibration import calibration_error
from lddu.evaluate.metrics import baselines, metrics
from lddu.evaluate.observation import presence_of
from lddu.evaluate.predicted import Floats, Scored
from lddu.evaluate.selective import selective
from lddu.features.store import FeatureStore
from lddu.model.infer import Inference
from lddu.predictions import Predictions
from lddu.run_folder import Task

PRODUCT = "product"


@dataclass(frozen=True)
class Wish:
    """What a user asks for beyond the labels.

    Attributes:
        recall: also the label sets that hold at least this share of a clip's emotions on average.
        coverage: answer only this share of (clip, emotion) pairs, the most certain ones.
    """

    recall: float | None = None
    coverage: float | None = None


NOTHING_MORE = Wish()


def uncertainty_scores(inference: Inference) -> dict[str, Floats]:
    """Name -> [N, E] what the networks say of their own doubt, beside margin and entropy; larger is less certain.

    Returns:
        `width`: |std|, Eq. (11); `modality_error`: mean chance over the clip's modalities that it errs alone,
        Eq. (14); for an ensemble also `disagreement`, the epistemic part of the entropy.
    """
    there = inference.presence[:, :, None]
    doubts = np.where(there, inference.modality_error, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    scores = {"width": inference.width.astype(np.float64), "modality_error": doubts.astype(np.float64)}
    if inference.disagreement.any():
        scores["disagreement"] = inference.disagreement
    return scores


def figures_of(
    split: Scored, inference: Inference, decision: FittedDecision, train_presence: Floats | None = None
) -> dict[str, Any]:
    """One split's entry of `metrics.json`, after recalibration; `*_raw` before.

    Args:
        split: probabilities as predicted beside what was observed.
        inference: of the same clips.
        decision: of the run.
        train_presence: [N_train, E] to choose the best constant answer on; no baselines without.
    """
    decided = decision.apply(split.probability, uncertainty_scores(inference))
    after = split.with_probability(decided.probability)
    figures = metrics(after, np.array(decision.thresholds)).to_mapping()
    known = split.known
    present = split.presence[known] == 1
    for suffix, probability in (("", decided.probability), ("_raw", split.probability)):
        figures[f"ece{suffix}"] = calibration_error(probability[known], present, "equal_width")
        figures[f"adaptive_ece{suffix}"] = calibration_error(probability[known], present, "equal_mass")
    figures |= _selection(after, decided)
    if train_presence is not None:
        figures["baselines"] = [b.to_mapping() for b in baselines(train_presence, split.presence, split.emotions)]
    return figures


def _selection(split: Scored, decided: Decision) -> dict[str, Any]:
    """How well each uncertainty score finds the wrong answers, pooled over the known pairs."""
    known = split.known
    wrong = ((split.presence == 1) != decided.labels)[known].astype(np.float64)
    scores = {**decided.scores, PRODUCT: decided.uncertainty}
    found = {name: selective(score[known], wrong) for name, score in scores.items()}
    product = found[PRODUCT]
    return {
        "aurc": product.aurc,
        "excess_aurc": product.excess_aurc,
        "risk_at_80": product.risk_at_80,
        "coverage_at_5": product.coverage_at_5,
        "error_auroc": {name: one.error_auroc for name, one in found.items()},
        "aurc_of": {name: one.aurc for name, one in found.items()},
    }


def predictions_of(
    store: FeatureStore, task: Task, inference: Inference, decision: FittedDecision, wish: Wish = NOTHING_MORE
) -> Predictions:
    """The predictions of some clips with the decision applied.

    Raises:
        MismatchError: where the wish cannot be had.
    """
    rows, table = inference.rows, store.table
    decided = decision.apply(inference.probability, uncertainty_scores(inference), wish.recall, wish.coverage)
    missing = ~inference.presence
    error = np.where(missing, np.nan, np.where(missing[:, :, None], 0.0, inference.modality_error).mean(axis=2))
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
        width=inference.width,
        modality_error=error,
        label_set=decided.label_set,
        abstained=decided.abstained,
    )
