"""The server's side of the worker process: sends it requests, and replaces it where it dies or takes too long."""

import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from lddu.errors import RunError
from lddu.serve.process import Finished, Opened, Progress, answer_requests
from lddu.serve.request import AnswerError, AnswerRequest, Model, OnProgress
from lddu.serve.settings import Limits

DIED = (
    "Expected {name} to be answered, but the process that read it died: the file is damaged in a way that crashes the decoder, or "
    "memory ran out; convert it."
)
LATE = "Expected {name} to be answered within {seconds:g} s, but it was not; cut it into shorter files."


class Worker:
    """An `Answerer` in a process of its own.

    Args:
        runs: folders, archives or names.
        folder: of the server's files.
        limits: of what is read, and of the time for an answer.
    """

    def __init__(self, runs: Sequence[str], folder: Path, limits: Limits) -> None:
        self._runs, self._folder, self._limits = tuple(runs), folder, limits
        self._process: Any = None
        self._pipe: Connection[Any, Any] | None = None
        self._closed = False

    def open(self) -> tuple[Model, ...]:
        """Start the process and load the runs.

        Raises:
            RunError: where a run cannot be used, or the process cannot start.
        """
        context = get_context("spawn")
        self._pipe, there = context.Pipe()
        given = (there, self._runs, self._folder, self._limits)
        self._process = context.Process(target=answer_requests, args=given, daemon=True)
        self._process.start()
        there.close()  # so that the pipe ends when the process does
        try:
            reply = self._pipe.recv()
        except (EOFError, OSError):
            reply = Finished("Expected the process that answers to start, but it ended; see what it wrote.")
        if isinstance(reply, Opened):
            return reply.models
        self._stop()
        raise RunError(reply.fault)

    def answer(self, request: AnswerRequest, progress: OnProgress) -> None:
        """See `lddu.serve.request.Answerer`."""
        if self._process is None or not self._process.is_alive():
            if self._closed:
                raise AnswerError(DIED.format(name=request.name))
            self.open()
        assert self._pipe is not None
        seconds = self._limits.answer_seconds
        until = time.monotonic() + seconds
        fault = DIED.format(name=request.name)
        with suppress(EOFError, OSError):
            self._pipe.send(request)
            while self._pipe.poll(max(0.0, until - time.monotonic())):
                reply = self._pipe.recv()
                if isinstance(reply, Finished):
                    if reply.fault:
                        raise AnswerError(reply.fault)
                    return
                assert isinstance(reply, Progress)
                progress(reply.stage, reply.share)
            fault = LATE.format(name=request.name, seconds=seconds)
        self._stop()
        raise AnswerError(fault)

    def interrupt(self) -> None:
        """End the process, whatever it does; the next request starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.join()

    def close(self) -> None:
        """End the process; nothing starts it again."""
        self._closed = True
        self._stop()

    def _stop(self) -> None:
        self.interrupt()
        if self._pipe is not None and not self._closed:
            self._pipe.close()
