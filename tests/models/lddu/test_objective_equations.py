"""Eq. (11)-(14), (16): the terms of the objective against slow versions written from their text."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor, nn

from lddu.config import TrainingConfig
from lddu.models import equations
from lddu.models.lddu.network import LDDU
from lddu.training.optim import make_optimizer
from tests.builders import tiny_model_config

EVERYWHERE = torch.ones(1, 1, dtype=torch.bool)


def bce(logit: float, target: float) -> float:
    p = 1 / (1 + math.exp(-logit))
    return -(target * math.log(p) + (1 - target) * math.log(1 - p))


def test_width_is_the_length_of_all_deviations_of_an_emotion() -> None:
    std = torch.rand(2, 3, 4, 5)
    expected = [[math.sqrt(sum(float(s) ** 2 for s in std[b, :, e].flatten())) for e in range(4)] for b in range(2)]
    torch.testing.assert_close(equations.width(std), torch.tensor(expected))


@settings(deadline=None, max_examples=30)
@given(
    arrays("float64", (3, 2), elements=st.floats(-5, 5, width=16)),
    arrays("float64", (3, 2), elements=st.floats(0, 1, width=16)),
)
def test_ordinality_is_the_symmetric_divergence_over_all_pairs_per_pair(u: "object", reference: "object") -> None:
    a, b = torch.as_tensor(u), torch.as_tensor(reference)
    log_a, log_b = a.flatten().softmax(dim=0).log(), b.flatten().softmax(dim=0).log()
    forward = sum(math.exp(x) * (x - y) for x, y in zip(log_a.tolist(), log_b.tolist(), strict=True))
    backward = sum(math.exp(y) * (y - x) for x, y in zip(log_a.tolist(), log_b.tolist(), strict=True))
    found = float(equations.ordinal_calibration(a, b))
    assert found == pytest.approx((forward + backward) / 2 / 6, abs=1e-9)
    assert found >= -1e-12


def test_ordinality_asks_for_the_same_order_and_not_for_the_same_level() -> None:
    reference = torch.tensor([[0.1, 0.9], [0.4, 0.6]])
    assert float(equations.ordinal_calibration(reference + 3, reference)) == pytest.approx(0, abs=1e-7)
    assert float(equations.ordinal_calibration(-reference, reference)) > 0.001


def test_total_is_the_weighted_sum() -> None:
    terms = [torch.tensor(2.0), torch.tensor(3.0)]
    assert float(equations.weighted_total(terms, [0.3, 1.0])) == pytest.approx(3.6)


@given(st.integers(1, 400), st.floats(0, 0.5))
def test_rate_rises_to_its_peak_and_falls_to_zero(steps: int, warmup: float) -> None:
    rates = [equations.rate_factor(step, steps, warmup) for step in range(steps + 1)]
    peak = rates.index(max(rates))
    assert max(rates) == pytest.approx(1)
    assert rates[: peak + 1] == sorted(rates[: peak + 1]) and rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert all(rate > 0 for rate in rates[:-1])


def test_halfway_between_warm_up_and_end_the_rate_is_half() -> None:
    assert equations.rate_factor(55, 100, 0.1) == pytest.approx(0.5)
    assert equations.rate_factor(4, 100, 0.1) == pytest.approx(0.5)


def test_optimiser_decays_matrices_but_neither_biases_nor_norms() -> None:
    model = LDDU([3, 4], 2, tiny_model_config())
    config = TrainingConfig(learning_rate=0.5, weight_decay=0.02)
    optimizer = make_optimizer(model, config)
    decayed, free = ({id(p) for p in group} for group in (optimizer.decayed, optimizer.free))
    for module in model.modules():
        if isinstance(module, nn.Linear):
            assert id(module.weight) in decayed and id(module.bias) in free
        if isinstance(module, nn.LayerNorm):
            assert {id(module.weight), id(module.bias)} <= free
    assert decayed | free == {id(parameter) for parameter in model.parameters()} and not decayed & free


@given(st.floats(-6, 6), st.floats(0, 1), st.floats(0.01, 3), st.floats(-3, 3))
def test_the_link_scores_the_error_by_the_width(width: float, error: float, slope: float, offset: float) -> None:
    found = equations.width_error_loss(
        torch.tensor([[width]], dtype=torch.float64), torch.tensor([[error]], dtype=torch.float64),
        torch.tensor(slope, dtype=torch.float64), torch.tensor(offset, dtype=torch.float64), EVERYWHERE,
    )  # fmt: skip
    assert float(found) == pytest.approx(bce(slope * width + offset, error), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("error", "wider_helps"), [(1.0, True), (0.9, True), (0.1, False), (0.0, False)])
def test_the_link_widens_where_wrong_and_narrows_where_right(error: float, wider_helps: bool) -> None:
    width = torch.zeros(1, 1, requires_grad=True)  # sigmoid(0) = .5
    loss = equations.width_error_loss(width, torch.tensor([[error]]), torch.tensor(1.0), torch.tensor(0.0), EVERYWHERE)
    torch.autograd.backward(loss)
    assert width.grad is not None and bool(width.grad < 0) is wider_helps


def test_each_modality_speaks_with_the_weights_of_the_emotion() -> None:
    mean, weight, bias = torch.randn(2, 3, 4, 5), torch.randn(4, 5), torch.randn(4)
    found = equations.modality_logit(mean, weight, bias)
    for b, m, e in [(0, 0, 0), (1, 2, 3), (0, 1, 2)]:
        torch.testing.assert_close(found[b, m, e], mean[b, m, e] @ weight[e] + bias[e])


def test_cross_entropy_counts_only_what_is_counted() -> None:
    logits, targets = torch.tensor([[0.5, -1.0, 80.0]]), torch.tensor([[1.0, 0.25, torch.nan]])
    counted = torch.tensor([[True, True, False]])
    expected = (bce(0.5, 1) + bce(-1, 0.25)) / 2
    assert float(equations.masked_bce(logits, targets, counted)) == pytest.approx(expected, abs=1e-6)
    assert float(equations.masked_bce(logits, targets, ~EVERYWHERE.expand(1, 3))) == 0


SHARES = torch.tensor([[0.0, 1 / 3, 0.5, torch.nan, 1.0]])


def target_of(present_at: float, target: str) -> tuple[Tensor, Tensor]:
    return equations.training_target(SHARES, present_at, target)


def test_presence_begins_at_the_share_that_the_corpus_says() -> None:
    half, known = target_of(0.5, "presence")
    assert half.tolist() == [[0, 0, 1, 0, 1]]
    assert known.tolist() == [[True, True, True, False, True]]
    third, _ = target_of(1 / 3, "presence")
    assert third.tolist() == [[0, 1, 1, 0, 1]]


def test_training_on_shares_keeps_them() -> None:
    shares, known = target_of(0.5, "shares")
    torch.testing.assert_close(shares[known], SHARES[known])


@given(st.integers(1, 20), st.data())
def test_a_share_of_exactly_the_limit_is_present_whatever_its_rounding(raters: int, data: st.DataObject) -> None:
    votes = data.draw(st.integers(1, raters))
    share = torch.tensor([[votes / raters]], dtype=torch.float32)
    assert bool(equations.is_present(share, votes / raters))


def order_of(log_width: Tensor, noise: Tensor, level: Tensor, counted: Tensor | None = None) -> Tensor:
    everywhere = torch.ones(noise.shape, dtype=torch.bool) if counted is None else counted
    return equations.noise_order_loss(log_width, noise, level, everywhere)


def test_the_order_of_widths_is_their_correlation_with_the_added_noise() -> None:
    log_width, noise, level = torch.randn(9, 2, 3), torch.randn(9, 2), torch.randn(9, 2)
    expected = [
        1 - torch.corrcoef(torch.stack([log_width[:, m].mean(dim=-1), level[:, m]]))[0, 1].item() for m in range(2)
    ]
    assert float(order_of(log_width, noise, level)) == pytest.approx(sum(expected) / 2, abs=1e-5)


def test_only_the_noise_factor_learns_from_the_order() -> None:
    content, noise = torch.randn(6, 1, 3, requires_grad=True), torch.randn(6, 1, requires_grad=True)
    torch.autograd.backward(order_of(content + noise[..., None], noise, torch.arange(6.0)[:, None]))
    assert noise.grad is not None and bool((noise.grad != 0).all())
    assert content.grad is None or bool((content.grad == 0).all())


def test_the_order_leaves_out_missing_modalities_and_those_of_one_level() -> None:
    log_width, noise, level = torch.randn(33, 3, 2), torch.randn(33, 3), torch.rand(33, 3)
    level[:, 1] = math.log(0.02)  # whose mean is not itself, as float32 adds
    counted = torch.ones(33, 3, dtype=torch.bool)
    counted[20:, 0] = False
    counted[:, 2] = False
    alone = order_of(log_width[:20, :1], noise[:20, :1], level[:20, :1])
    assert float(order_of(log_width, noise, level, counted)) == pytest.approx(float(alone), abs=1e-5)
    assert float(order_of(log_width[:1], noise[:1], level[:1])) == 0
