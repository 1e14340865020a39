"""A training run from a store to a finished run folder: one network, or an ensemble of seeds."""

import os
import shutil
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from lddu.argument_types import refuse_other_class
from lddu.config import Config
from lddu.errors import ConfigError, MismatchError, RunError, parameter
from lddu.machine.atomic import refuse_unwritable
from lddu.machine.device import device_of
from lddu.machine.held import held
from lddu.machine.ranks import Ranks, launched
from lddu.models.families import family_of, registered
from lddu.models.family import Family, FamilyLike
from lddu.models.network import Network
from lddu.models.networks import Networks
from lddu.runs.run_folder import RunDescription, RunFolder
from lddu.runs.run_store import store_of
from lddu.runs.taken import refuse_taken
from lddu.store.store import StoreLike, opened_store
from lddu.training.demand import demand_of
from lddu.training.loop import NoCallback, TrainingCallback
from lddu.training.member import TrainingSetup, forget, reader_of, train_member, weights_to_start_from
from lddu.training.plan import RunOptions, describe
from lddu.training.side_by_side import Pace, Training, pace_of, train_all, within_memory

LAUNCHER_SETTINGS = {
    "ACCELERATE_MIXED_PRECISION": ("no", parameter("training.precision", "bfloat16")),
    "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": ("1", parameter("training.accumulation")),
}
"""What `accelerate launch` can set, its value when it did not, and the setting that a run folder records instead."""


def train(
    store: StoreLike,
    out: str | Path,
    config: Config | None = None,
    options: RunOptions = RunOptions(),
    callback: TrainingCallback | None = None,
    family: FamilyLike | None = None,
) -> RunFolder:
    """Train on the `train` split, choose on `valid`, report on `test`, and leave a finished run folder.

    Started by `torchrun` or `accelerate launch`, all ranks train one run together and the first one writes it; the batch
    size is that of all ranks.

    A run that is killed goes on with `resume`. Ctrl-C keeps the best weights so far as a usable run, evaluated on
    validation only, which `resume` can finish.

    Args:
        store: labelled, with clips in `train` and `valid`; or its path or URL.
        out: the run folder to make.
        config: settings; each ``"auto"`` is fitted to the corpus. By default the family's preset ``default``.
        options: seed, ensemble size, device.
        callback: called with the progress.
        family: kind of model, or its name; by default that of `config`, or LDDU.

    Raises:
        StoreError: where the store cannot be trained on.
        ConfigError: where `config` is of another family.
        RunError: where `out` is taken, or another process trains there, or training diverges.
        KeyboardInterrupt: after what Ctrl-C left has been saved.
    """
    refuse_other_class("config", config, Config)
    refuse_other_class("options", options, RunOptions)
    store, ranks = opened_store(store), launched()
    _refuse_launcher_settings()
    chosen, config = _chosen(family, config)
    description = describe(store, config, options)
    folder = RunFolder(out, chosen)
    starting = ranks.from_first(lambda: weights_to_start_from(options.init_from, description, chosen))
    device = device_of(options.device, ranks.local_rank)
    setup = TrainingSetup(chosen, description, store, options, callback or NoCallback(), starting, device, ranks)
    with ExitStack() as stack:
        ranks.from_first(lambda: _hold(stack, folder))
        ranks.from_first(lambda: claim(folder.path, options.force))
        return _train_members(folder, setup)


def _hold(stack: ExitStack, folder: RunFolder) -> None:
    """Keep other processes out of the folder until the stack is left."""
    stack.enter_context(held(folder.path, RunError))


def _chosen(family: FamilyLike | None, config: Config | None) -> tuple[Family, Config]:
    """The model family and its settings, of which either may be left out."""
    chosen = family_of(family if family is not None else config.family if config is not None else "lddu")
    config = chosen.preset() if config is None else config
    if config.family != chosen.name:
        raise ConfigError(
            f"Expected settings of the model family {chosen.name}, but config is of {config.family}; make it with "
            f"lddu.preset(family={chosen.name!r})."
        )
    return chosen, config


def resume(
    path: str | Path,
    store: StoreLike | None = None,
    options: RunOptions = RunOptions(),
    callback: TrainingCallback | None = None,
    family: FamilyLike | None = None,
) -> RunFolder:
    """Go on with a run that was stopped or killed, as if it never had been.

    Args:
        path: the run folder.
        store: where the corpus is now; by default where it was.
        options: device, jobs and checkpoint rhythm; seed and members are those of the run.
        callback: called with the progress.
        family: of the run, where it is not registered.

    Raises:
        RunError: where there is nothing to go on with, or another process is at it.
        StoreError: where the store is not there.
        MismatchError: where the store is not the one that training began on.
    """
    refuse_other_class("options", options, RunOptions)
    folder, ranks = RunFolder(path, family), launched()
    ranks.from_first(lambda: _unfinished(folder))  # no lock is made beside a folder that is not there
    with ExitStack() as stack:
        ranks.from_first(lambda: _hold(stack, folder))
        return _resumed(folder, store, options, callback or NoCallback(), ranks)


def _resumed(
    folder: RunFolder, store: StoreLike | None, options: RunOptions, callback: TrainingCallback, ranks: Ranks
) -> RunFolder:
    description = ranks.from_first(lambda: _unfinished(folder))
    store = store_of(folder, store)
    if store.manifest_sha256 != description.store["manifest_sha256"]:
        raise MismatchError(
            f"Expected the store that {folder.path} was started on, but {store.place} is another or has changed; "
            "name the right store, or train anew."
        )
    starting = ranks.from_first(lambda: _weights_to_go_on_from(folder, description))
    device = device_of(options.device, ranks.local_rank)
    return _train_members(
        folder,
        TrainingSetup(folder.family, description, store, options, callback, starting, device, ranks),
    )


