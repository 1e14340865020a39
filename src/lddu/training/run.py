"""A training run from a store to a finished run folder: one network, or an ensemble of seeds."""

import math
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lddu.batch import BatchReader
from lddu.config import DEFAULT, Config, CorpusSize
from lddu.device import device_of
from lddu.errors import ConfigError, MismatchError, RunError, StoreError
from lddu.evaluate.observation import presence_of, shares_of
from lddu.features.store import FeatureStore
from lddu.losses.objective import Objective
from lddu.model.infer import Networks
from lddu.model.lddu import LDDU
from lddu.ranks import ALONE, Ranks, launched
from lddu.run_folder import RunDescription, RunFolder, Task, new_model
from lddu.training import checkpoint
from lddu.training.checkpoint import Progress, Trainee
from lddu.training.conclude import Cost, conclude
from lddu.training.epoch import TrainingRows
from lddu.training.loop import Sitting, TrainingData, Unwatched, Watch, train_epochs
from lddu.training.optim import make_optimizer
from lddu.training.standardisation import LabelledRows, fit_standardisation, standardisation_rows

LARGEST_SEED = 2**32

LAUNCHER_SETTINGS = {
    "ACCELERATE_MIXED_PRECISION": ("no", "--training.precision bfloat16"),
    "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": ("1", "--training.accumulation N"),
}
"""What `accelerate launch` can be told, its value when it was not, and the setting that a run folder records instead."""


@dataclass(frozen=True)
class RunOptions:
    """How a run is made, beside its settings.

    Attributes:
        seed: of the first network.
        members: networks with consecutive seeds; more than one is an ensemble.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        force: replace an existing run folder.
        init_from: run folder whose weights training starts from.
        command: the command line, for the record.
        checkpoint_seconds: least time between two checkpoints.

    Raises:
        ConfigError: where seed or members are out of range.
    """

    seed: int = 0
    members: int = 1
    device: str = "auto"
    force: bool = False
    init_from: Path | None = None
    command: str = ""
    checkpoint_seconds: float = 30.0

    def __post_init__(self) -> None:
        if not 0 <= self.seed < LARGEST_SEED:
            raise ConfigError(f"Expected --seed to lie from 0 to {LARGEST_SEED - 1}, but got {self.seed}.")
        if self.members < 1:
            raise ConfigError(f"Expected --seeds to be at least 1, but got {self.members}.")


def train(
    store: FeatureStore,
    out: str | Path,
    config: Config = DEFAULT,
    options: RunOptions = RunOptions(),
    watch: Watch | None = None,
) -> RunFolder:
    """Train on the `train` split, choose on `valid`, report on `test`, and leave a finished run folder.

    Started by `torchrun` or `accelerate launch`, all ranks train one run together and the first one writes it; the batch
    size is that of all ranks.

    A run that is killed goes on with `resume`. Ctrl-C keeps the best weights so far as a usable run, evaluated on
    validation only, which `resume` can finish.

    Args:
        store: labelled, with clips in `train` and `valid`.
        out: the run folder to make.
        config: settings; each ``"auto"`` is fitted to the corpus.
        options: seed, ensemble size, device.
        watch: is told of the progress.

    Raises:
        StoreError: where the store cannot be trained on.
        RunError: where `out` is taken, or training diverges.
        KeyboardInterrupt: after what Ctrl-C left has been saved.
    """
    ranks = launched()
    _refuse_launcher_settings()
    description = describe(store, config, options)
    folder = RunFolder(out)
    starting = ranks.from_first(lambda: _weights_to_start_from(options.init_from, description))
    device = device_of(options.device, ranks.local_rank)
    ranks.from_first(lambda: _claim(folder.path, options.force))
    return _train_members(folder, _Making(description, store, options, watch or Unwatched(), starting, device, ranks))


