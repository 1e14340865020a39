"""`lddu predict RUN FOLDER --watch`: files that arrive in a folder are answered in one table, until Ctrl-C."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from lddu.clips.configuration import ExtractorConfig
    from lddu.exports.answered import Answered
    from lddu.runs.figures import PredictOptions
    from lddu.runs.predictor import Predictor

COLUMNS = ("_speaker", "_voice_share", "_face_share")
"""Of a CSV, also where the first file is words alone."""


def check_watch(
    watch: bool, inputs: Sequence[str], tables: Sequence[Path], every: float, others: Sequence[str]
) -> None:
    """Refuse what cannot be watched.

    Args:
        watch: whether --watch was given, not --every alone.
        inputs: what is predicted.
        tables: the exports that were named.
        every: seconds between two looks.
        others: options that were given and need all clips at once.

    Raises:
        ConfigError: where nothing is watched, it is no folder of clips, there is not one table outside it, or an option does not go with it.
    """
    from lddu.errors import ConfigError
    from lddu.store.sheet.lines import sheet_in

    if not watch:
        raise ConfigError("Expected --every together with --watch, but got it alone; leave it out.")
    if others:
        raise ConfigError(f"Expected --watch alone with one table, but got {', '.join(others)} too; leave it out.")
    if not 0 < every < float("inf"):
        raise ConfigError(f"Expected --every above 0 seconds, but got {every:g}; ask for 2, say.")
    folder = Path(inputs[0]) if len(inputs) == 1 else None
    if folder is None or not folder.is_dir() or (folder / "manifest.json").is_file():
        raise ConfigError(f"Expected one folder of clips to --watch, but got {', '.join(inputs)}; name a folder.")
    sheet = sheet_in(folder)
    if sheet is not None:
        raise ConfigError(f"Expected a folder without a manifest to --watch, but got {sheet}; predict it as it is.")
    if len(tables) != 1:
        raise ConfigError(
            f"Expected one table for --watch, but got {len(tables)}; name it with --export answers.csv or .jsonl."
        )
    if tables[0].resolve().is_relative_to(folder.resolve()):
        raise ConfigError(f"Expected a table outside the watched folder {folder}, but got {tables[0]}; move it.")


def answer_arrivals(
    predictor: "Predictor",
    folder: Path,
    table: Path,
    options: "PredictOptions",
    config: "ExtractorConfig",
    watching: tuple[float, bool],
) -> NoReturn:
    """Answer the files that arrive, until Ctrl-C.

    Args:
        predictor: the run.
        folder: that is watched.
        table: that gets the rows; one that a watch has begun goes on.
        options: a promised recall.
        config: how long files are cut, and whether speech is recognised.
        watching: seconds between two looks, and whether to begin the table anew.

    Raises:
        KeyboardInterrupt: with what to say, where a person stops it.
    """
    from lddu.commands.screen import notes
    from lddu.exports.growing import GrowingTable
    from lddu.runs.predict_clips import extraction_of
    from lddu.runs.watch_folder import watch_folder

    every, force = watching
    extraction_of(predictor)  # a run that cannot answer clips is refused before the wait

    def note(sentence: str) -> None:
        notes().print(sentence, markup=False, soft_wrap=True)

    settings = {
        "run": predictor.origin.to_mapping(), "folder": str(folder.resolve()), **asdict(options), **asdict(config)
    }  # fmt: skip
    growing = GrowingTable(table, settings, COLUMNS, force)
    note(predictor.origin.sentence)
    note(f"watching {folder}, table: {table}")
    if growing.cut:
        note(f"{growing.cut} bytes of unfinished rows were cut off; their file is answered again")
    try:
        watch_folder(folder, growing, _answering(predictor, options, config), every, note)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"Stopped. The table is {table}; the same command goes on with it.") from None
    finally:
        growing.close()


def _answering(
    predictor: "Predictor", options: "PredictOptions", config: "ExtractorConfig"
) -> "Callable[[Path, str], Answered]":
    """A function that answers one file and shows each warning once."""
    from lddu.clips.sources import Listing
    from lddu.clips.spans import Source
    from lddu.commands.screen import warn
    from lddu.runs.predict_clips import predict_clips

    warned = set[str]()

    def answer(path: Path, clip: str) -> "Answered":
        answers = predict_clips(predictor, Listing((Source(path, clip),)), config, options)
        warn(sentence for sentence in answers.warnings if sentence not in warned)
        warned.update(answers.warnings)
        return answers.answered()

    return answer
