"""The figures of a split by subgroup of its clips: for whom are the answers good, and are differences between subgroups chance?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.evaluate.answered import Answers
from lddu.evaluate.calibration import error_by_chance
from lddu.evaluate.compare import COMPARISON_RESAMPLES, Estimate, Resampled, estimate_of
from lddu.evaluate.gaps import TITLES, Gap, gap_of
from lddu.evaluate.resample import LEAST_UNITS, Interval
from lddu.evaluate.scored import LEAST_GROUPS
from lddu.evaluate.within import (
    LEAST_CLIPS,
    MACRO,
    drawn_within,
    enough,
    measured_within,
    units_in,
    within,
)
from lddu.plain_values import plain
from lddu.sentences import counted, listed

HIGHER_IS_BETTER = tuple(name for name in TITLES if name != "adaptive_ece")
"""Figures with a gap. A calibration error is larger in a smaller subgroup by chance alone, so it is held against that chance."""


@dataclass(frozen=True)
class Subgroup:
    """Some labelled clips of a split.

    Attributes:
        name: the value that they share.
        clips: how many have a known label.
        positives: emotion -> how many of them show it.
        units: how many groups or clips they are resampled as.
        left_out: emotions that none of them shows, which are no part of macro figures.
        figures: name -> estimate, NaN ends where there are fewer than `LEAST_UNITS` units or too many resamples lack it; empty where
            there are fewer than `LEAST_CLIPS` clips.
        ece_by_chance: where 95 % of perfectly calibrated predictors with these probabilities lie; None where not measured.
    """

    name: str
    clips: int
    positives: dict[str, int]
    units: int
    left_out: tuple[str, ...]
    figures: dict[str, Estimate]
    ece_by_chance: Interval | None = None

    @property
    def measured(self) -> bool:
        """Whether there are clips enough."""
        return bool(self.figures)


@dataclass(frozen=True)
class Subgroups:
    """A split by the values of one column.

    Attributes:
        column: whose values name the subgroups.
        split: whose clips.
        by: ``group`` or ``clip``: what is resampled.
        resamples: how often.
        whole: all labelled clips.
        subgroups: in order, also those too small to measure.
        no_value: the clips without a value in the column, counted only; None where all have one.
        unlabelled: clips without a known label, which are in none of these.
        gaps: best less worst subgroup, for each figure in which larger is better.
    """

    column: str
    split: str
    by: str
    resamples: int
    whole: Subgroup
    subgroups: tuple[Subgroup, ...]
    no_value: Subgroup | None
    unlabelled: int
    gaps: tuple[Gap, ...]

    def __getitem__(self, name: str) -> Subgroup:
        for subgroup in self.subgroups:
            if subgroup.name == name:
                return subgroup
        raise KeyError(
            f"Expected a subgroup out of {', '.join(subgroup.name for subgroup in self.subgroups)}, but got {name!r}."
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the figures say and leave open, for people."""
        sentences = [gap.sentence for gap in self.gaps] or [
            f"No gap is given: fewer than two subgroups have {LEAST_CLIPS} clips{f' of {LEAST_UNITS} {self.by}s' if self.by != 'clip' else ''}."
        ]
        if picked := max((gap.among for gap in self.gaps), default=2) - 2:
            sentences.append(
                f"Each interval allows for best and worst having been picked out of {picked + 2} subgroups."
            )
        return (*sentences, *self._calibration(), *self._remarks())

    def _calibration(self) -> list[str]:
        above = [
            f"{subgroup.name} ({subgroup.figures['adaptive_ece'].value:.3f}, by chance up to {subgroup.ece_by_chance.high:.3f})"
            for subgroup in self.subgroups
            if subgroup.ece_by_chance is not None
            and subgroup.figures["adaptive_ece"].value > subgroup.ece_by_chance.high
        ]
        if above:
            return [f"The calibration error is above chance for {listed(above)}."]
        return (
            ["No subgroup has a calibration error above chance."]
            if any(subgroup.measured for subgroup in self.subgroups)
            else []
        )

    def _remarks(self) -> list[str]:
        small = [f"{subgroup.name} ({subgroup.clips})" for subgroup in self.subgroups if not subgroup.measured]
        sentences = [f"Fewer than {LEAST_CLIPS} clips, not measured: {listed(small)}."] if small else []
        few = [subgroup.name for subgroup in self.subgroups if subgroup.measured and subgroup.units < LEAST_UNITS]
        sentences += (
            [f"Fewer than {LEAST_UNITS} {self.by}s, so no intervals and no part in gaps: {listed(few)}."] if few else []
        )
        narrow = [
            f"{subgroup.name} ({subgroup.units})"
            for subgroup in self.subgroups
            if subgroup.measured and LEAST_UNITS <= subgroup.units < LEAST_GROUPS
        ]
        sentences += (
            [f"Fewer than {LEAST_GROUPS} {self.by}s, so intervals are too narrow: {listed(narrow)}."] if narrow else []
        )
        sentences += [
            f"{subgroup.name} shows no {listed([name for name in subgroup.left_out if name not in self.whole.left_out])}: no part of its macro figures."
            for subgroup in self.subgroups
            if subgroup.measured and set(subgroup.left_out) - set(self.whole.left_out)
        ]
        if self.whole.measured and self.whole.left_out:
            sentences.append(
                f"No clip shows {listed(self.whole.left_out)}: here no part of macro figures, while {'it counts' if len(self.whole.left_out) == 1 else 'they count'} "
                "0 in the macro-F1 of the split."
            )
        sentences += [f"No value: {counted(self.no_value.clips, 'clip')}."] if self.no_value else []
        return sentences + ([f"No known label: {counted(self.unlabelled, 'clip')}."] if self.unlabelled else [])

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values, as `metrics.json` holds them; None for what cannot be had."""
        gaps = [{**asdict(gap), "beyond_chance": gap.beyond_chance} for gap in self.gaps]
        return dict(plain({**asdict(self), "gaps": gaps, "sentences": self.sentences}))


def subgroup_rows(mapping: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All clips, each subgroup, and the clips without a value where there are any, of what `Subgroups.to_mapping` gives."""
    return [mapping["whole"], *mapping["subgroups"], *([mapping["no_value"]] if mapping["no_value"] else [])]


