"""Independent tasks, several at once: each lane is a process of its own, so that one that dies takes only its task along.

Lanes of this machine are here; `lddu.machine.cluster` has those of many.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from typing import Any, Generic, Protocol, TypeVar

from lddu.errors import ConfigError

Task = TypeVar("Task")
Result = TypeVar("Result")

Opening = Callable[[], Callable[[Task], Result]]
"""Makes a process ready, once, and gives what it does with each task: hashable, and able to travel to the process."""


@dataclass(frozen=True)
class Outcome(Generic[Task, Result]):
    """What became of a task.

    Attributes:
        task: as it was given.
        result: None where the process that worked on it died.
    """

    task: Task
    result: Result | None


class Lanes(Protocol):
    """Processes that work off tasks, here or elsewhere.

    Attributes:
        device: that tasks shall compute on.
    """

    @property
    def device(self) -> str:
        """See above."""

    def work_off(self, opening: Opening[Task, Result], tasks: Sequence[Task]) -> Iterator[Outcome[Task, Result]]:
        """Outcomes as tasks are finished, each task once; what is unfinished when the caller stops is broken off.

        Raises:
            Exception: what `opening`, or what it gave, raises in a process ends everything and is raised here.
        """


@dataclass(frozen=True)
class ProcessLanes:
    """Lanes of this machine.

    Attributes:
        count: tasks at once, each in a process that stays for the next task and is started anew when it dies.
        threads: of each process.
        device: that tasks shall compute on.
    """

    count: int
    threads: int = 1
    device: str = "cpu"

    def work_off(self, opening: Opening[Task, Result], tasks: Sequence[Task]) -> Iterator[Outcome[Task, Result]]:
        """See `Lanes`."""
        waiting = iter(tasks)
        lanes: list[_Lane[Task, Result]] = [_Lane(opening, self.threads) for _ in range(min(self.count, len(tasks)))]
        try:
            busy = {lane.give(task): lane for lane, task in zip(lanes, waiting, strict=False)}
            while busy:
                for ready in connection.wait(list(busy)):
                    lane = busy.pop(ready)  # type: ignore[call-overload]
                    outcome = lane.outcome()
                    busy |= {lane.give(task): lane for task in islice(waiting, 1)}
                    yield outcome
        finally:
            for lane in lanes:
                lane.stop()


def usual_threads() -> int:
    """Threads of a lane where many stand side by side: $OMP_NUM_THREADS, or one, which wastes least."""
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(told) if told.isdecimal() and int(told) else 1


@lru_cache(maxsize=1)
def opened(opening: Opening[Any, Any]) -> Callable[[Any], Any]:
    """What the opening gives, made once in a process."""
    return opening()


class _Lane(Generic[Task, Result]):
    """One worker process and the pipe to it."""

    def __init__(self, opening: Opening[Task, Result], threads: int) -> None:
        self._opening, self._threads = opening, threads
        self._begin()

    def _begin(self) -> None:
        context = get_context("spawn")
        self._pipe, there = context.Pipe()
        self._began = context.Event()
        self._process = context.Process(target=_serve, args=(there, self._began, self._threads), daemon=True)
        self._process.start()
        there.close()  # so that the pipe ends when the process does
        with suppress(ConnectionError):
            self._pipe.send(self._opening)

    def give(self, task: Task) -> "Connection[Any, Any]":
        """Begin a task; its outcome is there when the pipe can be read."""
        self._task = task
        with suppress(ConnectionError):  # it died while idle, which its outcome will tell
            self._pipe.send(task)
        return self._pipe

    def outcome(self) -> Outcome[Task, Result]:
        """Of the task that was given.

        Raises:
            ConfigError: where the process died before it took any task.
        """
        try:
            result, fault = self._pipe.recv()
        except (EOFError, ConnectionError):
            self.stop()
            if not self._began.is_set():
                raise ConfigError(_NOT_BEGUN) from None
            self._begin()
            return Outcome(self._task, None)
        if fault is not None:
            raise fault
        return Outcome(self._task, result)

    def stop(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


_NOT_BEGUN = (
    "Expected a process for several jobs to begin, but it ended at once; a script that asks for several jobs has to do so "
    'under `if __name__ == "__main__":`, because each process reads the script again; or ask for one job.'
)


def _serve(pipe: "Connection[Any, Any]", began: Any, threads: int) -> None:
    """What a worker process does: answer every task with a result or a fault, until the other side is gone.

    The opening comes through the pipe, for to read it may load PyTorch, which takes its threads from the environment then.
    """
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that leads
    os.environ["OMP_NUM_THREADS"] = str(threads)
    with suppress(EOFError, ConnectionError):
        opening: Opening[Any, Any] = pipe.recv()
        began.set()
        while True:
            task = pipe.recv()
            result, fault = None, None
            try:
                result = opened(opening)(task)
            except Exception as met:
                fault = met
            pipe.send((result, fault))
