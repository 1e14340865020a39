"""Corpora where every clip has exactly one emotion: the usual figures of a choice of one, by scikit-learn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.evaluate.scored import Scored


@dataclass(frozen=True)
class ArgMaxFigures:
    """Of the most probable emotion of each clip, whatever the thresholds.

    Attributes:
        n: clips with exactly one emotion, on which they are measured.
        accuracy: share of clips whose emotion is the most probable one.
        f1_weighted: mean F1 of the emotions, weighted by their clips.
        recall_unweighted: mean recall over the emotions that are shown (UAR).
    """

    n: int
    accuracy: float
    f1_weighted: float
    recall_unweighted: float


def has_one_emotion(presence: Floats) -> Flags:
    """[N] whether a clip is known to have exactly one of its E emotions."""
    return np.asarray(((presence == 1).sum(axis=1) == 1) & ~np.isnan(presence).any(axis=1))


def single_label(parts: Sequence[Floats]) -> bool:
    """Whether every labelled clip has exactly one of two or more emotions.

    Args:
        parts: [N, E] labels of training and of validation.
    """
    presence = np.concatenate(parts)
    labelled = presence[~np.isnan(presence).all(axis=1)]
    return presence.shape[1] > 1 and len(labelled) > 0 and bool(has_one_emotion(labelled).all())


def arg_max_figures(scored: Scored) -> ArgMaxFigures | None:
    """The figures over the clips with exactly one emotion; None where there is none.

    Example:
        >>> scored = Scored([[0.4, 0.2], [0.3, 0.1]], [[1, 0], [0, 1]], ["a", "b"], ("joy", "fear"))
        >>> arg_max_figures(scored).accuracy
        0.5
    """
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    rows = has_one_emotion(scored.presence)
    if not rows.any():
        return None
    observed, named = scored.presence[rows].argmax(axis=1), scored.probability[rows].argmax(axis=1)
    return ArgMaxFigures(
        n=int(rows.sum()),
        accuracy=float(accuracy_score(observed, named)),
        f1_weighted=float(f1_score(observed, named, average="weighted", zero_division=0.0)),
        recall_unweighted=float(
            recall_score(observed, named, labels=np.unique(observed), average="macro", zero_division=0.0)
        ),
    )
