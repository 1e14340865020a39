"""Is one run better than another, or is it chance? Paired bootstrap on the same clips.

Efron and Tibshirani, An introduction to the bootstrap, 1993.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from lddu.arrays import Floats
from lddu.errors import MismatchError
from lddu.evaluate.answered import Answers, Figures, figures, resampled
from lddu.evaluate.p_value import two_sided
from lddu.evaluate.resample import middle
from lddu.sentences import counted, listed

COMPARISON_RESAMPLES = 2000
"""Of a difference of two runs: twice as many as of a single metric, since its p-value comes from the tails."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % bootstrap interval (percentiles), NaN where too few resamples can give the figure."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """Second run less first run.

    Attributes:
        value: of the figure on all clips.
        low: lower end of the 95 % interval.
        high: upper end.
        chance: the p of no difference, small where the sign is sure, at most 1 (`lddu.evaluate.p_value`). Like the ends, NaN
            where too few resamples can give the figure.
    """

    value: float
    low: float
    high: float
    chance: float


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same clips.

    Attributes:
        units: how many units were resampled.
        by: ``group`` or ``clip``.
        resamples: how often.
        seed: of the resamples.
        first: figure -> estimate, for every figure that both runs can give, those of `HEADLINE` first.
        second: figure -> estimate.
        difference: figure -> second less first.
    """

    units: int
    by: str
    resamples: int
    seed: int
    first: dict[str, Estimate]
    second: dict[str, Estimate]
    difference: dict[str, Difference]

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Resampled:
    """One run's figures on all clips and on resamples; those of runs on the same clips are paired draw by draw.

    Attributes:
        answers: of the run.
        values: figure -> on all clips.
        drawn: figure -> [R] on the resamples; NaN where one cannot give it.
        resamples: R.
        seed: of the resamples.
    """

    answers: Answers
    values: dict[str, float]
    drawn: Figures
    resamples: int
    seed: int

    @staticmethod
    def of(answers: Answers, seed: int = 0, resamples: int = COMPARISON_RESAMPLES) -> "Resampled":
        """Groups are drawn where there are at least `lddu.evaluate.scored.LEAST_GROUPS`, else clips."""
        return Resampled(answers, figures(answers), resampled(answers, seed, resamples), resamples, seed)

    @property
    def units(self) -> tuple[int, str]:
        """How many units were drawn from, and whether each is a ``group`` or a ``clip``."""
        return self.answers.scored.counted_units()


def compare(first: Answers, second: Answers, seed: int = 0, resamples: int = COMPARISON_RESAMPLES) -> Comparison:
    """Two runs side by side, with intervals of each and of the paired difference.

    The order of clips and of emotions may differ between the runs.

    Raises:
        MismatchError: the runs did not answer the same clips, emotions and labels.
    """
    return compared(*(Resampled.of(run, seed, resamples) for run in paired([first, second])))


def compared(first: Resampled, second: Resampled) -> Comparison:
    """Two runs side by side, which are `aligned` and drawn with one seed."""
    size, by = first.units
    both = [name for name in first.drawn if name in second.drawn and name in first.values and name in second.values]
    (values, second_values), (drawn, second_drawn) = (first.values, second.values), (first.drawn, second.drawn)
    return Comparison(
        size,
        by,
        first.resamples,
        first.seed,
        {name: estimate_of(values[name], drawn[name]) for name in both},
        {name: estimate_of(second_values[name], second_drawn[name]) for name in both},
        {name: difference_of(second_values[name] - values[name], second_drawn[name] - drawn[name]) for name in both},
    )


def intervals(answers: Answers, seed: int = 0, resamples: int = COMPARISON_RESAMPLES) -> dict[str, Estimate]:
    """Figure -> estimate with its 95 % interval, for one run."""
    values, drawn = figures(answers), resampled(answers, seed, resamples)
    return {name: estimate_of(values[name], drawn[name]) for name in drawn if name in values}


def run_less(run: Answers, others: Sequence[Answers], resamples: int, seed: int = 0) -> list[dict[str, Difference]]:
    """The run less each of several other answers on the same clips in the same order: figure -> paired difference.

    Args:
        run: without its uncertainty.
        others: what it is compared with.
        resamples: how many.
        seed: of the resamples.
    """
    values, drawn = figures(run), resampled(run, seed, resamples)
    differences = []
    for other in others:
        other_values, other_drawn = figures(other), resampled(other, seed, resamples)
        names = [name for name in values if name in other_values]
        differences.append(
            {name: difference_of(values[name] - other_values[name], drawn[name] - other_drawn[name]) for name in names}
        )
    return differences


def paired(runs: Sequence[Answers]) -> list[Answers]:
    """The runs with clips and emotions in the order of the first, and with the same groups, so that all are drawn alike.

    Runs of one corpus may have other groups, as cross-validations by other columns do. Then those with the fewest units are taken
    for all, and the answers that had others say whose they are.

    Raises:
        MismatchError: the runs did not answer the same clips, emotions and labels.
    """
    ordered = [runs[0], *(aligned(runs[0], answers) for answers in runs[1:])]
    labelled = ordered[0].scored.labelled
    units = [answers.scored.units()[labelled] for answers in ordered]
    widest = int(np.argmin([len(np.unique(numbers)) for numbers in units]))
    donor = ordered[widest]
    return [
        replace(
            answers,
            scored=replace(answers.scored, group=donor.scored.group),
            grouped_as=answers.grouped_as if _same_parts(numbers, units[widest]) else donor.name,
        )
        for answers, numbers in zip(ordered, units, strict=True)
    ]


def _same_parts(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two numberings of the same clips put the same ones together."""
    together = len(np.unique(np.stack([first, second]), axis=1).T)
    return together == len(np.unique(first)) == len(np.unique(second))


