"""Extracting many files at once: each lane is a process of its own, so that one that dies takes only its file along."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from lddu.clips.done import DoneFolder
from lddu.clips.extractor import ClipExtractor, ExtractorConfig, Source
from lddu.errors import LdduError


@dataclass(frozen=True)
class Task:
    """One file to extract and the key under which its clips are kept."""

    source: Source
    key: str


@dataclass(frozen=True)
class Outcome:
    """What became of a file: `fault` is empty, or the sentence that says why it failed."""

    task: Task
    fault: str


def work_off(tasks: Sequence[Task], extractor: ClipExtractor, done: Path, jobs: int) -> Iterator[Outcome]:
    """Extract every file; outcomes come as files are finished.

    Args:
        tasks: the files.
        extractor: used here where one job is enough; lanes load their own.
        done: where finished files are kept.
        jobs: lanes; 1 extracts in this process.
    """
    jobs = min(jobs, len(tasks))
    if jobs <= 1:
        for task in tasks:
            yield Outcome(task, _extract_into(extractor, task, done))
        return
    waiting = list(reversed(tasks))
    lanes = [_Lane(extractor.config, done) for _ in range(jobs)]
    try:
        running = {lane.start(waiting.pop()): lane for lane in lanes}
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                lane = running.pop(future)
                yield lane.outcome(future)
                if waiting:
                    running[lane.start(waiting.pop())] = lane
    finally:
        for lane in lanes:
            lane.stop()


class _Lane:
    """One worker process; started anew when it dies."""

    def __init__(self, config: ExtractorConfig, done: Path) -> None:
        self._config, self._done = config, done
        self._pool = self._new_pool()
        self._task: Task | None = None

    def start(self, task: Task) -> "Future[str]":
        self._task = task
        return self._pool.submit(_extract_in_lane, task, self._done)

    def outcome(self, future: "Future[str]") -> Outcome:
        assert self._task is not None
        try:
            return Outcome(self._task, future.result())
        except BrokenProcessPool:
            self._pool = self._new_pool()
            return Outcome(
                self._task,
                f"Expected {self._task.source.path} to be extracted, but the process that did it died; "
                "the file is damaged in a way that crashes the decoder, or memory ran out: convert it.",
            )

    def stop(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, get_context("spawn"), initializer=_open_lane, initargs=(self._config,))


_extractor: ClipExtractor | None = None  # of this worker process


def _open_lane(config: ExtractorConfig) -> None:
    import signal

    global _extractor
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that leads
    os.environ["OMP_NUM_THREADS"] = "1"
    _extractor = ClipExtractor(config)


def _extract_in_lane(task: Task, done: Path) -> str:
    assert _extractor is not None
    return _extract_into(_extractor, task, done)


def _extract_into(extractor: ClipExtractor, task: Task, done: Path) -> str:
    """Extract one file and keep its clips; returns the sentence that says why it failed, or nothing."""
    try:
        DoneFolder(done).put(task.key, extractor.extract(task.source))
    except LdduError as fault:
        return str(fault)
    except Exception as fault:  # whatever a strange file provokes must not stop the others; it is told, not hidden
        return (
            f"Expected {task.source.path} to be extracted, but got {type(fault).__name__} ({fault}); convert the file."
        )
    return ""
