"""The two parts of a softmax, numerators and their sums, for whoever can divide later and by less.

On a processor PyTorch's softmax finds the maximum of each row first, which takes longer than the exponentials. Where
scores are of moderate size no maximum is needed: the sums show afterwards whether one was. The exponentials are powers of 2, for
PyTorch's `exp` can take some twenty times as long over a score of -inf, which every barred key has, as over another;
its `exp2` does not.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

BITS = 1 / math.log(2)
"""What a score is multiplied by beforehand: exp(s) = 2^(BITS s)."""

SMALLEST_SUM = 1e-20
"""Sums of exponentials from this to its reciprocal are far from what float32 can hold; others are made anew."""


def row_exponentials(
    make_scores: Callable[[], Float[Tensor, "*axes key"]],
) -> tuple[Float[Tensor, "*axes key"], Float[Tensor, "*axes 1"], Float[Tensor, "*#axes 1"]]:
    """2^(t - shift) of scores t, their sums over the last axis, and the shift: 0, or where needed the row's maximum.

    Args:
        make_scores: gives the scores, `BITS` times those of the softmax, each time anew, for they are overwritten; -inf
            where a key is barred.
    """
    scores = make_scores()
    if scores.device.type != "cpu":  # to ask for the sums would be to wait for the device
        return _less_their_maximum(scores)
    exponentials = scores.exp2_()
    sums = exponentials.sum(dim=-1, keepdim=True)
    least, most = torch.aminmax(sums)
    if bool((least > SMALLEST_SUM) & (most < 1 / SMALLEST_SUM)):
        return exponentials, sums, torch.zeros_like(sums[:1])
    return _less_their_maximum(make_scores())


def _less_their_maximum(scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """See `row_exponentials`; the scores are overwritten."""
    shift = scores.amax(dim=-1, keepdim=True)
    exponentials = scores.sub_(shift).exp2_()
    return exponentials, exponentials.sum(dim=-1, keepdim=True), shift
