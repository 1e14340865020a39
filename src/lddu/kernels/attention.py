"""Self-attention over packed steps with dropout on the weights.

Without dropout PyTorch's fused attention is at its best on every device, and on a GPU it has dropout too. On a CPU
dropout sends it to a path several times slower, hence the kernel below: batched products of contiguous heads, a cheap
mask, and weights that are computed again in the backward pass instead of kept: a product more, and memory that grows
with the steps and not with their square.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from lddu.kernels.dropout import kept, kept_scale, random_bytes
from lddu.kernels.packing import ClipGroup, Packing

WEIGHTS_AT_ONCE = 2**18
"""Attention weights that are computed together: a megabyte, so that they stay in the cache from one use to the next."""

LARGE_HEAD = 2**16
"""From this many attention weights of one head on, over all clips of a group, heads are worth a call each."""


def self_attention(
    projected: Float[Tensor, "row three_hidden"], packing: Packing, heads: int, dropout: float
) -> Float[Tensor, "row hidden"]:
    """Scaled dot-product attention of every step to the steps of its clip.

    Args:
        projected: queries, keys and values of a row side by side.
        packing: which rows make a clip.
        heads: number of heads.
        dropout: rate on the attention weights.
    """
    if dropout and projected.device.type == "cpu":
        return _DroppedAttention.apply(projected, packing, heads, dropout)  # type: ignore[no-untyped-call, no-any-return]
    return _fused_attention(projected, packing, heads, dropout)


def _fused_attention(projected: Tensor, packing: Packing, heads: int, dropout: float) -> Tensor:
    mixed = []
    for group, part in zip(packing.groups, torch.split(projected, packing.group_sizes), strict=True):
        split = group.padded(part).view(group.clips, group.steps, 3, heads, -1)
        mask = None if group.mask is None else group.mask[:, None, None, :]
        q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        mixed.append(group.real(attended.transpose(1, 2).flatten(2).flatten(0, 1)))
    if len(mixed) == 1:
        return mixed[0]
    return torch.cat(mixed) if mixed else projected[:, : projected.shape[1] // 3]


class _DroppedAttention(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)  # type: ignore[untyped-decorator]
    def forward(ctx: Any, projected: Tensor, packing: Packing, heads: int, dropout: float) -> Tensor:
        out = projected.new_empty(len(projected), projected.shape[1] // 3)
        ctx.packing, ctx.heads, ctx.dropout = packing, heads, dropout
        ctx.seeds = []
        for group in packing.groups:
            split = _heads(group.padded(projected[group.rows]), group, 3, heads)
            mixed = split.new_empty(split.shape[1:])[None]
            ctx.seeds.append(int(torch.empty((), dtype=torch.int64).random_()))
            generator = torch.Generator().manual_seed(ctx.seeds[-1])
            for given, (into,) in zip(_lanes(split), _lanes(mixed), strict=True):
                for some in _blocks(given):
                    queries, keys, values = given[:, some]
                    weights = _attention_weights(queries, keys, group, some)
                    weights *= kept(random_bytes(weights, generator), dropout, weights.dtype)
                    _scaled_product(weights, values, kept_scale(dropout), into[some])
            out[group.rows] = group.real(_rows(mixed, group))
        ctx.save_for_backward(projected)
        return out

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (projected,) = ctx.saved_tensors
        scale = kept_scale(ctx.dropout)
        out, grad = torch.empty_like(projected), grad.contiguous()
        for group, seed in zip(ctx.packing.groups, ctx.seeds, strict=True):
            split = _heads(group.padded(projected[group.rows]), group, 3, ctx.heads)
            above = _heads(group.padded(grad[group.rows]), group, 1, ctx.heads)
            result, generator = split.new_empty(split.shape), torch.Generator().manual_seed(seed)
            for given, (over,), into in zip(_lanes(split), _lanes(above), _lanes(result), strict=True):
                for some in _blocks(given):
                    queries, keys, values = given[:, some]
                    to_queries, to_keys, to_values = into[:, some]
                    weights = _attention_weights(queries, keys, group, some)
                    mask = kept(random_bytes(weights, generator), ctx.dropout, weights.dtype)
                    to_weights = _scaled_product(over[some], values.transpose(1, 2), scale).mul_(mask)
                    _scaled_product(mask.mul_(weights).transpose(1, 2), over[some], scale, to_values)
                    to_scores = torch._softmax_backward_data(to_weights, weights, -1, weights.dtype)
                    temper = 1 / math.sqrt(queries.shape[2])
                    _scaled_product(to_scores, keys, temper, to_queries)
                    _scaled_product(to_scores.transpose(1, 2), queries, temper, to_keys)
            out[group.rows] = group.real(_rows(result, group))
        return out, None, None, None


def _heads(padded: Tensor, group: ClipGroup, parts: int, heads: int) -> Tensor:
    """[N T, parts H] -> [parts, heads, N, T, H / heads], a view."""
    return padded.view(group.clips, group.steps, parts, heads, -1).permute(2, 3, 0, 1, 4)


def _lanes(split: Tensor) -> list[Tensor]:
    """What is gone through one after the other: [parts, N, T, H / heads] of each head where it is large.

    A large head is read where it lies; small ones would cost a call each, so they are copied side by side: one
    [parts, heads N, T, H / heads].
    """
    _, _, clips, steps, _ = split.shape
    return list(split.unbind(1)) if clips * steps**2 >= LARGE_HEAD else [split.flatten(1, 2)]


def _blocks(lane: Tensor) -> list[slice]:
    """Ranges of a lane whose weights stay in a processor's cache from one use to the next."""
    _, count, steps, _ = lane.shape
    size = max(1, WEIGHTS_AT_ONCE // steps**2)
    return [slice(first, min(first + size, count)) for first in range(0, count, size)]


def _rows(split: Tensor, group: ClipGroup) -> Tensor:
    """The reverse of `_heads`, a copy."""
    return split.permute(2, 3, 0, 1, 4).reshape(group.clips * group.steps, -1)


def _attention_weights(queries: Tensor, keys: Tensor, group: ClipGroup, some: slice) -> Tensor:
    """Softmax of the scores of a part of a lane."""
    scores = _scaled_product(queries, keys.transpose(1, 2), 1 / math.sqrt(queries.shape[2]))
    if group.mask is not None:
        clip = torch.arange(some.start, some.stop) % group.clips
        barred = torch.zeros_like(scores[:, 0]).masked_fill_(~group.mask[clip], -torch.inf)
        scores.add_(barred[:, None, :])
    return scores.softmax(dim=-1)


def _scaled_product(a: Tensor, b: Tensor, scale: float, out: Tensor | None = None) -> Tensor:
    return torch.baddbmm(a.new_empty(1, 1, 1), a, b, beta=0, alpha=scale, out=out)
