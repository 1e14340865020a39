"""The table of a bench of models: figures over seeds, paired differences to the best, cost, and what is missing."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lddu.evaluate.answered import HEADLINE, Answers, figures, resampled
from lddu.evaluate.compare import COMPARISON_RESAMPLES, paired
from lddu.evaluate.resample import Interval, middle
from lddu.runs.kept_answers import answers_of
from lddu.runs.pooled_folds import folds_phrase, pooling_notes
from lddu.runs.run_folder import RunFolder
from lddu.sentences import SIMULATED_CORPUS, counted

RANKED_BY = "f1_micro"


@dataclass(frozen=True)
class ModelRow:
    """One family.

    Attributes:
        family: its name.
        seeds: that were trained.
        mean: figure -> mean over seeds, on test.
        deviation: figure -> standard deviation over seeds; None of a single one.
        behind: micro-F1 less that of the best, means over seeds; None of the best itself.
        interval: of that, 95 %, paired over clips or groups; None where it cannot be had.
        parameters: trained numbers; over folds that have sizes of their own, their mean.
        clips_per_second: in training, validation included; mean over seeds.
        peak_mib: most memory of a training; None where it was not measured.
    """

    family: str
    seeds: tuple[int, ...]
    mean: dict[str, float]
    deviation: dict[str, float] | None
    behind: float | None
    interval: Interval | None
    parameters: int
    clips_per_second: float
    peak_mib: float | None


@dataclass(frozen=True)
class ModelTable:
    """All families, best first.

    Attributes:
        rows: of families with a finished run.
        missing: names of the cells that are not there, such as ``tfn seed 2``, or ``tfn seed 2 fold 3`` where its other folds are.
        clips: of the test split, or of those of all folds.
        units: groups or clips that were resampled.
        by: ``group`` or ``clip``.
        folds: how many; 0 on the store's own splits.
        column: that names the groups of the folds.
        simulated: whether the corpus is made up.
    """

    rows: tuple[ModelRow, ...]
    missing: tuple[str, ...]
    clips: int
    units: int
    by: str
    folds: int = 0
    column: str = ""
    simulated: bool = False

    @property
    def protocol(self) -> str:
        """Whose answers these are where there are folds; empty otherwise."""
        if not self.folds:
            return ""
        return (
            f"{folds_phrase(self.folds, self.column)}: every clip is predicted by the training whose fold tests it, which neither learnt from "
            f"it nor chose on it, with the threshold of that fold. Intervals are over {counted(self.units, self.by)}. "
            f"{pooling_notes(self.column, self.by)}"
        )


def cell_folder(out: Path, family: str, seed: int) -> Path:
    """Run folder of a cell; over folds, that of all folds together."""
    return out / family / f"seed-{seed}"


def measured_file(run: Path) -> Path:
    """What was measured beside a run."""
    return run.with_name(f"{run.name}.json")


def model_table(
    out: Path, families: Sequence[str], seeds: int, train_clips: Sequence[int], split: str = "test"
) -> ModelTable | None:
    """The table of what is finished; None where nothing is.

    Args:
        out: the bench's folder.
        families: that were asked for.
        seeds: asked for, from 0.
        train_clips: that every epoch passes; over folds, of each.
        split: to report on.
    """
    done = {f: [s for s in range(seeds) if RunFolder(cell_folder(out, f, s)).finished] for f in families}
    folds = len(train_clips) if len(train_clips) > 1 else 0
    missing = tuple(
        f"{f} seed {s}{fold}"
        for f in families
        for s in range(seeds)
        if s not in done[f]
        for fold in _missing_folds(cell_folder(out, f, s), folds)
    )
    cells = [(f, RunFolder(cell_folder(out, f, s))) for f, finished in done.items() for s in finished]
    if not cells:
        return None
    answers: dict[str, list[Answers]] = {}
    for (f, _), run in zip(cells, paired([answers_of(run, split) for _, run in cells]), strict=True):
        answers.setdefault(f, []).append(run)
    measured = {f: [figures(run) for run in runs] for f, runs in answers.items()}
    order = sorted(measured, key=lambda f: -float(np.mean([values[RANKED_BY] for values in measured[f]])))
    best = _drawn(answers[order[0]])
    rows: list[ModelRow] = []
    for f in order:
        names = [name for name in HEADLINE if all(name in values for values in measured[f])]
        columns = {name: np.array([values[name] for values in measured[f]]) for name in names}
        mean = {name: float(column.mean()) for name, column in columns.items()}
        deviation = (
            {name: float(column.std(ddof=1)) for name, column in columns.items()} if len(measured[f]) > 1 else None
        )
        behind = None if f == order[0] else mean[RANKED_BY] - rows[0].mean[RANKED_BY]
        interval = None if behind is None else middle(_drawn(answers[f]) - best)
        rows.append(
            ModelRow(f, tuple(done[f]), mean, deviation, behind, interval, *_cost(out, f, done[f], train_clips))
        )
    scored = next(iter(answers.values()))[0].scored
    described = RunFolder(cell_folder(out, order[0], done[order[0]][0])).description
    about = described.store.get("folds", {})
    return ModelTable(
        tuple(rows), missing, int(scored.labelled.sum()), *scored.counted_units(), about.get("count", 0), about.get("group", ""),
        described.task.simulated,
    )  # fmt: skip


def _missing_folds(cell: Path, folds: int) -> list[str]:
    """What is missing of a cell: all of it, or some folds."""
    absent = [f" fold {k}" for k in range(1, folds + 1) if not RunFolder(cell / f"fold-{k}").finished]
    return absent if 0 < len(absent) < folds else [""]


def _drawn(answers: Sequence[Answers]) -> np.ndarray:
    """[R] the ranking figure on resamples that all runs share, mean over seeds."""
    return np.asarray(np.mean([resampled(run, 0, COMPARISON_RESAMPLES)[RANKED_BY] for run in answers], axis=0))


def _cost(out: Path, family: str, seeds: Sequence[int], train_clips: Sequence[int]) -> tuple[int, float, float | None]:
    """Parameters, training clips per second, and peak memory."""
    cells = [cell_folder(out, family, s) for s in seeds]
    trainings = [
        [cell / f"fold-{k}" for k in range(1, len(train_clips) + 1)] if len(train_clips) > 1 else [cell]
        for cell in cells
    ]
    costs = [[RunFolder(run).read_json("metrics.json")["cost"] for run in runs] for runs in trainings]
    speed = [
        sum(clips * sum(c["epochs"]) for clips, c in zip(train_clips, fold_costs, strict=True))
        / max(sum(c["train_seconds"] for c in fold_costs), 1e-9)
        for fold_costs in costs
    ]
    files = [file for runs in trainings for run in runs if (file := measured_file(run)).is_file()]
    peaks = [float(json.loads(f.read_text(encoding="utf-8"))["peak_mib"]) for f in files]
    parameters = np.mean([c["parameters"] for fold_costs in costs for c in fold_costs])
    return round(float(parameters)), float(np.mean(speed)), max(peaks, default=None)


COLUMNS = ("family", "seeds", *HEADLINE, "behind", "interval", "parameters", "clips_per_second", "peak_mib")


def cells_of(row: ModelRow) -> list[str]:
    """A row of the table as text, in the order of `COLUMNS`."""
    scores = []
    for name in HEADLINE:
        spread = f" ± {row.deviation[name]:.3f}" if row.deviation and name in row.deviation else ""
        scores.append(f"{row.mean[name]:.3f}{spread}" if name in row.mean else "")
    interval = "" if row.interval is None else f"{row.interval.low:+.3f} to {row.interval.high:+.3f}"
    behind = "" if row.behind is None else f"{row.behind:+.3f}"
    memory = "" if row.peak_mib is None else f"{row.peak_mib:.0f}"
    cost = [str(row.parameters), f"{row.clips_per_second:.0f}", memory]
    return [row.family, str(len(row.seeds)), *scores, behind, interval, *cost]


def as_markdown(table: ModelTable) -> str:
    """The table in Markdown, the missing cells below."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(cells_of(row)) + " |" for row in table.rows]
    lines += ["", table.protocol] if table.folds else []
    lines += ["", SIMULATED_CORPUS] if table.simulated else []
    lines += ["", f"Missing: {', '.join(table.missing) or 'nothing'}."]
    return "\n".join(lines) + "\n"


def as_csv(table: ModelTable) -> str:
    """The table as CSV, numbers whole, folds where there are: mean and deviation in columns of their own; a line without numbers for each missing cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    spread = [f"{name}_deviation" for name in HEADLINE]
    writer.writerow(
        ["family", "seeds", "folds", *HEADLINE, *spread, "behind", "low", "high", *COLUMNS[-3:], "simulated", "missing"]
    )
    for row in table.rows:
        ends = (row.interval.low, row.interval.high) if row.interval else ("", "")
        means = [row.mean.get(name, "") for name in HEADLINE]
        deviations = [(row.deviation or {}).get(name, "") for name in HEADLINE]
        behind = "" if row.behind is None else row.behind
        cost = [row.parameters, row.clips_per_second, "" if row.peak_mib is None else row.peak_mib]
        writer.writerow(
            [
                row.family,
                len(row.seeds),
                table.folds or "",
                *means,
                *deviations,
                behind,
                *ends,
                *cost,
                table.simulated,
                "",
            ]
        )
    for name in table.missing:
        family, _, seed = name.partition(" ")
        writer.writerow([family, *[""] * (2 + 2 * len(HEADLINE) + 6), table.simulated, seed])
    return text.getvalue()
