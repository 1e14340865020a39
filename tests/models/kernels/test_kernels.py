"""The fast paths give the numbers of the plain formulas, forward and backward."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lddu.models import equations
from lddu.models.kernels import attention as attention_kernel
from lddu.models.kernels import contrastive, packing
from lddu.models.kernels.attention import self_attention
from lddu.models.kernels.dropout import add_dropped, dropout, keep_mask, keep_scale, random_bytes
from lddu.models.kernels.packing import Packing

MASKS = st.lists(st.lists(st.booleans(), min_size=11, max_size=11), min_size=1, max_size=7).map(torch.tensor)


def agree(ours: list[Tensor], plain: list[Tensor]) -> None:
    for found, expected in zip(ours, plain, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def with_gradient(function: Callable[[Tensor], Tensor], x: Tensor) -> list[Tensor]:
    """The value, and the gradient of a weighted sum of it."""
    x = x.clone().requires_grad_()
    value = function(x)
    weights = torch.linspace(-1, 2, value.numel()).view(value.shape)
    torch.autograd.backward((value * weights).sum())
    assert x.grad is not None
    return [value.detach(), x.grad]


# ------------------------------------------------------------------------------------------------------------ packing


@settings(deadline=None, max_examples=40)
@given(MASKS)
def test_packing_keeps_the_real_steps_and_only_those(mask: Tensor) -> None:
    padded = torch.randn(*mask.shape, 3)
    found = Packing.of(mask)
    rows = found.pack(padded)
    assert len(rows) == int(mask.sum())
    assert torch.equal(found.unpack(rows), torch.where(mask[..., None], padded, 0.0))


@settings(deadline=None, max_examples=40)
@given(MASKS)
def test_every_packed_row_is_in_one_group_with_its_clip(mask: Tensor) -> None:
    found = Packing.of(mask)
    clip_of = torch.arange(len(mask))[:, None, None].expand(*mask.shape, 1).float()
    rows = found.pack(clip_of)
    assert [row for group in found.groups for row in range(group.start, group.stop)] == list(range(len(rows)))
    for group in found.groups:
        own = group.padded(rows[group.rows] + 1).view(group.clips, group.steps)
        real = own > 0
        assert all(len(set(clip[here].tolist())) == 1 for clip, here in zip(own, real, strict=True))
        assert group.steps <= packing.SHORT or bool((real.sum(dim=1) >= packing.SHORTEST_SHARE * group.steps).all())
        assert torch.equal(group.real(group.padded(rows[group.rows])), rows[group.rows])


@settings(deadline=None, max_examples=20)
@given(MASKS)
def test_gradients_pass_through_packing_as_through_indexing(mask: Tensor) -> None:
    found = Packing.of(mask)
    x = torch.randn(*mask.shape, 2)
    order = found.pack(torch.arange(mask.numel()).view(*mask.shape, 1).float()).long().squeeze(1)
    agree(with_gradient(found.pack, x), with_gradient(lambda x: x.flatten(0, 1)[order], x))
    rows = torch.randn(int(mask.sum()), 2)
    plain = with_gradient(lambda x: torch.zeros(mask.numel(), 2).index_put((order,), x).view(*mask.shape, 2), rows)
    agree(with_gradient(found.unpack, rows), plain)


# ---------------------------------------------------------------------------------------------------------- attention


def plain_attention(projected: Tensor, found: Packing, heads: int, weight_mask: list[Tensor] | None) -> Tensor:
    """Clip by clip and head by head; `weight_mask` per group [heads, N, T, T] holds what dropout leaves, scaled."""
    out = []
    for number, group in enumerate(found.groups):
        lengths = [group.steps] * group.clips if group.mask is None else group.mask.sum(dim=1).tolist()
        for clip, (rows, steps) in enumerate(zip(torch.split(projected[group.rows], lengths), lengths, strict=True)):
            mixed = []
            for head, (q, k, v) in enumerate(
                zip(*(part.chunk(heads, dim=1) for part in rows.chunk(3, dim=1)), strict=True)
            ):
                weights = (q @ k.T / math.sqrt(q.shape[1])).softmax(dim=-1)
                if weight_mask is not None:
                    weights = weights * weight_mask[number][head, clip, :steps, :steps]
                mixed.append(weights @ v)
            out.append(torch.cat(mixed, dim=1))
    return torch.cat(out) if out else projected[:, : projected.shape[1] // 3]


@settings(deadline=None, max_examples=25)
@given(MASKS)
def test_attention_without_dropout_is_that_of_the_formula(mask: Tensor) -> None:
    torch.manual_seed(0)
    found, heads = Packing.of(mask), 2
    projected = torch.randn(int(mask.sum()), 24)
    plain = with_gradient(lambda x: plain_attention(x, found, heads, None), projected)
    agree(with_gradient(lambda x: self_attention(x, found, heads, 0.0), projected), plain)


@pytest.mark.parametrize("keep", [100, 0], ids=["weights kept", "weights made again"])
@pytest.mark.parametrize("at_once", [2**17, 250], ids=["one block", "several blocks"])
@settings(deadline=None, max_examples=20)
@given(MASKS, st.sampled_from([0.1, 0.3, 0.9]))
def test_attention_with_dropout_is_that_of_the_formula_under_the_same_mask(
    at_once: int, keep: int, mask: Tensor, rate: float
) -> None:
    found, heads = Packing.of(mask), 2
    torch.manual_seed(4)
    projected = torch.randn(int(mask.sum()), 24)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention_kernel, "WEIGHTS_AT_ONCE", at_once)
        patch.setattr(attention_kernel, "KEPT_PER_NUMBER", keep)
        torch.manual_seed(7)
        ours = with_gradient(lambda x: self_attention(x, found, heads, rate), projected)
    torch.manual_seed(7)
    masks = [mask_of(heads, group.clips, group.steps, rate, at_once) for group in found.groups]
    agree(ours, with_gradient(lambda x: plain_attention(x, found, heads, masks), projected))


@pytest.mark.parametrize("size", [30.0, 1000.0])
def test_attention_with_dropout_stays_exact_where_exponentials_would_not(size: float) -> None:
    mask = torch.arange(7) < torch.tensor([[7], [6], [3]])
    found, heads, rate = Packing.of(mask), 2, 0.3
    torch.manual_seed(4)
    projected = torch.randn(int(mask.sum()), 24) * math.sqrt(size)
    torch.manual_seed(7)
    ours = with_gradient(lambda x: self_attention(x, found, heads, rate), projected)
    torch.manual_seed(7)
    masks = [mask_of(heads, group.clips, group.steps, rate, 2**17) for group in found.groups]
    plain = with_gradient(lambda x: plain_attention(x, found, heads, masks), projected)
    for a, b in zip(ours, plain, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4 * size, rtol=1e-4)


def mask_of(heads: int, clips: int, steps: int, rate: float, at_once: int) -> Tensor:
    """[heads, clips, steps, steps] what the kernel's dropout leaves, drawn block by block as it does."""
    generator = torch.Generator().manual_seed(int(torch.empty((), dtype=torch.int64).random_()))
    blocks = torch.split(torch.empty(clips * heads, steps, steps), max(1, at_once // steps**2))
    drawn = torch.cat([keep_mask(random_bytes(block, generator), rate, torch.float32) for block in blocks])
    return drawn.view(clips, heads, steps, steps).transpose(0, 1) * keep_scale(rate)


# ------------------------------------------------------------------------------------------------------------ dropout


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.95, 0.999])
def test_dropout_keeps_the_rate_and_the_expectation(rate: float) -> None:
    torch.manual_seed(0)
    x = dropout(torch.ones(400, 1001), rate)
    assert float((x == 0).float().mean()) == pytest.approx(rate, abs=1 / 256)
    assert float(x.mean()) == pytest.approx(1, abs=0.03)
    assert len(set(x.flatten().tolist())) == 2


