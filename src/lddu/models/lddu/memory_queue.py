"""The first-in-first-out memory of past features, Eq. (8): plain state, saved with the checkpoint."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

EMPTY = -1


class MemoryQueue(nn.Module):
    """A ring buffer of (feature, class) pairs without gradient. Content, classes and position are buffers.

    Args:
        size: most pairs kept; 0 keeps none.
        width: numbers per feature, 2 P.
    """

    features: Tensor
    classes: Tensor
    position: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.register_buffer("features", torch.zeros(size, width))
        self.register_buffer("classes", torch.full((size,), EMPTY))
        self.register_buffer("position", torch.zeros((), dtype=torch.long))

    def filled(self) -> tuple[Float[Tensor, "key width"], Int[Tensor, " key"]]:
        """The pairs held now."""
        held = self.classes != EMPTY
        if bool(held.all()):
            return self.features, self.classes
        return self.features[held], self.classes[held]

    @torch.no_grad()
    def push(self, features: Float[Tensor, "key width"], classes: Int[Tensor, " key"]) -> None:
        """Put pairs in place of the oldest ones; of more than fit, the last are kept."""
        size = len(self.classes)
        features, classes = features[max(0, len(features) - size) :], classes[max(0, len(classes) - size) :]
        if not len(classes):
            return
        slots = (self.position + torch.arange(len(classes), device=classes.device)) % size
        self.features[slots] = features.detach().to(self.features.dtype)
        self.classes[slots] = classes
        self.position.copy_((self.position + len(classes)) % size)
