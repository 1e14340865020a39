"""Adam with decoupled weight decay and the schedule of Eq. (12)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from lddu.config import TrainingConfig
from lddu.models import equations
from lddu.training.flat import ALIGNED, clip_norm, flattened, gradient_of

BETAS, EPSILON = (0.9, 0.999), 1e-8


@torch.no_grad()
def move(
    weights: list[Tensor],
    gradients: list[Tensor],
    moments: tuple[list[Tensor], list[Tensor]],
    steps: list[Tensor],
    rate: float,
    decay: float,
) -> None:
    """One step of AdamW, in place.

    Args:
        weights: of one type and device.
        gradients: of each.
        moments: of each, the first and the second; zeros before the first step.
        steps: scalar of each, how often it was moved; is counted up.
        rate: learning rate.
        decay: of the weights.
    """
    adamw(
        weights, gradients, *moments, [], steps, fused=True, amsgrad=False,
        beta1=BETAS[0], beta2=BETAS[1], lr=rate, weight_decay=decay, eps=EPSILON, maximize=False,
    )  # fmt: skip


@dataclass(frozen=True)
class _Run:
    """Neighbours in the flat weights that are moved alike.

    Attributes:
        parameters: their places in the optimiser's order.
        start: of their numbers.
        stop: behind them.
        decay: of the weights.
        step: scalar; how often they were moved.
    """

    parameters: list[int]
    start: int
    stop: int
    decay: float
    step: Tensor


class AdamW:
    """AdamW (Loshchilov & Hutter, ICLR 2019) with clipped gradients, over all weights laid end to end.

    The arithmetic is that of `torch.optim.AdamW`, and so are the names and the order of its state. That class goes over the
    parameters one by one, several times a step, and imports the compiler of PyTorch, which takes seconds. A parameter
    without a gradient is left as it is.

    Args:
        decayed: parameters with weight decay; of one type and device with the others.
        free: those without.
        config: rate and decay.

    Attributes:
        decayed: as given.
        free: as given.
        parameters: all, the decayed ones first.
        weights: all of them in one tensor, of which they are views.
        rate: learning rate of the next step.
    """

    def __init__(self, decayed: Sequence[nn.Parameter], free: Sequence[nn.Parameter], config: TrainingConfig) -> None:
        self.decayed, self.free = list(decayed), list(free)
        self.parameters = self.decayed + self.free
        self.rate = config.learning_rate
        self._decay = [config.weight_decay] * len(decayed) + [0.0] * len(free)
        self._order = sorted(range(len(self.parameters)), key=lambda i: self.parameters[i].numel() % ALIGNED != 0)
        self.weights = flattened([self.parameters[i] for i in self._order])
        self._moments = torch.zeros_like(self.weights), torch.zeros_like(self.weights)
        self._steps = [0] * len(self.parameters)
        self._runs: list[_Run] = []
        self._moved: list[bool] = []

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, most_norm: float = torch.inf) -> None:
        """Move the weights by their gradients, which are scaled to a norm of at most `most_norm` before."""
        moved = [parameter.grad is not None for parameter in self.parameters]
        if moved != self._moved:
            self._note_steps()
            self._moved, self._runs = moved, self._cut(moved)
        gradient = clip_norm(gradient_of([self.parameters[i] for i in self._order]), most_norm)
        for decay, runs in groupby(self._runs, key=lambda run: run.decay):
            some = list(runs)
            weights, gradients, first, second = (
                [flat[run.start : run.stop] for run in some] for flat in (self.weights, gradient, *self._moments)
            )
            move(weights, gradients, (first, second), [run.step for run in some], self.rate, decay)

    def state(self) -> dict[int, dict[str, Tensor]]:
        """Place of each parameter that was ever moved -> `step`, `exp_avg` and `exp_avg_sq`, as PyTorch names them."""
        self._note_steps()
        state = {}
        for i, first, second in zip(self._order, *map(self._pieces, self._moments), strict=True):
            if self._steps[i]:
                state[i] = {"step": torch.tensor(float(self._steps[i])), "exp_avg": first, "exp_avg_sq": second}
        return state

    def load_state(self, state: Mapping[int, Mapping[str, Tensor]]) -> None:
        """Go on from what `state` gave.

        Raises:
            KeyError: where something is missing.
            RuntimeError: where shapes differ.
        """
        self._moved, self._runs = [], []
        for i, first, second in zip(self._order, *map(self._pieces, self._moments), strict=True):
            saved = state.get(i)
            self._steps[i] = int(saved["step"]) if saved else 0
            for moment, name in ((first, "exp_avg"), (second, "exp_avg_sq")):
                moment.copy_(saved[name].view_as(moment)) if saved else moment.zero_()

    def beside(self, others: Mapping[int, nn.Parameter]) -> Tensor:
        """Other parameters in one tensor, of which they become views, in the order of `weights`; `others` has them by the ids of those."""
        return flattened([others[id(self.parameters[i])] for i in self._order])

    def _pieces(self, flat: Tensor) -> list[Tensor]:
        """What belongs to each parameter, in the flat order."""
        shapes = [self.parameters[i].shape for i in self._order]
        return [
            piece.view(shape)
            for piece, shape in zip(torch.split(flat, [s.numel() for s in shapes]), shapes, strict=True)
        ]

    def _note_steps(self) -> None:
        for run in self._runs:
            for i in run.parameters:
                self._steps[i] = int(run.step)

    def _cut(self, moved: Sequence[bool]) -> list[_Run]:
        """The flat weights in runs that are moved alike, sorted by decay."""
        runs, start = [], 0
        for (there, decay, step), run in groupby(self._order, key=lambda i: (moved[i], self._decay[i], self._steps[i])):
            places = list(run)
            stop = start + sum(self.parameters[i].numel() for i in places)
            if there:
                counter = torch.tensor(float(step), device=self.weights.device)
                runs.append(_Run(places, start, stop, decay, counter))
            start = stop
        return sorted(runs, key=lambda run: run.decay)


def make_optimizer(model: nn.Module, config: TrainingConfig) -> AdamW:
    """AdamW over all parameters; no decay on biases, norms and scalars."""
    decayed: list[nn.Parameter] = []
    free: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        spared = parameter.ndim < 2 or "norm" in name or name.endswith("bias")
        (free if spared else decayed).append(parameter)
    return AdamW(decayed, free, config)


def set_rate(optimizer: AdamW, config: TrainingConfig, step: int, steps: int) -> None:
    """Put the learning rate of this step (0-based, of all planned steps) into the optimiser."""
    optimizer.rate = config.learning_rate * equations.rate_factor(step, steps, config.warmup)
