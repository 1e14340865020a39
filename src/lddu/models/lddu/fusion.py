"""The score networks of the uncertainty-aware fusion, Eq. (10)."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lddu.models.kernels.dropout import Dropout, dropout


class SharedScore(nn.Module):
    """Linear, dropout, ReLU, Linear to one logit; the same network for every emotion."""

    def __init__(self, inputs: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, hidden), Dropout(dropout), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, x: Float[Tensor, "clip emotion input"]) -> Float[Tensor, "clip emotion"]:
        """One logit per emotion."""
        score: Tensor = self.layers(x)
        return score.squeeze(-1)


class ScorePerEmotion(nn.Module):
    """As `SharedScore`, but with a network of its own for every emotion; all are evaluated in one product."""

    def __init__(self, emotions: int, inputs: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.inner_weight = nn.Parameter(torch.empty(emotions, inputs, hidden))
        self.inner_bias = nn.Parameter(torch.empty(emotions, hidden))
        self.outer_weight = nn.Parameter(torch.empty(emotions, hidden))
        self.outer_bias = nn.Parameter(torch.empty(emotions))
        for parameter, fan_in in (
            (self.inner_weight, inputs), (self.inner_bias, inputs), (self.outer_weight, hidden), (self.outer_bias, hidden),
        ):  # fmt: skip
            nn.init.uniform_(parameter, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))

    def forward(self, x: Float[Tensor, "clip emotion input"]) -> Float[Tensor, "clip emotion"]:
        """One logit per emotion."""
        inner = torch.baddbmm(self.inner_bias[:, None], x.transpose(0, 1), self.inner_weight).transpose(0, 1)
        inner = F.relu(dropout(inner, self.dropout if self.training else 0.0))
        logit = torch.baddbmm(self.outer_bias[:, None, None], inner.transpose(0, 1), self.outer_weight[:, :, None])
        return logit.squeeze(-1).t()
