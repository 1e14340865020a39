"""`lddu predict`: which emotions the clips of a store show, according to a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from rich.text import Text

    from lddu.predictions import Predictions

SHOWN_CLIPS = 40
Flag = Parameter(negative=())


def predict(
    run: Path,
    store: Path,
    *,
    json: Annotated[bool, Flag] = False,
    csv: Annotated[bool, Flag] = False,
    recall: float | None = None,
    coverage: float | None = None,
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
    recall
        Also give, for each clip, a set of emotions that holds at least this share of its emotions on average (0.9, say);
        docs/uncertainty.md says under which assumption.
    coverage
        Answer only this share of the (clip, emotion) pairs, the most certain ones; say "can't tell" of the others.
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
    from lddu.conclusion import Wish
    from lddu.predict import Predictor

    predictor = Predictor(run, device)
    warnings = predictor.warnings(corpus)
    with Progress(console=notes(), transient=True) as bar:
        task = bar.add_task("predicting", total=len(corpus) * predictor.networks)
        found = predictor.predict(corpus, wish=Wish(recall, coverage), advance=lambda clips: bar.advance(task, clips))
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

    explained = ["bold: present"]
    if found.abstained is not None:
        explained.append("?: can't tell")
    if found.label_set is not None:
        explained.append("*: in the set with the promised recall")
    grid = table(f"probability per emotion, {len(found)} clips ({'; '.join(explained)})", "clip", *found.emotions)
    for n in range(min(most, len(found))):
        grid.add_row(Text(found.clip[n]), *(_cell(found, n, e) for e in range(len(found.emotions))))
    results().print(grid)
    if len(found) > most:
        left = f"{len(found) - most} more clips: --all shows them, --json and --csv give everything"
        results().print(left, style="dim")


def _cell(found: "Predictions", n: int, e: int) -> "Text":
    from rich.text import Text

    silent = found.abstained is not None and found.abstained[n, e]
    inside = found.label_set is not None and found.label_set[n, e]
    shown = f"{'* ' if inside else ''}{'?' if silent else format(found.probability[n, e], '.2f')}"
    return Text(shown, style="bold" if found.label[n, e] and not silent else "dim")
