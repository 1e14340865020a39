"""Several model families under one protocol: each searched with the same budget, then trained with the same seeds.

The folder holds `FAMILY/search`, and `FAMILY/seed-K` for each cell: a run folder like any other. What is finished is not made again, so a bench that
was stopped or killed goes on where it was. Over folds, `FAMILY/search/fold-K` and `FAMILY/seed-K/fold-K` are made of each fold's own training and
validation clips, and `FAMILY/seed-K` holds their answers together, as a cross-validation does.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch

from lddu.config import Config
from lddu.errors import ConfigError, LdduError, parameter
from lddu.machine.atomic import write_text
from lddu.machine.device import device_of
from lddu.machine.processes import ProcessWorkers
from lddu.models.families import FAMILIES, family_of
from lddu.runs.model_table import cell_folder, measured_file
from lddu.runs.run_folder import RunFolder
from lddu.sentences import counted, listed
from lddu.store.folds import GroupFolds
from lddu.store.store import FeatureStore
from lddu.training.conclude_folds import conclude_open, reopen
from lddu.training.loop import TrainingCallback
from lddu.training.plan import Jobs, RunOptions, check_jobs, refuse_unmeasurable, training_rows
from lddu.training.run import train_or_resume
from lddu.training.search.search import SearchCallback, SearchOptions, search
from lddu.training.side_by_side import Training, pace_in, train_all
from lddu.training.splits import Part, Splits, chosen_folds, fold_splits, own_splits
from lddu.training.studies import BENCH
from lddu.training.study import begin, recorded_of

Failed = Callable[[str, Exception], None]
"""Called with the name of what could not be made, and why."""


@dataclass(frozen=True)
class BenchOptions:
    """What a bench is made of.

    Attributes:
        families: names; `chosen_families` makes them.
        seeds: trainings of each family, with the seeds 0, 1, ...
        trials: of the search of each family, on validation; 0 takes its settings as they are.
        epochs: most passes of any training; None leaves that to each family.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        jobs: trials, and then trainings, of a family at once, as in `RunOptions`; trainings that share a machine take longer.
        folds: to search and train each family on; None takes the store's own splits.
        settings: family -> its settings, and the first trial of its search; published ones where it has none here.
        command: the command line, for the record.

    Raises:
        ConfigError: where a number is out of range.
    """

    families: tuple[str, ...]
    seeds: int = 5
    trials: int = 20
    epochs: int | None = None
    device: str = "auto"
    jobs: Jobs = 1
    folds: GroupFolds | None = None
    settings: Mapping[str, Config] = field(default_factory=dict)
    command: str = ""

    def __post_init__(self) -> None:
        check_jobs(self.jobs)
        for name, value, least in (("seeds", self.seeds, 1), ("trials", self.trials, 0), ("epochs", self.epochs, 1)):
            if value is not None and value < least:
                raise ConfigError(f"Expected {parameter(name)} to be at least {least}, but got {value}.")
        for family, config in self.settings.items():
            if config.family != family:
                raise ConfigError(
                    f"Expected {parameter('settings')} of the model family {family}, but got those of {config.family}."
                )
            if family not in self.families:
                raise ConfigError(
                    f"Expected {parameter('settings')} of {listed(self.families)}, but got those of {family}."
                )


@dataclass(frozen=True)
class BenchOutcome:
    """The result of a bench, beside its folders.

    Attributes:
        faults: name of a cell, as in `ModelTable.missing`, or of a family of which none was made -> why it could not be made.
        train_clips: that every epoch passes; over folds, of each.
    """

    faults: dict[str, str]
    train_clips: tuple[int, ...]


class BenchCallback(SearchCallback, Protocol):
    """Callback of a bench."""

    def cell_begins(self, family: str, what: str) -> None:
        """Called before the search of a family, and before each training."""

    def cell_failed(self, cell: str, fault: str) -> None:
        """Called where a training, or the search of a family, could not be made; the others go on."""


def chosen_families(words: str) -> tuple[str, ...]:
    """The families that a user names: ``all``, or names with commas between them; each once.

    Raises:
        ConfigError: where there is no such family.
    """
    names = [word.strip() for word in words.split(",") if word.strip()]
    if names == ["all"]:
        return tuple(FAMILIES)
    if not names:
        raise ConfigError(f"Expected {parameter('families')} to name model families or 'all', but got none.")
    return tuple(dict.fromkeys(family_of(name).name for name in names))


def bench_models(store: FeatureStore, out: Path, options: BenchOptions, callback: BenchCallback) -> BenchOutcome:
    """Make every cell that is not there yet.

    Args:
        store: with clips in `train` and `valid`, and in `test` to report on; over folds, with groups.
        out: the bench's folder, new or of the same bench.
        options: which families, how often.
        callback: called with the progress.

    Raises:
        RunError: where `out` holds something else.
        MismatchError: where it holds a bench of another store, budget or other folds.
        ConfigError: where there are too few groups for the folds.
        StoreError: where the store cannot be trained on, or no test clip can be reported on.
    """
    splits = _begun(store, out, options)
    clips = tuple(len(training_rows(split_store)[0]) for split_store in splits.stores)
    faults: dict[str, str] = {}

    def failed(cell: str, fault: Exception) -> None:
        if isinstance(fault, OSError):  # such as a full disk, which no other cell would escape
            raise fault
        faults[cell] = str(fault) if isinstance(fault, LdduError) else _unforeseen(fault)
        callback.cell_failed(cell, faults[cell])

    for family in options.families:
        try:
            _family(splits, out, options, family, callback, failed)
        except Exception as fault:  # of a family of somebody's own, or a device without memory: the others go on
            failed(family, fault)
    return BenchOutcome(faults, clips)


def _unforeseen(fault: Exception) -> str:
    """Kind and words of a fault that is no sentence of ours, in one line."""
    return " ".join(f"{type(fault).__name__}: {fault}".removesuffix(": ").split())


def _begun(store: FeatureStore, out: Path, options: BenchOptions) -> Splits:
    """The splits of a bench, whose folder is claimed for it."""
    about: dict[str, Any] = {"store": store.manifest_sha256, "trials": options.trials, "epochs": options.epochs}
    folds = None if options.folds is None else chosen_folds(store, options.folds)
    if folds is None:
        training_rows(store)  # refused before there is a folder
        refuse_unmeasurable(store, "compare model families on")
    else:
        about |= folds.to_mapping(store)
    _claim(out, about, options)
    return own_splits(store) if folds is None else fold_splits(store, out, folds)


def _claim(out: Path, about: Mapping[str, Any], options: BenchOptions) -> None:
    """Begin a bench or go on with one, of which each family that is asked for keeps the settings that it was begun with."""
    recorded = recorded_of(out, BENCH).get("settings", {})
    given = {family: config.to_mapping() for family, config in options.settings.items()}
    new = {family: config for family, config in given.items() if family not in recorded and not (out / family).exists()}
    begun = {family: config for family, config in recorded.items() if family not in options.families}
    begun |= {family: config for family, config in given.items() if family not in new}
    begin(out, BENCH, {**about, **({"settings": begun} if begun else {})}, options.command)
    if new:
        content = {**recorded_of(out, BENCH), "settings": begun | new}
        write_text(out / BENCH.file, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _family(
    splits: Splits, out: Path, options: BenchOptions, family: str, callback: BenchCallback, failed: Failed
) -> None:
    """Search and train one family, as far as that is still to do; over folds, a seed whose folds are finished counts where a later one fails."""
    cells = [cell_folder(out, family, seed) for seed in range(options.seeds)]
    try:
        _train_missing(splits, out, options, family, callback, failed)
    except Exception:
        conclude_open(splits, cells, options.command)
        raise
    conclude_open(splits, cells, options.command)


def _train_missing(
    splits: Splits, out: Path, options: BenchOptions, family: str, callback: BenchCallback, failed: Failed
) -> None:
    cells = [cell_folder(out, family, seed) for seed in range(options.seeds)]
    missing = [
        (seed, k, part)
        for seed, cell in enumerate(cells)
        for k, part in enumerate(splits.parts(cell))
        if not RunFolder(part.path).finished
    ]
    for seed, *_ in missing:
        reopen(splits, cells[seed])
    base = options.settings.get(family) or family_of(family).preset()
    run_options = RunOptions(device=options.device, jobs=options.jobs, command=options.command)
    if options.epochs is not None:
        base = replace(base, training=replace(base.training, epochs=options.epochs))
    searches = splits.parts(out / family / "search")
    configs = {k: _searched(searches[k], base, options, callback) for k in sorted({k for _, k, _ in missing})}
    trainings = [
        Training(
            part.named(f"seed {seed}"),
            partial(_cell, part.store.address, part.path, configs[k], replace(run_options, seed=seed, jobs=1)),
        )
        for seed, k, part in missing
    ]
    if trainings:
        pace = pace_in(
            splits.stores[0], next(iter(configs.values())), run_options, options.seeds * len(splits.stores), callback
        )
        train_all(
            trainings,
            pace,
            callback,
            partial(callback.cell_begins, family),
            lambda name, fault: failed(f"{family} {name.replace(',', '')}", fault),
        )


def _searched(part: Part, base: Config, options: BenchOptions, callback: BenchCallback) -> Config:
    """The settings of one part: the best of its search, which sees its training and validation clips alone; without trials the base."""
    if not options.trials:
        return base
    callback.cell_begins(base.family, part.named(f"search of {counted(options.trials, 'trial')}"))
    search_options = SearchOptions(options.trials, device=options.device, family=base.family)
    pace = pace_in(part.store, base, RunOptions(device=options.device, jobs=options.jobs), options.trials, callback)
    workers = None if pace.threads is None else ProcessWorkers(pace.count, pace.threads, options.device)
    return search(part.store, part.path, search_options, base, callback, workers).best


def _cell(store: str, path: Path, config: Config, options: RunOptions, callback: TrainingCallback) -> None:
    with _peak_memory(measured_file(path), options.device):
        train_or_resume(store, path, config, options, callback)


@contextmanager
def _peak_memory(file: Path, device: str) -> Iterator[None]:
    """Write the most memory that was used meanwhile, MiB: of the GPU, or of this process where Linux counts it."""
    place = device_of(device)
    gpu = place.type == "cuda"
    known = gpu or _forget_peak()
    if gpu:
        torch.cuda.reset_peak_memory_stats(place)
    yield
    if known:
        mib = torch.cuda.max_memory_allocated(place) / 2**20 if gpu else _peak_mib()
        write_text(file, json.dumps({"peak_mib": round(mib, 1), "of": "GPU" if gpu else "process"}) + "\n")


def _forget_peak() -> bool:
    """Whether Linux let the process's peak begin anew."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _peak_mib() -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
