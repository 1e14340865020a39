"""The table of a paper: settings over their seeds, the best of each figure, and those not significantly different from it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.errors import ConfigError, parameter
from lddu.evaluate.answered import HEADLINE
from lddu.evaluate.compare import Estimate, Resampled, estimate_of
from lddu.evaluate.hierarchical import mean_over_seeds
from lddu.evaluate.p_value import holm, two_sided
from lddu.evaluate.resample import middle
from lddu.evaluate.within import enough, measured_within, units_in
from lddu.runs.compare import LOWER_IS_BETTER, any_simulated
from lddu.runs.named_runs import opened_run
from lddu.runs.seeds import of_same_settings
from lddu.runs.subgroups import resampled_alone
from lddu.sentences import SIMULATED_CORPUS, counted

LEVEL = 0.05
"""A corrected p of at most this sets a row apart from the best."""

BIASED = ("adaptive_ece",)
"""Resampling adds to these, so that an interval of the figure itself would lie too high; of a difference it does not."""


@dataclass(frozen=True)
class Cell:
    """One figure of one row.

    Attributes:
        mean: over the runs.
        deviation: standard deviation over the runs; None of a single one.
        interval: 95 %, over clips and seeds; over clips alone of a single run; None where it cannot be had.
        less_best: mean less that of the best row, with its paired interval; None of the best itself.
        p: of that difference; None where there is no test.
        corrected: p after Holm's correction over the rows.
        best: whether no row is better.
        alike: whether the row is not the best and no test sets it apart from it.
    """

    mean: float
    deviation: float | None
    interval: tuple[float, float] | None
    less_best: Estimate | None
    p: float | None
    corrected: float | None
    best: bool
    alike: bool


@dataclass(frozen=True)
class TableRow:
    """Runs that differ in their seed alone.

    Attributes:
        name: as the table shows it.
        runs: their paths.
        again: paths of runs that repeat a seed of theirs, which count once.
        imported: whether another program gave the answers.
        simulated: whether the corpus is made up.
        alone: whether it is one run, where other rows have several.
        cells: figure -> what the table says.
    """

    name: str
    runs: tuple[str, ...]
    again: tuple[str, ...]
    imported: bool
    simulated: bool
    alone: bool
    cells: dict[str, Cell]


@dataclass(frozen=True)
class PaperTable:
    """All rows, in the order in which they were named.

    Attributes:
        rows: one for each settings.
        figures: that every row can give, those of `HEADLINE`.
        split: whose clips.
        clips: how many.
        units: how many units were drawn from.
        by: ``group`` or ``clip``.
        resamples: how often.
        seed: of the resamples.
        column: whose value the clips share; empty where they are all clips of the split.
        subgroup: that value.
    """

    rows: tuple[TableRow, ...]
    figures: tuple[str, ...]
    split: str
    clips: int
    units: int
    by: str
    resamples: int
    seed: int
    column: str = ""
    subgroup: str = ""

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values."""
        return asdict(self)

    @property
    def simulated(self) -> bool:
        """Whether a row is of a simulated corpus."""
        return any(row.simulated for row in self.rows)

    @property
    def marked(self) -> bool:
        """Whether any cell is not distinguishable from the best."""
        return any(cell.alike for row in self.rows for cell in row.cells.values())

    @property
    def caption(self) -> str:
        """What the table shows, in sentences."""
        numbers = sorted({len(row.runs) for row in self.rows})
        several = numbers[-1] > 1
        seeds = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        place = counted(self.clips, "clip") + (f" of {counted(self.units, 'group')}" if self.by == "group" else "")
        what = f"mean ± standard deviation over {seeds} seeds, " if several else ""
        tested = f"paired bootstrap over {self.by}s{' and seeds' if several else ''}"
        where = f"{self.split}, {self.column} {self.subgroup}" if self.column else self.split
        text = f"{what}{where}, {place}."
        if len(self.rows) > 1:
            text += f" Bold: the best of a column. †: not significantly different from it ({tested}, Holm's correction over the rows, 5 %)."
        if several and numbers[0] == 1:
            text += " Seeds play no part in a row of one run."
        if self.simulated:
            text += f" {SIMULATED_CORPUS}"
        return text[0].upper() + text[1:]


def paper_table(drawn: Sequence[Resampled], split: str, names: Sequence[str] = (), seed: int = 0) -> PaperTable:
    """Compare every row with the best of each figure.

    Args:
        drawn: runs on the same resamples, as `lddu.runs.compare.resampled_runs` gives them.
        split: whose clips.
        names: of the rows, in the order in which their first runs were named; made from the paths where there are none.
        seed: of the draws of trainings.

    Raises:
        ConfigError: where `names` are not one for each row.
    """
    by_run = {run.answers.name: run for run in drawn}
    groups = of_same_settings(list(by_run))
    labels = _given(names, groups) if names else _known_names([runs for runs, _ in groups])
    figures = tuple(name for name in HEADLINE if all(name in run.values and name in run.drawn for run in drawn))
    columns = {name: _column([[by_run[run] for run in runs] for runs, _ in groups], name, seed) for name in figures}
    first = drawn[0]
    return PaperTable(
        tuple(
            TableRow(
                label,
                runs,
                again,
                opened_run(runs[0]).description.imported,
                any_simulated(runs),
                len(runs) == 1 < max(len(others) for others, _ in groups),
                {name: columns[name][n] for name in figures},
            )
            for n, (label, (runs, again)) in enumerate(zip(labels, groups, strict=True))
        ),
        figures, split, int(first.answers.scored.labelled.sum()), *first.units, first.resamples, first.seed,
    )  # fmt: skip


