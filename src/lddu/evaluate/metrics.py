"""Standard metrics of multi-label decisions, and the baselines they have to beat.

In NumPy, or by scikit-learn, which all are tested against and which is imported where one is computed: that takes a second,
and answers need none. Pooled over all known (clip, emotion) pairs (micro) unless the name says macro or per emotion.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.errors import MismatchError
from lddu.evaluate.scored import Scored


@dataclass(frozen=True)
class EmotionMetrics:
    """One emotion over the clips where it is known; None where the split cannot say.

    `ap` is None without positives, `auroc` without positives or without negatives, everything without known clips.
    """

    f1: float | None
    precision: float | None
    recall: float | None
    ap: float | None
    auroc: float | None
    brier: float | None
    positives: int
    n: int
    threshold: float


@dataclass(frozen=True)
class Metrics:
    """Figures of one split.

    Attributes:
        n: clips with a known label.
        pairs: known (clip, emotion) pairs.
        jaccard: mean over clips of |observed and predicted| / |observed or predicted|, 0/0 = 0 (as published).
        jaccard_empty_correct: the same with 0/0 = 1: nothing predicted where nothing is present is right.
        map_macro: mean average precision over the `map_macro_over` emotions that have positives; None if none has.
        auroc_macro: mean AUROC over the `auroc_macro_over` emotions that have positives and negatives.
        f1_macro: mean F1 over the `f1_macro_over` emotions with known clips; 0 where nothing is predicted or present.
        nll: mean negative log-likelihood in nats; probabilities of 0 and 1 count as the nearest float64.
    """

    n: int
    pairs: int
    f1_micro: float
    f1_macro: float
    precision_micro: float
    recall_micro: float
    jaccard: float
    jaccard_empty_correct: float
    hamming_loss: float
    map_macro: float | None
    auroc_macro: float | None
    brier: float
    nll: float
    f1_macro_over: int
    map_macro_over: int
    auroc_macro_over: int
    per_emotion: dict[str, EmotionMetrics]

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values, as `metrics.json` holds them."""
        return asdict(self)


def metrics(scored: Scored, thresholds: Floats, labels: Flags | None = None) -> Metrics:
    """All standard metrics of a split for the decision ``probability >= threshold``, or another one.

    Args:
        scored: N clips, E emotions.
        thresholds: [E], as `lddu.decide.threshold.fit_threshold` gives them.
        labels: [N, E] decisions that were made otherwise, such as with a threshold for each fold.

    Raises:
        MismatchError: no label of the split is known.

    Example:
        >>> scored = Scored([[0.9, 0.2], [0.4, 0.7]], [[1, 0], [1, 1]], ["a", "b"], ("joy", "fear"))
        >>> metrics(scored, np.array([0.5, 0.5])).f1_micro
        0.8
    """
    known = scored.known
    if not known.any():
        raise MismatchError(
            "Expected clips with known labels to evaluate on, but got none; use `lddu predict` for unlabelled clips."
        )
    thresholds = np.broadcast_to(np.asarray(thresholds, np.float64), len(scored.emotions))
    labels = scored.probability >= thresholds if labels is None else labels
    present, predicted, probability = scored.presence[known] == 1, labels[known], scored.probability[known]
    precision, recall, f1 = _precision_recall_f1(present, predicted)
    per_emotion = {
        name: _one_emotion(scored.presence[:, e], scored.probability[:, e], labels[:, e], float(thresholds[e]))
        for e, name in enumerate(scored.emotions)
    }
    f1s, aps, aurocs = (_given([getattr(m, k) for m in per_emotion.values()]) for k in ("f1", "ap", "auroc"))
    return Metrics(
        n=int(scored.labelled.sum()), pairs=int(known.sum()), f1_micro=f1, f1_macro=float(np.mean(f1s)),
        precision_micro=precision, recall_micro=recall,
        jaccard=mean_jaccard(scored.presence, labels, empty=0.0),
        jaccard_empty_correct=mean_jaccard(scored.presence, labels, empty=1.0),
        hamming_loss=float((present != predicted).mean()),
        map_macro=float(np.mean(aps)) if aps else None, auroc_macro=float(np.mean(aurocs)) if aurocs else None,
        brier=brier(present, probability), nll=negative_log_likelihood(present, probability),
        f1_macro_over=len(f1s), map_macro_over=len(aps), auroc_macro_over=len(aurocs), per_emotion=per_emotion,
    )  # fmt: skip


