"""How near predicted shares of raters come to the observed ones, and how near one rater comes to the others.

Distances compare two distributions of votes over the emotions and none of them (`votes`). The scores, soft Brier and
cross-entropy, compare the shares of each emotion as they are, so that they also hold where a rater may name several.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import xlog1py, xlogy

from lddu.arrays import Flags, Floats
from lddu.evaluate.resample import Interval, mean_interval
from lddu.labels import least_share

SURE = 1e-7
"""Predicted shares nearer to 0 or 1 than this count as this near in a cross-entropy."""

ROUNDED = 0.1
"""A share times the number of raters may miss a whole number by this: corpora round their shares."""

ONE_VOTE = 0.02
"""Sums of rounded shares may miss 1 by this where every rater names exactly one emotion."""


SHARE_FIGURES = ("jensen_shannon", "manhattan", "soft_brier", "cross_entropy")
"""Names of the figures, smaller is better."""


@dataclass(frozen=True)
class ShareFigures:
    """Means over clips.

    Attributes:
        n: clips with a known share of every emotion.
        jensen_shannon: distance of the votes, from 0 to 1: the root of the divergence to base 2.
        manhattan: sum of the absolute differences of the votes, from 0 to 2.
        soft_brier: mean squared difference of the shares of an emotion.
        cross_entropy: of each emotion's yes or no, in nats; at least the mean entropy of the raters.
        intervals: figure -> 95 % bootstrap interval over clips or groups.
    """

    n: int
    jensen_shannon: float
    manhattan: float
    soft_brier: float
    cross_entropy: float
    intervals: dict[str, Interval | None]

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `metrics.json` holds them."""
        plain = {name: interval and [interval.low, interval.high] for name, interval in self.intervals.items()}
        return asdict(self) | {"intervals": plain}


