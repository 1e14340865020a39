"""The Beta head: its loss against integrals, and evidence that grows with what was seen."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta as beta_distribution

from lddu.models.beta import BETA, BetaAnswer, BetaLoss, BetaObjective, expected_cross_entropy, misleading_evidence

SIZES = st.floats(1.0, 30.0)


def one(value: float) -> torch.Tensor:
    return torch.tensor([[value]], dtype=torch.float64)


@given(SIZES, SIZES, st.floats(0, 1))
def test_the_cross_entropy_is_the_mean_over_the_distribution(a: float, b: float, y: float) -> None:
    chances = beta_distribution(a, b)
    exact, _ = quad(lambda p: -(y * np.log(p) + (1 - y) * np.log1p(-p)) * chances.pdf(p), 0, 1, limit=200)
    assert expected_cross_entropy(one(a), one(b), one(y)).item() == pytest.approx(exact, rel=1e-4)


@given(SIZES, SIZES)
def test_evidence_for_the_label_is_not_pulled_and_evidence_against_it_is(a: float, b: float) -> None:
    assert misleading_evidence(one(a), one(1.0), one(1.0)).item() == pytest.approx(0, abs=1e-9)
    against = misleading_evidence(one(a), one(1 + b), one(1.0)).item()
    chances = beta_distribution(1.0, 1 + b)
    exact, _ = quad(lambda p: chances.pdf(p) * np.log(chances.pdf(p)), 0, 1, limit=200)
    assert against == pytest.approx(exact, rel=1e-4, abs=1e-7) and against > 0


def test_unknown_labels_have_no_gradient() -> None:
    alpha, beta = (torch.full((2, 2), 3.0, requires_grad=True) for _ in range(2))
    shares = torch.tensor([[1.0, torch.nan], [0.25, 0.0]])
    loss = BetaLoss(BetaObjective(target="shares"), 0.5)(
        torch.nn.Identity(), BetaAnswer(alpha, beta), shares, torch.zeros(2, 1)
    )
    torch.autograd.backward(loss.total)
    assert alpha.grad is not None and alpha.grad[0, 1] == 0 and bool((alpha.grad != 0).sum() == 3)
    assert set(loss.terms) == {"expected", "misleading"}


def test_what_was_seen_more_often_has_more_evidence() -> None:
    """Without features to tell clips apart, alpha : beta goes to the share, and agreement gives more evidence than dispute."""
    values = torch.zeros(2, 1, requires_grad=True)
    found = {}
    for name, shares in (("agreed", [1.0] * 40), ("disputed", [1.0, 0.0] * 20)):
        logits = torch.zeros(1, 2, requires_grad=True)
        optimizer = torch.optim.Adam([logits], lr=0.1)
        loss = BetaLoss(BetaObjective(), 0.5)
        for _ in range(400):
            alpha, beta = (1 + torch.nn.functional.softplus(logits)).expand(40, 2).chunk(2, dim=1)
            total = loss(torch.nn.Identity(), BetaAnswer(alpha, beta), torch.tensor(shares)[:, None], values).total
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
        found[name] = BetaAnswer(alpha[:1].detach(), beta[:1].detach())
    assert found["agreed"].logit.sigmoid().item() > 0.9
    assert found["disputed"].logit.sigmoid().item() == pytest.approx(0.5, abs=0.05)
    assert found["agreed"].evidence["seen"].item() > found["disputed"].evidence["seen"].item()  # type: ignore[union-attr]


def test_its_preset_is_late_fusion_with_another_head() -> None:
    assert BETA.preset().training.learning_rate == 2e-3 and BETA.preset().family == "beta"
