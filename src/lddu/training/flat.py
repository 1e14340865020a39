"""Many small tensors as one: what is done to all weights alike then takes one operation instead of one for each."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lddu.errors import RunError
from lddu.sentences import listed

ALIGNED = 16
"""Numbers of float32 in 64 bytes, at whose multiples products read fastest."""


def flattened(parameters: Sequence[nn.Parameter]) -> Tensor:
    """Lay parameters of one type and device end to end; each becomes a view of the tensor that is returned.

    Whoever holds a parameter goes on as before, also a `state_dict` that is read or loaded.

    Raises:
        RunError: where they are of several types.
    """
    types = sorted({str(parameter.dtype).removeprefix("torch.") for parameter in parameters})
    if len(types) > 1:
        raise RunError(
            f"Expected all parameters of a network to be of one type, but got {listed(types)}; convert them."
        )
    with torch.no_grad():
        flat = torch.cat([parameter.detach().flatten() for parameter in parameters])
        pieces = torch.split(flat, [parameter.numel() for parameter in parameters])
        for parameter, piece in zip(parameters, pieces, strict=True):
            parameter.data = piece.view(parameter.shape)
    return flat


def gradient_of(parameters: Sequence[nn.Parameter]) -> Tensor:
    """Their gradients end to end; zeros for one that has none."""
    grads = [p.grad for p in parameters]
    return torch.cat(
        [p.new_zeros(p.numel()) if g is None else g.flatten() for p, g in zip(parameters, grads, strict=True)]
    )


def clip_norm(gradient: Tensor, most: float) -> Tensor:
    """Scale a gradient, in place, to a norm of at most `most`."""
    return gradient.mul_((most / (torch.linalg.vector_norm(gradient) + 1e-6)).clamp(max=1.0))
