"""The log-sum-exp of the contrastive loss, some anchors at a time, with its gradient from the same pass.

Autograd would keep several [anchor, key] matrices and go over each many times. Here the exponentials of a few anchors are
made, used for the value and for the gradient, and forgotten: two products with the keys, no graph, memory for one
chunk.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from lddu.models.kernels.exponentials import BITS, row_exponentials

ANCHORS_AT_ONCE = 384
"""Enough for the products to run at full speed, 14 MB at 9,344 keys."""


def weighted_logsumexp(
    keys: Float[Tensor, "key width"], weights: Float[Tensor, " anchor"], scale: float, learning: int
) -> Float[Tensor, ""]:
    """Sum over anchors i of weights_i log sum_{j != i} exp(scale f_i . f_j).

    Args:
        keys: f; the first ones are the anchors.
        weights: of the anchors; take no gradient.
        scale: of the products.
        learning: how many keys, from the first, take a gradient; at least all anchors.
    """
    with torch.autocast(keys.device.type, enabled=False):
        return _WeightedLogSumExp.apply(keys, weights, scale, learning)  # type: ignore[no-untyped-call, no-any-return]


class _WeightedLogSumExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, keys: Tensor, weights: Tensor, scale: float, learning: int) -> Tensor:
        total = keys.new_zeros(())
        gradient = keys.new_zeros(learning, keys.shape[1]) if ctx.needs_input_grad[0] else None
        for first in range(0, len(weights), ANCHORS_AT_ONCE):
            block = slice(first, min(first + ANCHORS_AT_ONCE, len(weights)))
            some = keys[block] * scale

            def scores(some: Tensor = some, block: slice = block) -> Tensor:
                products = (BITS * some) @ keys.T
                products[:, block].fill_diagonal_(-torch.inf)
                return products

            exponentials, sums, shift = row_exponentials(scores)
            total += weights[block] @ (sums.log() + shift / BITS)[:, 0]
            if gradient is not None:
                share = weights[block, None] / sums
                gradient[block] += share * scale * (exponentials @ keys)
                gradient.addmm_(exponentials[:, :learning].T, share * some)
        ctx.save_for_backward(gradient)
        ctx.keys = len(keys)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        whole = gradient.new_zeros(ctx.keys, gradient.shape[1])
        torch.mul(gradient, grad, out=whole[: len(gradient)])
        return whole, None, None, None
