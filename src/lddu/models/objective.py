"""The plainest objective: binary cross-entropy of the logits over the labels that are known."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from lddu.models import equations
from lddu.models.family import Answered, Losses


class PresenceObjective(nn.Module):
    """BCE against presence, or against shares of raters, Eq. (16).

    Args:
        target: what the logits are compared with.
        present_at: share from which an emotion counts as present.
    """

    def __init__(self, target: Literal["presence", "shares"], present_at: float) -> None:
        super().__init__()
        self.target: Literal["presence", "shares"] = target
        self.present_at = present_at

    def forward(
        self,
        network: nn.Module,
        answer: Answered,
        shares: Float[Tensor, "clip emotion"],
        noise: Float[Tensor, "clip modality"],
    ) -> Losses:
        """The loss of a batch.

        Args:
            network: is not read.
            answer: of the network.
            shares: of raters, NaN where unknown.
            noise: is not read.
        """
        target, known = equations.training_target(shares, self.present_at, self.target)
        bce = equations.masked_bce(answer.logit, target, known)
        return Losses(bce, {"bce": bce})
