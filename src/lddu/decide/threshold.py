"""From which probability on an emotion counts as present: exactly the best on validation."""

from typing import Literal

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.evaluate.scored import Validation

ThresholdKind = Literal["global", "per_emotion"]


def fit_threshold(validation: Validation, kind: ThresholdKind = "global") -> Floats:
    """[E] thresholds for the decision ``probability >= threshold``.

    ``global`` is one number for all emotions, the one with the best micro-F1; ``per_emotion`` has the best F1 of each,
    where an emotion without positives takes the global one. Every possible decision is tried, in one pass over the
    sorted probabilities.

    Args:
        validation: the validation split.
        kind: one threshold for all emotions, or one each.

    Example:
        >>> from lddu.evaluate.scored import Scored
        >>> scored = Scored([[0.9, 0.2], [0.6, 0.4]], [[1, 0], [1, 0]], ["a", "b"], ("joy", "fear"), split="valid")
        >>> fit_threshold(Validation(scored))
        array([0.5, 0.5])
    """
    scored = validation.scored
    known, present = scored.known, scored.presence == 1
    overall = best_cut(scored.probability[known], present[known])
    thresholds = np.full(len(scored.emotions), overall)
    if kind == "per_emotion":
        for e in np.flatnonzero(present.any(axis=0)):
            rows = known[:, e]
            thresholds[e] = best_cut(scored.probability[rows, e], present[rows, e])
    return thresholds


def best_cut(probability: Floats, present: Flags) -> float:
    """The cut with the best F1 of ``probability >= cut``.

    Neighbouring cuts that reach the same best F1 form a plateau; of several plateaus the widest is taken (the lowest
    among equally wide ones) and the cut lies in its middle, as far as can be from a change. Without positives every
    F1 is 0 and the cut is 0.5.

    Args:
        probability: [K] in [0, 1].
        present: [K].
    """
    positives = int(present.sum())
    if not positives:
        return 0.5
    order = np.argsort(probability, kind="stable")
    distinct, first = np.unique(probability[order], return_index=True)
    hits = positives - np.concatenate([[0], np.cumsum(present[order])])[first]  # true positives from each value on
    f1 = 2 * hits / (len(order) - first + positives)
    best = f1 == f1.max()
    # Cut j keeps the values from distinct[j] on: it may lie anywhere in (edges[j], distinct[j]].
    edges = np.concatenate([[0.0], distinct[:-1]])
    starts = np.flatnonzero(best & ~np.concatenate([[False], best[:-1]]))
    ends = np.flatnonzero(best & ~np.concatenate([best[1:], [False]]))
    widest = int(np.argmax(distinct[ends] - edges[starts]))
    low, high = edges[starts[widest]], distinct[ends[widest]]
    middle = (low + high) / 2
    return float(middle if middle > low else high)