def micro_f1(presence: Floats, labels: Flags) -> float:
    """F1 over all known pairs; 0 where nothing is present and nothing predicted.

    Args:
        presence: [N, E] 1, 0, or NaN for unknown.
        labels: [N, E] the decision.
    """
    known = ~np.isnan(presence)
    present, named = presence == 1, labels & known
    counted = int(present.sum()) + int(named.sum())
    return 2 * int((present & named).sum()) / counted if counted else 0.0


def clip_jaccard(presence: Floats, labels: Flags, empty: float) -> Floats:
    """[N] overlap of observed and predicted emotions per clip; NaN for a clip without any known label.

    Args:
        presence: [N, E] 1, 0, or NaN for unknown.
        labels: [N, E] the decision.
        empty: value where nothing is observed and nothing predicted.
    """
    known = ~np.isnan(presence)
    present, predicted = presence == 1, labels & known
    union = (present | predicted).sum(axis=1)
    overlap = np.divide(
        (present & predicted).sum(axis=1), union, out=np.full(len(union), float(empty)), where=union > 0
    )
    return np.where(known.any(axis=1), overlap, np.nan)


def mean_jaccard(presence: Floats, labels: Flags, empty: float) -> float:
    """Mean of `clip_jaccard` over the clips with a known label."""
    return float(np.nanmean(clip_jaccard(presence, labels, empty)))


def mean_average_precision(scored: Scored) -> float:
    """Mean of the average precision of each emotion that has known positives; 0 where none has any."""
    known, present = scored.known, scored.presence == 1
    columns = [(present[rows, e], scored.probability[rows, e]) for e, rows in enumerate(known.T)]
    precisions = _given([_average_precision(*column) for column in columns])
    return float(np.mean(precisions)) if precisions else 0.0


def brier(present: Flags, probability: Floats) -> float:
    """Mean squared difference of probability and outcome over pairs (Brier, 1950)."""
    return float(np.square(np.asarray(probability, np.float64) - present).mean())


def negative_log_likelihood(present: Flags, probability: Floats) -> float:
    """Mean negative log-likelihood of the outcomes in nats, finite at probabilities of 0 and 1."""
    least = np.finfo(np.float64).eps
    given = np.where(present, probability, 1 - np.asarray(probability, np.float64))
    return float(-np.log(given.clip(least, 1 - least)).mean())


