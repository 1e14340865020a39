"""Does the model find the clips that people differ about? Its aleatoric uncertainty against the raters' votes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lddu.arrays import Floats
from lddu.evaluate.resample import Interval, spearman_interval
from lddu.evaluate.selective import spearman


@dataclass(frozen=True)
class RaterAgreement:
    """Rank correlation of an uncertainty per clip with the entropy of the raters' votes.

    Attributes:
        n: clips with known votes.
        spearman: of the selected aleatoric uncertainty; None where either is constant.
        interval: 95 %, bootstrap over clips or groups.
        spearman_of: the same for everything that it may be made of, side by side.
    """

    n: int
    spearman: float | None
    interval: Interval | None
    spearman_of: dict[str, float | None]

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `metrics.json` holds them."""
        interval = None if self.interval is None else [self.interval.low, self.interval.high]
        return asdict(self) | {"interval": interval}


def rater_agreement(
    votes: Floats, aleatoric: Floats, parts: Mapping[str, Floats], units: np.ndarray, seed: int = 0
) -> RaterAgreement | None:
    """Compare; None where votes differ nowhere.

    Args:
        votes: [N] entropy of the votes, NaN where unknown.
        aleatoric: [N] the selected score.
        parts: name -> [N] other uncertainties per clip.
        units: [N] unit of each clip that is resampled.
        seed: of the interval.
    """
    rows = ~np.isnan(votes)
    if not rows.any() or np.ptp(votes[rows]) == 0:
        return None
    return RaterAgreement(
        int(rows.sum()),
        spearman(aleatoric[rows], votes[rows]),
        spearman_interval(aleatoric[rows], votes[rows], units[rows], seed),
        {name: spearman(values[rows], votes[rows]) for name, values in parts.items()},
    )
