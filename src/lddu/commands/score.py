"""`lddu score`: answers of any other program in a run folder, measured as a training is."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from lddu.commands.options import Flag, Output, command_line

EXAMPLES = """Examples:
  lddu score predictions.csv store --out theirs
  lddu score seed1.csv store --name theirs --seed 1 --out theirs-1
  lddu compare theirs run                  # on the same clips"""


def score(
    predictions: Path,
    store: str,
    /,
    *,
    name: str = "",
    seed: int = 0,
    partial: Annotated[bool, Flag] = False,
    threshold: Annotated[
        Literal["global_or_floor", "global", "floor", "per_emotion"], Parameter(name="--decision.threshold")
    ] = "global_or_floor",
    criterion: Annotated[
        Literal["f1_micro", "f1_macro", "accuracy"], Parameter(name="--decision.criterion")
    ] = "f1_micro",
    no_baselines: Annotated[bool, Flag] = False,
    out: Annotated[Path, Output],
    force: Annotated[bool, Flag, Output] = False,
    json: Annotated[bool, Flag, Output] = False,
) -> None:
    """Score the probabilities of any program; write a run folder with figures and report.

    Recalibration, thresholds and label sets are fitted on the split valid, and test is measured once, as after a
    training. The run can be reported and compared; it holds no model, so that it cannot predict.

    Parameters
    ----------
    predictions
        Table (.csv, .tsv or .parquet) of the clips of valid and test: a column "clip", and one probability per
        emotion of the store.
    store
        Feature store with the labels: a folder or a URL.
    name
        What the model is called: tables of one name and several seeds are compared over seeds.
    seed
        Seed of the model that made the table.
    partial
        Leave out clips that the table lacks, instead of refusing it.
    threshold
        One threshold for all emotions ("global"), one that is lower for those it names less than half as often as
        validation shows them ("floor"), that only where one would never name some, or one each.
    criterion
        What the threshold is best in.
    no_baselines
        Do not fit logistic regressions on the store's features to compare with.
    out
        Run folder to make.
    force
        Replace an existing run folder.
    json
        Print the metrics as JSON.
    """
    from lddu.commands.figures import show_run
    from lddu.commands.screen import notes, print_json
    from lddu.config import DecisionConfig
    from lddu.runs.taken import refuse_taken

    if not force:
        refuse_taken(out)
    notes().print("loading the numerical libraries", style="dim")
    from lddu.pages.report import write_report
    from lddu.training.score import ScoreOptions
    from lddu.training.score import score as conclude

    options = ScoreOptions(name, seed, partial, not no_baselines, force, command_line())
    run = conclude(predictions, store, out, options, DecisionConfig(threshold=threshold, criterion=criterion))
    write_report(run)
    if json:
        print_json({"run": str(out), **run.read_json("metrics.json")})
    else:
        show_run(run)
