"""Two runs on each subgroup of a split, by paired bootstrap over the same resamples as the whole."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from lddu.arrays import Flags
from lddu.evaluate.answered import Answers
from lddu.evaluate.compare import COMPARISON_RESAMPLES, Comparison, Difference, Estimate, compared
from lddu.evaluate.within import LEAST_UNITS, drawn_within, enough, plain_values, units_in


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
        return dict(plain_values(asdict(self)))


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
    labelled = first.scored.known.any(axis=1)
    return tuple(_compared(first, second, name, flags & labelled, resamples) for name, flags in members.items())


def _compared(first: Answers, second: Answers, name: str, inside: Flags, resamples: int) -> SubgroupComparison:
    clips, units = int(inside.sum()), units_in(first, inside)
    if not enough(inside):
        return SubgroupComparison(name, clips, units, {}, {}, {})
    found = compared(*(drawn_within(run, inside, resamples) for run in (first, second)))
    found = found if units >= LEAST_UNITS else _without_intervals(found)
    return SubgroupComparison(name, clips, units, found.first, found.second, found.difference)


def _without_intervals(found: Comparison) -> Comparison:
    nan = float("nan")
    return replace(
        found,
        first={name: Estimate(own.value, nan, nan) for name, own in found.first.items()},
        second={name: Estimate(own.value, nan, nan) for name, own in found.second.items()},
        difference={name: Difference(own.value, nan, nan, nan) for name, own in found.difference.items()},
    )
