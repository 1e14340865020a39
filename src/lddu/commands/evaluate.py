"""`lddu evaluate`: the metrics of a run again, on its own or on another store."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def evaluate(
    run: Path,
    store: str | None = None,
    *,
    split: Literal["test", "valid", "train"] = "test",
    device: str = "cpu",
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Evaluate a run on a labelled split, with the threshold it chose on its own validation split.

    Parameters
    ----------
    run
        Run folder.
    store
        Feature store, a folder or a URL; the one that the run was trained on where left out.
    split
        Which clips.
    device
        "cpu" or "cuda".
    json
        Print the metrics as JSON.
    """
    from lddu.commands.figures import show_split
    from lddu.commands.screen import print_json, warn
    from lddu.features.store import FeatureStore
    from lddu.predict import Predictor

    predictor = Predictor(run, device)
    corpus = FeatureStore(store or predictor.description.store["path"])
    figures = predictor.evaluate(corpus, split)
    warn(predictor.warnings(corpus))
    if json:
        print_json({"run": str(run), "store": corpus.place, "splits": {split: figures}})
    else:
        show_split(split, figures, corpus.simulated)