@dataclass(frozen=True)
class OneRater:
    """What one rater reaches, taken as a prediction of the others; the expectation over who is taken.

    Attributes:
        n: clips whose votes can be counted: at least two raters, and shares that are whole votes.
        of: clips with known shares.
        raters: mean number of raters.
        jensen_shannon: distance of the one vote from the votes of the others; None where raters named several emotions.
        manhattan: likewise.
        soft_brier: mean squared difference of the rater's yes or no from the others' share.
        f1_micro: of the emotions that the rater named, against presence by the others; None where nothing is named or present.
    """

    n: int
    of: int
    raters: float
    jensen_shannon: float | None
    manhattan: float | None
    soft_brier: float
    f1_micro: float | None

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `metrics.json` holds them."""
        return asdict(self)


def votes(shares: Floats) -> Floats:
    """[N, E + 1] distribution of the votes of a clip over the emotions and, last, none of them.

    What the shares lack to 1 is none. Where raters named several emotions and the shares sum to more than 1, they are scaled
    to sum 1 and none gets nothing.

    Args:
        shares: [N, E] of raters in [0, 1].

    Example:
        >>> votes(np.array([[0.5, 0.25], [1.0, 1.0]]))
        array([[0.5 , 0.25, 0.25],
               [0.5 , 0.5 , 0.  ]])
    """
    total = shares.sum(axis=1, keepdims=True)
    return np.concatenate([shares / np.maximum(total, 1.0), np.maximum(1.0 - total, 0.0)], axis=1)


def one_vote_each(shares: Floats) -> bool:
    """Whether every rater named exactly one emotion, as far as [N, E] shares can say; clips with an unknown one say nothing."""
    known = fully_known(shares)
    return bool(known.any()) and bool((np.abs(shares[known].sum(axis=1) - 1) <= ONE_VOTE).all())


def share_distances(predicted: Floats, observed: Floats) -> dict[str, Floats]:
    """Figure -> [N] of each clip, smaller is better; see `ShareFigures`.

    Args:
        predicted: [N, E] shares in [0, 1].
        observed: [N, E] shares of raters, all known.

    Example:
        >>> distances = share_distances(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]]))
        >>> {name: round(float(values[0]), 3) for name, values in distances.items()}
        {'jensen_shannon': 0.558, 'manhattan': 1.0, 'soft_brier': 0.25, 'cross_entropy': 0.693}
    """
    first, second = votes(predicted), votes(observed)
    sure = np.clip(predicted, SURE, 1 - SURE)
    return {
        "jensen_shannon": jensen_shannon(first, second),
        "manhattan": np.abs(first - second).sum(axis=1),
        "soft_brier": ((predicted - observed) ** 2).mean(axis=1),
        "cross_entropy": -(xlogy(observed, sure) + xlog1py(1 - observed, -sure)).mean(axis=1),
    }


def jensen_shannon(first: Floats, second: Floats) -> Floats:
    """[N] distance of distributions [N, K]: the root of the Jensen-Shannon divergence to base 2, from 0 to 1."""
    from scipy.spatial.distance import jensenshannon  # a fifth of a second that answers are spared

    least = np.finfo(np.float64).tiny  # half of a smaller share is 0, and SciPy's distance then infinite
    some = (np.where(distribution < least, 0.0, distribution) for distribution in (first, second))
    return np.asarray(np.nan_to_num(jensenshannon(*some, base=2, axis=1)))  # nan: a rounded square below 0


def share_figures(predicted: Floats, observed: Floats, units: np.ndarray, seed: int = 0) -> ShareFigures | None:
    """Measure predicted shares; None where no clip has a known share of every emotion.

    Args:
        predicted: [N, E] shares in [0, 1].
        observed: [N, E] shares of raters; NaN where unknown.
        units: [N] unit of each clip that is resampled.
        seed: of the intervals.
    """
    rows = fully_known(observed)
    if not rows.any():
        return None
    distances = share_distances(predicted[rows], observed[rows])
    means = {name: float(values.mean()) for name, values in distances.items()}
    intervals = {name: mean_interval(values, units[rows], seed) for name, values in distances.items()}
    return ShareFigures(int(rows.sum()), **means, intervals=intervals)


def fully_known(shares: Floats) -> Flags:
    """[N] whether the share of every emotion is known."""
    return np.asarray(~np.isnan(shares).any(axis=1))


def one_rater(shares: Floats, raters: Floats, present_at: float) -> OneRater | None:
    """One rater against the others; None where no clip's votes can be counted.

    Args:
        shares: [N, E] of raters; NaN where unknown.
        raters: [N] how many there were; NaN where unknown.
        present_at: share of the others from which an emotion counts as present.

    Example:
        >>> rater = one_rater(np.array([[0.5, 0.5]]), np.array([2.0]), 0.5)
        >>> rater.jensen_shannon, rater.f1_micro
        (1.0, 0.0)
    """
    known = fully_known(shares)
    counts = np.round(shares * raters[:, None])
    whole = (np.abs(shares * raters[:, None] - counts) <= ROUNDED).all(axis=1)
    rows = known & whole & (raters >= 2)
    if not rows.any():
        return None
    counts, raters = counts[rows], raters[rows]
    naming, others = counts / raters[:, None], (raters - 1)[:, None]
    if_named, if_not = np.maximum(counts - 1, 0) / others, np.minimum(counts / others, 1.0)
    errors = naming * (1 - if_named) ** 2 + (1 - naming) * if_not**2
    apart = _one_vote(counts, raters) if (counts.sum(axis=1) <= raters).all() else {}
    return OneRater(
        int(rows.sum()), int(known.sum()), float(raters.mean()), apart.get("jensen_shannon"), apart.get("manhattan"),
        float(errors.mean()), _f1_of_one(naming, if_named >= least_share(present_at), if_not >= least_share(present_at)),
    )  # fmt: skip


def _one_vote(counts: Floats, raters: Floats) -> dict[str, float]:
    """Expected distances of one vote from those of the others, where each rater named one emotion or none."""
    whole = np.concatenate([counts, (raters - counts.sum(axis=1))[:, None]], axis=1)
    total = {"jensen_shannon": 0.0, "manhattan": 0.0}
    for option, alone in enumerate(np.eye(whole.shape[1])):
        some = whole[:, option] > 0
        others = (whole[some] - alone) / (raters[some] - 1)[:, None]
        chance = whole[some, option] / raters[some]
        total["jensen_shannon"] += float(chance @ jensen_shannon(np.tile(alone, (len(others), 1)), others))
        total["manhattan"] += float(chance @ np.abs(alone - others).sum(axis=1))
    return {name: value / len(whole) for name, value in total.items()}


def _f1_of_one(naming: Floats, present_if_named: Flags, present_if_not: Flags) -> float | None:
    hits, extra = naming[present_if_named].sum(), naming[~present_if_named].sum()
    missed = (1 - naming)[present_if_not].sum()
    total = 2 * hits + extra + missed
    return float(2 * hits / total) if total else None
