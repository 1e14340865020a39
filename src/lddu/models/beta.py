"""A Beta head on late fusion: evidence for and against each emotion, so that a network can say that it does not know.

Evidential learning (Sensoy et al., NeurIPS 2018) for several labels: alpha and beta of an emotion are one more than the
evidence for and against it, its probability is alpha / (alpha + beta), and their sum is how much the network has seen. The loss is
the cross-entropy that is expected under the Beta, and a pull of the misleading evidence towards none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.distributions import Beta, kl_divergence
from torch.nn import functional as F

from lddu.config import ModelSettings, ObjectiveSettings, ResolvedConfig, setting
from lddu.machine.ranks import Ranks
from lddu.models import equations
from lddu.models.family import Evidence, Family, Losses, Task
from lddu.models.late_fusion import DEFAULT as PLAIN
from lddu.models.late_fusion import LateFusion, LateFusionSettings
from lddu.models.searched import Choice, Range


@dataclass(frozen=True)
class BetaObjective(ObjectiveSettings):
    """What the Beta head is trained with."""

    prior_weight: float = setting(0.05, "weight of the pull of misleading evidence towards none", 0)


@dataclass(frozen=True)
class BetaAnswer:
    """The Beta distribution of each emotion.

    Attributes:
        alpha: [B, E] one more than the evidence that it is present.
        beta: [B, E] one more than the evidence that it is absent.
    """

    alpha: Float[Tensor, "clip emotion"]
    beta: Float[Tensor, "clip emotion"]

    @property
    def logit(self) -> Float[Tensor, "clip emotion"]:
        """Of the mean alpha / (alpha + beta)."""
        return self.alpha.log() - self.beta.log()

    @property
    def evidence(self) -> Mapping[str, Tensor | tuple[Tensor, ...]]:
        """How much was seen, for and against."""
        return {"seen": self.alpha + self.beta}


class BetaFusion(nn.Module):
    """Late fusion with two votes per emotion: for and against."""

    def __init__(self, dimensions: list[int], emotions: int, settings: LateFusionSettings) -> None:
        super().__init__()
        self.votes = LateFusion(dimensions, 2 * emotions, settings)

    def forward(
        self, values: tuple[Tensor, ...], mask: tuple[Tensor, ...], presence: Bool[Tensor, "clip modality"]
    ) -> BetaAnswer:
        """Answer a batch of scaled features."""
        present, absent = (1 + F.softplus(self.votes(values, mask, presence).logit)).chunk(2, dim=1)
        return BetaAnswer(present, absent)


class BetaLoss(nn.Module):
    """The expected cross-entropy under the Beta, and the divergence of its misleading part from the flat Beta(1, 1).

    Args:
        settings: of the objective.
        present_at: share from which an emotion counts as present.
    """

    def __init__(self, settings: BetaObjective, present_at: float) -> None:
        super().__init__()
        self.settings = settings
        self.present_at = present_at

    def forward(
        self,
        network: nn.Module,
        answer: BetaAnswer,
        shares: Float[Tensor, "clip emotion"],
        noise: Float[Tensor, "clip modality"],
    ) -> Losses:
        """The loss of a batch; see `lddu.models.family.MakeObjective`."""
        target, known = equations.training_target(shares, self.present_at, self.settings.target)
        expected = _mean(expected_cross_entropy(answer.alpha, answer.beta, target), known)
        misleading = _mean(misleading_evidence(answer.alpha, answer.beta, target), known)
        return Losses(
            expected + self.settings.prior_weight * misleading, {"expected": expected, "misleading": misleading}
        )


def expected_cross_entropy(alpha: Tensor, beta: Tensor, target: Tensor) -> Tensor:
    """E[-y log p - (1 - y) log(1 - p)] for p ~ Beta(alpha, beta): y (psi(s) - psi(alpha)) + (1 - y) (psi(s) - psi(beta))."""
    return (alpha + beta).digamma() - target * alpha.digamma() - (1 - target) * beta.digamma()


def misleading_evidence(alpha: Tensor, beta: Tensor, target: Tensor) -> Tensor:
    """KL(Beta(a, b) | Beta(1, 1)) of the evidence against the target alone; 0 where all evidence is for it."""
    against = Beta(1 + (1 - target) * (alpha - 1), 1 + target * (beta - 1), validate_args=False)
    ones = torch.ones_like(alpha)
    divergence: Tensor = kl_divergence(against, Beta(ones, ones, validate_args=False))
    return divergence


def _mean(values: Tensor, counted: Tensor) -> Tensor:
    return torch.where(counted, values, 0.0).sum() / counted.sum().clamp(min=1)


def _build(task: Task, config: ResolvedConfig) -> nn.Module:
    assert isinstance(config.model, LateFusionSettings)
    return BetaFusion(list(task.dimensions.values()), len(task.emotions), config.model)


def _objective(config: ResolvedConfig, task: Task, ranks: Ranks) -> nn.Module:
    assert isinstance(config.objective, BetaObjective)
    return BetaLoss(config.objective, task.present_at)


SETTINGS: ModelSettings = LateFusionSettings()

BETA = Family(
    "beta",
    _build,
    {"default": replace(PLAIN, family="beta", model=SETTINGS, objective=BetaObjective())},
    objective=_objective,
    evidence=(
        Evidence(
            "seen", ("emotion",), True, "how much evidence the network has for and against an emotion: alpha + beta"
        ),
    ),
    searched=(
        Choice("model.hidden", (32, 64, 128, 256)),
        Range("model.dropout", 0.0, 0.6),
        Range("objective.prior_weight", 0.001, 1.0, log=True),
    ),
)
"""The family: late fusion's network and training."""
