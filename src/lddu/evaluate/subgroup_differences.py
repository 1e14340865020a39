"""Two runs on each subgroup of a split, by paired bootstrap over the same resamples as the whole."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lddu.arrays import Flags
from lddu.evaluate.answered import Answers
from lddu.evaluate.compare import COMPARISON_RESAMPLES, Difference, Estimate, compared
from lddu.evaluate.within import enough, measured_within, units_in
from lddu.plain_values import plain


@dataclass(frozen=True)
class SubgroupComparison:
    """Two runs on one subgroup.

    Attributes:
        name: of the subgroup.
        clips: how many have a known label.
        units: how many groups or clips they are resampled as.
        difference: figure -> second less first, paired; NaN ends as in `Subgroup`; empty where it has too few clips.
        first: figure -> of the first run.
        second: figure -> of the second.
    """

    name: str
    clips: int
    units: int
    first: dict[str, Estimate]
    second: dict[str, Estimate]
    difference: dict[str, Difference]

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values; None for what cannot be had."""
        return dict(plain(asdict(self)))


def compared_subgroups(
    first: Answers, second: Answers, members: Mapping[str, Flags], resamples: int = COMPARISON_RESAMPLES
) -> tuple[SubgroupComparison, ...]:
    """Two runs side by side on each subgroup; one with fewer than `LEAST_CLIPS` labelled clips is counted only.

    Args:
        first: answers of one run.
        second: of the other, on the same clips in the same order.
        members: as in `measure_subgroups`.
        resamples: how many.
    """
    labelled = first.scored.labelled
    return tuple(_compared(first, second, name, flags & labelled, resamples) for name, flags in members.items())


def _compared(first: Answers, second: Answers, name: str, inside: Flags, resamples: int) -> SubgroupComparison:
    clips, units = int(inside.sum()), units_in(first, inside)
    if not enough(inside):
        return SubgroupComparison(name, clips, units, {}, {}, {})
    comparison = compared(*(measured_within(run, inside, resamples) for run in (first, second)))
    return SubgroupComparison(name, clips, units, comparison.first, comparison.second, comparison.difference)
