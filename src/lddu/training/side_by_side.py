"""Trainings that do not depend on one another, side by side: each in a worker process, on its share of the processor.

A training in a worker leaves the folder that it would leave in this process on as many threads.
"""

import os
import pickle
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from lddu.config import Config
from lddu.errors import ConfigError, RunError, parameter
from lddu.machine.free_memory import available_gib
from lddu.machine.processes import ProcessWorkers, Report, default_threads, sendable, usable_cores
from lddu.models.families import family_of
from lddu.sentences import counted, listed
from lddu.store.store import FeatureStore
from lddu.training.demand import Demand, demand_of
from lddu.training.loop import NoCallback, TrainingCallback
from lddu.training.plan import Jobs, RunOptions, describe


@dataclass(frozen=True)
class Training:
    """One of several trainings.

    Attributes:
        name: for progress, such as ``seed 3``.
        make: trains, given a callback, and goes on where a kill has left it; can travel to another process.
    """

    name: str
    make: Callable[[TrainingCallback], object]


@dataclass(frozen=True)
class Pace:
    """How many trainings go at once, in a worker process with so many threads each; None trains in this process, in turn."""

    count: int = 1
    threads: int | None = None


def pace_of(jobs: Jobs, trainings: int, device: str, ranks: int = 1) -> Pace:
    """The pace of that many trainings, those that are finished already included: to go on changes no thread, and so no result.

    Args:
        jobs: trainings at once.
        trainings: in all.
        device: that they compute on, ``auto`` or a name.
        ranks: processes that a launcher has started.

    Raises:
        ConfigError: where ranks train together and `jobs` is several.
    """
    if ranks > 1:
        if jobs not in ("auto", 1):
            raise ConfigError(
                f"Expected {parameter('jobs', 1)} where a launcher has started {ranks} processes, which train together, but got "
                f"{jobs}; leave one out."
            )
        return Pace()
    on_gpu = torch.cuda.is_available() if device == "auto" else device != "cpu"
    given = "OMP_NUM_THREADS" in os.environ
    workers = jobs if isinstance(jobs, int) else 1 if on_gpu else usable_cores() // (default_threads() if given else 1)
    count = max(1, min(workers, trainings))
    if count == 1:
        return Pace()
    return Pace(count, default_threads() if given else max(1, usable_cores() // count))


def within_memory(pace: Pace, demand: Demand, callback: TrainingCallback) -> Pace:
    """Fewer at once, on the same threads, where memory would not do for as many.

    Args:
        pace: without regard to memory.
        demand: of these trainings.
        callback: is sent a note.
    """
    left = available_gib()
    if left is None or pace.threads is None or pace.count * demand.each + demand.shared <= left:
        return pace
    count = max(1, min(pace.count, int((left - demand.shared) / demand.each)))
    if count < pace.count:
        callback.note(
            f"{count} at once in place of {pace.count}: each is taken to need {demand.each:.1f} GiB, and {left:.1f} GiB are free"
        )
    return Pace(count, pace.threads)


def train_all(
    trainings: Sequence[Training],
    pace: Pace,
    callback: TrainingCallback,
    begins: Callable[[str], None] | None = None,
    failed: Callable[[str, Exception], None] | None = None,
) -> None:
    """Make every training, in turn in this process or side by side in others.

    Side by side, `callback.epoch_done` is called with records whose ``training`` names the training; steps are not passed on.
    What Python warns of in several workers is warned of once.

    Args:
        trainings: those that are not finished.
        pace: how many at once.
        callback: called with the progress.
        begins: called with the name of each training before it begins.
        failed: called with the name of a training and what it raised; the others go on, unless `failed` raises.

    Raises:
        RunError: after all others have ended, where the process of a training died; `failed`, where given, is called with it.
        ConfigError: where a training cannot travel to another process.
        Exception: what a training raises, without `failed`, ends all others and is raised here; they can go on from their checkpoints.
    """
    begins = begins or (lambda _: None)
    if pace.threads is None:
        for training in trainings:
            begins(training.name)
            try:
                training.make(callback)
            except Exception as fault:
                if failed is None:
                    raise
                failed(training.name, fault)
        return
    if not trainings:
        return
    _check_travels(trainings[0])
    callback.note(f"{min(pace.count, len(trainings))} at once, each on {counted(pace.threads, 'thread')}")
    workers, opening = ProcessWorkers(pace.count, pace.threads), _Opening(pace.threads, failed is not None)
    dead = []
    for outcome in workers.work_off_reporting(opening, trainings, _Reports(callback, begins)):
        if outcome.result is None:
            dead.append(outcome.job.name)
        if failed is not None and outcome.result is not True:
            failed(outcome.job.name, outcome.result or _died([outcome.job.name]))
    if dead and failed is None:
        raise _died(dead)


def _died(names: Sequence[str]) -> RunError:
    return RunError(
        f"Expected every training to end, but the process of {listed(names)} died; memory may have run out: go on with a smaller "
        f"{parameter('jobs')}. What the others left is kept."
    )


def _check_travels(training: Training) -> None:
    try:
        pickle.dumps(training)
    except (pickle.PicklingError, AttributeError, TypeError):
        raise ConfigError(
            f"Expected {training.name} to be trained in another process, but its model family cannot be sent there; define it in a "
            f"module, without lambda, or give {parameter('jobs', 1)}."
        ) from None


def pace_in(
    store: FeatureStore, config: Config, options: RunOptions, trainings: int, callback: TrainingCallback
) -> Pace:
    """The pace of several trainings like the one of these settings and options, as far as memory allows."""
    pace = pace_of(options.jobs, trainings, options.device)
    if pace.threads is None:
        return pace
    demand = demand_of(describe(store, config, options), store, family_of(config.family))
    return within_memory(pace, demand, callback)


@dataclass(frozen=True)
class _Opening:
    """Makes a worker ready to train."""

    threads: int
    spare_others: bool

    def __call__(self) -> Callable[[Training, Report], Literal[True] | Exception]:
        torch.set_num_threads(self.threads)  # a script that this process read again may have loaded PyTorch before
        return _made_or_fault if self.spare_others else _made


def _made_or_fault(training: Training, report: Report) -> Literal[True] | Exception:
    try:
        return _made(training, report)
    except Exception as fault:
        return sendable(fault)


def _made(training: Training, report: Report) -> Literal[True]:
    report(("begins", None))
    with warnings.catch_warnings(record=True) as met:
        try:
            training.make(_Reporting(report))
        finally:
            for warning in met:
                report(("warning", (str(warning.message), warning.category, warning.filename, warning.lineno)))
    return True


class _Reporting(NoCallback):
    """Sends what a callback is called with to the leading process."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def epoch_done(self, record: dict[str, Any]) -> None:
        """Send."""
        self._report(("epoch", record))


class _Reports:
    """Calls the callback with what trainings report, and repeats each warning once."""

    def __init__(self, callback: TrainingCallback, begins: Callable[[str], None]) -> None:
        self._callback, self._begins = callback, begins
        self._warned: set[tuple[Any, ...]] = set()

    def __call__(self, training: Training, message: tuple[str, Any]) -> None:
        kind, content = message
        if kind == "begins":
            self._begins(training.name)
        elif kind == "epoch":
            self._callback.epoch_done({**content, "training": training.name})
        elif content not in self._warned:
            self._warned.add(content)
            warnings.warn_explicit(*content)
