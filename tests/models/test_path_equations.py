"""Eq. (21)-(25), the paths beside a network, against slow versions written from their text."""

import math

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


def test_the_path_is_linear_in_the_likeness_to_the_landmarks() -> None:
    pooled, landmarks, weight, bias = torch.randn(2, 3), torch.randn(4, 3), torch.randn(4, 2), torch.randn(2)
    likeness = equations.kernel_likeness(pooled, landmarks, torch.tensor(0.3))
    for clip in range(2):
        own = [math.exp(-0.3 * float((pooled[clip] - landmark).square().sum())) for landmark in landmarks]
        torch.testing.assert_close(likeness[clip], torch.tensor(own))
        for emotion in range(2):
            logit = sum(a * float(w) for a, w in zip(own, weight[:, emotion], strict=True)) + float(bias[emotion])
            assert float(equations.path_logit(likeness, weight, bias)[clip, emotion]) == pytest.approx(logit, abs=1e-5)


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
