"""Several model families under one protocol: each searched with the same budget, then trained with the same seeds.

The folder holds `FAMILY/search`, and `FAMILY/seed-K` for each cell: a run folder like any other. What is finished is not made again, so a bench that
was stopped or killed goes on where it was.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import torch

from lddu.config import Config
from lddu.errors import ConfigError, LdduError, MismatchError, RunError, parameter
from lddu.machine.atomic import write_text
from lddu.machine.processes import ProcessWorkers
from lddu.models.families import FAMILIES, family_of
from lddu.runs.model_table import cell_folder, measured_file
from lddu.runs.run_folder import RunFolder
from lddu.store.store import FeatureStore
from lddu.training.loop import TrainingCallback
from lddu.training.plan import Jobs, RunOptions, check_jobs
from lddu.training.run import train_or_resume
from lddu.training.search.search import SearchCallback, SearchOptions, search
from lddu.training.side_by_side import Training, pace_in, train_all

ABOUT = "bench.json"


@dataclass(frozen=True)
class BenchOptions:
    """What a bench is made of.

    Attributes:
        families: names; `chosen_families` makes them.
        seeds: trainings of each family, with the seeds 0, 1, ...
        trials: of the search of each family, on validation; 0 takes its published settings.
        epochs: most passes of any training; None leaves that to each family.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        jobs: trials, and then trainings, of a family at once, as in `RunOptions`; trainings that share a machine take longer.

    Raises:
        ConfigError: where a number is out of range.
    """

    families: tuple[str, ...]
    seeds: int = 5
    trials: int = 20
    epochs: int | None = None
    device: str = "auto"
    jobs: Jobs = 1

    def __post_init__(self) -> None:
        check_jobs(self.jobs)
        for name, value, least in (("seeds", self.seeds, 1), ("trials", self.trials, 0), ("epochs", self.epochs, 1)):
            if value is not None and value < least:
                raise ConfigError(f"Expected {parameter(name)} to be at least {least}, but got {value}.")


class BenchCallback(SearchCallback, Protocol):
    """Callback of a bench."""

    def cell_begins(self, family: str, what: str) -> None:
        """Called before the search of a family, and before each training."""

    def cell_failed(self, family: str, fault: str) -> None:
        """Called where it could not be made; the others go on."""


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


def bench_models(store: FeatureStore, out: Path, options: BenchOptions, callback: BenchCallback) -> dict[str, str]:
    """Make every cell that is not there yet.

    Args:
        store: with clips in `train` and `valid`, and in `test` to report on.
        out: the bench's folder, new or of the same bench.
        options: which families, how often.
        callback: called with the progress.

    Returns:
        Family -> why it could not be made.

    Raises:
        RunError: where `out` holds something else.
        MismatchError: where it holds a bench of another store or budget.
    """
    _begun(store, out, options)
    faults: dict[str, str] = {}
    for family in options.families:
        try:
            _family(store, out, options, family, callback)
        except (LdduError, MemoryError) as fault:
            faults[family] = str(fault) or "out of memory"
            callback.cell_failed(family, faults[family])
    return faults


def _begun(store: FeatureStore, out: Path, options: BenchOptions) -> None:
    about = {"store": store.manifest_sha256, "trials": options.trials, "epochs": options.epochs}
    file = out / ABOUT
    if out.exists() and not file.is_file() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(
            f"Expected {out} to be free or to hold a bench of models, but it is something else; choose another {parameter('out')}."
        )
    if not file.is_file():
        out.mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps(about, indent=1) + "\n")
        return
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        raise RunError(f"Expected JSON in {file}, but it is damaged; choose another {parameter('out')}.") from None
    if found != about:
        differing = ", ".join(name for name in about if not isinstance(found, dict) or found.get(name) != about[name])
        raise MismatchError(
            f"Expected {out} to hold a bench of the same store and budget, but it holds one of another {differing}; choose another "
            f"{parameter('out')}."
        )


def _family(store: FeatureStore, out: Path, options: BenchOptions, family: str, callback: BenchCallback) -> None:
    """Search and train one family, as far as that is still to do."""
    missing = [seed for seed in range(options.seeds) if not RunFolder(cell_folder(out, family, seed)).finished]
    if not missing:
        return
    config, one = family_of(family).preset(), RunOptions(device=options.device, jobs=options.jobs)
    if options.epochs is not None:
        config = replace(config, training=replace(config.training, epochs=options.epochs))
    if options.trials:
        callback.cell_begins(family, f"search of {options.trials} trials")
        wanted = SearchOptions(options.trials, device=options.device, family=family)
        pace = pace_in(store, config, one, options.trials, callback)
        workers = None if pace.threads is None else ProcessWorkers(pace.count, pace.threads, options.device)
        config = search(store, out / family / "search", wanted, config, callback, workers).best
    trainings = [
        Training(f"seed {seed}", partial(_cell, store.address, out, family, config, replace(one, seed=seed, jobs=1)))
        for seed in missing
    ]
    pace = pace_in(store, config, one, options.seeds, callback)
    train_all(trainings, pace, callback, partial(callback.cell_begins, family))


def _cell(store: str, out: Path, family: str, config: Config, options: RunOptions, callback: TrainingCallback) -> None:
    with _peak_memory(measured_file(out, family, options.seed), options.device):
        train_or_resume(store, cell_folder(out, family, options.seed), config, options, callback)


@contextmanager
def _peak_memory(file: Path, device: str) -> Iterator[None]:
    """Write the most memory that was used meanwhile, MiB: of the GPU, or of this process where Linux counts it."""
    gpu = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    counted = gpu or _forget_peak()
    if gpu:
        torch.cuda.reset_peak_memory_stats()
    yield
    if counted:
        mib = torch.cuda.max_memory_allocated() / 2**20 if gpu else _peak_mib()
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