def train_or_resume(
    store: StoreLike, path: Path, config: Config, options: RunOptions, callback: TrainingCallback | None = None
) -> RunFolder:
    """Finish one of several trainings: go on with what a kill left, or begin it.

    Args:
        store: as for `train`.
        path: of the run folder, finished or not.
        config: settings, for one that has not begun.
        options: for one that has not begun; of these, one that has takes the device, and whether there are baselines.
        callback: called with the progress.

    Raises:
        RunError: where `path` holds something else.
    """
    if (path / "config.json").is_file():
        folder = RunFolder(path)
        return folder if folder.finished else resume(path, store, options, callback)
    if path.is_dir() and {file.name for file in path.iterdir()} <= {"resume"}:  # killed before it was described
        shutil.rmtree(path)
    return train(store, path, config, options, callback)


def _refuse_launcher_settings() -> None:
    for variable, (neutral, option) in LAUNCHER_SETTINGS.items():
        value = os.environ.get(variable, neutral)
        if value != neutral:
            raise ConfigError(
                f"Expected the launcher to leave the arithmetic to the settings, but got {variable}={value}; "
                f"start without it and give {option}, which the run folder records."
            )


def _unfinished(folder: RunFolder) -> RunDescription:
    description = folder.description
    if folder.finished:
        raise RunError(
            f"Expected {folder.path} to be unfinished, but it has finished; see 'lddu report {folder.path}'."
        )
    return description


def _weights_to_go_on_from(folder: RunFolder, description: RunDescription) -> Network | None:
    """Those that training began with, where they are still needed: a checkpoint holds everything."""
    first = description.store.get("init_from")
    begun = description.members == 1 and any((folder.path / "resume").glob("epoch-?????"))
    return weights_to_start_from(Path(first) if first and not begun else None, description, folder.family)


def _train_members(folder: RunFolder, setup: TrainingSetup) -> RunFolder:
    description, ranks = setup.description, setup.ranks
    _one_store(setup)
    if ranks.first:
        (folder.path / "resume").mkdir(parents=True, exist_ok=True)
        folder.write_json("config.json", description.to_mapping())
    if description.members == 1:
        train_member(folder, description, setup)
        return folder
    alone = replace(setup, options=replace(setup.options, baselines=False))  # fitted once, beside their mean
    pace = pace_of(setup.options.jobs, description.members, setup.options.device, ranks.size)
    if pace.threads is not None:
        _side_by_side(folder, alone, pace)
    else:
        for k in range(description.members):
            member = folder.member(k)
            if not ranks.from_first(lambda member=member: member.finished):  # type: ignore[misc]
                train_member(member, _of_member(description, k), alone)
    if ranks.first:
        networks = Networks(
            [member.load_model(setup.device) for member in folder.members()], reader_of(description, setup.store)
        )
        from lddu.training.conclude import Cost, Ending, conclude

        costs = [Cost(**member.read_json("metrics.json")["cost"]) for member in folder.members()]
        conclude(
            folder, description, setup.store, networks, Cost.total(costs), Ending(baselines=setup.options.baselines)
        )
        setup.draw_page(folder)
        forget(folder.path / "resume")
    return folder


def _side_by_side(folder: RunFolder, setup: TrainingSetup, pace: Pace) -> None:
    """Train the members that are not finished in worker processes."""
    description, store = setup.description, setup.store
    known = setup.family.name in registered() and family_of(setup.family.name) is setup.family
    family = None if known else setup.family
    trainings = [
        Training(
            f"seed {description.seed + k}",
            partial(_member_elsewhere, folder.path, k, store.address, setup.options, family),
        )
        for k in range(description.members)
        if not folder.member(k).finished
    ]
    pace = within_memory(pace, demand_of(description, store, setup.family), setup.callback)
    train_all(trainings, pace, setup.callback)


def _member_elsewhere(
    path: Path, k: int, store: str, options: RunOptions, family: Family | None, callback: TrainingCallback
) -> None:
    """Train member k of a run that the leading process has begun; this is another process."""
    folder = RunFolder(path, family)
    description, first = folder.description, folder.description.store.get("init_from")
    starting = weights_to_start_from(Path(first) if first else None, description, folder.family)
    device = device_of(options.device)
    setup = TrainingSetup(folder.family, description, opened_store(store), options, callback, starting, device)
    train_member(folder.member(k), _of_member(description, k), setup)


def _of_member(description: RunDescription, k: int) -> RunDescription:
    return replace(description, seed=description.seed + k, members=1)


def _one_store(setup: TrainingSetup) -> None:
    """Raise unless every rank has the same corpus before it."""
    stores = setup.ranks.everyones((setup.store.manifest_sha256, setup.store.place))
    others = [f"rank {rank} has {place}" for rank, (sha256, place) in enumerate(stores) if sha256 != stores[0][0]]
    if others:
        raise MismatchError(
            f"Expected every rank to train on the store {stores[0][1]} of rank 0, but {others[0]}, which differs; "
            "put the same store on every machine, or name a place that all of them see."
        )


def claim(path: Path, force: bool) -> None:
    """Make sure that the run folder may be written; replace an older run only where that is wished."""
    refuse_place(path, force)
    if path.exists():
        shutil.rmtree(path)


def refuse_place(path: Path, force: bool) -> None:
    """Raise unless the run folder may be written, in place of an older run where that is wished."""
    refuse_unwritable(path)
    if not force:
        refuse_taken(path)
    elif path.exists() and any(path.iterdir() if path.is_dir() else [path]) and not (path / "config.json").is_file():
        raise RunError(
            f"Expected {parameter('force', True)} to replace a run folder, but {path} is something else; remove it yourself."
        )
