"""One self-contained page of several runs side by side: figures with intervals, paired differences, curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lddu.errors import RunError
from lddu.evaluate.calibration import reliability
from lddu.evaluate.gaps import TITLES
from lddu.evaluate.resample import LEAST_UNITS
from lddu.evaluate.trust import SELECTED
from lddu.evaluate.verdicts import verdicts_of
from lddu.evaluate.within import LEAST_CLIPS
from lddu.machine.atomic import write_text
from lddu.pages.template import template
from lddu.pages.trust_plots import Line, run_curves
from lddu.runs.compare import LOWER_IS_BETTER, RunPair, any_simulated
from lddu.runs.named_runs import opened_run
from lddu.runs.paper_table import PaperTable
from lddu.runs.seeds import ONE_EACH, differing, over_seeds
from lddu.runs.table_text import cell_text, heading, shown_name


@dataclass(frozen=True)
class RunColumn:
    """One run on the page.

    Attributes:
        name: short and unique on the page.
        path: of the run folder.
        figures: of the split, as `metrics.json` holds them.
        protocol: as `metrics.json` holds it.
    """

    name: str
    path: str
    figures: dict[str, Any]
    protocol: dict[str, Any]


def write_comparison(
    runs: Sequence[str | Path], file: Path, split: str, paper: PaperTable, pairs: Sequence[RunPair]
) -> None:
    """Write the page of a comparison.

    Args:
        runs: as they were named.
        file: to write, in a folder that is there.
        split: whose clips were compared.
        paper: the table over seeds.
        pairs: each later run beside the first.

    Raises:
        RunError: where a run is unfinished or damaged.
    """
    columns = _columns(runs, split)
    page = template("compare.html").render(
        split=split,
        paper=paper,
        heading=heading,
        cell_text=cell_text,
        shown_name=shown_name,
        runs=columns,
        estimates=[pairs[0].comparison.first, *(pair.comparison.second for pair in pairs)],
        pairs=list(zip(columns[1:], pairs, strict=True)),
        shortfalls=[(column.name, sentence) for column in columns for sentence in verdicts_of(column.figures)],
        lower_is_better=LOWER_IS_BETTER,
        emotions=list(columns[0].figures["per_emotion"]),
        simulated=any_simulated(runs),
        curves=_curves(columns, split),
        seeds=over_seeds(pairs),
        one_each=ONE_EACH,
        settings=differing(runs),
        titles=TITLES,
        least_clips=LEAST_CLIPS,
        least_units=LEAST_UNITS,
    )
    write_text(file, page)


def _columns(runs: Sequence[str | Path], split: str) -> list[RunColumn]:
    columns = []
    for path, name in zip(runs, _names(runs), strict=True):
        metrics = opened_run(path).read_json("metrics.json")
        figures = metrics.get("splits", {}).get(split)
        if not isinstance(figures, dict) or "per_emotion" not in figures:
            raise RunError(
                f"Expected figures of {split!r} in {Path(path) / 'metrics.json'}, but got none; finish the run."
            )
        columns.append(RunColumn(name, str(path), figures, metrics["protocol"]))
    return columns


def _names(runs: Sequence[str | Path]) -> list[str]:
    """The last parts of the paths, or the whole paths where those are alike."""
    short = [Path(run).resolve().name for run in runs]
    return short if len(set(short)) == len(short) else [f"{n}: {run}" for n, run in enumerate(runs, start=1)]


def _curves(columns: Sequence[RunColumn], split: str) -> tuple[str, str]:
    """Risk and coverage of each run's selected score, and its reliability."""
    risks, points = {}, {}
    for column in columns:
        predicted = opened_run(column.path).predictions()
        of_split = predicted.rows(predicted.split == split)
        known = ~np.isnan(of_split.presence)
        curve = column.figures["risk_coverage"][SELECTED]
        risks[f"{column.name} (area {column.figures['aurc']:.3f})"] = Line(curve["coverage"], curve["risk"])
        bins = reliability(of_split.probability[known], of_split.presence[known] == 1)
        points[column.name] = Line(bins.probability, bins.frequency)
    return (
        run_curves(risks, "risk and coverage", ("coverage: share of pairs decided", "risk: share of wrong decisions")),
        run_curves(points, "reliability", ("predicted probability", "share that is present"), diagonal=True),
    )
