"""Independent jobs, several at once: each worker is a process of its own, so that one that dies loses only its job.

Workers of this machine are here; `lddu.machine.cluster` has those of many.
"""

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from typing import Any, Generic, Protocol, TypeVar

from lddu.errors import ConfigError

Job = TypeVar("Job")
Result = TypeVar("Result")

Opening = Callable[[], Callable[[Job], Result]]
"""Sets up a process, once, and returns the function that does each job; hashable and picklable."""

Report = Callable[[Any], None]
"""Sends the leading process something about the job that is going on."""

ReportingOpening = Callable[[], Callable[[Job, Report], Result]]
"""An `Opening` whose jobs report progress."""


@dataclass(frozen=True)
class Outcome(Generic[Job, Result]):
    """The result of a job.

    Attributes:
        job: as it was given.
        result: None where the process that worked on it died.
    """

    job: Job
    result: Result | None


class Workers(Protocol):
    """Processes that work off jobs, here or elsewhere.

    Attributes:
        device: that jobs shall compute on.
    """

    @property
    def device(self) -> str:
        """See above."""

    def work_off(self, opening: Opening[Job, Result], jobs: Sequence[Job]) -> Iterator[Outcome[Job, Result]]:
        """Outcomes as jobs are finished, each job once; what is unfinished when the caller stops is broken off.

        Raises:
            Exception: what `opening`, or what it gave, raises in a process ends everything and is raised here.
        """


@dataclass(frozen=True)
class ProcessWorkers:
    """Workers of this machine.

    Attributes:
        count: jobs at once, each in a process that stays for the next job and is started anew when it dies.
        threads: of each process.
        device: that jobs shall compute on.
    """

    count: int
    threads: int = 1
    device: str = "cpu"

    def work_off(self, opening: Opening[Job, Result], jobs: Sequence[Job]) -> Iterator[Outcome[Job, Result]]:
        """See `Workers`."""
        return self._work_off(opening, jobs, None)

    def work_off_reporting(
        self, opening: ReportingOpening[Job, Result], jobs: Sequence[Job], on_report: Callable[[Job, Any], None]
    ) -> Iterator[Outcome[Job, Result]]:
        """As `work_off`; `on_report` is called with a job and each of its reports, in order, before its outcome."""
        return self._work_off(opening, jobs, on_report)

    def _work_off(
        self, opening: Callable[..., Any], jobs: Sequence[Job], on_report: Callable[[Job, Any], None] | None
    ) -> Iterator[Outcome[Job, Result]]:
        waiting = iter(jobs)
        workers: list[_Worker[Job, Result]] = [
            _Worker(opening, self.threads, on_report) for _ in range(min(self.count, len(jobs)))
        ]
        try:
            busy = {worker.give(job): worker for worker, job in zip(workers, waiting, strict=False)}
            while busy:
                for ready in connection.wait(list(busy)):
                    worker = busy[ready]  # type: ignore[index]
                    outcome = worker.outcome()
                    if outcome is None:
                        continue
                    del busy[ready]  # type: ignore[arg-type]
                    busy |= {worker.give(job): worker for job in islice(waiting, 1)}
                    yield outcome
        finally:
            for worker in workers:
                worker.stop()


def usable_cores() -> int:
    """Processors that this process may use, which a cluster or `taskset` may have made fewer."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_threads() -> int:
    """Threads of a worker where many stand side by side: $OMP_NUM_THREADS, or one, which wastes least."""
    given = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(given) if given.isdecimal() and int(given) else 1


@lru_cache(maxsize=1)
def opened(opening: Opening[Any, Any]) -> Callable[[Any], Any]:
    """What the opening returns, called once per process."""
    return opening()


class _Worker(Generic[Job, Result]):
    """One worker process and the pipe to it."""

    def __init__(self, opening: Callable[..., Any], threads: int, on_report: Callable[[Job, Any], None] | None) -> None:
        self._opening, self._threads, self._on_report = opening, threads, on_report
        self._begin()

    def _begin(self) -> None:
        context = get_context("spawn")
        self._pipe, there = context.Pipe()
        self._began = context.Event()
        self._process = context.Process(target=_serve, args=self._arguments(there), daemon=True)
        self._process.start()
        there.close()  # so that the pipe ends when the process does
        with suppress(ConnectionError):
            self._pipe.send(self._opening)

    def _arguments(self, there: "Connection[Any, Any]") -> tuple[Any, ...]:
        return there, self._began, self._threads, self._on_report is not None

    def give(self, job: Job) -> "Connection[Any, Any]":
        """Begin a job; its outcome is there when the pipe can be read."""
        self._job = job
        with suppress(ConnectionError):  # it died while idle; its outcome reports that
            self._pipe.send(job)
        return self._pipe

    def outcome(self) -> Outcome[Job, Result] | None:
        """Of the job that was given; None where the job has only reported something.

        Raises:
            ConfigError: where the process died before it took any job.
        """
        try:
            ended, result, fault = self._pipe.recv()
        except (EOFError, ConnectionError):
            self.stop()
            if not self._began.is_set():
                raise ConfigError(_NOT_BEGUN) from None
            self._begin()
            return Outcome(self._job, None)
        if not ended:
            assert self._on_report is not None
            self._on_report(self._job, result)
            return None
        if fault is not None:
            raise fault
        return Outcome(self._job, result)

    def stop(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def sendable(fault: Exception) -> Exception:
    """The fault, or its kind and words where it could not be sent to another process, as with arguments of its own it cannot."""
    try:
        pickle.loads(pickle.dumps(fault))  # noqa: S301  bytes of our own
    except Exception:
        return RuntimeError(f"{type(fault).__name__}: {fault}")
    return fault


_NOT_BEGUN = (
    "Expected a process for several jobs to begin, but it ended at once; a script that asks for several jobs has to do so "
    'under `if __name__ == "__main__":`, because each process reads the script again; or ask for one job.'
)


def _serve(pipe: "Connection[Any, Any]", began: Any, threads: int, reporting: bool) -> None:
    """What a worker process does: answer every job with a result or a fault, until the other side is gone.

    The opening comes through the pipe, for to read it may load PyTorch, which takes its threads from the environment then.
    """
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that leads
    os.environ["OMP_NUM_THREADS"] = str(threads)
    more: list[Report] = [lambda message: pipe.send((False, message, None))] if reporting else []
    with suppress(EOFError, ConnectionError):
        opening: Callable[[], Callable[..., Any]] = pipe.recv()
        began.set()
        while True:
            job = pipe.recv()
            result, fault = None, None
            try:
                result = opened(opening)(job, *more)
            except Exception as met:
                fault = sendable(met)
            pipe.send((True, result, fault))
