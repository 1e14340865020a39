"""Cross-validation on one store: whole groups go to folds, each fold is tested once, and what was stopped goes on.

The folder holds `stores/fold-K`, the splits of each fold (features stay in the store); `fold-K`, a run folder like any other; and at the end
a run folder's own files for all test clips together, so that it is reported and compared as a run is.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lddu.argument_types import refuse_other_class, refuse_wrong_types
from lddu.config import Config
from lddu.errors import RunError
from lddu.machine.device import device_of
from lddu.machine.held import held
from lddu.models.families import preset
from lddu.runs.run_folder import RunFolder
from lddu.store.folds import GroupFolds
from lddu.store.store import StoreLike, opened_store
from lddu.training.conclude_folds import conclude_folds
from lddu.training.loop import NoCallback, TrainingCallback
from lddu.training.plan import RunOptions
from lddu.training.run import train_or_resume
from lddu.training.side_by_side import Training, pace_in, train_all
from lddu.training.splits import chosen_folds, fold_splits
from lddu.training.studies import CROSS_VALIDATION
from lddu.training.study import begin, refuse_other


@dataclass(frozen=True)
class FoldOptions:
    """How clips go to folds.

    Attributes:
        folds: how many; None takes each group as one (leave one group out).
        group: column of the clip table that names the groups; ``clip`` lets each clip go anywhere.
        run: of each run; `init_from` plays no part, since those weights may know test clips.
    """

    folds: int | None = 5
    group: str = "group"
    run: RunOptions = RunOptions()

    def __post_init__(self) -> None:
        refuse_wrong_types(self)


def cross_validate(
    store: StoreLike,
    out: str | Path,
    config: Config | None = None,
    folds: FoldOptions = FoldOptions(),
    callback: TrainingCallback | None = None,
    begins: Callable[[int, int, list[str]], None] | None = None,
) -> RunFolder:
    """Train a run for each fold: it is tested on fold k, chooses on fold k + 1 and learns from the others.

    Args:
        store: labelled; its own splits play no part, but for ``unused`` clips, which stay out. Or its path or URL.
        out: folder of the runs, new or of the same cross-validation, which goes on.
        config: settings of all runs; by default LDDU's preset ``default``.
        folds: how clips go to folds, and options of the runs.
        callback: called with the progress of each training.
        begins: called before each training with its number, that of the folds, and the groups that it is tested on.

    Returns:
        The folder, with the answers of all folds on their test clips.

    Raises:
        ConfigError: where the column is not there, or has too few groups.
        RunError: where `out` holds something else, another process writes there, or there is no such device.
        MismatchError: where `out` is of other folds, settings or another store.
    """
    refuse_other_class("config", config, Config)
    refuse_other_class("folds", folds, FoldOptions)
    store, out = opened_store(store), Path(out)
    options = replace(folds.run, init_from=None)
    chosen = chosen_folds(store, GroupFolds(folds.folds, folds.group), options.modalities)
    config, callback = config or preset("default"), callback or NoCallback()
    device_of(options.device)  # what cannot be trained is refused before anything is replaced
    with held(out, RunError):
        if options.force and (out / CROSS_VALIDATION.file).is_file():
            shutil.rmtree(out)
        begin(out, CROSS_VALIDATION, chosen.to_mapping(store), options.command)
        splits = fold_splits(store, out, chosen)
        parts = {part.name: part for part in splits.parts(out)}
        numbers = {name: number for number, name in enumerate(parts, start=1)}
        alone = replace(options, force=False, jobs=1)
        for part in parts.values():
            refuse_other(part.path, part.store, config, alone, "cross-validation")
        missing = [
            Training(name, partial(train_or_resume, part.store.address, part.path, config, alone))
            for name, part in parts.items()
            if not RunFolder(part.path).finished
        ]

        def begun(name: str) -> None:
            if begins is not None:
                begins(numbers[name], chosen.count, chosen.groups_of(numbers[name] - 1))

        train_all(missing, pace_in(splits.stores[0], config, options, chosen.count, callback), callback, begun)
        return conclude_folds(splits, out, options.command, options.report)
