"""Prototypes of CARAT (AAAI 2024): what a modality looks like where a label is present, and where it is absent."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

DECAY = 0.99
TEMPERATURE = 0.1


class Prototypes(nn.Module):
    """A unit vector per modality, label and sign (absent, present): the moving average of its members; zeros before the first.

    Args:
        modalities: M.
        emotions: E.
        width: P.
    """

    average: Tensor

    def __init__(self, modalities: int, emotions: int, width: int) -> None:
        super().__init__()
        self.register_buffer("average", torch.zeros(modalities, emotions, 2, width))

    def forward(
        self, latent: Float[Tensor, "clip modality emotion latent"], there: Bool[Tensor, "clip modality"]
    ) -> Float[Tensor, "clip modality emotion latent"]:
        """The prototype of the likelier sign of each label; in training, the mean of both by their likelihood."""
        average = self.average.clone()  # `move` comes before the way back
        cosine = torch.einsum("bmep,mesp->bmes", latent, average) * there[:, :, None, None]
        mean = cosine.sum(dim=1) / there.sum(dim=1).clamp(min=1)[:, None, None]
        soft = (mean / TEMPERATURE).softmax(dim=-1)
        share = soft if self.training else F.one_hot(mean.argmax(dim=-1), 2).to(soft.dtype)
        return torch.einsum("bes,mesp->bmep", share, average)

    @torch.no_grad()
    def move(
        self,
        latent: Float[Tensor, "clip modality emotion latent"],
        member: Bool[Tensor, "clip modality emotion sign"],
    ) -> None:
        """Move each prototype that has members in a batch towards their mean."""
        count = member.sum(dim=0)[..., None]
        mean = torch.einsum("bmep,bmes->mesp", latent, member.to(latent.dtype)) / count.clamp(min=1)
        moved = F.normalize(DECAY * self.average + (1 - DECAY) * mean, dim=-1)
        self.average.copy_(torch.where(count > 0, moved, self.average))
