"""Eq. (1)-(5), (10), (15), (17): the network's equations against slow versions written from their text."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from lddu.models import equations
from lddu.models.kernels.packing import Packing
from lddu.models.lddu.emotion_space import EmotionAttention, LatentDistribution
from lddu.models.lddu.encoder import TransformerLayer, UnimodalEncoder
from tests.builders import tiny_model_config


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def norm(size: int) -> nn.LayerNorm:
    """A LayerNorm whose weight and bias are not those of a fresh one."""
    layer = nn.LayerNorm(size)
    nn.init.normal_(layer.weight, 1, 0.3)
    nn.init.normal_(layer.bias)
    return layer


def naive_norm(x: Tensor, layer: nn.LayerNorm) -> Tensor:
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    return centred / (variance + 1e-12).sqrt() * layer.weight + layer.bias


def test_features_are_normalised_over_the_axis_of_features() -> None:
    layer, features = norm(5), torch.randn(2, 3, 5) * 7 + 2
    torch.testing.assert_close(equations.normalise_features(features, layer), naive_norm(features, layer))


def test_the_epsilon_is_small_enough_for_features_of_tiny_variance() -> None:
    """With the usual 1e-5 these features would come out a hundred times too small."""
    features = torch.randn(1, 2, 64) * 1e-5
    assert equations.normalise_features(features, nn.LayerNorm(64)).std().item() == pytest.approx(1, abs=0.05)


def test_steps_are_projected_placed_and_normalised() -> None:
    projection, positions, layer = nn.Linear(5, 8), torch.randn(9, 8), norm(8)
    features = torch.randn(2, 3, 5)
    expected = torch.stack(
        [
            torch.stack([naive_norm(projection.weight @ step + projection.bias + positions[t], layer) for t, step in enumerate(clip)])
            for clip in features
        ]
    )  # fmt: skip
    torch.testing.assert_close(equations.embed_steps(features, projection, positions[:3], layer, 0.0), expected)


def test_embedding_drops_out_at_the_given_rate() -> None:
    embedded = equations.embed_steps(torch.randn(8, 50, 5), nn.Linear(5, 8), torch.randn(50, 8), norm(8), 0.25)
    assert float((embedded == 0).float().mean()) == pytest.approx(0.25, abs=0.04)


def test_transformer_layer_is_that_of_torch_in_post_norm_form() -> None:
    hidden, heads = 16, 4
    ours = TransformerLayer(hidden, heads, dropout=0.0)
    for parameter in ours.parameters():
        nn.init.normal_(parameter, std=0.3)
    theirs = nn.TransformerEncoderLayer(
        hidden, heads, hidden, dropout=0.0, activation="gelu", layer_norm_eps=1e-12, batch_first=True, norm_first=False
    )
    with torch.no_grad():
        theirs.self_attn.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]))
        theirs.self_attn.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key.bias, ours.value.bias]))
    for their_part, our_part in {
        "self_attn.out_proj": ours.mixed, "linear1": ours.inner, "linear2": ours.outer, "norm1": ours.attention_norm,
        "norm2": ours.output_norm,
    }.items():  # fmt: skip
        theirs.get_submodule(their_part).load_state_dict(our_part.state_dict())
    states = torch.randn(3, 5, hidden)
    mask = torch.tensor([[True] * 5, [True, True, False, True, False], [True] + [False] * 4])
    expected = theirs(states, src_key_padding_mask=~mask)
    packing = Packing.of(mask)
    found = packing.unpack(ours(packing.pack(states), packing))
    torch.testing.assert_close(found[mask], expected[mask], atol=1e-5, rtol=1e-5)


def test_encoder_has_as_many_layers_as_asked_and_nothing_else() -> None:
    encoder = UnimodalEncoder(5, tiny_model_config(layers=3)).eval()
    features, mask = torch.randn(2, 4, 5), torch.ones(2, 4, dtype=torch.bool)
    states = equations.embed_steps(
        equations.normalise_features(features, encoder.feature_norm or nn.LayerNorm(5)),
        encoder.projection, encoder.positions[:4], encoder.embedding_norm, 0.0,
    )  # fmt: skip
    packing = Packing.of(mask)
    rows = packing.pack(states)
    for layer in encoder.layers:
        rows = layer(rows, packing)
    assert len(encoder.layers) == 3
    torch.testing.assert_close(encoder(features, mask), packing.unpack(rows), atol=1e-6, rtol=0)


def test_each_emotion_attends_to_unmasked_steps_and_takes_their_keys() -> None:
    weights = EmotionAttention(8, dropout=0.0, query_residual=False)
    emotions, states = torch.randn(2, 8), torch.randn(3, 4, 8)
    mask = torch.tensor([[True] * 4, [True, False, True, False], [False, True, False, False]])
    vectors, attention = equations.attend_emotions(emotions, states, mask, weights, 0.0)
    for b in range(3):
        keys = [weights.key(step) for step in states[b]]
        for e in range(2):
            query = weights.query(emotions[e])
            raw = [
                math.exp(float((query @ key).detach()) / math.sqrt(8)) * float(mask[b, t]) for t, key in enumerate(keys)
            ]
            shares = [value / sum(raw) for value in raw]
            assert attention[b, e].tolist() == pytest.approx(shares, abs=1e-5)
            mixed = torch.stack([share * key for share, key in zip(shares, keys, strict=True)]).sum(dim=0)
            torch.testing.assert_close(vectors[b, e], weights.output(mixed), atol=1e-5, rtol=1e-5)
    assert bool((attention[1, :, [1, 3]] == 0).all())


def test_to_one_step_all_emotions_attend_alike() -> None:
    weights = EmotionAttention(8, dropout=0.0, query_residual=False)
    states, mask = torch.randn(3, 1, 8), torch.ones(3, 1, dtype=torch.bool)
    vectors, attention = equations.attend_emotions(torch.randn(2, 8), states, mask, weights, 0.0)
    short_vectors, short_attention = equations.attend_one_step(states, 2, weights, 0.0)
    torch.testing.assert_close(short_vectors, vectors)
    torch.testing.assert_close(short_attention, attention)


def test_with_one_step_only_the_query_residual_tells_emotions_apart() -> None:
    emotions, states, mask = torch.randn(3, 8), torch.randn(2, 1, 8), torch.ones(2, 1, dtype=torch.bool)
    plain = EmotionAttention(8, dropout=0.0, query_residual=False)
    residual = EmotionAttention(8, dropout=0.0, query_residual=True)
    residual.load_state_dict(plain.state_dict())
    alike, _ = plain(emotions, states, mask)
    apart, _ = residual(emotions, states, mask)
    torch.testing.assert_close(alike[:, 0], alike[:, 1])
    assert float((apart[:, 0] - apart[:, 1]).detach().abs().max()) > 0.01
    torch.testing.assert_close(apart - alike, plain.query(emotions).expand(2, 3, 8))


def test_distribution_follows_three_relu_layers_and_its_std_is_exp_of_half_the_log_variance() -> None:
    module = LatentDistribution(16, 4)
    vectors = torch.randn(2, 3, 16)
    hidden = vectors
    for layer in module.layers:
        hidden = (hidden @ layer.get_parameter("weight").T + layer.get_parameter("bias")).clamp(min=0)
    mean, std = module(vectors)
    assert [layer.out_features for layer in module.layers] == [12, 8, 8]
    torch.testing.assert_close(mean, hidden @ module.mean.weight.T + module.mean.bias)
    torch.testing.assert_close(std.square().log(), hidden @ module.log_variance.weight.T + module.log_variance.bias)


@given(st.tuples(*[st.floats(-15, 15)] * 3))
def test_fused_probability_mixes_centre_and_spread_by_the_direct_score(logits: tuple[float, float, float]) -> None:
    g, c, d = (1 / (1 + math.exp(-x)) for x in logits)
    direct, centre, spread = (torch.tensor([[x]], dtype=torch.float64) for x in logits)
    fused = float(equations.fused_logit(direct, centre, spread).sigmoid())
    assert fused == pytest.approx(g * c + (1 - g) * d, rel=1e-9)


@pytest.mark.parametrize("direct", [-80.0, 0.0, 80.0])
@pytest.mark.parametrize("centre", [-80.0, 80.0])
@pytest.mark.parametrize("spread", [-80.0, 80.0])
def test_fused_logit_and_its_gradient_stay_finite_where_probabilities_round(
    direct: float, centre: float, spread: float
) -> None:
    scores = [torch.tensor([[x]], requires_grad=True) for x in (direct, centre, spread)]
    fused = equations.fused_logit(*scores)
    torch.autograd.backward(fused.sum())
    assert bool(torch.isfinite(fused))
    assert all(score.grad is not None and bool(torch.isfinite(score.grad)) for score in scores)


def test_the_prior_stands_in_exactly_where_a_modality_is_missing() -> None:
    value, prior = torch.randn(2, 2, 3, 4), torch.randn(2, 3, 4)
    trust = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    result = equations.stand_in(value, prior, trust)
    assert torch.equal(result[0, 0], value[0, 0]) and torch.equal(result[1, 1], value[1, 1])
    assert torch.equal(result[0, 1], prior[1]) and torch.equal(result[1, 0], prior[0])


def test_the_prior_stands_in_for_the_share_that_is_not_trusted() -> None:
    value, prior = torch.full((1, 1, 2), 3.0), torch.full((1, 2), 7.0)
    assert equations.stand_in(value, prior, torch.tensor([[0.75]])).tolist() == [[[4.0, 4.0]]]


def test_trust_falls_with_noise_by_the_slope_of_the_modality() -> None:
    noise = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    trust = equations.noise_trust(noise, torch.tensor([0.0, 2.0]), torch.tensor([2.0, 0.5]))
    torch.testing.assert_close(torch.logit(trust), torch.tensor([[0.0, 2.0], [-2.0, 1.5]]))


def test_noise_is_read_from_size_and_restlessness_of_the_unmasked_steps() -> None:
    steps = torch.tensor([[[1.0, -3.0], [3.0, -3.0], [9.0, 9.0]]])
    mask = torch.tensor([[True, True, False]])
    assert equations.step_statistics(steps, mask).tolist() == [[2.0, 3.0, 1.0, 0.0]]


def test_one_factor_scales_all_deviations_of_a_clip() -> None:
    std, noise = torch.rand(2, 3, 4), torch.tensor([0.0, math.log(2)])
    scaled = equations.scaled_by_noise(std, noise)
    torch.testing.assert_close(scaled[0], std[0])
    torch.testing.assert_close(scaled[1], 2 * std[1])
