"""Eq. (21)-(25), the paths beside a network, against slow versions written from their text."""

import pytest
import torch

from lddu.models import equations


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_pooled_are_mean_and_deviation_of_the_unmasked_steps() -> None:
    steps, mask = torch.randn(2, 4, 3), torch.tensor([[True, True, True, False], [False] * 4])
    found = equations.masked_mean_and_deviation(steps * mask[..., None], mask)
    real = steps[0, :3]
    torch.testing.assert_close(found[0], torch.cat([real.mean(dim=0), real.std(dim=0, correction=0)]))
    assert found[1].tolist() == [0] * 6


def test_each_shallow_network_is_a_hidden_layer_of_its_own() -> None:
    pooled, first, first_bias, last = torch.randn(2, 3), torch.randn(3, 8), torch.randn(8), torch.randn(2, 4, 5)
    found = equations.shallow_logits(pooled, first, first_bias, last)
    assert found.shape == (2, 2, 5)
    for network in range(2):
        own = slice(4 * network, 4 * network + 4)
        units = (pooled @ first[:, own] + first_bias[own]).clamp(min=0)
        torch.testing.assert_close(found[network], units @ last[network])


def test_dropout_hides_units_of_each_network_and_keeps_the_sum_on_average() -> None:
    pooled, first, last = torch.ones(1, 1), torch.ones(1, 2 * 500), torch.ones(2, 500, 1)
    found = equations.shallow_logits(pooled, first, torch.zeros(1000), last, dropout=0.3).flatten().tolist()
    assert found[0] != found[1]
    assert found == [pytest.approx(500, abs=80)] * 2


def test_the_mixture_is_that_of_probabilities_and_stays_finite() -> None:
    network, path = torch.randn(3, 2), torch.randn(3, 2)
    for share in (0.0, 0.3, 1.0):
        found = equations.shared_logit(network, path, torch.tensor(share)).sigmoid()
        torch.testing.assert_close(found, (1 - share) * network.sigmoid() + share * path.sigmoid())
    assert torch.equal(equations.shared_logit(network, path, torch.tensor(0.0)), network)
    far = torch.tensor([[-200.0, 200.0]])
    for share in (0.0, 0.3, 1.0):
        assert torch.isfinite(equations.shared_logit(far, far, torch.tensor(share))).all()


def test_a_mean_step_is_the_mean_of_the_unmasked_steps() -> None:
    steps, mask = torch.randn(2, 4, 3), torch.tensor([[True, False, True, False], [False] * 4])
    mean, seen = equations.mean_step(steps, mask)
    torch.testing.assert_close(mean[0, 0], (steps[0, 0] + steps[0, 2]) / 2)
    assert mean[1].tolist() == [[0, 0, 0]]
    assert seen.tolist() == [[True], [False]]


def test_the_linear_path_is_a_linear_score_of_the_mean_of_what_is_there() -> None:
    steps, mask, weight = (
        torch.randn(2, 4, 3),
        torch.tensor([[True, True, False, False], [False] * 4]),
        torch.randn(5, 3),
    )
    found = equations.linear_path(steps, mask, weight)
    torch.testing.assert_close(found[0], weight @ steps[0, :2].mean(dim=0))
    assert found[1].tolist() == [0] * 5
