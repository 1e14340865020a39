"""Any family's network as the rest of the program sees it: scaled features go in, an answer comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.config import FEW_UNITS, ResolvedConfig, modalities_in, or_auto
from lddu.models import equations
from lddu.models.family import Answer, Answered, Family, Task
from lddu.models.scaling import Scaling
from lddu.models.shallow_path import Mixed, PooledPart, ShallowPath


@runtime_checkable
class Separable(Protocol):
    """A network whose modalities are encoded apart and fused afterwards; quick to run again with one of them changed."""

    def unimodal(self, m: int, values: Tensor, mask: Tensor) -> Any:
        """What modality m contributes, from [B, T, D] and [B, T]."""

    def fuse(self, parts: Sequence[Any], presence: Tensor) -> Answered:
        """The answer from what each modality contributes."""


class Network(nn.Module):
    """A family's module behind the scaling of its features, and the path beside it where the settings have one.

    Args:
        family: that builds the module.
        task: emotions and modalities.
        config: settings without ``"auto"``.
    """

    def __init__(self, family: Family, task: Task, config: ResolvedConfig) -> None:
        super().__init__()
        self.family = family
        modalities_in(config.model.mean_of, "model.mean_of", task.dimensions)
        averaged = config.model.averaged(task.dimensions)
        self.averages = tuple(name in averaged for name in task.dimensions)
        self.scaling = Scaling(task.dimensions.values(), config.model.clips_features)
        self.module = family.build(task, config)
        beside = config.model.shallow_networks
        pooled = [2 * dimension for dimension in task.dimensions.values()]
        units = or_auto(config.model.shallow_units, FEW_UNITS)
        self.path = ShallowPath(pooled, len(task.emotions), beside, units) if beside else None

    @property
    def fitted_numbers(self) -> int:
        """How many numbers training fits: parameters, and the weights of the path."""
        beside = self.path.weights if self.path is not None else []
        return sum(weight.numel() for weight in (*self.parameters(), *beside))

    def forward(
        self, values: Sequence[Tensor], mask: Sequence[Tensor], presence: Bool[Tensor, "clip modality"]
    ) -> Answered:
        """Answer a batch.

        Args:
            values: per modality [B, T, D]; padded steps and missing modalities hold anything finite.
            mask: per modality [B, T], False at padding; may be all False where the modality is missing.
            presence: [B, M].
        """
        read, seen = zip(*map(self.read, range(len(values)), values, mask), strict=True)
        scaled = tuple(self.scaling.of(m)(x) for m, x in enumerate(read))
        answer = _answer(self.module(scaled, seen, presence))
        if self.training:  # an objective reads the family's own answer; the network is trained as if there were no path
            return answer
        if self.path is not None:
            answer = self.path.mixed(answer, list(map(equations.masked_mean_and_deviation, scaled, seen)), presence)
        if not any(self.averages):
            return answer
        return Averaged(answer, tuple(real if mean else None for real, mean in zip(mask, self.averages, strict=True)))

    def unimodal(self, m: int, values: Tensor, mask: Tensor) -> Any:
        """What `fuse` takes of modality m, from [B, T, D] and [B, T]."""
        values, mask = self.read(m, values, mask)
        scaled = self.scaling.of(m)(values)
        part = self.module.unimodal(m, scaled, mask) if isinstance(self.module, Separable) else (scaled, mask)
        return part if self.path is None else PooledPart(part, equations.masked_mean_and_deviation(scaled, mask))

    def fuse(self, parts: Sequence[Any], presence: Bool[Tensor, "clip modality"]) -> Answered:
        """The answer from what `unimodal` gave of each modality."""
        if self.path is None:
            return self._fused(parts, presence)
        answer = self._fused([pooled.part for pooled in parts], presence)
        return self.path.mixed(answer, [pooled.pooled for pooled in parts], presence)

    def read(self, m: int, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T, D] and [B, T] that the network reads of modality m: all steps, or their mean as the only one."""
        return equations.mean_step(values, mask) if self.averages[m] else (values, mask)

    def _fused(self, parts: Sequence[Any], presence: Bool[Tensor, "clip modality"]) -> Answered:
        if isinstance(self.module, Separable):
            return self.module.fuse(parts, presence)
        values, mask = zip(*parts, strict=True)
        return _answer(self.module(values, mask, presence))

    def latents(self, answer: Answered) -> tuple[Tensor, Tensor]:
        """The latent distributions of an answer, of a family that has them: mean and standard deviation [B, M, E, P]."""
        assert self.family.latents is not None
        while isinstance(answer, Averaged | Mixed):
            answer = answer.network
        return self.family.latents(answer)

    def distance(self, values: Sequence[Tensor], mask: Sequence[Tensor]) -> Float[Tensor, "clip modality"]:
        """How far each modality lies from the clips of training, whatever the answer; 0 where it is missing."""
        read = map(self.read, range(len(values)), values, mask)
        distances = [self.scaling.of(m).distance(x, seen) for m, (x, seen) in enumerate(read)]
        return torch.stack(distances, dim=1)


@dataclass(frozen=True)
class Averaged:
    """The answer of a network that read the mean of some sequences, beside those.

    Attributes:
        network: the answer.
        mask: per modality [B, T] of the sequences that it read the mean of; None where it read every step.
    """

    network: Answered
    mask: tuple[Tensor | None, ...]

    @property
    def logit(self) -> Tensor:
        """[B, E]."""
        return self.network.logit

    @property
    def evidence(self) -> Mapping[str, Tensor | tuple[Tensor, ...]]:
        """That of the network; what it has per step is even over the steps of an averaged sequence, as each counts alike."""
        evidence = dict(self.network.evidence)
        for name, value in evidence.items():
            if isinstance(value, tuple):
                evidence[name] = tuple(
                    weights if mask is None else weights * _even(mask)
                    for weights, mask in zip(value, self.mask, strict=True)
                )
        return evidence


def _even(mask: Tensor) -> Tensor:
    """[B, 1, T] equal shares of the real steps; of none, of the first."""
    there = mask.float()
    there[:, 0] = torch.where(mask.any(dim=1), there[:, 0], 1.0)
    return (there / there.sum(dim=1, keepdim=True))[:, None]


def _answer(given: Answered | Tensor) -> Answered:
    """What a module returned as an answer: bare logits have no evidence."""
    return Answer(given) if isinstance(given, Tensor) else given


def renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights under today's names: runs of format 1 hold LDDU's module bare, with the scaling inside its encoders."""
    if any(name.startswith("scaling.") for name in weights):
        return dict(weights)
    return {_renamed(name): value for name, value in weights.items()}


def _renamed(name: str) -> str:
    parts = name.split(".")
    if len(parts) == 4 and parts[0] == "encoders" and parts[2] == "standardise":
        return f"scaling.{parts[1]}.{parts[3]}"
    return f"module.{name}"