def aligned(first: Answers, second: Answers) -> Answers:
    """The second run in the first one's order of clips and emotions.

    Raises:
        MismatchError: the runs did not answer the same clips, emotions and labels.
    """
    second = in_order(second, first)
    a, b = first.scored, second.scored
    only = sorted(map(str, set(a.clips) ^ set(b.clips)))
    if only or len(a.clips) != len(b.clips) or len(set(a.clips)) != len(a.clips):
        example = f", such as {only[0]!r}" if only else ""
        raise MismatchError(
            f"Expected runs on the same clips, but {first.name} has {len(a.clips)} and {second.name} has "
            f"{len(b.clips)}, of which {len(only)} are in one of them only{example}; evaluate both on the same store "
            "and split."
        )
    place = {clip: n for n, clip in enumerate(b.clips)}
    rows = np.array([place[clip] for clip in a.clips])
    if not np.array_equal(a.presence, b.presence[rows], equal_nan=True):
        differing = ~((a.presence == b.presence[rows]) | (np.isnan(a.presence) & np.isnan(b.presence[rows])))
        n = int(np.flatnonzero(differing.any(axis=1))[0])
        raise MismatchError(
            f"Expected runs with the same observed labels, but {first.name} and {second.name} differ on "
            f"{counted(int(differing.any(axis=1).sum()), 'clip')}, such as {a.clips[n]!r}; evaluate both on the same store."
        )
    uncertainty, sets = (None if values is None else values[rows] for values in (second.uncertainty, second.label_set))
    return replace(second, scored=b.rows(rows), labels=second.labels[rows], uncertainty=uncertainty, label_set=sets)


def in_order(answers: Answers, of: Answers) -> Answers:
    """The same answers with the emotions in the order of another run.

    Raises:
        MismatchError: the runs have other emotions.
    """
    emotions, order = answers.scored.emotions, of.scored.emotions
    if emotions == order:
        return answers
    only_in = [
        f"only {run.name} has {listed(names)}"
        for run, names in (
            (of, [name for name in order if name not in emotions]),
            (answers, [name for name in emotions if name not in order]),
        )
        if names
    ]
    if only_in:
        raise MismatchError(
            f"Expected runs on the same emotions, but {' and '.join(only_in)}; compare runs of one corpus."
        )
    return answers.on_emotions([emotions.index(name) for name in order])


def estimate_of(value: float, drawn: Floats) -> Estimate:
    """A figure with its interval, from its values [R] on resamples."""
    low, high = _ends(drawn)
    return Estimate(value, low, high)


def difference_of(value: float, apart: Floats) -> Difference:
    """A difference with its interval and chance, from its values [R] on resamples."""
    return Difference(value, *_ends(apart), two_sided(apart))


def _ends(drawn: Floats) -> tuple[float, float]:
    """The middle 95 % of the resamples; NaN where more than a twentieth of them is undefined."""
    interval = middle(drawn)
    return (np.nan, np.nan) if interval is None else (interval.low, interval.high)
