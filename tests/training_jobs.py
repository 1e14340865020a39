"""Trainings of the tests of jobs, in a module that worker processes can import."""

import os
import signal
import warnings
from pathlib import Path

from lddu.training.loop import TrainingCallback


def leave(file: Path, callback: TrainingCallback) -> None:
    """Warn of the same as others, and of something of its own; leave a file."""
    warnings.warn("features are odd", UserWarning, stacklevel=1)
    warnings.warn(f"{file.name} is odd", UserWarning, stacklevel=1)
    callback.epoch_done({"epoch": 1})
    file.touch()


def die(callback: TrainingCallback) -> None:
    """As a process that the system ends because memory has run out."""
    os.kill(os.getpid(), signal.SIGKILL)


class UnsendableError(Exception):
    """Cannot be made again from its words, as a pickle does it."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")


def fail(callback: TrainingCallback) -> None:
    """As a model of somebody's own that is wrong."""
    raise UnsendableError("layer 3", "no such width")
