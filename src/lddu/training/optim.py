"""Adam with decoupled weight decay and the schedule of Eq. (12)."""

import torch
from torch import nn

from lddu.config import TrainingConfig
from lddu.models import equations


def make_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter, ICLR 2019) over all parameters; no decay on biases, norms and scalars."""
    decayed: list[nn.Parameter] = []
    free: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        spared = parameter.ndim < 2 or "norm" in name or name.endswith("bias")
        (free if spared else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)


def set_rate(optimizer: torch.optim.Optimizer, config: TrainingConfig, step: int, steps: int) -> None:
    """Put the learning rate of this step (0-based, of all planned steps) into the optimiser."""
    for group in optimizer.param_groups:
        group["lr"] = config.learning_rate * equations.rate_factor(step, steps, config.warmup)
