"""The worker process: answers one request after the other, and ends with the server, whatever ends that."""

import os
import shutil
import signal
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

from lddu.errors import LdduError
from lddu.machine.cache import VARIABLE
from lddu.machine.memory import return_freed_memory
from lddu.serve.request import AnswerRequest, Model
from lddu.serve.settings import Limits

MOST_MEMORY = 8_000_000_000
"""Bytes that a request may add to the process; beyond, the system refuses it more and the request fails."""


@dataclass(frozen=True)
class Opened:
    """The runs are loaded."""

    models: tuple[Model, ...]


@dataclass(frozen=True)
class Progress:
    """Progress of a request."""

    stage: str
    share: float


@dataclass(frozen=True)
class Finished:
    """A request is done; `fault` is empty, or says why it failed."""

    fault: str = ""


def answer_requests(pipe: "Connection[Any, Any]", runs: Sequence[str], folder: Path, limits: Limits) -> None:
    """The main loop of the worker process, until the pipe is closed.

    Args:
        pipe: takes `AnswerRequest`, gives `Opened`, `Progress` and `Finished`.
        runs: to load.
        folder: of the server's files, removed here where the server was killed.
        limits: of what is read.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this process
    Thread(target=_end_with_server, args=(folder,), daemon=True).start()
    scratch = folder / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    # files of a request that was interrupted are removed with the folder
    os.environ[VARIABLE] = tempfile.tempdir = str(scratch)
    from lddu.serve.answering import Answering  # loads PyTorch

    try:
        answering = Answering(runs, limits)
    except LdduError as fault:
        pipe.send(Finished(str(fault)))
        return
    _limit_memory()
    pipe.send(Opened(answering.models))
    with suppress(EOFError, ConnectionError):
        while True:
            request = pipe.recv()
            scratch.mkdir(parents=True, exist_ok=True)  # it may have been cleared away, as `Jobs` says
            reason = _fault_of(answering, request, pipe)
            return_freed_memory()
            pipe.send(Finished(reason))


def _fault_of(answering: Any, request: AnswerRequest, pipe: "Connection[Any, Any]") -> str:
    try:
        answering.answer(request, lambda stage, share: pipe.send(Progress(stage, share)))
    except LdduError as fault:
        return str(fault)
    except MemoryError:
        return f"Expected enough memory for {request.name}, but there is not; cut it, or make it smaller."
    except (EOFError, ConnectionError):
        raise
    except OSError as fault:  # of a file, extraction makes a sentence
        return f"Expected room and rights to answer {request.name}, but the system refused: {fault.strerror or fault}; mend the server's disk."
    except Exception as fault:  # whatever a strange file provokes costs this request alone
        return f"Expected {request.name} to be answered, but got {type(fault).__name__}; convert the file."
    return ""


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):  # not every system has such a limit
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _end_with_server(folder: Path) -> None:
    """Wait until the server is gone; where it was killed, remove what it could not."""
    server = parent_process()
    assert server is not None
    connection.wait([server.sentinel])
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)
