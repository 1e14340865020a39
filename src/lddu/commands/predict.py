"""`lddu predict`: which emotions the clips of a store show, according to a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from lddu.predictions import Predictions

SHOWN_CLIPS = 40
Flag = Parameter(negative=())


def predict(
    run: Path,
    store: Path,
    *,
    json: Annotated[bool, Flag] = False,
    csv: Annotated[bool, Flag] = False,
    all: Annotated[bool, Flag] = False,
    device: str = "cpu",
) -> None:
    """Predict the clips of a store, labelled or not.

    Parameters
    ----------
    run
        Run folder.
    store
        Feature store whose features were made as those of the run.
    json
        Print JSON; the form is in docs/run_folder.md.
    csv
        Print comma-separated values.
    all
        Show every clip in the table, not only the first forty.
    device
        "cpu" or "cuda".
    """
    from rich.progress import Progress

    from lddu.commands.screen import notes, print_json, results, warn
    from lddu.errors import ConfigError
    from lddu.features.store import FeatureStore

    if json and csv:
        raise ConfigError("Expected --json or --csv, but got both; choose one.")
    corpus = FeatureStore(store)
    from lddu.predict import Predictor

    predictor = Predictor(run, device)
    warnings = predictor.warnings(corpus)
    with Progress(console=notes(), transient=True) as bar:
        task = bar.add_task("predicting", total=len(corpus) * predictor.networks)
        found = predictor.predict(corpus, advance=lambda clips: bar.advance(task, clips))
    warn(warnings)
    if json:
        print_json({"run": str(run), "store": str(store), "warnings": warnings, "clips": found.to_records()})
    elif csv:
        results().file.write(found.to_csv())
    else:
        _show(found, len(found) if all else SHOWN_CLIPS)


def _show(found: "Predictions", most: int) -> None:
    from rich.text import Text

    from lddu.commands.screen import results, table

    grid = table(f"probability per emotion; bold = present ({len(found)} clips)", "clip", *found.emotions)
    for n in range(min(most, len(found))):
        cells = [
            Text(f"{p:.2f}", style="bold" if chosen else "dim")
            for p, chosen in zip(found.probability[n], found.label[n], strict=True)
        ]
        grid.add_row(Text(found.clip[n]), *cells)
    results().print(grid)
    if len(found) > most:
        results().print(
            f"{len(found) - most} more clips: --all shows them, --json and --csv give everything", style="dim"
        )
