"""Self-attention over packed steps with dropout on the weights.

Without dropout PyTorch's fused attention is at its best on every device, and on a GPU it has dropout too. On a CPU
dropout sends it to a path several times slower, hence the kernel below: batched products, which are faster with keys
laid out the other way round, a cheap mask, exponentials divided by their sums only after the product, and an own
gradient. Of short sequences the exponentials are kept for it; of long ones they are made again, so that memory grows
with the steps and not with their square.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from lddu.models.kernels.dropout import keep_mask, keep_scale, random_bytes
from lddu.models.kernels.exponentials import BITS, row_exponentials
from lddu.models.kernels.packing import ClipGroup, Packing

WEIGHTS_AT_ONCE = 2**19
"""Attention weights that are computed together: two megabytes, so that they stay near from one use to the next."""

KEPT_PER_NUMBER = 2
"""Weights are kept for the gradient where a step has at most so many of them for each number of its state."""


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
        ctx.seeds, made = [], []
        for group in packing.groups:
            split = _taken(projected, group, 3, heads)
            mixed = torch.empty_like(split[:1])
            ctx.seeds.append(int(torch.empty((), dtype=torch.int64).random_()))
            generator = torch.Generator().manual_seed(ctx.seeds[-1])
            made.append(split)
            keep = ctx.needs_input_grad[0] and _stored_for_gradient(split)
            for some in _blocks(split):
                queries, keys, values = split[:, some]
                exponentials, sums = _exponentials(queries, keys, group, heads, some)
                chance = random_bytes(exponentials, generator)
                dropped = keep_mask(chance, dropout, exponentials.dtype).mul_(exponentials)
                torch.bmm(dropped, values, out=mixed[0, some]).mul_(keep_scale(dropout) / sums)
                if keep:
                    made += [exponentials, sums, chance]
            _put(mixed, out, group, heads)
        ctx.save_for_backward(*made)
        return out

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        waiting = iter(ctx.saved_tensors)
        result, grad = grad.new_empty(len(grad), 3 * grad.shape[1]), grad.contiguous()
        for group, seed in zip(ctx.packing.groups, ctx.seeds, strict=True):
            split = next(waiting)
            (above,) = _taken(grad, group, 1, ctx.heads)
            into, generator = torch.empty_like(split), torch.Generator().manual_seed(seed)
            stored = _stored_for_gradient(split)
            for some in _blocks(split):
                queries, keys, values = split[:, some]
                if stored:
                    exponentials, sums, chance = next(waiting), next(waiting), next(waiting)
                else:
                    exponentials, sums = _exponentials(queries, keys, group, ctx.heads, some)
                    chance = random_bytes(exponentials, generator)
                dropped = keep_mask(chance, ctx.dropout, exponentials.dtype).mul_(exponentials)
                over = above[some] * (keep_scale(ctx.dropout) / sums)
                torch.bmm(dropped.transpose(1, 2), over, out=into[2, some])
                to_scores = torch.bmm(over, values.transpose(1, 2).contiguous()).mul_(dropped)
                to_scores.addcmul_(exponentials, to_scores.sum(dim=-1, keepdim=True) / sums, value=-1)
                temper = 1 / math.sqrt(queries.shape[2])
                _product(to_scores, keys, temper, into[0, some])
                _product(to_scores.transpose(1, 2), queries, temper, into[1, some])
            _put(into, result, group, ctx.heads)
        return result, None, None, None


def _heads(padded: Tensor, group: ClipGroup, parts: int, heads: int) -> Tensor:
    """[N T, parts H] -> [parts, N, heads, T, H / heads], a view."""
    return padded.view(group.clips, group.steps, parts, heads, -1).permute(2, 0, 3, 1, 4)


def _taken(rows: Tensor, group: ClipGroup, parts: int, heads: int) -> Tensor:
    """The group's place in [row, parts H] as [parts, N heads, T, H / heads]: each head of a clip in one piece."""
    return _heads(group.padded(rows[group.rows]), group, parts, heads).contiguous().flatten(1, 2)


def _put(parts: Tensor, rows: Tensor, group: ClipGroup, heads: int) -> None:
    """Write [parts, N heads, T, H / heads] to the group's place in [row, parts H]."""
    slots = rows[group.rows]
    whole = slots if group.places is None else slots.new_empty(group.clips * group.steps, slots.shape[1])
    place = _heads(whole, group, len(parts), heads)
    place.copy_(parts.view(place.shape))
    if group.places is not None:
        torch.index_select(whole, 0, group.places, out=slots)


def _blocks(split: Tensor) -> Iterator[slice]:
    """Ranges of the heads of clips whose weights stay in a processor's cache from one use to the next."""
    _, count, steps, _ = split.shape
    size = max(1, WEIGHTS_AT_ONCE // steps**2)
    return (slice(first, min(first + size, count)) for first in range(0, count, size))


def _stored_for_gradient(split: Tensor) -> bool:
    _, _, steps, width = split.shape
    return steps <= KEPT_PER_NUMBER * width


def _exponentials(queries: Tensor, keys: Tensor, group: ClipGroup, heads: int, some: slice) -> tuple[Tensor, Tensor]:
    """[C, T, T] exponentials of the scores, 0 at padding, and their sums over the keys: the softmax is their quotient."""
    barred = None
    if group.mask is not None:
        clip = torch.arange(some.start, some.stop) // heads
        barred = torch.zeros_like(queries[:, :, 0]).masked_fill_(~group.mask[clip], -torch.inf)[:, None, :]

    def scores() -> Tensor:
        product = _product(queries, keys.transpose(1, 2).contiguous(), BITS / math.sqrt(queries.shape[2]))
        return product if barred is None else product.add_(barred)

    exponentials, sums, _ = row_exponentials(scores)
    return exponentials, sums


def _product(a: Tensor, b: Tensor, scale: float, out: Tensor | None = None) -> Tensor:
    return torch.baddbmm(a.new_empty(1, 1, 1), a, b, beta=0, alpha=scale, out=out)
