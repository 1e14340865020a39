"""Watches that end a training at a chosen place, as a power cut or a Ctrl-C would; and what a training left."""

import json
import os
import signal
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

from lddu.models.family import Losses
from lddu.training.loop import NoCallback


class PowerCut(BaseException):
    """Nothing in the code may catch this."""


class StopIn(NoCallback):
    """Raises at the second step of an epoch (1-based); `member` counts networks from 1."""

    def __init__(self, epoch: int, fault: type[BaseException] = PowerCut, member: int = 1) -> None:
        self.epoch, self.fault, self.member = epoch, fault, member
        self.steps_in_epoch = self.members = self.now = 0

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        """Count."""
        self.members += epoch == 1
        self.now, self.steps_in_epoch = epoch, 0

    def step_done(self, terms: Losses) -> None:
        """Stop where it was agreed."""
        self.steps_in_epoch += 1
        if (self.members, self.now, self.steps_in_epoch) == (self.member, self.epoch, 2):
            raise self.fault


class KillIn(StopIn):
    """As `StopIn`, but the process gets a SIGKILL, which no code can see coming."""

    def step_done(self, terms: Losses) -> None:
        """Kill where it was agreed."""
        try:
            super().step_done(terms)
        except PowerCut:
            os.kill(os.getpid(), signal.SIGKILL)


def left_by(run: Path) -> tuple[bytes, bytes]:
    """Weights and predictions of a run, byte for byte."""
    return (run / "model.safetensors").read_bytes(), (run / "predictions.parquet").read_bytes()


def checkpoint_of(run: Path) -> tuple[str, dict[str, bytes], list[dict[str, Any]]]:
    """Name, tensors and history (without clock times) of the newest checkpoint."""
    folder = max((run / "resume").glob("epoch-*"))
    tensors = {name: array.tobytes() for name, array in load_file(folder / "state.safetensors").items()}
    history = json.loads((folder / "progress.json").read_text())["history"]
    return folder.name, tensors, [{**record, "seconds": 0} for record in history]


class StopAfter(NoCallback):
    """Ends trainings at the n-th epoch of all of them."""

    def __init__(self, epochs: int) -> None:
        self.left = epochs

    def epoch_done(self, record: object) -> None:
        """Stop where it was agreed."""
        self.left -= 1
        if not self.left:
            raise RuntimeError("stopped")
