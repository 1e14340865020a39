"""What is measured of a run's expected shares: their distance to the raters' beside baselines and one rater."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lddu.arrays import Floats
from lddu.decide.shares import ShareMap
from lddu.evaluate.compare import Estimate
from lddu.evaluate.resample import mean_interval
from lddu.evaluate.scored import Scored
from lddu.evaluate.shares import OneRater, ShareFigures, fully_known, one_rater, share_distances, share_figures
from lddu.runs.observed import Observed

CONSTANT = "mean-share"
"""Name of the baseline that expects of every clip what the raters of training said on average."""


@dataclass(frozen=True)
class ShareBaseline:
    """Another prediction of the shares of the same clips.

    Attributes:
        name: of it.
        figures: of it.
        difference: figure -> run less baseline with its paired 95 % bootstrap interval; below 0 the run is nearer. A
            figure without an interval is left out.
    """

    name: str
    figures: ShareFigures
    difference: dict[str, Estimate]

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `metrics.json` holds them."""
        plain = {name: vars(estimate) for name, estimate in self.difference.items()}
        return {"name": self.name, **self.figures.to_mapping(), "difference": plain}


@dataclass(frozen=True)
class ShareReport:
    """What is measured of the shares that a run expects.

    Attributes:
        run: its figures.
        one_vote: whether its shares are scaled to sum 1.
        baselines: on the same clips.
        one_rater: what one rater reaches; None where the store does not know how many there were.
    """

    run: ShareFigures
    one_vote: bool
    baselines: tuple[ShareBaseline, ...]
    one_rater: OneRater | None

    def beside(self, *more: ShareBaseline) -> "ShareReport":
        """The same with further baselines."""
        return replace(self, baselines=(*self.baselines, *more))

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `metrics.json` holds them; what was not measured is absent."""
        plain = {**self.run.to_mapping(), "one_vote": self.one_vote}
        plain["baselines"] = [baseline.to_mapping() for baseline in self.baselines]
        return plain if self.one_rater is None else plain | {"one_rater": self.one_rater.to_mapping()}


def share_report(split: Scored, map_: ShareMap, observed: Observed) -> ShareReport | None:
    """The figures of a split, with the constant as a baseline; None where no clip has a known share of every emotion.

    Args:
        split: probabilities as predicted.
        map_: of the run.
        observed: of the same clips.
    """
    units, expected = split.units(), map_.apply(split.probability)
    figures = share_figures(expected, observed.shares, units)
    if figures is None:
        return None
    constant = np.tile(observed.train_share, (len(expected), 1))
    if map_.one_vote:
        constant /= constant.sum(axis=1, keepdims=True)
    baselines = (
        () if np.isnan(constant).any() else (share_baseline(CONSTANT, expected, constant, observed.shares, units),)
    )
    ceiling = one_rater(observed.shares, observed.raters, observed.present_at)
    return ShareReport(figures, map_.one_vote, baselines, ceiling)


def share_baseline(name: str, expected: Floats, baseline: Floats, shares: Floats, units: np.ndarray) -> ShareBaseline:
    """Another prediction beside that of a run.

    Args:
        name: of it.
        expected: [N, E] of the run.
        baseline: [N, E] the other prediction.
        shares: [N, E] of raters, every one known in some clip.
        units: [N] unit of each clip that is resampled.
    """
    rows = fully_known(shares)
    figures = share_figures(baseline, shares, units)
    assert figures is not None, "the run has figures on the same clips"
    distances, beside = (share_distances(values[rows], shares[rows]) for values in (expected, baseline))
    difference = {}
    for figure, values in distances.items():
        apart = values - beside[figure]
        ends = mean_interval(apart, units[rows])
        if ends is not None:
            difference[figure] = Estimate(float(apart.mean()), ends.low, ends.high)
    return ShareBaseline(name, figures, difference)
