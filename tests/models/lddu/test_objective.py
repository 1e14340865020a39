"""The objective: which term sees what, what an unknown label and a missing modality leave out, and no growth."""

import gc
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from lddu.models.family import Losses
from lddu.models.lddu.network import LDDU
from lddu.models.lddu.objective import Objective, contrastive_pairs
from lddu.models.lddu.prediction import Prediction
from lddu.models.lddu.settings import ResolvedObjective
from tests.builders import tiny_model_config

EMOTIONS = 3
ALL_TERMS = ResolvedObjective(memory_size=40, anchors=1000, error_weight=0.1, modality_weight=0.1, noise_weight=0.1)


def network() -> LDDU:
    torch.manual_seed(5)
    return LDDU([3, 4], EMOTIONS, tiny_model_config(query_residual=True, noise_meter=True)).eval()


def predicted(model: LDDU, clips: int, seed: int = 0, presence: Tensor | None = None) -> Prediction:
    generator = torch.Generator().manual_seed(seed)
    values = tuple(torch.randn(clips, 2, d, generator=generator) for d in (3, 4))
    mask = tuple(torch.ones(clips, 2, dtype=torch.bool) for _ in values)
    presence = torch.ones(clips, 2, dtype=torch.bool) if presence is None else presence
    prediction: Prediction = model(values, mask, presence)
    return prediction


def shares_of(clips: int, seed: int = 0) -> Tensor:
    return torch.randint(0, 4, (clips, EMOTIONS), generator=torch.Generator().manual_seed(seed)) / 3


def noise_of(clips: int) -> Tensor:
    return torch.rand(clips, 2, generator=torch.Generator().manual_seed(1))


def losses(model: LDDU, prediction: Prediction, shares: Tensor, config: ResolvedObjective = ALL_TERMS) -> Losses:
    terms: Losses = Objective(config, 4, present_at=0.5)(model, prediction, shares, noise_of(len(shares)))
    return terms


def test_total_weighs_every_term() -> None:
    model = network()
    terms = losses(model, predicted(model, 6), shares_of(6)).to_mapping()
    c = ALL_TERMS
    weighted = (
        c.direct_weight * terms["direct"] + c.fused_weight * terms["fused"] + c.contrastive_weight * terms["contrastive"]
        + c.calibration_weight * terms["calibration"] + c.error_weight * terms["error"] + c.modality_weight * terms["modality"]
        + c.noise_weight * terms["noise"]
    )  # fmt: skip
    assert terms["total"] == pytest.approx(weighted, rel=1e-5)
    assert all(value > 0 for value in terms.values())


def test_a_term_of_weight_zero_is_not_computed() -> None:
    model = network()
    off = replace(
        ALL_TERMS,
        contrastive_weight=0.0,
        calibration_weight=0.0,
        error_weight=0.0,
        modality_weight=0.0,
        noise_weight=0.0,
    )
    terms = losses(model, predicted(model, 6), shares_of(6), off).to_mapping()
    assert [terms[name] for name in ("contrastive", "calibration", "error", "modality", "noise")] == [0] * 5


def test_a_clip_without_any_known_label_changes_no_labelled_term() -> None:
    model = network()
    prediction, shares = predicted(model, 6), shares_of(6)
    unlabelled = torch.cat([shares[:5], torch.full((1, EMOTIONS), torch.nan)])
    config = replace(ALL_TERMS, calibration_weight=0.0, noise_weight=0.0)  # Eq. (11) and (19) need no label
    with_it = losses(model, prediction, unlabelled, config).to_mapping()
    without = losses(model, part_of(prediction, 5), shares[:5], config).to_mapping()
    assert with_it == pytest.approx(without, rel=1e-5)


def part_of(prediction: Prediction, clips: int) -> Prediction:
    attention = tuple(a[:clips] for a in prediction.attention)
    changes: dict[str, Any] = {
        name: value[:clips] for name, value in vars(prediction).items() if isinstance(value, Tensor)
    }
    return replace(prediction, **changes, attention=attention)