def resume(
    path: str | Path,
    store: FeatureStore | None = None,
    options: RunOptions = RunOptions(),
    watch: Watch | None = None,
) -> RunFolder:
    """Go on with a run that was stopped or killed, as if it never had been.

    Args:
        path: the run folder.
        store: where the corpus is now; by default where it was.
        options: device and checkpoint rhythm; seed and members are those of the run.
        watch: is told of the progress.

    Raises:
        RunError: where there is nothing to go on with.
        MismatchError: where the store is not the one that training began on.
    """
    folder, ranks = RunFolder(path), launched()
    description = ranks.from_first(lambda: _unfinished(folder))
    store = store or FeatureStore(description.store["path"])
    if store.manifest_sha256 != description.store["manifest_sha256"]:
        raise MismatchError(
            f"Expected the store that {folder.path} was started on, but {store.place} is another or has changed; "
            "name the right one after --resume, or train anew."
        )
    starting = ranks.from_first(lambda: _weights_to_go_on_from(folder, description))
    device = device_of(options.device, ranks.local_rank)
    return _train_members(folder, _Making(description, store, options, watch or Unwatched(), starting, device, ranks))


def _refuse_launcher_settings() -> None:
    for variable, (neutral, option) in LAUNCHER_SETTINGS.items():
        found = os.environ.get(variable, neutral)
        if found != neutral:
            raise ConfigError(
                f"Expected the launcher to leave the arithmetic to the settings, but got {variable}={found}; "
                f"start without it and give {option}, which the run folder records."
            )


def _unfinished(folder: RunFolder) -> RunDescription:
    description = folder.describe()
    if folder.finished:
        raise RunError(
            f"Expected {folder.path} to be unfinished, but it has finished; see 'lddu report {folder.path}'."
        )
    return description


def _weights_to_go_on_from(folder: RunFolder, description: RunDescription) -> LDDU | None:
    """Those that training began with, where they are still needed: a checkpoint holds everything."""
    first = description.store.get("init_from")
    begun = description.members == 1 and any((folder.path / "resume").glob("epoch-?????"))
    return _weights_to_start_from(Path(first) if first and not begun else None, description)


def fit(
    store: FeatureStore, folder: Path, config: Config, options: RunOptions = RunOptions(), watch: Watch | None = None
) -> Progress:
    """Train one network and say how it did on validation; the test split is not looked at and no run is made.

    Args:
        store: as for `train`.
        folder: gets `log.jsonl`.
        config: settings.
        options: seed and device.
        watch: is told of the progress; what it raises ends the training.

    Raises:
        StoreError: where the store cannot be trained on.
        RunError: where training diverges.
    """
    description = describe(store, config, options)
    device = device_of(options.device)
    making = _Making(description, store, options, watch or Unwatched(), None, device)
    data, progress = _data(description, store), Progress()
    sitting = Sitting(folder, making.watch, checkpoint_seconds=math.inf)
    train_epochs(_trainee(description, data, making), data, description, sitting, progress)
    return progress


def describe(store: FeatureStore, config: Config, options: RunOptions) -> RunDescription:
    """What will be trained, with every ``"auto"`` resolved.

    Raises:
        StoreError: where the store lacks what training needs; the sentence says what.
    """
    train_rows, _ = training_rows(store)
    present = {name: store.lengths(name) > 0 for name in store.modalities}
    kept = [name for name in store.modalities if present[name][train_rows].any()]
    warnings = [
        f"{name} was ignored: no training clip has it" for name in store.modalities if name not in kept
    ]  # a network cannot learn to read what it never saw
    if not kept:
        raise StoreError(f"Expected training clips with features in {store.place}, but every one lacks all modalities.")
    reader = BatchReader(store, {name: store.modalities[name].dimension for name in kept}, config.model.max_steps)
    for name, count in reader.cut_clips(np.arange(len(store))).items():
        warnings.append(
            f"{name} of {count} clips was cut to its first {config.model.max_steps} steps (model.max_steps)"
        )
    test_rows = store.table.in_split("test")
    if len(test_rows) and np.isnan(shares_of(store, test_rows, store.emotions)).all():
        warnings.append("no test clip has a label: the figures are those of validation, which chose the checkpoint")
    longest = max(int(store.lengths(name)[train_rows].max()) for name in kept)
    gib = TrainingRows.of(store, train_rows, tuple(kept)).gib
    task = Task(
        emotions=store.emotions,
        dimensions=reader.dimensions,
        features={name: store.modalities[name].feature for name in kept},
        present_at=store.present_at,
        simulated=store.simulated,
    )
    return RunDescription(
        task=task,
        config=config.fitted_to(CorpusSize(len(train_rows), len(kept) * len(store.emotions), longest, gib)),
        seed=options.seed,
        members=options.members,
        store={
            "path": store.address,  # found from any working directory
            "manifest_sha256": store.manifest_sha256,
            "source": store.manifest["source"],
            "init_from": str(options.init_from.resolve()) if options.init_from else None,
        },
        warnings=tuple(warnings),
        command=options.command,
    )


