"""`--folds` and `--group`: parse and check them; `lddu train` over folds, with a line before each."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from lddu.errors import ConfigError
from lddu.training.studies import STUDIES

if TYPE_CHECKING:
    from lddu.commands.training_progress import TrainingProgress
    from lddu.config import Config
    from lddu.runs.run_folder import RunFolder
    from lddu.store.folds import GroupFolds
    from lddu.store.store import FeatureStore
    from lddu.training.plan import RunOptions


def parsed_folds(folds: str | None, group: str | None, init_from: Path | None = None) -> "GroupFolds | None":
    """The folds that the options name; None without `--folds`.

    Raises:
        ConfigError: where they do not go together.
    """
    from lddu.commands.screen import several_ranks
    from lddu.store.folds import GroupFolds

    if folds is None:
        if group is not None:
            raise ConfigError("Expected --group beside --folds, whose groups it names; add --folds 5, say.")
        return None
    if folds != "each" and not (folds.isascii() and folds.isdecimal()):
        raise ConfigError(f"Expected --folds to be a number or 'each', but got {folds!r}.")
    if init_from is not None:
        raise ConfigError(
            "Expected --folds without --init-from, whose weights may have learnt from clips that a fold tests; leave one out."
        )
    if several_ranks():
        raise ConfigError("Expected one process for --folds, but a launcher has started several; start it without.")
    return GroupFolds(None if folds == "each" else int(folds), group or "group")


def refuse_resuming_studies(folder: Path) -> None:
    """Refuse `--resume` where the command that began it goes on by itself."""
    study = next((study for study in STUDIES if (folder / study.file).is_file()), None)
    if study is None:
        return
    try:
        command = json.loads((folder / study.file).read_text(encoding="utf-8")).get("command")
    except (ValueError, AttributeError):
        command = None
    raise ConfigError(
        f"Expected one run to resume, but {folder} holds {study.what}; it goes on with the command that began it"
        f"{f': {command}' if command else ''}."
    )


def cross_validated(
    store: "FeatureStore",
    folder: Path,
    config: "Config",
    options: "RunOptions",
    watch: "TrainingProgress",
    folds: "GroupFolds",
) -> "RunFolder":
    """The folds, each with a line of what it is tested on."""
    from lddu.commands.screen import notes
    from lddu.sentences import some
    from lddu.training.cross_validation import FoldOptions, cross_validate

    fold_options = FoldOptions(folds.count, folds.column, options)

    def begins(number: int, count: int, groups: list[str]) -> None:
        tested = f": tested on {some(groups)}" if groups and fold_options.group != "clip" else ""
        watch.say(f"fold {number} of {count}{tested}")

    run = cross_validate(store, folder, config, fold_options, watch, begins)
    notes().print(f"runs: {folder}/fold-*; table: {folder / 'folds.csv'}", markup=False, soft_wrap=True)
    return run
