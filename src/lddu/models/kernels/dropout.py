"""Dropout whose randomness costs little: one random byte decides over one number.

On a CPU PyTorch draws a random number for every element, which takes a fifth of a training step; on other devices its
own dropout is fast and used. Here eight decisions come
from one 64-bit draw, so a rate is kept to the nearest 1/256; the scale of what is kept belongs to the kept share as it
is, so expectations stay exact. Bytes come from the device's default generator unless another is given: whoever seeds
that generator repeats a run bit for bit.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEVELS = 256


def dropped_levels(rate: float) -> int:
    """How many of the 256 values of a byte drop: the rate rounded, but never all of them."""
    return min(round(rate * LEVELS), LEVELS - 1)


def keep_scale(rate: float) -> float:
    """Factor of a kept number, so that its expectation stays."""
    return LEVELS / (LEVELS - dropped_levels(rate))


def random_bytes(like: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Uniform bytes in the shape and on the device of a tensor."""
    words = torch.empty(-(-like.numel() // 8), dtype=torch.int64, device=like.device)
    words.random_(-(2**63), None, generator=generator)
    return words.view(torch.uint8)[: like.numel()].view(like.shape)


def keep_mask(chance: Tensor, rate: float, dtype: torch.dtype) -> Tensor:
    """1 where a byte of `chance` keeps a number, 0 where it drops it."""
    return torch.ge(chance, dropped_levels(rate), out=torch.empty_like(chance, dtype=dtype))


def dropout(x: Tensor, rate: float) -> Tensor:
    """X with a share `rate` of its numbers set to 0 and the others scaled up; x itself where the rate is 0."""
    if rate == 0 or x.device.type != "cpu":
        return F.dropout(x, rate, training=rate > 0)
    return x * _factors(x, rate)


def add_dropped(residual: Tensor, x: Tensor, rate: float) -> Tensor:
    """Residual + dropout(x), in one pass."""
    if rate == 0 or x.device.type != "cpu":
        return residual + F.dropout(x, rate, training=rate > 0)
    x = x.to(residual.dtype)
    return torch.addcmul(residual, x, _factors(x, rate))


class Dropout(nn.Module):
    """`dropout` as a module: active in training.

    Args:
        rate: share that is dropped.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.dropout = rate

    def forward(self, x: Tensor) -> Tensor:
        """X, or in training what dropout leaves of it."""
        return dropout(x, self.dropout if self.training else 0.0)


def _factors(x: Tensor, rate: float) -> Tensor:
    """What multiplies each number of x: 0, or the scale of what is kept. The gradient is one product too, which autograd takes by itself."""
    return keep_mask(random_bytes(x), rate, x.dtype).mul_(keep_scale(rate))
