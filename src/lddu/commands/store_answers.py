"""`lddu predict RUN STORE`: answers on the clips of a store, as a table, JSON, CSV or a page."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lddu.commands.exports import NO_EXPORTS, Exports

if TYPE_CHECKING:
    from lddu.models.networks import Inference
    from lddu.runs.figures import PredictOptions
    from lddu.runs.predictions import Predictions
    from lddu.runs.predictor import Predictor
    from lddu.store.store import FeatureStore

SHOWN_CLIPS = 40
PAGE_CLIPS = 200


@dataclass(frozen=True)
class StorePredictOptions:
    """Where a store is predicted, and how much of it is shown.

    Attributes:
        ray: address of a cluster; None predicts in this process.
        device: that is computed on.
        everything: show every clip.
    """

    ray: str | None
    device: str
    everything: bool


def answer_store(
    predictor: "Predictor",
    corpus: "FeatureStore",
    form: str,
    options: "PredictOptions",
    where: StorePredictOptions,
    page: Path | None = None,
    exports: Exports = NO_EXPORTS,
) -> int:
    """Predict a store and show the answers; returns the exit code.

    Args:
        predictor: the run.
        corpus: the store.
        form: ``table``, ``json`` or ``csv``.
        options: a promised recall, or a coverage beyond which no answer is given.
        where: where it is computed, and how much is shown.
        page: folder of a page to write as well.
        exports: files for other programs to write as well.
    """
    from lddu.commands.clip_answers import write_page
    from lddu.commands.extracting import ExtractionBar
    from lddu.runs.explained import answers_on

    if options.adapt:
        predictor, options = predictor.adapted(corpus), options.unadapted()
    predictions = predictor.concluded(corpus, _inferred(predictor, corpus, where), options)
    warnings = [*predictor.warnings(corpus, options), *predictor.remarks(corpus, predictions)]
    _print_predictions(predictions, warnings, predictor, corpus, form, most=None if where.everything else SHOWN_CLIPS)
    if page is not None:
        count = len(corpus) if where.everything else min(len(corpus), PAGE_CLIPS)
        with ExtractionBar("explaining") as watch:
            answers = answers_on(predictor, corpus, options, range(count), watch.answered)
        write_page(page, replace(answers, warnings=warnings), predictions, predictor, [corpus.place], with_media=False)
    exports.write(predictions)
    return 0


def _inferred(predictor: "Predictor", corpus: "FeatureStore", where: StorePredictOptions) -> "Inference":
    """The raw figures of a store, in this process or on a cluster."""
    from rich.progress import Progress

    from lddu.commands.screen import notes
    from lddu.commands.workers import chosen_workers
    from lddu.runs.predict_in_workers import infer_in_parts

    console = notes()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("predicting", total=len(corpus) * predictor.networks)

        def advance(clips: int) -> None:
            bar.advance(task, clips)

        with chosen_workers(where.ray, None, where.device) as workers:
            return (
                infer_in_parts(predictor, corpus, workers, advance)
                if workers
                else predictor.infer(corpus, advance=advance)
            )


def _print_predictions(
    predictions: "Predictions",
    warnings: list[str],
    predictor: "Predictor",
    corpus: "FeatureStore",
    form: str,
    most: int | None,
) -> None:
    """Show the predictions of a store as a ``table`` of `most` clips (None: all), ``json`` or ``csv``."""
    from lddu.commands.screen import notes, print_json, results, warn

    notes().print(predictor.origin.sentence, markup=False, soft_wrap=True)
    warn(warnings)
    if form == "json":
        run, store = predictor.folder.place, corpus.place
        print_json(
            {
                "run": run,
                "answered_by": predictor.origin.to_mapping(),
                "store": store,
                "warnings": warnings,
                "adapted": predictor.adaptation and predictor.adaptation.to_mapping(),
                "clips": predictions.to_records(),
            }
        )
    elif form == "csv":
        results().file.write(predictions.to_csv())
    else:
        _show(predictions, len(predictions) if most is None else most)


def _show(predictions: "Predictions", most: int) -> None:
    from lddu.commands.answer_table import show_answers
    from lddu.commands.screen import results

    show_answers(
        predictions, min(most, len(predictions)), {"clip": predictions.clip.tolist()}, predictions.none_of_them()
    )
    if len(predictions) > most:
        left = f"{len(predictions) - most} more clips: --all shows them, --json and --csv give everything"
        results().print(left, style="dim")