@dataclass(frozen=True)
class Baseline:
    """What a constant answer reaches, the least that a model has to beat."""

    name: str
    emotions: tuple[str, ...]
    f1_micro: float
    f1_macro: float
    jaccard: float
    jaccard_empty_correct: float

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `metrics.json` holds them."""
        return asdict(self)


def baselines(train_presence: Floats, presence: Floats, emotions: Sequence[str]) -> tuple[Baseline, Baseline]:
    """The two constant answers: every emotion, and the set of emotions best on the training split.

    For a constant answer micro-F1 is highest for a prefix of the emotions ordered by frequency, so only these are tried.

    Args:
        train_presence: [N_train, E] labels that the best constant is chosen on.
        presence: [N, E] labels of the split that is reported.
        emotions: E names.

    Example:
        >>> everything, best = baselines(np.array([[1.0, 0, 0], [1, 1, 0]]), np.array([[1.0, 0, 0]]), "abc")
        >>> best.emotions, everything.f1_micro, best.f1_micro
        (('a', 'b'), 0.5, 0.6666666666666666)
    """
    known = (~np.isnan(train_presence)).sum(axis=0)
    frequency = np.nansum(train_presence, axis=0) / np.maximum(known, 1)
    order = np.argsort(-frequency, kind="stable")
    constants = [np.isin(np.arange(len(order)), order[: k + 1]) for k in range(len(order))]
    reached = [micro_f1(train_presence, np.broadcast_to(c, train_presence.shape)) for c in constants]
    best = constants[int(np.argmax(reached))]
    chosen = {"everything-positive": np.ones(len(order), bool), "best-constant": best}
    everything, constant = (
        baseline_of(name, np.broadcast_to(labels, presence.shape), presence, emotions)
        for name, labels in chosen.items()
    )
    return everything, constant


def baseline_of(name: str, labels: Flags, presence: Floats, emotions: Sequence[str]) -> Baseline:
    """What these labels [N, E] reach, which the same emotions have in every clip, or in every clip of a fold."""
    f1s = [micro_f1(presence[:, [e]], labels[:, [e]]) for e in np.flatnonzero((~np.isnan(presence)).any(axis=0))]
    names = tuple(emotion for emotion, named in zip(emotions, np.any(labels, axis=0).tolist(), strict=True) if named)
    return Baseline(
        name, names, micro_f1(presence, labels), float(np.mean(f1s)),
        mean_jaccard(presence, labels, empty=0.0), mean_jaccard(presence, labels, empty=1.0),
    )  # fmt: skip


def _one_emotion(presence: Floats, probability: Floats, labels: Flags, threshold: float) -> EmotionMetrics:
    known = ~np.isnan(presence)
    if not known.any():
        return EmotionMetrics(None, None, None, None, None, None, 0, 0, threshold)
    present, score = presence[known] == 1, probability[known]
    positives, n = int(present.sum()), len(present)
    precision, recall, f1 = _precision_recall_f1(present, labels[known])
    ap = _average_precision(present, score)
    auroc = ranking_auroc(present, score) if 0 < positives < n else None
    return EmotionMetrics(f1, precision, recall, ap, auroc, brier(present, score), positives, n, threshold)


def _average_precision(present: Flags, score: Floats) -> float | None:
    return ranking_precision(present, score) if present.any() else None


def ranking_precision(present: Flags, score: Floats) -> float:
    """Average precision of a ranking: the mean, over the positives, of the precision at their place; ties share one place.

    In NumPy, since a training asks for it after every epoch and scikit-learn spends most of its time on checking arguments. A
    sum of rounded parts can pass 1 by 2e-16, which is cut off. Without positives it is 0.
    """
    if not len(score):
        return 0.0
    order = np.argsort(-np.asarray(score), kind="stable")
    ranked = np.asarray(score)[order]
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    hits = np.cumsum(np.asarray(present)[order])[ends]
    gained = np.diff(hits, prepend=0)
    return min(1.0, float((gained * hits / (ends + 1)).sum() / max(int(hits[-1]), 1)))


def ranking_auroc(present: Flags, score: Floats) -> float:
    """Chance that a positive is ranked above a negative, ties for half; both have to be there. Exact but for the last division."""
    present = np.asarray(present, bool)
    _, level = np.unique(score, return_inverse=True)
    negatives, all_of_level = np.bincount(level, ~present).astype(np.int64), np.bincount(level)
    halves = 2 * np.cumsum(negatives) - negatives
    return int(((all_of_level - negatives) * halves).sum()) / (2 * int(present.sum()) * int((~present).sum()))


def _precision_recall_f1(present: Flags, predicted: Flags) -> tuple[float, float, float]:
    """Each 0 where there is nothing to divide by."""
    hits, named, there = int((present & predicted).sum()), int(predicted.sum()), int(present.sum())
    return hits / max(named, 1), hits / max(there, 1), 2 * hits / max(named + there, 1)


def _given(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]