def measure_subgroups(answers: Answers, members: Mapping[str, Flags], column: str) -> Subgroups:
    """Figures, intervals and gaps of subgroups; the functions are those of the whole split.

    Args:
        answers: of the whole split.
        members: subgroup -> [N] which clips are in it, in the order in which they are shown.
        column: that names them.
    """
    labelled = answers.scored.labelled
    masks = {name: flags & labelled for name, flags in members.items()}
    drawn = {
        name: measured_within(answers, flags, COMPARISON_RESAMPLES) for name, flags in masks.items() if enough(flags)
    }
    everyone = measured_within(answers, labelled, COMPARISON_RESAMPLES) if enough(labelled) else None
    outside = labelled & ~np.any([*members.values()], axis=0)
    return Subgroups(
        column=column,
        split=answers.scored.split,
        by=answers.scored.counted_units()[1],
        resamples=COMPARISON_RESAMPLES,
        whole=_described("all", answers, labelled, everyone),
        subgroups=tuple(_described(name, answers, flags, drawn.get(name)) for name, flags in masks.items()),
        no_value=_described("no value", answers, outside, None) if outside.any() else None,
        unlabelled=int((~labelled).sum()),
        gaps=_gaps(
            answers, {n: f for n, f in masks.items() if n in drawn and units_in(answers, f) >= LEAST_UNITS}, drawn
        ),
    )


def _described(name: str, answers: Answers, inside: Flags, drawn: Resampled | None) -> Subgroup:
    part = within(answers, inside).scored
    positives = dict(zip(part.emotions, (part.presence == 1).sum(axis=0).tolist(), strict=True))
    size = units_in(answers, inside)
    figures = {} if drawn is None else {n: estimate_of(value, drawn.drawn[n]) for n, value in drawn.values.items()}
    return Subgroup(
        name, int(inside.sum()), positives, size, tuple(e for e, count in positives.items() if not count), figures,
        error_by_chance(part.probability[part.known]) if figures else None,
    )  # fmt: skip


def _gaps(answers: Answers, masks: Mapping[str, Flags], drawn: Mapping[str, Resampled]) -> tuple[Gap, ...]:
    """Gaps among the subgroups that have intervals; macro figures over the emotions that all of them show."""
    present = {name: (answers.scored.presence[flags] == 1).any(axis=0) for name, flags in masks.items()}
    common = np.all([*present.values()], axis=0) if present else np.zeros(0, bool)
    alike = all(np.array_equal(flags, common) for flags in present.values())
    macro = {
        name: drawn[name] if alike else drawn_within(answers, flags, drawn[name].resamples, common)
        for name, flags in masks.items()
    }
    emotions = [] if common.all() else [e for e, shown in zip(answers.scored.emotions, common, strict=True) if shown]
    gaps = []
    for figure in HIGHER_IS_BETTER:
        source = macro if figure in MACRO else {name: drawn[name] for name in masks}
        measured = {name: resampled for name, resampled in source.items() if figure in resampled.values}
        values = {name: resampled.values[figure] for name, resampled in measured.items()}
        draws: dict[str, Floats] = {name: resampled.drawn[figure] for name, resampled in measured.items()}
        gaps.append(gap_of(figure, values, draws, emotions if figure in MACRO else ()))
    return tuple(gap for gap in gaps if gap is not None)
