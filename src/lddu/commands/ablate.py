"""`lddu ablate`: every subset of the modalities, trained anew."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from lddu.commands.folds import parsed_folds
from lddu.commands.options import Flag, Output, command_line, parsed_names
from lddu.commands.settings import NO_SETTINGS, SettingOptions, chosen_config
from lddu.commands.workers import jobs_in

if TYPE_CHECKING:
    from lddu.training.retrained import SubsetRow

EXAMPLES = """Examples:
  lddu ablate store --out ablation
  lddu ablate store --modalities text,audio --seeds 5 --out two
  lddu ablate store --family late-fusion --out late
  lddu ablate store --folds 5 --group _speaker --out folds"""

RANKED_BY = "f1_micro"
SHOWN = (RANKED_BY, "f1_macro", "map_macro", "adaptive_ece")


def ablate(
    store: str,
    /,
    *,
    seeds: int = 3,
    modalities: str | None = None,
    folds: str | None = None,
    group: str | None = None,
    family: str | None = None,
    preset: str | None = None,
    config: Path | None = None,
    device: str = "auto",
    jobs: str = "auto",
    out: Annotated[Path, Output],
    json: Annotated[bool, Flag, Output] = False,
    settings: SettingOptions = NO_SETTINGS,
) -> None:
    """Train every subset of the modalities, with several seeds, and compare them.

    Other than the figures with a modality withheld, which 'lddu train' reports of one network, each subset has networks
    of its own that never saw the rest. Every training is a run folder under --out; the same command goes on after an
    interruption. The table is also written there as ablation.csv.

    Parameters
    ----------
    store
        Feature store: a folder or a URL.
    seeds
        Networks of each subset, with seeds 0, 1, ...
    modalities
        Those whose subsets are trained, such as "text,audio". [default: all of the store]
    folds
        Train each subset and seed on this many folds of whole groups, or "each", a fold of each group, as 'lddu train' does. Figures are of the
        test clips of all folds together.
    group
        Column of the store that names the groups of --folds. [default: group]
    family
        Kind of model, as for 'lddu train'.
    preset
        "default" or "paper".
    config
        TOML file of settings, which override the preset.
    device
        "auto", "cpu", "cuda" or "cuda:N".
    jobs
        Trainings at once, as for 'lddu train'.
    out
        Folder of the run folders, new or of the same ablation.
    json
        Print the table as JSON.
    """
    from lddu.commands.screen import notes, print_json, warn
    from lddu.commands.training_progress import TrainingProgress
    from lddu.store.store import FeatureStore

    fold_options = parsed_folds(folds, group)
    resolved, corpus = chosen_config(preset, config, settings, family), FeatureStore(store)
    notes().print("loading the numerical libraries", style="dim")
    from lddu.sentences import SIMULATED_CORPUS
    from lddu.training.retrained import AblationOptions
    from lddu.training.retrained import ablate as train_all

    options = AblationOptions(seeds, parsed_names(modalities), device, command_line(), jobs_in(jobs), fold_options)
    with TrainingProgress(True, f"run folders: {out}") as watch:

        def begins(name: str, number: int, count: int) -> None:
            watch.say(f"training {number} of {count}: {name}")

        try:
            rows = train_all(corpus, out, resolved, options, watch, begins)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"Stopped. The trainings so far are in {out}; the same command goes on.") from None
    _write(rows, out / "ablation.csv", corpus.simulated)
    warn([SIMULATED_CORPUS] if corpus.simulated else [])
    if json:
        print_json(
            {
                "ablation": str(out),
                "folds": rows[0].folds,
                "simulated": corpus.simulated,
                "rows": [asdict(row) for row in rows],
            }
        )
    else:
        _show(rows, out)


def _write(rows: "list[SubsetRow]", file: Path, simulated: bool) -> None:
    import csv
    import io

    from lddu.machine.atomic import write_text

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = [f"{name}{end}" for name in rows[0].mean for end in ("", "_deviation")]
    less = [f"{RANKED_BY}_less_all{end}" for end in ("", "_low", "_high")]
    writer.writerow(["modalities", "seeds", "folds", "split", "units", "resampled_by", *names, *less, "simulated"])
    for row in rows:
        about = ["+".join(row.modalities), len(row.runs), row.folds.get("count", ""), row.split, row.units, row.by]
        deviation = row.deviation or {}
        figures = [value for name, mean in row.mean.items() for value in (mean, deviation.get(name, ""))]
        gap = row.over_clips[RANKED_BY] if row.over_clips else None
        ends = ("", "", "") if gap is None else (gap.value, gap.low, gap.high)
        writer.writerow([*about, *figures, *("" if end != end else end for end in ends), simulated])
    write_text(file, stream.getvalue())


def _show(rows: "list[SubsetRow]", out: Path) -> None:
    from lddu.commands.screen import results, table
    from lddu.pages.template import metric_name, over_runs, with_interval
    from lddu.runs.pooled_folds import folds_phrase, pooling_notes
    from lddu.sentences import counted

    whole = rows[0]
    over = (
        f", test clips of {folds_phrase(whole.folds['count'], whole.folds['group'])} together"
        if whole.folds
        else f" on {whole.split}"
    )
    several = len(whole.runs) > 1  # one seed has neither a deviation nor an interval over seeds
    summary = f"mean ± standard deviation over {counted(len(whole.runs), 'seed')}" if several else "one seed"
    grid = table(
        f"trained anew{over}: {summary}", "modalities",
        *(metric_name(name) for name in SHOWN),
        f"micro-F1 less all (95 % over {counted(whole.units, whole.by)}, p)", *(["over seeds"] if several else []),
    )  # fmt: skip
    for row in rows:
        cells = [over_runs(name, row.mean, row.deviation) for name in SHOWN]
        gaps = (row.over_clips, row.less_all) if several else (row.over_clips,)
        grid.add_row(
            ", ".join(row.modalities), *cells, *("" if gap is None else with_interval(gap[RANKED_BY]) for gap in gaps)
        )
    console = results()
    console.width = max(console.width, 170)
    console.print(grid)
    if whole.folds:
        console.print(pooling_notes(whole.folds["group"], whole.by), markup=False, soft_wrap=True)
    console.print(
        f"table: {out / 'ablation.csv'}; page: lddu compare {out}/*-* --html ablation.html",
        markup=False,
        soft_wrap=True,
    )
