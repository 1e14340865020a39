"""Self-attention over packed steps with dropout on the weights.

Without dropout PyTorch's fused attention is at its best on every device, and on a GPU it has dropout too. On a CPU
dropout sends it to a path several times slower, hence the kernel below: batched products of contiguous heads, a cheap
mask, and for long sequences weights that are computed again in the backward pass instead of kept.
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

LONGEST_KEPT = 128
"""Up to this many steps the attention weights are kept for the backward pass."""


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
        ctx.seeds, weights = [], []
        for group in packing.groups:
            queries, keys, values = _heads(group.padded(projected[group.rows]), group, 3, heads)
            seed = int(torch.empty((), dtype=torch.int64).random_())
            softmax = _attention_weights(queries, keys, group)
            mixed = _scaled_product(softmax * _kept(softmax, seed, dropout), values, kept_scale(dropout))
            out[group.rows] = group.real(_rows(mixed[None], group))
            ctx.seeds.append(seed)
            weights.append(softmax if group.steps <= LONGEST_KEPT else None)
        ctx.save_for_backward(projected, *weights)
        return out

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        projected, *weights = ctx.saved_tensors
        heads, scale = ctx.heads, kept_scale(ctx.dropout)
        grad = grad.contiguous()
        out = torch.empty_like(projected)
        for group, seed, softmax in zip(ctx.packing.groups, ctx.seeds, weights, strict=True):
            queries, keys, values = _heads(group.padded(projected[group.rows]), group, 3, heads)
            (above,) = _heads(group.padded(grad[group.rows]), group, 1, heads)
            softmax = _attention_weights(queries, keys, group) if softmax is None else softmax
            mask = _kept(softmax, seed, ctx.dropout)
            to_values = _scaled_product((softmax * mask).transpose(1, 2), above, scale)
            to_weights = _scaled_product(above, values.transpose(1, 2), scale).mul_(mask)
            to_scores = torch._softmax_backward_data(to_weights, softmax, -1, softmax.dtype)
            temper = 1 / math.sqrt(queries.shape[2])
            to_queries = _scaled_product(to_scores, keys, temper)
            to_keys = _scaled_product(to_scores.transpose(1, 2), queries, temper)
            gathered = _rows(torch.stack([to_queries, to_keys, to_values]), group)
            out[group.rows] = group.real(gathered)
        return out, None, None, None


def _heads(padded: Tensor, group: ClipGroup, parts: int, heads: int) -> Tensor:
    """[N T, parts H] -> [parts, N heads, T, H / heads], contiguous."""
    split = padded.view(group.clips, group.steps, parts, heads, -1).permute(2, 0, 3, 1, 4)
    return split.reshape(parts, group.clips * heads, group.steps, -1)


def _rows(split: Tensor, group: ClipGroup) -> Tensor:
    """The reverse of `_heads`."""
    parts, _, steps, width = split.shape
    return split.view(parts, group.clips, -1, steps, width).permute(1, 3, 0, 2, 4).reshape(group.clips * steps, -1)


def _attention_weights(queries: Tensor, keys: Tensor, group: ClipGroup) -> Tensor:
    scores = _scaled_product(queries, keys.transpose(1, 2), 1 / math.sqrt(queries.shape[2]))
    if group.mask is not None:
        barred = torch.zeros_like(group.mask, dtype=scores.dtype).masked_fill_(~group.mask, -torch.inf)
        scores.view(group.clips, -1, group.steps, group.steps).add_(barred[:, None, None, :])
    return scores.softmax(dim=-1)


def _kept(weights: Tensor, seed: int, dropout: float) -> Tensor:
    return kept(random_bytes(weights, torch.Generator().manual_seed(seed)), dropout, weights.dtype)


def _scaled_product(a: Tensor, b: Tensor, scale: float) -> Tensor:
    return torch.baddbmm(a.new_empty(1, 1, 1), a, b, beta=0, alpha=scale)
