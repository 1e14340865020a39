"""From a modality's states to one vector per emotion, and from there to a Gaussian: Eq. (4), (5), (17)."""

import itertools

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.models import equations


class EmotionAttention(nn.Module):
    """Parameters of Eq. (4) for one modality, and the query residual of Eq. (17) where it is on."""

    def __init__(self, hidden: int, dropout: float, query_residual: bool) -> None:
        super().__init__()
        self.dropout = dropout
        self.query_residual = query_residual
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.output = nn.Linear(hidden, hidden)

    def forward(
        self,
        emotions: Float[Tensor, "emotion hidden"],
        states: Float[Tensor, "clip step hidden"],
        mask: Bool[Tensor, "clip step"],
    ) -> tuple[Float[Tensor, "clip emotion hidden"], Float[Tensor, "clip emotion step"]]:
        """Emotion vectors and the attention over the steps."""
        dropout = self.dropout if self.training else 0.0
        if self.query_residual and states.shape[1] == 1:  # without it the queries would be left without a gradient
            vectors, attention = equations.attend_one_step(states, len(emotions), self, dropout)
        else:
            vectors, attention = equations.attend_emotions(emotions, states, mask, self, dropout)
        if self.query_residual:
            vectors = equations.with_query(vectors, equations.linear(emotions, self.query))
        return vectors, attention


class NoiseMeter(nn.Module):
    """Parameters of Eq. (18) for one modality: how noisy a clip's features are, from their size and restlessness.

    Args:
        dimension: D, features per step.
        hidden: width of its one hidden layer.
    """

    LIMIT = 2.0

    def __init__(self, dimension: int, hidden: int) -> None:
        super().__init__()
        self.inner = nn.Linear(2 * dimension, hidden)
        self.outer = nn.Linear(hidden, 1)

    def forward(
        self, steps: Float[Tensor, "clip step feature"], mask: Bool[Tensor, "clip step"]
    ) -> Float[Tensor, " clip"]:
        """Q, the log factor of the standard deviations, within +-LIMIT."""
        noise = self.outer(F.relu(self.inner(equations.step_statistics(steps, mask)))).squeeze(-1)
        return self.LIMIT * torch.tanh(noise / self.LIMIT)


class LatentDistribution(nn.Module):
    """Parameters of Eq. (5) for one modality: three ReLU layers, then mean and log variance."""

    def __init__(self, hidden: int, latent: int) -> None:
        super().__init__()
        widths = (hidden, hidden * 3 // 4, hidden // 2, hidden // 2)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(widths))
        self.mean = nn.Linear(widths[-1], latent)
        self.log_variance = nn.Linear(widths[-1], latent)

    def forward(
        self, vectors: Float[Tensor, "clip emotion hidden"]
    ) -> tuple[Float[Tensor, "clip emotion latent"], Float[Tensor, "clip emotion latent"]]:
        """Mean and standard deviation per emotion."""
        for layer in self.layers:
            vectors = F.relu(layer(vectors))
        return equations.latent_distribution(vectors, self.mean, self.log_variance)