def training_rows(store: FeatureStore) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `train` and `valid` that have a known label and at least one modality.

    Raises:
        StoreError: where either is empty.
    """
    labelled = ~np.isnan(shares_of(store, np.arange(len(store)), store.emotions)).all(axis=1)
    usable = np.asarray(store.present().any(axis=1) & labelled)
    found = []
    for split, purpose in (("train", "learn from"), ("valid", "choose the checkpoint and the threshold on")):
        rows = store.table.in_split(split)
        rows = rows[usable[rows]]
        if not len(rows):
            raise StoreError(
                f"Expected labelled clips of the split {split!r} in {store.place} to {purpose}, but there are none; "
                "give the clips a split and labels and import again."
            )
        found.append(rows)
    return found[0], found[1]


@dataclass(frozen=True)
class _Making:
    """What a run of several members shares."""

    description: RunDescription
    store: FeatureStore
    options: RunOptions
    watch: Watch
    starting: LDDU | None
    device: torch.device
    ranks: Ranks = ALONE


def _train_members(folder: RunFolder, making: _Making) -> RunFolder:
    description, ranks = making.description, making.ranks
    _one_store(making)
    if ranks.first:
        (folder.path / "resume").mkdir(parents=True, exist_ok=True)
        folder.write_json("config.json", description.to_mapping())
    if description.members == 1:
        _train_member(folder, description, making)
        return folder
    for k in range(description.members):
        member = RunFolder(folder.path / f"member-{k}")
        if not ranks.from_first(lambda member=member: member.finished):  # type: ignore[misc]
            _train_member(member, replace(description, seed=description.seed + k, members=1), making)
    if ranks.first:
        networks = Networks(
            [member.load_model(making.device) for member in folder.members()], _reader(description, making.store)
        )
        costs = [Cost(**member.read_json("metrics.json")["cost"]) for member in folder.members()]
        conclude(folder, description, making.store, networks, Cost.total(costs))
        _forget(folder.path / "resume")
    return folder


def _one_store(making: _Making) -> None:
    """Raise unless every rank has the same corpus before it."""
    found = making.ranks.everyones((making.store.manifest_sha256, making.store.place))
    others = [f"rank {rank} has {place}" for rank, (sha256, place) in enumerate(found) if sha256 != found[0][0]]
    if others:
        raise MismatchError(
            f"Expected every rank to train on the store {found[0][1]} of rank 0, but {others[0]}, which differs; "
            "put the same store on every machine, or name a place that all of them see."
        )


def _train_member(folder: RunFolder, description: RunDescription, making: _Making) -> None:
    """Train one network and conclude its run; on Ctrl-C, conclude with what there is and pass it on."""
    resume_folder, ranks = folder.path / "resume", making.ranks
    if ranks.first:
        resume_folder.mkdir(parents=True, exist_ok=True)
        folder.write_json("config.json", description.to_mapping())
    data = _data(description, making.store)
    trainee = _trainee(description, data, making)
    progress = checkpoint.load(resume_folder, trainee, ranks)
    stopped = False
    try:
        sitting = Sitting(folder.path, making.watch, making.options.checkpoint_seconds)
        train_epochs(trainee, data, description, sitting, progress)
    except KeyboardInterrupt:
        if ranks.size > 1:  # the others are in the middle of a step: only checkpoints are left
            raise
        stopped = True
    weights = progress.best_weights or trainee.kept.state_dict()
    trainee.model.load_state_dict(weights)
    if ranks.first:
        folder.write_model(weights)
        cost = Cost.of(trainee.model, progress, making.device)
        conclude(folder, description, making.store, Networks([trainee.model], data.reader), cost, stopped)
    if stopped:
        raise KeyboardInterrupt
    if ranks.first:
        _forget(resume_folder)


def _data(description: RunDescription, store: FeatureStore) -> TrainingData:
    train_rows, valid_rows = training_rows(store)
    modalities = tuple(description.task.dimensions)
    return TrainingData(_reader(description, store), TrainingRows.of(store, train_rows, modalities), valid_rows)


def _forget(resume_folder: Path) -> None:
    """Remove the checkpoints of a finished run: out of sight in one step, so that a kill never leaves half of one."""
    unwanted = resume_folder.with_name(".resume.old")
    shutil.rmtree(unwanted, ignore_errors=True)
    resume_folder.rename(unwanted)
    shutil.rmtree(unwanted)


def _trainee(description: RunDescription, data: TrainingData, making: _Making) -> Trainee:
    config = description.config
    with torch.random.fork_rng():
        torch.manual_seed(description.seed)
        model = new_model(description)
    objective = Objective(config.objective, config.model.latent, description.task.present_at, making.ranks)
    model.load_state_dict(making.ranks.from_first(lambda: _first_weights(model, description, data, making)))
    model, objective = model.to(making.device), objective.to(making.device)
    decay = config.training.weight_average
    average = _average(model, decay) if decay else None
    return Trainee(model, objective, make_optimizer(model, config.training), average)


def _first_weights(
    model: LDDU, description: RunDescription, data: TrainingData, making: _Making
) -> dict[str, torch.Tensor]:
    """Those of the run that training starts from, or new ones with the features' scale fitted."""
    if making.starting is not None:
        return making.starting.state_dict()
    task, config = description.task, description.config
    rows = standardisation_rows(data.train, config.training, description.seed)
    clips = LabelledRows(rows, presence_of(making.store, rows, task.emotions, task.present_at))
    fit_standardisation(model, data.reader, clips, relevance=config.model.feature_scaling == "relevance")
    return model.state_dict()


