"""A run's figures on some clips of a split alone, and on resamples that are those of the whole split.

Everything outside is unknown, so that all parts of a split meet the same resamples, also where a dialogue has clips of several, and two
parts can be subtracted resample by resample.
"""

from dataclasses import replace

import numpy as np

from lddu.arrays import Flags
from lddu.evaluate.answered import Answers
from lddu.evaluate.compare import Resampled
from lddu.evaluate.gaps import TITLES
from lddu.evaluate.resample import LEAST_UNITS

LEAST_CLIPS = 20
"""A subgroup with fewer labelled clips is counted, not measured."""

MACRO = ("f1_macro", "map_macro")


def drawn_within(answers: Answers, inside: Flags, resamples: int, emotions: Flags | None = None) -> Resampled:
    """The figures of `TITLES` on some labelled clips and on resamples of the whole split.

    Args:
        answers: of the whole split.
        inside: [N] which clips.
        resamples: how many.
        emotions: [E] over which macro figures are computed; by default those that some of the clips show.
    """
    part = within(answers, inside)
    chosen = (part.scored.presence == 1).any(axis=0) if emotions is None else emotions
    whole = Resampled.of(part, resamples=resamples)
    values, drawn = dict(whole.values), dict(whole.drawn)
    if not chosen.all():
        macro = Resampled.of(_of_emotions(part, chosen), resamples=resamples) if chosen.any() else None
        for name in MACRO if macro is not None else (*MACRO, "f1_micro"):
            values.pop(name, None)
            drawn.pop(name, None)
            if macro is not None:
                values[name], drawn[name] = macro.values[name], macro.drawn[name]
    names = [name for name in TITLES if name in values and name in drawn]
    return replace(whole, values={n: values[n] for n in names}, drawn={n: drawn[n] for n in names})


def measured_within(answers: Answers, inside: Flags, resamples: int) -> Resampled:
    """As `drawn_within`; with fewer than `LEAST_UNITS` units the resamples are NaN, since they would say too little for an interval."""
    measured = drawn_within(answers, inside, resamples)
    if units_in(answers, inside) >= LEAST_UNITS:
        return measured
    return replace(measured, drawn=dict.fromkeys(measured.drawn, np.full(resamples, np.nan)))


def within(answers: Answers, inside: Flags) -> Answers:
    """The same with unknown labels outside."""
    scored = answers.scored
    presence = np.where(inside[:, None], scored.presence, np.nan)
    return replace(answers, scored=replace(scored, presence=presence, unit=scored.units()))


def _of_emotions(answers: Answers, chosen: Flags) -> Answers:
    """The same on some emotions, without what no macro figure needs."""
    return replace(answers, uncertainty=None, label_set=None).on_emotions(np.flatnonzero(chosen).tolist())


def enough(flags: Flags) -> bool:
    """Whether so many labelled clips are measured."""
    return int(flags.sum()) >= LEAST_CLIPS


def units_in(answers: Answers, inside: Flags) -> int:
    """How many units some clips are resampled as."""
    return len(np.unique(answers.scored.units()[inside]))
