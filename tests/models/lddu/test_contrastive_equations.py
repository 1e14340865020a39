"""Eq. (6)-(9): classes, features and the contrastive loss against a double loop written from its text."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lddu.models import equations


def random_features(count: int, latent: int = 3) -> Tensor:
    return equations.distribution_feature(torch.randn(count, latent), torch.randn(count, latent).exp())


def naive_loss(keys: Tensor, classes: Tensor, anchors: int, temperature: float) -> float:
    """Eq. (9) as it is printed: one anchor, one key, one positive at a time."""
    terms = []
    for i in range(anchors):
        positives = [p for p in range(len(keys)) if p != i and classes[p] == classes[i]]
        if not positives:
            continue
        scaled = [float(keys[i] @ keys[j]) / 2 / temperature for j in range(len(keys))]
        normaliser = math.log(sum(math.exp(scaled[j]) for j in range(len(keys)) if j != i))
        terms.append(-sum(scaled[p] - normaliser for p in positives) / len(positives))
    return sum(terms) / len(terms) if terms else 0.0


def test_feature_is_two_directions_side_by_side() -> None:
    mean, std = torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 0.0]])
    torch.testing.assert_close(equations.distribution_feature(mean, std), torch.tensor([[0.6, 0.8, 1.0, 0.0]]))


def test_feature_does_not_know_the_length_of_mean_and_std() -> None:
    mean, std = torch.randn(4, 3), torch.rand(4, 3) + 0.1
    torch.testing.assert_close(
        equations.distribution_feature(mean, std), equations.distribution_feature(7 * mean, 0.2 * std)
    )


def test_every_modality_emotion_and_presence_is_a_class_of_its_own() -> None:
    both = torch.tensor([[True, True, True], [False, False, False]])
    classes = equations.distribution_class(both, modalities=2)
    assert classes.shape == (2, 2, 3)
    assert sorted(classes.flatten().tolist()) == list(range(12))
    assert torch.equal(classes[0], classes[1] + 1)


def test_similarity_of_a_feature_with_itself_is_one() -> None:
    features = random_features(5)
    found = equations.similarity(features, features)
    torch.testing.assert_close(found.diagonal(), torch.ones(5))
    assert bool((found.abs() <= 1 + 1e-6).all())


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 7), st.integers(0, 9), st.integers(1, 4), st.integers(0, 10**6))
def test_contrastive_loss_is_the_printed_double_sum(anchors: int, others: int, classes: int, seed: int) -> None:
    torch.manual_seed(seed)
    keys = random_features(anchors + others).double()
    labels = torch.randint(classes, (anchors + others,))
    found = equations.contrastive_loss(keys, labels, anchors, temperature=0.3)
    assert float(found) == pytest.approx(naive_loss(keys, labels, anchors, 0.3), abs=1e-9)


def test_an_anchor_without_a_positive_is_skipped() -> None:
    torch.manual_seed(1)
    keys = random_features(3).double()
    labels = torch.tensor([0, 0, 5])
    terms, has_positive = equations.contrastive_terms(keys, labels, 3, temperature=0.3)
    assert has_positive.tolist() == [True, True, False]
    assert float(equations.contrastive_loss(keys, labels, 3, 0.3)) == pytest.approx(float(terms[:2].mean()))


@pytest.mark.parametrize("keys", [1, 2])
def test_loss_and_gradient_are_zero_where_no_anchor_has_a_positive(keys: int) -> None:
    features = random_features(keys).requires_grad_()
    loss = equations.contrastive_loss(features, torch.arange(keys), keys, temperature=0.07)
    torch.autograd.backward(loss)
    assert loss.item() == 0
    assert features.grad is not None and torch.equal(features.grad, torch.zeros_like(features))


def test_loss_falls_when_a_class_draws_together() -> None:
    together = torch.eye(4)[[0, 0, 1, 1]] * math.sqrt(2)
    apart = torch.eye(4) * math.sqrt(2)
    labels = torch.tensor([0, 0, 1, 1])
    assert float(equations.contrastive_loss(together, labels, 4, 0.07)) < 0.01
    assert float(equations.contrastive_loss(apart, labels, 4, 0.07)) == pytest.approx(math.log(3), abs=1e-5)


def test_keys_of_the_memory_are_no_anchors() -> None:
    torch.manual_seed(2)
    keys, labels = random_features(6).double(), torch.tensor([0, 1, 0, 1, 0, 1])
    moved = keys.clone().requires_grad_()
    torch.autograd.backward(equations.contrastive_loss(moved, labels, 2, 0.3))
    assert float(equations.contrastive_loss(keys, labels, 2, 0.3)) != pytest.approx(
        float(equations.contrastive_loss(keys, labels, 6, 0.3))
    )