def test_unknown_labels_give_no_gradient_and_no_nan() -> None:
    model = network()
    prediction = predicted(model, 4)
    shares = shares_of(4)
    shares[1, 2] = torch.nan
    prediction.fused_logit.retain_grad()
    torch.autograd.backward(losses(model, prediction, shares).total)
    gradient = prediction.fused_logit.grad
    assert gradient is not None and bool(torch.isfinite(gradient).all())
    assert gradient[1, 2].item() == 0 and gradient[1, 0].item() != 0
    assert all(p.grad is None or bool(torch.isfinite(p.grad).all()) for p in model.parameters())


def test_a_batch_without_any_known_label_gives_a_loss_of_zero() -> None:
    model = network()
    config = replace(ALL_TERMS, calibration_weight=0.0, noise_weight=0.0)
    terms = losses(model, predicted(model, 3), torch.full((3, EMOTIONS), torch.nan), config)
    assert terms.total.item() == 0


def test_a_missing_modality_takes_no_part_in_the_contrastive_loss() -> None:
    model = network()
    presence = torch.tensor([[True, True], [False, True], [True, False]])
    present, known = torch.zeros(3, EMOTIONS, dtype=torch.bool), torch.ones(3, EMOTIONS, dtype=torch.bool)
    known[0, 1] = False
    features, classes = contrastive_pairs(predicted(model, 3, presence=presence), present, known)
    assert len(features) == len(classes) == 2 * (EMOTIONS - 1) + EMOTIONS + EMOTIONS
    assert sorted(classes.tolist()) == [0, 0, 2, 4, 4, 6, 6, 8, 10, 10]


def test_the_error_term_trains_the_width_and_never_the_probability() -> None:
    model = network()
    prediction = predicted(model, 5)
    prediction.fused_logit.retain_grad()
    prediction.modality_logit.retain_grad()
    prediction.std.retain_grad()
    torch.autograd.backward(losses(model, prediction, shares_of(5)).terms["error"])
    assert prediction.fused_logit.grad is None and prediction.modality_logit.grad is None
    assert prediction.std.grad is not None and prediction.std.grad.abs().sum().item() > 0
    assert model.width_link.raw_slope.grad is not None


def test_the_links_slope_is_positive_whatever_its_parameter() -> None:
    link = network().width_link
    with torch.no_grad():
        link.raw_slope.fill_(-50.0)
    assert link.slope.item() > 0


def test_one_pair_in_a_batch_is_a_batch() -> None:
    """One clip, one modality, one emotion: no positive anywhere, and nothing becomes NaN."""
    torch.manual_seed(0)
    model = LDDU([3], 1, tiny_model_config())
    objective = Objective(ALL_TERMS, 4, present_at=0.5)
    for share in (1.0, 0.0):
        values, mask = torch.randn(1, 1, 3), torch.ones(1, 1, dtype=torch.bool)
        prediction = model((values,), (mask,), torch.ones(1, 1, dtype=torch.bool))
        torch.autograd.backward(objective(model, prediction, torch.tensor([[share]]), noise_of(1)[:, :1]).total)
        assert all(p.grad is None or bool(torch.isfinite(p.grad).all()) for p in model.parameters())


def test_fewer_anchors_are_a_sample_of_the_same_loss_and_the_memory_still_takes_all() -> None:
    model = network()
    objective = Objective(replace(ALL_TERMS, anchors=4), 4, present_at=0.5)
    prediction = predicted(model, 5)
    terms = objective(model, prediction, shares_of(5), noise_of(5))
    assert torch.isfinite(terms.terms["contrastive"])
    assert len(objective.memory.filled()[1]) == 5 * 2 * EMOTIONS


def test_memory_use_does_not_grow_over_steps() -> None:
    """The released code keeps the autograd graph of every stored feature; here the number of live tensors is steady."""
    model = network()
    objective = Objective(ALL_TERMS, 4, present_at=0.5)
    counts = []
    gc.collect()
    gc.freeze()  # what was there before is not counted
    for step in range(8):
        torch.autograd.backward(
            objective(model, predicted(model, 6, seed=step), shares_of(6, seed=step), noise_of(6)).total
        )
        model.zero_grad()
        gc.collect()
        counts.append(sum(issubclass(type(thing), Tensor) for thing in gc.get_objects()))
    gc.unfreeze()
    assert counts[-1] == counts[3], counts  # the memory of 40 pairs is full after the second step