def test_random_bytes_are_uniform() -> None:
    torch.manual_seed(1)
    counts = torch.bincount(random_bytes(torch.empty(1 << 18)).long(), minlength=256).double()
    expected = (1 << 18) / 256
    assert float(((counts - expected) ** 2 / expected).sum()) < 350  # chi-square of 255 degrees: 1 in 10,000


def test_a_rate_of_zero_changes_nothing() -> None:
    x, y = torch.randn(3, 5), torch.randn(3, 5)
    assert torch.equal(dropout(x, 0.0), x) and torch.equal(add_dropped(x, y, 0.0), x + y)


def test_the_same_seed_drops_the_same_and_another_does_not() -> None:
    x, drawn = torch.ones(7, 9), []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        drawn.append(dropout(x, 0.5))
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


def test_dropout_passes_the_gradient_through_what_it_kept() -> None:
    torch.manual_seed(2)
    x, residual = torch.rand(5, 13) + 1, torch.randn(5, 13, requires_grad=True)
    value, gradient = with_gradient(lambda x: add_dropped(residual, x, 0.4), x)
    weights = torch.linspace(-1, 2, x.numel()).view(x.shape)
    factor = (value - residual.detach()) / x
    torch.testing.assert_close(gradient, factor * weights, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(residual.grad, weights)
    value, gradient = with_gradient(lambda x: dropout(x, 0.4), x)
    torch.testing.assert_close(gradient, value / x * weights, atol=1e-5, rtol=1e-5)


# -------------------------------------------------------------------------------------------------------- contrastive


@pytest.mark.parametrize("anchors_at_once", [3, 384])
@settings(deadline=None, max_examples=25)
@given(st.integers(2, 30), st.data())
def test_the_chunked_contrastive_loss_is_the_plain_one(anchors_at_once: int, count: int, data: st.DataObject) -> None:
    torch.manual_seed(count)
    learning = data.draw(st.integers(1, count))
    anchors = data.draw(st.integers(1, learning))
    classes = torch.randint(0, 4, (count,))
    features = equations.distribution_feature(torch.randn(count, 4), torch.rand(count, 4) + 0.1)

    def plain(x: Tensor) -> Tensor:
        keys = torch.cat([x[:learning], x[learning:].detach()])
        terms, counted = equations.contrastive_terms(keys, classes, anchors, 0.07)
        return terms.sum() / counted.sum().clamp(min=1)

    def ours(x: Tensor) -> Tensor:
        keys = torch.cat([x[:learning], x[learning:].detach()])
        return equations.contrastive_loss(keys, classes, anchors, 0.07, learning)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contrastive, "ANCHORS_AT_ONCE", anchors_at_once)
        agree(with_gradient(ours, features), with_gradient(plain, features))


def test_the_contrastive_loss_holds_at_a_temperature_where_exponentials_do_not() -> None:
    torch.manual_seed(0)
    keys = torch.nn.functional.normalize(torch.randn(40, 6), dim=-1) * math.sqrt(2)
    classes = torch.arange(40) % 4

    def plain(x: Tensor) -> Tensor:
        terms, counted = equations.contrastive_terms(x, classes, 30, 0.005)
        return terms[counted].mean()

    ours = with_gradient(lambda x: equations.contrastive_loss(x, classes, 30, 0.005), keys)
    for a, b in zip(ours, with_gradient(plain, keys), strict=True):
        torch.testing.assert_close(a, b, atol=1e-3, rtol=1e-4)


def test_the_contrastive_loss_needs_no_gradient() -> None:
    features = equations.distribution_feature(torch.randn(6, 4), torch.rand(6, 4))
    loss = equations.contrastive_loss(features, torch.tensor([0, 0, 1, 1, 2, 2]), 6, 0.07)
    assert bool(torch.isfinite(loss)) and not loss.requires_grad
