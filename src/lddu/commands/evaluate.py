"""`lddu evaluate`: the metrics of a run again, on its own or on another store; and what bad input does to it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from lddu.commands.options import Flag, Output

if TYPE_CHECKING:
    from lddu.runs.predictor import Predictor
    from lddu.runs.robustness import Robustness
    from lddu.runs.run_folder import RunFolder
    from lddu.store.store import FeatureStore

EXAMPLES = """Examples:
  lddu evaluate run                 # on the test split of its own store
  lddu evaluate run other-store --split valid
  lddu evaluate run --by _gender    # also each subgroup of the clips
  lddu evaluate run --robustness    # when one modality goes bad"""


OFTEN = 0.05
"""Share of unfamiliar clips beyond which they are no accident."""


def evaluate(
    run: str | Path,
    store: str | None = None,
    /,
    *,
    split: str = "test",
    by: str = "",
    robustness: Annotated[bool, Flag] = False,
    seed: int | None = None,
    device: str = "cpu",
    json: Annotated[bool, Flag, Output] = False,
) -> None:
    """Measure a run again, on its own or on another labelled store.

    The threshold stays the one that was chosen on the run's own validation split.

    Parameters
    ----------
    run
        Run folder, a .zip of one, or "default".
    store
        Feature store: a folder or a URL. [default: the store that the run was trained on]
    split
        Clips to measure on: those of "test", "valid" (or dev, val, ...) or "train".
    by
        Also measure each subgroup of the clips, and how far the best is from the worst: a column of the store whose name
        begins with "_", such as _gender, or "group". On the run's own store the result is added to metrics.json and
        report.html.
    robustness
        Instead corrupt one modality at a time (noise, shuffled steps, dropped steps, absence) and show what becomes of
        accuracy, uncertainty and weights. On the run's own store the result is added to metrics.json and report.html.
    seed
        Seed of the corruptions of --robustness. [default: 0]
    device
        "cpu" or "cuda".
    json
        Print the metrics as JSON.
    """
    from lddu.commands.figures import show_robustness, show_split
    from lddu.commands.screen import print_json, warn
    from lddu.commands.subgroups import show_subgroups
    from lddu.errors import ConfigError
    from lddu.labels import LABELLED, split_asked
    from lddu.runs.predictor import Predictor
    from lddu.runs.run_store import store_of
    from lddu.runs.subgroups import keep_subgroups

    if by and robustness:
        raise ConfigError("Expected --by or --robustness, but got both; ask for one after the other.")
    split = split_asked(split, LABELLED)
    if seed is not None and seed < 0:
        raise ConfigError(f"Expected --seed to be 0 or more, but got {seed}.")
    if seed is not None and not robustness:
        raise ConfigError(
            "Expected --seed together with --robustness, whose corruptions it draws, but got it alone; leave it out."
        )
    predictor = Predictor(run, device)
    corpus = store_of(predictor.folder, store)
    meant = corpus.table.in_split(split)
    warn([*predictor.warnings(corpus, rows=meant), *predictor.evaluation_warnings(corpus, split)])
    source = {"run": predictor.folder.place, "store": corpus.place}
    if robustness:
        measured = _robustness(predictor, corpus, split, seed or 0)
        if json:
            print_json({**source, "splits": {split: {"robustness": measured.to_mapping()}}})
        else:
            show_robustness(split, measured)
        return
    figures = predictor.evaluate(corpus, split, by)
    warn(
        f"{name} of {share:.0%} of the clips is out of distribution (docs/uncertainty.md)"
        for name, share in figures["unfamiliar"].items()
        if share > OFTEN
    )
    if json:
        print_json({**source, "splits": {split: figures}})
    else:
        show_split(split, figures, corpus.simulated)
        if by:
            show_subgroups(figures["by"][by])
    if by and predictor.was_trained_on(corpus) and keep_subgroups(predictor.folder, figures["by"][by]):
        _added(predictor.folder)


def _added(folder: "RunFolder") -> None:
    """Show what was added to a run in its report, and say so."""
    from lddu.commands.screen import notes
    from lddu.pages.report import write_report

    write_report(folder)
    notes().print(f"added to {folder.path / 'metrics.json'} and report.html", markup=False, soft_wrap=True)


def _robustness(predictor: "Predictor", corpus: "FeatureStore", split: str, seed: int) -> "Robustness":
    """Measure, and keep the result with the run where the store is its own."""
    from rich.progress import Progress

    from lddu.commands.screen import notes
    from lddu.runs.robustness import MOST_CLIPS

    total = min(len(corpus.table.in_split(split)), MOST_CLIPS) * predictor.networks
    console = notes()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("making modalities worse", total=total)
        measured = predictor.robustness(corpus, split, seed, lambda clips: bar.advance(task, clips))
    folder = predictor.folder
    if predictor.was_trained_on(corpus) and folder.add_figures(split, {"robustness": measured.to_mapping()}):
        _added(folder)
    return measured
