"""Predictions and a fitted decision put together: the figures of a split and the rows of a table."""

from typing import Any

import numpy as np

from lddu.decide.decision import FittedDecision
from lddu.evaluate.metrics import baselines, metrics
from lddu.evaluate.observation import presence_of
from lddu.evaluate.predicted import Scored
from lddu.features.store import FeatureStore
from lddu.model.infer import Inference
from lddu.predictions import Predictions
from lddu.run_folder import Task


def figures_of(split: Scored, decision: FittedDecision, train_presence: np.ndarray | None = None) -> dict[str, Any]:
    """One split's entry of `metrics.json`, after recalibration; with constant baselines where training labels are given.

    An emotion's or split's figure that cannot be had (no positives, no labels) is None.
    """
    decided = decision.apply(split.probability)
    figures = metrics(split.with_probability(decided.probability), np.array(decision.thresholds)).to_mapping()
    if train_presence is not None:
        figures["baselines"] = [b.to_mapping() for b in baselines(train_presence, split.presence, split.emotions)]
    return figures


def predictions_of(store: FeatureStore, task: Task, inference: Inference, decision: FittedDecision) -> Predictions:
    """The predictions of some clips with the decision applied."""
    rows, table = inference.rows, store.table
    decided = decision.apply(inference.probability)
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
        width=inference.width,
        modality_error=error,
    )
