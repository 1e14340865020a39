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
    return torch.cat(mixed) if mixed else projected[:, : projected.shape[1] // 3]


class _DroppedAttention(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)  # type: ignore[untyped-decorator]
    def forward(ctx: Any, projected: Tensor, packing: Packing, heads: int, dropout: float) -> Tensor:
        out = projected.new_empty(len(projected), projected.shape[1] // 3)
        ctx.packing, ctx.heads, ctx.dropout = packing, heads, dropout
        ctx.seeds = []
        for group in packing.groups:
            queries, keys, values = _heads(group.padded(projected[group.rows]), group, 3, heads)
            mixed = torch.empty_like(queries)
            ctx.seeds.append(int(torch.empty((), dtype=torch.int64).random_()))
            generator = torch.Generator().manual_seed(ctx.seeds[-1])
            for some in _blocks(queries):
                weights = _attention_weights(queries[some], keys[some], group, heads, some)
                masked = weights * kept(random_bytes(weights, generator), dropout, weights.dtype)
                mixed[some] = _scaled_product(masked, values[some], kept_scale(dropout))
            out[group.rows] = group.real(_rows(mixed[None], group))
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
            (above,) = _heads(group.padded(grad[group.rows]), group, 1, ctx.heads)
            result, generator = torch.empty_like(split), torch.Generator().manual_seed(seed)
            for some in _blocks(above):
                queries, keys, values = split[:, some]
                weights = _attention_weights(queries, keys, group, ctx.heads, some)
                mask = kept(random_bytes(weights, generator), ctx.dropout, weights.dtype)
                to_weights = _scaled_product(above[some], values.transpose(1, 2), scale).mul_(mask)
                result[2, some] = _scaled_product(mask.mul_(weights).transpose(1, 2), above[some], scale)
                to_scores = torch._softmax_backward_data(to_weights, weights, -1, weights.dtype)
                temper = 1 / math.sqrt(queries.shape[2])
                result[0, some] = _scaled_product(to_scores, keys, temper)
                result[1, some] = _scaled_product(to_scores.transpose(1, 2), queries, temper)
            out[group.rows] = group.real(_rows(result, group))
        return out, None, None, None


def _blocks(queries: Tensor) -> list[slice]:
    """Ranges of (clip, head) whose weights stay in a processor's cache from one use to the next."""
    count, steps, _ = queries.shape
    size = max(1, WEIGHTS_AT_ONCE // steps**2)
    return [slice(first, min(first + size, count)) for first in range(0, count, size)]


def _heads(padded: Tensor, group: ClipGroup, parts: int, heads: int) -> Tensor:
    """[N T, parts H] -> [parts, N heads, T, H / heads], contiguous."""
    split = padded.view(group.clips, group.steps, parts, heads, -1).permute(2, 0, 3, 1, 4)
    return split.reshape(parts, group.clips * heads, group.steps, -1)


def _rows(split: Tensor, group: ClipGroup) -> Tensor:
    """The reverse of `_heads`."""
    parts, _, steps, width = split.shape
    return split.view(parts, group.clips, -1, steps, width).permute(1, 3, 0, 2, 4).reshape(group.clips * steps, -1)


def _attention_weights(queries: Tensor, keys: Tensor, group: ClipGroup, heads: int, some: slice) -> Tensor:
    """Softmax of the scores of some (clip, head) of a group."""
    scores = _scaled_product(queries, keys.transpose(1, 2), 1 / math.sqrt(queries.shape[2]))
    if group.mask is not None:
        clip = torch.arange(some.start, some.stop) // heads
        barred = torch.zeros_like(scores[:, 0]).masked_fill_(~group.mask[clip], -torch.inf)
        scores.add_(barred[:, None, :])
    return scores.softmax(dim=-1)


def _scaled_product(a: Tensor, b: Tensor, scale: float) -> Tensor:
    return torch.baddbmm(a.new_empty(1, 1, 1), a, b, beta=0, alpha=scale)
