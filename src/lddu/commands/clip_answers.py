"""`lddu predict RUN clip.mp4`: answers on raw clips, as a table, JSON, CSV or a page."""

from pathlib import Path
from typing import TYPE_CHECKING

from lddu.commands.exports import NO_EXPORTS, Exports

if TYPE_CHECKING:
    from lddu.clips.configuration import ExtractorConfig
    from lddu.clips.sources import Listing
    from lddu.runs.explained import ClipAnswers
    from lddu.runs.figures import PredictOptions
    from lddu.runs.predictions import Predictions
    from lddu.runs.predictor import Predictor


def are_clips(inputs: list[str]) -> bool:
    """Whether the inputs are raw clips (files, folders of them, a manifest, names on stdin) and no feature store.

    Raises:
        ConfigError: where a feature store is among several inputs.
        SourceError: where the input is a folder with neither.
    """
    from lddu.errors import ConfigError

    stores = [name for name in inputs if (Path(name) / "manifest.json").is_file()]
    if stores and len(inputs) > 1:
        absent = [name for name in inputs if name != "-" and not Path(name).exists()]
        cure = f"{absent[0]} is not there: to write it, use --export" if absent else "predict them one by one"
        raise ConfigError(
            f"Expected one feature store alone, or raw clips, but got {len(inputs)} inputs with the store {stores[0]}; {cure}."
        )
    return not stores and (len(inputs) > 1 or any(map(_is_clip, inputs)))


def _is_clip(name: str) -> bool:
    """Whether an input is a file, or a folder with clips in it."""
    from lddu.clips.media import MEDIA_SUFFIXES, PHOTO_SUFFIXES
    from lddu.clips.spans import WORDS_SUFFIX
    from lddu.errors import ConfigError, SourceError
    from lddu.store.sheet.lines import SHEET_SUFFIXES, sheet_in

    path, media = Path(name), MEDIA_SUFFIXES | PHOTO_SUFFIXES
    if not path.is_dir():
        return name == "-" or path.is_file() or path.suffix.lower() in media | {WORDS_SUFFIX, *SHEET_SUFFIXES}
    if sheet_in(path) or any(file.suffix.lower() in media for file in path.rglob("*")):
        return True
    if (path / "config.json").is_file():
        raise ConfigError(
            f"Expected a run first and clips after it, but got the run {name} after other words; turn them round."
        )
    raise SourceError(
        f"Expected video or audio files, or a feature store with its manifest.json, in the folder {name}, but it has "
        "neither; name texts (.txt) and files with another suffix themselves."
    )


def answer_clips(
    predictor: "Predictor",
    inputs: "list[str] | Listing",
    form: str,
    options: "PredictOptions",
    config: "ExtractorConfig",
    page: Path | None = None,
    exports: Exports = NO_EXPORTS,
) -> int:
    """Predict raw clips and show the answers; returns the exit code, 1 when a file failed.

    Args:
        predictor: the run.
        inputs: as `lddu.clips.sources.listing_of` takes them, or its result.
        form: ``table``, ``json`` or ``csv``.
        options: a promised recall, or a coverage beyond which no answer is given.
        config: how long files are cut, and whether speech is recognised.
        page: folder of a page to write as well.
        exports: files for other programs to write as well.
    """
    from lddu.commands.extracting import ExtractionBar
    from lddu.commands.screen import notes, print_json, results, warn
    from lddu.runs.answer_document import answer_document
    from lddu.runs.predict_clips import predict_clips

    with ExtractionBar() as watch:
        answers = predict_clips(predictor, inputs, config, options, "auto", watch)
    notes().print(predictor.origin.sentence, markup=False, soft_wrap=True)
    warn(answers.warnings)
    if form == "json":
        print_json(answer_document(predictor, answers))
    elif form == "csv":
        results().file.write(answers.to_csv())
    else:
        _show(answers)
    if page is not None:
        names = (
            inputs
            if isinstance(inputs, list)
            else list(dict.fromkeys(s.file or s.spans[0].clip for s in inputs.sources))
        )
        write_page(page, answers, answers.predictions, predictor, names, with_media=True)
    exports.write(answers)
    return 1 if answers.failures else 0


def write_page(
    folder: Path,
    answers: "ClipAnswers",
    predictions: "Predictions",
    predictor: "Predictor",
    inputs: list[str],
    with_media: bool,
) -> None:
    """Write the page and say where it is.

    Args:
        folder: of the page.
        answers: on the clips that it shows.
        predictions: on all clips.
        predictor: the run.
        inputs: that were predicted.
        with_media: show the files of the clips.
    """
    from lddu.clips.media import readable
    from lddu.commands.screen import notes
    from lddu.pages.clip_page import ClipPageContext, write_clip_page

    named = [readable(Path(name).resolve().name if name in (".", "..") else name) for name in inputs[:3]]
    title = ", ".join(named) + (", ..." if len(inputs) > 3 else "")
    write_clip_page(folder, answers, ClipPageContext.of(predictor, title, predictions), with_media)
    notes().print(f"page: {folder / 'index.html'}", markup=False, soft_wrap=True)


def _show(answers: "ClipAnswers") -> None:
    from lddu.commands.answer_table import show_answers, show_people

    count = len(answers.predictions)
    before = {"clip": answers.predictions.clip.tolist(), **answers.persons(), "seconds": answers.seconds("-")}
    show_answers(answers.predictions, count, before, answers.after("-"))
    show_people(answers.people(), answers.emotions)
