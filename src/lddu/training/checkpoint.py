"""Everything that changes in training, on disk: weights, optimiser, contrastive memory, best weights, history.

A checkpoint is a folder that appears under its final name only when it is whole, so a kill in the middle of a write
leaves the one before. Randomness needs no state (`lddu.training.seed`).
"""

import json
import shutil
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from lddu.errors import RunError
from lddu.machine.atomic import replaced_folder
from lddu.machine.ranks import ALONE, Ranks
from lddu.models.network import Network, renamed
from lddu.training.optim import AdamW


@dataclass
class TrainingState:
    """Progress of a training.

    Attributes:
        epoch: epochs completed.
        best_score: best validation score so far, of the kind that `training.checkpoint` names; -1 before the first epoch.
        best_epoch: when (1-based); 0 before the first epoch.
        seconds: spent in training, over all sittings.
        history: one record per epoch, as `log.jsonl` holds them.
        best_weights: the network's weights at the best epoch; empty before the first.
    """

    epoch: int = 0
    best_score: float = -1.0
    best_epoch: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)
    best_weights: dict[str, Tensor] = field(default_factory=dict)

    @property
    def best_figures(self) -> dict[str, Any]:
        """Validation figures of the best epoch."""
        figures: dict[str, Any] = self.history[self.best_epoch - 1]["valid"]
        return figures

    @property
    def stagnant(self) -> int:
        """Epochs since the best score so far."""
        return self.epoch - self.best_epoch


@dataclass(frozen=True)
class Trainee:
    """What is trained: the network, the objective with its state, the optimiser, and the averaged weights, if any."""

    model: Network
    objective: nn.Module
    optimizer: AdamW
    average: AveragedModel | None = None
    ranks: Ranks = ALONE

    @property
    def validated(self) -> Network:
        """The network that is validated and saved: the averaged one where there is one."""
        network = self.model if self.average is None else self.average.module
        assert isinstance(network, Network)
        return network

    @cached_property
    def _averaged(self) -> Tensor:
        """The averaged weights in one tensor, in the order of the optimiser's."""
        assert self.average is not None
        pairs = zip(self.model.parameters(), self.average.module.parameters(), strict=True)
        return self.optimizer.beside({id(current): averaged for current, averaged in pairs})

    @cached_property
    def _has_buffers(self) -> bool:
        """Whether the family's module counts something beside its weights; scaling and path do not change in training."""
        return any(True for _ in self.model.module.buffers())

    def update_average(self, decay: float) -> None:
        """Update the averaged weights, if any; the first weights, and all buffers, are copied as they are."""
        if self.average is None:
            return
        self._averaged.lerp_(self.optimizer.weights, 1 - decay if int(self.average.n_averaged) else 1.0)
        if self._has_buffers:
            for current, averaged in zip(self.model.module.buffers(), self.validated.module.buffers(), strict=True):
                averaged.copy_(current)
        self.average.n_averaged += 1


def save(folder: Path, trainee: Trainee, state: TrainingState) -> None:
    """Write `folder/epoch-N` and remove older ones."""
    tensors = {f"model.{name}": value for name, value in trainee.model.state_dict().items()}
    tensors |= {f"objective.{name}": value for name, value in trainee.objective.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in state.best_weights.items()}
    if trainee.average is not None:
        tensors |= {f"average.{name}": value for name, value in trainee.average.state_dict().items()}
    for index, moments in trainee.optimizer.state().items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in moments.items()}
    progress = {f.name: getattr(state, f.name) for f in fields(state) if f.name != "best_weights"}
    target = folder / f"epoch-{state.epoch:05d}"
    with replaced_folder(target) as temporary:
        save_file(
            {name: value.detach().cpu().contiguous() for name, value in tensors.items()},
            temporary / "state.safetensors",
        )
        (temporary / "progress.json").write_text(json.dumps(progress), encoding="utf-8")
    for old in folder.iterdir():
        if old != target:
            shutil.rmtree(old, ignore_errors=True)


def load(folder: Path, trainee: Trainee) -> TrainingState:
    """Put the newest whole checkpoint into `trainee`; a fresh `TrainingState` where there is none.

    The first rank reads and broadcasts to the others; a checkpoint holds nothing that depends on their number.

    Raises:
        RunError: where a checkpoint is damaged or of another model.
    """
    ranks = trainee.ranks
    whole = sorted(folder.glob("epoch-?????")) if ranks.first and folder.is_dir() else []
    content = ranks.from_first(lambda: _read(whole[-1]) if whole else None)
    if content is None:
        return TrainingState()
    fields, tensors = content
    try:
        trainee.model.load_state_dict(renamed(_under(tensors, "model.")))
        trainee.objective.load_state_dict(_under(tensors, "objective."))
        if trainee.average is not None:
            trainee.average.load_state_dict(_averaged(_under(tensors, "average.")))
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _under(tensors, "optimizer.").items():
            index, _, entry = name.partition(".")
            state.setdefault(int(index), {})[entry] = value
        trainee.optimizer.load_state(state)
        return TrainingState(**fields, best_weights=renamed(_under(tensors, "best.")))
    except (ValueError, TypeError, KeyError, RuntimeError) as fault:
        raise _damaged(whole[-1] if whole else folder, fault) from None


def _read(checkpoint: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        fields = json.loads((checkpoint / "progress.json").read_text(encoding="utf-8"))
        return fields, load_file(checkpoint / "state.safetensors")
    except (OSError, ValueError, SafetensorError) as fault:
        raise _damaged(checkpoint, fault) from None


def _damaged(checkpoint: Path, fault: Exception) -> RunError:
    return RunError(
        f"Expected {checkpoint} to be a checkpoint of this run, but it is damaged ({str(fault).splitlines()[0][:160]}); "
        "remove that folder to start this training anew."
    )


def _averaged(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state of an `AveragedModel`: the weights under today's names, and how often they were averaged."""
    weights = {f"module.{name}": value for name, value in renamed(_under(tensors, "module.")).items()}
    return weights | {name: value for name, value in tensors.items() if not name.startswith("module.")}


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
