"""What must not change a prediction: padding, the order of a batch, and who else is in it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lddu.models.lddu.network import LDDU
from lddu.models.lddu.prediction import Prediction
from tests.builders import tiny_model_config

DIMENSIONS = (3, 5)
EMOTIONS = 2

Clips = tuple[tuple[Tensor, ...], tuple[Tensor, ...], Tensor]
"""values, mask, presence"""


@pytest.fixture(scope="module", params=[True, False], ids=["query residual", "as published"])
def model(request: pytest.FixtureRequest) -> LDDU:
    torch.manual_seed(3)
    model = LDDU(DIMENSIONS, EMOTIONS, tiny_model_config(layers=2, query_residual=request.param))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "prior" in name:
                torch.nn.init.normal_(parameter)  # a fresh prior of zeros would hide a mix-up
            elif parameter.ndim > 1:
                parameter.mul_(2)  # a fresh network hardly looks at its input
    return model.eval()


def clips_of(steps: list[tuple[int, int]], seed: int = 0) -> Clips:
    """Clips with this many steps per modality; 0 = the modality is missing."""
    generator = torch.Generator().manual_seed(seed)
    values, masks = [], []
    for m, dimension in enumerate(DIMENSIONS):
        longest = max(1, *(counts[m] for counts in steps))
        mask = torch.stack([torch.arange(longest) < counts[m] for counts in steps])
        drawn = torch.randn(len(steps), longest, dimension, generator=generator)
        values.append(torch.where(mask[..., None], drawn, 0.0))
        masks.append(mask)
    return tuple(values), tuple(masks), torch.stack([mask.any(dim=1) for mask in masks], dim=1)


def predict(model: LDDU, clips: Clips) -> Prediction:
    with torch.no_grad():
        prediction: Prediction = model(*clips)
    return prediction


def same(a: Prediction, b: Prediction, rows: Tensor | slice = slice(None)) -> None:
    """Probabilities, centres and deviations agree; `rows` of a beside all of b."""
    for name in ("probability", "mean", "std", "modality_logit"):
        torch.testing.assert_close(getattr(a, name)[rows], getattr(b, name), atol=1e-5, rtol=0)


LENGTHS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=5)


@settings(deadline=None, max_examples=25)
@given(LENGTHS, st.integers(1, 9), st.sampled_from([0.0, 1e6, -3.0]))
def test_padding_does_not_change_the_prediction(
    model: LDDU, steps: list[tuple[int, int]], more: int, filling: float
) -> None:
    values, mask, presence = clips_of(steps)
    padded = tuple(torch.nn.functional.pad(v, (0, 0, 0, more), value=filling) for v in values)
    wider = tuple(torch.nn.functional.pad(m, (0, more)) for m in mask)
    before, after = predict(model, (values, mask, presence)), predict(model, (padded, wider, presence))
    same(before, after)
    for short, long in zip(before.attention, after.attention, strict=True):
        torch.testing.assert_close(long[..., : short.shape[-1]], short, atol=1e-5, rtol=0)
        assert bool((long[..., short.shape[-1] :] == 0).all())


@settings(deadline=None, max_examples=25)
@given(LENGTHS, st.randoms())
def test_the_order_of_clips_does_not_change_the_prediction(
    model: LDDU, steps: list[tuple[int, int]], random: "object"
) -> None:
    values, mask, presence = clips_of(steps)
    order = torch.randperm(len(steps), generator=torch.Generator().manual_seed(hash(random) % 1000))
    shuffled = (tuple(v[order] for v in values), tuple(m[order] for m in mask), presence[order])
    same(predict(model, (values, mask, presence)), predict(model, shuffled), rows=order)


@settings(deadline=None, max_examples=25)
@given(LENGTHS, st.data())
def test_the_other_clips_of_a_batch_do_not_change_the_prediction(
    model: LDDU, steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    kept = data.draw(st.integers(1, len(steps)))
    values, mask, presence = clips_of(steps)
    alone = (tuple(v[:kept] for v in values), tuple(m[:kept] for m in mask), presence[:kept])
    same(predict(model, (values, mask, presence)), predict(model, alone), rows=slice(kept))


def test_the_same_batch_gives_the_same_bits(model: LDDU) -> None:
    clips = clips_of([(4, 2), (1, 0), (3, 5)])
    first, second = predict(model, clips), predict(model, clips)
    assert torch.equal(first.fused_logit, second.fused_logit) and torch.equal(first.std, second.std)


def test_an_unmasked_step_does_change_the_prediction(model: LDDU) -> None:
    """The claims above would hold of a network that looks at nothing."""
    values, mask, presence = clips_of([(4, 2), (3, 3)])
    other = tuple(v.clone() for v in values)
    other[0][0, 3, 0] += 2.0
    before, after = predict(model, (values, mask, presence)), predict(model, (other, mask, presence))
    moved = (before.probability - after.probability).abs()
    assert float(moved[0].max()) > 1e-3 and float(moved[1].max()) <= 1e-6


def test_a_missing_modality_gives_what_its_prior_gives(model: LDDU) -> None:
    found = predict(model, clips_of([(0, 3), (2, 0)]))
    torch.testing.assert_close(found.mean[0, 0], model.prior_mean[0].detach())
    torch.testing.assert_close(found.std[1, 1], model.prior_log_std[1].exp().detach())
    torch.testing.assert_close(found.vectors[0, 0], model.prior_vectors[0].detach())


def test_a_modality_said_to_be_absent_is_not_looked_at(model: LDDU) -> None:
    values, mask, _ = clips_of([(4, 2), (3, 3)])
    hidden = torch.tensor([[False, True], [False, True]])
    others = (-values[0], values[1])
    same(predict(model, (values, mask, hidden)), predict(model, (others, mask, hidden)))


def gated_model(offset: float) -> LDDU:
    """A network whose gate stands where `offset` puts it, for quiet modalities, and whose priors are not all alike."""
    torch.manual_seed(0)
    model = LDDU(DIMENSIONS, EMOTIONS, tiny_model_config(noise_meter=True, noise_gate=True)).eval()
    assert model.trust is not None
    with torch.no_grad():
        model.trust.offset.fill_(offset)
        for prior in (model.prior_vectors, model.prior_mean, model.prior_log_std):
            prior.normal_()
    return model


def test_what_the_gate_shuts_out_moves_the_answer_no_more_than_if_it_were_missing() -> None:
    model, (values, mask, presence) = gated_model(-80), clips_of([(4, 2), (3, 3)])
    shut = predict(model, (values, mask, presence))
    missing = predict(model, (values, mask, torch.zeros_like(presence)))
    torch.testing.assert_close(shut.fused_logit, missing.fused_logit)
    torch.testing.assert_close(shut.direct_logit, missing.direct_logit)


def test_what_the_gate_shuts_out_still_says_what_it_saw() -> None:
    """Its own distributions and score are reported; only the fused answer does without them."""
    clips = clips_of([(4, 2), (3, 3)])
    shut, open_ = predict(gated_model(-80), clips), predict(gated_model(80), clips)
    for name in ("mean", "std", "modality_logit", "noise"):
        assert torch.equal(getattr(shut, name), getattr(open_, name))
    assert float((shut.fused_logit - open_.fused_logit).abs().max()) > 1e-3


def test_the_fusion_hears_less_of_a_noisier_modality() -> None:
    model, (values, mask, presence) = gated_model(0), clips_of([(4, 2), (3, 3)])
    found = predict(model, (values, mask, presence))
    order = found.noise[:, 0].argsort()
    assert float(found.noise[order[1], 0] - found.noise[order[0], 0]) > 0
    assert float(found.trust[order[1], 0]) < float(found.trust[order[0], 0])


def test_trust_is_whole_without_a_gate_and_none_where_a_modality_is_missing(model: LDDU) -> None:
    found = predict(model, clips_of([(0, 3), (2, 2)]))
    assert found.trust.tolist() == [[0.0, 1.0], [1.0, 1.0]]


def test_a_clip_without_any_modality_gets_the_priors_answer(model: LDDU) -> None:
    found = predict(model, clips_of([(0, 0), (0, 0), (2, 2)]))
    torch.testing.assert_close(found.probability[0], found.probability[1])
    assert bool(torch.isfinite(found.probability).all())


def test_gradient_reaches_the_prior_only_where_a_modality_is_missing() -> None:
    torch.manual_seed(0)
    model = LDDU(DIMENSIONS, EMOTIONS, tiny_model_config())
    prediction = model(*clips_of([(0, 3), (0, 2)]))
    torch.autograd.backward(prediction.fused_logit.sum() + prediction.direct_logit.sum())
    for prior in (model.prior_vectors, model.prior_mean, model.prior_log_std):
        assert prior.grad is not None and bool(torch.isfinite(prior.grad).all())
        assert float(prior.grad[0].abs().max()) > 0 and float(prior.grad[1].abs().max()) == 0


@pytest.mark.parametrize("modalities", [1, 4])
@pytest.mark.parametrize("emotions", [1, 9])
@pytest.mark.parametrize(("clips", "steps"), [(1, 1), (1, 5), (3, 1)])
def test_any_number_of_modalities_emotions_clips_and_steps(
    modalities: int, emotions: int, clips: int, steps: int
) -> None:
    model = LDDU([2] * modalities, emotions, tiny_model_config(query_residual=True))
    values = tuple(torch.randn(clips, steps, 2) for _ in range(modalities))
    mask = tuple(torch.ones(clips, steps, dtype=torch.bool) for _ in range(modalities))
    prediction = model(values, mask, torch.ones(clips, modalities, dtype=torch.bool))
    assert prediction.probability.shape == (clips, emotions)
    assert prediction.std.shape == (clips, modalities, emotions, 4)
    torch.autograd.backward(prediction.fused_logit.sum())
    assert all(p.grad is None or bool(torch.isfinite(p.grad).all()) for p in model.parameters())