def subgroup_tables(
    drawn: Sequence[Resampled], column: str, members: Mapping[str, Flags], split: str, names: Sequence[str] = ()
) -> tuple[PaperTable, ...]:
    """The same table of each subgroup that has as many clips as are measured, on the resamples of the whole split.

    Args:
        drawn: as for `paper_table`.
        column: whose values name the subgroups.
        members: value -> [N] which clips have it, in the first run's order.
        split: whose clips.
        names: of the rows.
    """
    answers = [resampled_alone(run.answers, column) for run in drawn]
    labelled = answers[0].scored.known.any(axis=1)
    tables = []
    for value, flags in members.items():
        if enough(inside := flags & labelled):
            parts = [measured_within(run, inside, drawn[0].resamples) for run in answers]
            clips, units = int(inside.sum()), units_in(answers[0], inside)
            whole = paper_table(parts, split, names)
            tables.append(replace(whole, clips=clips, units=units, column=column, subgroup=value))
    return tuple(tables)


def _column(rows: Sequence[Sequence[Resampled]], name: str, seed: int) -> list[Cell]:
    """A figure of every row, each beside the best."""
    values = [np.array([run.values[name] for run in runs]) for runs in rows]
    random = np.random.default_rng([seed, len(rows)])  # clips were drawn from another stream
    drawn = [mean_over_seeds(np.stack([run.drawn[name] for run in runs]), random) for runs in rows]
    means = np.array([over_seeds.mean() for over_seeds in values])
    sign = -1 if name in LOWER_IS_BETTER else 1
    best = int(np.argmax(sign * means))
    differences = [resamples - drawn[best] for resamples in drawn]
    others = [n for n in range(len(rows)) if means[n] != means[best]]
    p_values = {n: two_sided(differences[n]) for n in others}
    corrected = dict(zip(others, holm(list(p_values.values())), strict=True))
    return [
        Cell(
            float(means[n]),
            float(values[n].std(ddof=1)) if len(values[n]) > 1 else None,
            _ends(name, drawn[n]),
            None if n == best else estimate_of(float(means[n] - means[best]), differences[n]),
            _number(p_values.get(n)),
            _number(corrected.get(n)),
            len(rows) > 1 and bool(means[n] == means[best]),
            n in corrected and not corrected[n] <= LEVEL,
        )
        for n in range(len(rows))
    ]


def _ends(name: str, drawn: Floats) -> tuple[float, float] | None:
    interval = None if name in BIASED else middle(drawn)
    return None if interval is None else (interval.low, interval.high)


def _number(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else float(value)


def _given(names: Sequence[str], groups: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[str]:
    if len(names) != len(groups) or len(set(names)) != len(names):
        listing = "; ".join(", ".join(runs) for runs, _ in groups)
        raise ConfigError(
            f"Expected {parameter('names')} to give each of the {len(groups)} rows its own name, but got "
            f"{', '.join(names)}; the rows are: {listing}."
        )
    return list(names)


def row_names(groups: Sequence[Sequence[str]]) -> list[str]:
    """A name for each row that none shares: what its folders are called but for a seed, the folder above them, the family, or the paths.

    Example:
        >>> row_names([["bench/tfn/seed-0", "bench/tfn/seed-1"], ["bench/lmf/seed-0", "bench/lmf/seed-1"]])
        ['tfn', 'lmf']
    """
    kinds = (
        _common,
        lambda runs: Path(runs[0]).parent.name,
        lambda runs: opened_run(runs[0]).description.config.family,
    )
    for kind in kinds:
        labels = [kind(runs) for runs in groups]
        if all(labels) and len(set(labels)) == len(labels):
            return labels
    return [", ".join(runs) for runs in groups]


def _known_names(groups: Sequence[Sequence[str]]) -> list[str]:
    """Those of `row_names`, and of imported answers the name that they were given, unless rows would share it."""
    found = row_names(groups)
    descriptions = [opened_run(runs[0]).description for runs in groups]
    named = [
        (str(getattr(described.config.model, "name", "")) if described.imported else "") or name
        for described, name in zip(descriptions, found, strict=True)
    ]
    return named if len(set(named)) == len(named) else found


def _common(runs: Sequence[str]) -> str:
    """The name that the folders share but for a seed's number; nothing where they share none, or it is ``seed``."""
    last = [Path(run).name.removesuffix(".zip") for run in runs]
    stems = {re.sub(r"[-_. ]*(seed)?[-_. ]*\d+$", "", name, flags=re.IGNORECASE) for name in last}
    stem = last[0] if len(last) == 1 else stems.pop() if len(stems) == 1 else ""
    return "" if re.fullmatch(r"(seed|run|fold)?[-_. ]*\d*", stem, re.IGNORECASE) else stem
