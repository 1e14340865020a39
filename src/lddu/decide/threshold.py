"""From which probability on an emotion counts as present: exactly the best on validation, lower where that would leave rare emotions out."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.evaluate.scored import Scored, Validation

ThresholdKind = Literal["global_or_floor", "global", "floor", "per_emotion"]
Criterion = Literal["f1_micro", "f1_macro", "accuracy"]

OFTEN_SHOWN = 10
"""An emotion that so many validation clips show should be named."""

LEAST_NAMED = 0.5
"""It should be named at least so often for every clip that shows it, and never, by this, more than its inverse."""


@dataclass(frozen=True)
class ThresholdRule:
    """How thresholds are chosen: of which kind, and what they are best in."""

    kind: ThresholdKind = "global"
    criterion: Criterion = "f1_micro"


ONE_BY_MICRO_F1 = ThresholdRule()


def fit_threshold(validation: Validation, kind: ThresholdKind = "global", criterion: Criterion = "f1_micro") -> Floats:
    """[E] thresholds for the decision ``probability >= threshold``.

    ``global`` is one number for all emotions. ``floor`` lowers it for the emotions that it would name less than half as often
    (`LEAST_NAMED`) as validation shows them, where `OFTEN_SHOWN` clips or more do, until they are named so often: a lower bound on the
    proportional assignment of Yang (2001, "A study of thresholding strategies for text categorization"). Where so many probabilities are
    equal that an emotion would then be named more than twice as often as it shows, they tell nothing, and its threshold stays.
    ``global_or_floor`` is ``global`` unless that never names an emotion right which so many clips show, and then ``floor``; with another
    criterion than micro-F1 it is ``global``.
    ``per_emotion`` has the best of each, where an emotion without positives takes the global one.

    Every possible decision is tried, in one pass over the sorted probabilities.

    Args:
        validation: the validation split.
        kind: one threshold for all emotions, one that is lower for those it leaves out, that only where it is needed, or one each.
        criterion: what the threshold is best in: F1 over all pairs, the mean of each emotion's F1, or the share of pairs that
            are right. For one emotion both kinds of F1 are the same.

    Example:
        >>> from lddu.evaluate.scored import Scored
        >>> scored = Scored([[0.9, 0.2], [0.6, 0.4]], [[1, 0], [1, 0]], ["a", "b"], ("joy", "fear"), split="valid")
        >>> fit_threshold(Validation(scored))
        array([0.5, 0.5])
    """
    scored = validation.scored
    known, present = scored.known, scored.presence == 1
    of_emotion = np.broadcast_to(np.arange(len(scored.emotions)), known.shape)[known]
    overall = best_cut(scored.probability[known], present[known], criterion, of_emotion)
    thresholds = np.full(len(scored.emotions), overall)
    if kind == "floor" or (kind == "global_or_floor" and criterion == "f1_micro" and _misses_one(scored, overall)):
        return _lowered(scored, thresholds)
    if kind == "per_emotion":
        for e in np.flatnonzero(present.any(axis=0)):
            rows = known[:, e]
            thresholds[e] = best_cut(scored.probability[rows, e], present[rows, e], criterion)
    return thresholds


def _lowered(scored: Scored, thresholds: Floats) -> Floats:
    """[E] the highest cut that names an emotion often enough, where its threshold does not and it often shows."""
    cuts = thresholds.copy()
    for e, positives in enumerate((scored.presence == 1).sum(axis=0)):
        probability = scored.probability[scored.known[:, e], e]
        least = math.ceil(LEAST_NAMED * positives)
        if positives >= OFTEN_SHOWN and (probability >= cuts[e]).sum() < least:
            last = np.sort(probability)[-least]
            if (probability >= last).sum() > positives / LEAST_NAMED:
                continue
            middle = (last + probability[probability < last].max(initial=0.0)) / 2
            cuts[e] = middle if middle < last else last
    return cuts


def _misses_one(scored: Scored, cut: float) -> bool:
    """Whether one cut for all never names an emotion right that often shows."""
    present = scored.presence == 1
    right = (present & (scored.probability >= cut)).any(axis=0)
    return bool((~right & (present.sum(axis=0) >= OFTEN_SHOWN)).any())


def best_cut(
    probability: Floats, present: Flags, criterion: Criterion = "f1_micro", emotion: np.ndarray | None = None
) -> float:
    """The cut with the best `criterion` of ``probability >= cut``.

    Neighbouring cuts that reach the same best value form a plateau; of several plateaus the widest is taken (the lowest
    among equally wide ones) and the cut lies in its middle, as far as can be from a change. Without positives every
    F1 is 0 and its cut is 0.5; most pairs are right where nothing is named.

    Args:
        probability: [K] in [0, 1].
        present: [K].
        criterion: what is best.
        emotion: [K] number of each pair's emotion, for the macro-F1; all of one where left out.
    """
    if not len(present) or (criterion != "accuracy" and not present.any()):
        return 0.5
    distinct = np.unique(probability)
    if criterion == "accuracy" and distinct[-1] < 1:
        distinct = np.append(distinct, 1.0)  # naming nothing may be right most often; its F1 is 0
    reached = _reached(distinct, probability, present, criterion, emotion)
    best = reached == reached.max()
    # Cut j keeps the values from distinct[j] on: it may lie anywhere in (edges[j], distinct[j]].
    edges = np.concatenate([[0.0], distinct[:-1]])
    starts = np.flatnonzero(best & ~np.concatenate([[False], best[:-1]]))
    ends = np.flatnonzero(best & ~np.concatenate([best[1:], [False]]))
    widest = int(np.argmax(distinct[ends] - edges[starts]))
    low, high = edges[starts[widest]], distinct[ends[widest]]
    middle = (low + high) / 2
    return float(middle if middle > low else high)


def _reached(
    cuts: Floats, probability: Floats, present: Flags, criterion: Criterion, emotion: np.ndarray | None
) -> Floats:
    """[J] value of the criterion where all pairs from each cut on are named."""
    if criterion == "f1_macro" and emotion is not None:
        columns = [emotion == e for e in np.unique(emotion)]
        return np.asarray(sum(_f1(cuts, probability[column], present[column]) for column in columns)).round(
            12
        )  # equal sums are equal
    if criterion == "accuracy":
        hits, named = _hits_and_named(cuts, probability, present)
        return np.asarray((2 * hits - named + len(present) - int(present.sum())) / len(present))
    return _f1(cuts, probability, present)


def _f1(cuts: Floats, probability: Floats, present: Flags) -> Floats:
    """[J] F1 at each cut; 0 where nothing is present."""
    hits, named = _hits_and_named(cuts, probability, present)
    return np.asarray(2 * hits / np.maximum(named + int(present.sum()), 1))


def _hits_and_named(cuts: Floats, probability: Floats, present: Flags) -> tuple[np.ndarray, np.ndarray]:
    """[J] true positives, and pairs named, from each cut on."""
    order = np.argsort(probability, kind="stable")
    first = np.searchsorted(probability[order], cuts)
    before = np.concatenate([[0], np.cumsum(present[order])])
    return int(present.sum()) - before[first], len(order) - first