def _average(model: LDDU, decay: float) -> AveragedModel:
    update: Callable[..., None] = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    return AveragedModel(model, multi_avg_fn=update)


def _reader(description: RunDescription, store: FeatureStore) -> BatchReader:
    return BatchReader(store, description.task.dimensions, description.config.model.max_steps)


def _claim(path: Path, force: bool) -> None:
    """Make sure that the run folder may be written; replace an older run only where that is wished."""
    if not path.exists():
        return
    if not force:
        raise RunError(
            f"Expected {path} to be free, but it exists; choose another --out, go on with 'lddu train --resume {path}', "
            "or add --force to replace it."
        )
    if any(path.iterdir() if path.is_dir() else [path]) and not (path / "config.json").is_file():
        raise RunError(f"Expected --force to replace a run folder, but {path} is something else; remove it yourself.")
    shutil.rmtree(path)


def _weights_to_start_from(path: Path | None, description: RunDescription) -> LDDU | None:
    if path is None:
        return None
    other = RunFolder(path)
    found = other.describe()
    if found.task.emotions != description.task.emotions or found.task.dimensions != description.task.dimensions:
        raise MismatchError(
            f"Expected a run for {', '.join(description.task.emotions)} from {description.task.dimensions} in {path}, "
            f"but it is for {', '.join(found.task.emotions)} from {found.task.dimensions}; start without --init-from."
        )
    if found.config.model != description.config.model:
        raise MismatchError(
            f"Expected the network of {path} to have the sizes of this one, but they differ; give the same --model "
            "settings, or start without --init-from."
        )
    return other.members()[0].load_model()
