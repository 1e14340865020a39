"""How far the best subgroup is from the worst, and whether that is more than chance, given that both were picked for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lddu.arrays import Floats
from lddu.evaluate.compare import Difference
from lddu.evaluate.p_value import p_value
from lddu.evaluate.resample import enough_defined
from lddu.sentences import listed

TITLES = {
    "f1_micro": "micro-F1",
    "f1_macro": "macro-F1",
    "map_macro": "mAP",
    "adaptive_ece": "calibration error",
    "error_auroc": "AUROC of errors",
    "set_recall": "recall of the label sets",
}
"""Figures of a subgroup, as people read them."""

LEVEL = 0.95


@dataclass(frozen=True)
class Gap:
    """The best subgroup less the worst, in one figure.

    Attributes:
        figure: name, as in `metrics.json`.
        best: name of the subgroup.
        worst: likewise.
        best_value: figure of the best.
        worst_value: figure of the worst.
        apart: the difference, with an interval and a chance that allow for the pair having been picked out of all.
        among: how many subgroups the pair was picked out of.
        emotions: over which a macro figure was computed, where some subgroup does not show all; else empty.
    """

    figure: str
    best: str
    worst: str
    best_value: float
    worst_value: float
    apart: Difference
    among: int
    emotions: tuple[str, ...] = ()

    @property
    def beyond_chance(self) -> bool | None:
        """Whether the interval leaves out 0; None where there is no interval."""
        return None if np.isnan(self.apart.low) else bool(self.apart.low > 0)

    @property
    def sentence(self) -> str:
        """What the gap says, for people.

        Example:
            >>> Gap("f1_micro", "f", "m", 0.63, 0.55, Difference(0.08, 0.02, 0.14, 0.01), 2).sentence
            'In micro-F1, f is best (0.630) and m worst (0.550): the gap of 0.080 (95 % 0.020 to 0.140) is more than chance.'
        """
        over = f" over {listed(self.emotions)}" if self.emotions else ""
        pair = f"{self.best} is best ({self.best_value:.3f}) and {self.worst} worst ({self.worst_value:.3f})"
        text = f"In {TITLES[self.figure]}{over}, {pair}: the gap of {self.apart.value:.3f}"
        if self.beyond_chance is None:
            return f"{text} has no interval, since too many resamples cannot give it."
        verdict = "is more than chance" if self.beyond_chance else "may be chance"
        return f"{text} (95 % {self.apart.low:.3f} to {self.apart.high:.3f}) {verdict}."


def gap_of(
    figure: str, values: Mapping[str, float], drawn: Mapping[str, Floats], emotions: Sequence[str] = ()
) -> Gap | None:
    """The gap in a figure; None where fewer than two subgroups can give it.

    Args:
        figure: its name; larger is better.
        values: subgroup -> figure.
        drawn: subgroup -> [R] figure on resamples, the same for all.
        emotions: over which it was computed, where these are not all.
    """
    if len(values) < 2:
        return None
    names = list(values)
    best, worst, apart = picked_difference(list(values.values()), np.stack([drawn[name] for name in names]))
    ends = values[names[best]], values[names[worst]]
    return Gap(figure, names[best], names[worst], *ends, apart, len(names), tuple(emotions))


def picked_difference(values: Sequence[float], drawn: Floats) -> tuple[int, int, Difference]:
    """Where the largest and the smallest of G values are, and their difference with a simultaneous 95 % interval over all pairs.

    Of several subgroups some pair differs by chance. So the largest studentised distance of any pair from its mean, resample by
    resample, is what the pair that was picked is held against (max-T; Westfall and Young, Resampling-based multiple testing, 1993).

    Args:
        values: of G subgroups.
        drawn: [G, R] on the same resamples; NaN where one cannot give the figure.

    Returns:
        Two numbers of subgroups; the ends are NaN where more than a twentieth of the resamples of either lacks the figure.
    """
    best, worst = (int(pick(values)) for pick in (np.argmax, np.argmin))
    best, worst = (best, worst) if best != worst else (0, 1)  # all are equal
    value = float(values[best] - values[worst])
    usable = np.flatnonzero([enough_defined(row) for row in drawn])
    defined = ~np.isnan(drawn[usable]).any(axis=0)
    if best not in usable or worst not in usable or not defined.any():
        return best, worst, Difference(value, np.nan, np.nan, np.nan)
    apart = np.stack([drawn[i, defined] - drawn[j, defined] for i, j in combinations(usable, 2)])
    spread = apart.std(axis=1, keepdims=True)
    off = np.abs(apart - apart.mean(axis=1, keepdims=True))
    farthest = np.divide(off, spread, out=np.zeros_like(off), where=spread > 0).max(axis=0)
    deviation = float((drawn[best, defined] - drawn[worst, defined]).std())
    reach = float(np.quantile(farthest, LEVEL)) * deviation
    chance = p_value(int((farthest * deviation >= value).sum()), len(farthest)) if value > 0 else 1.0
    return best, worst, Difference(value, value - reach, value + reach, chance)
