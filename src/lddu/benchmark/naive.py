"""The same network as a plain implementation computes it: every padded step, PyTorch's own dropout, every memory row an anchor.

It is what the measured ratios compare with, and an independent path to the same numbers for the tests.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from lddu.batches.batch import Batch
from lddu.models import equations
from lddu.models.lddu.emotion_space import EmotionAttention
from lddu.models.lddu.encoder import TransformerLayer, UnimodalEncoder
from lddu.models.lddu.network import LDDU
from lddu.models.lddu.objective import Objective, contrastive_pairs
from lddu.models.lddu.prediction import Prediction


def naive_prediction(model: LDDU, batch: Batch) -> Prediction:
    """The prediction of a batch of scaled features in which no modality is missing."""
    parts: tuple[list[Tensor], ...] = ([], [], [], [])
    for encoder, attention, distribution, values, mask in zip(
        model.encoders, model.attentions, model.distributions, batch.values, batch.mask, strict=True
    ):
        assert isinstance(encoder, UnimodalEncoder)
        assert isinstance(attention, EmotionAttention)
        states = _encode(encoder, values, mask)
        vector, seen = _attend(attention, model.emotions, states, mask)
        for column, value in zip(parts, (vector, *distribution(vector), seen), strict=True):
            column.append(value)
    vectors_BMEH, mean_BMEP, std_BMEP = (torch.stack(column, dim=1) for column in parts[:3])
    noise = torch.stack(
        [model.noise(m, *seen) for m, seen in enumerate(zip(batch.values, batch.mask, strict=True))], dim=1
    )
    std_BMEP = std_BMEP * noise.exp()[:, :, None, None]
    trust = torch.ones_like(noise) if model.trust is None else model.trust(noise)
    share = trust[:, :, None, None]
    vectors, centres, spreads = (
        (share * given + (1 - share) * prior).transpose(1, 2).flatten(-2)
        for given, prior in (
            (vectors_BMEH, model.prior_vectors),
            (mean_BMEP, model.prior_mean),
            (std_BMEP, model.prior_log_std.exp()),
        )
    )
    direct, centre, spread = model.direct(vectors), model.centre(centres), model.spread(spreads)
    return Prediction(
        direct_logit=direct,
        fused_logit=equations.fused_logit(direct, centre, spread),
        modality_logit=equations.modality_logit(mean_BMEP, model.modality_weight, model.modality_bias),
        vectors=vectors_BMEH,
        mean=mean_BMEP,
        std=std_BMEP,
        attention=tuple(parts[3]),
        noise=noise,
        trust=trust,
        presence=batch.presence,
        link=model.modality_width_link,
        metered=bool(model.meters),
        gated=model.trust is not None,
    )


def naive_contrastive(objective: Objective, prediction: Prediction, shares: Tensor) -> Tensor:
    """Eq. (9) with every key an anchor, through one [key, key] matrix kept for the backward pass."""
    present = equations.is_present(shares, objective.present_at)
    features, classes = contrastive_pairs(prediction, present, ~shares.isnan())
    past, past_classes = objective.memory.filled()
    keys, key_classes = torch.cat([features, past]), torch.cat([classes, past_classes])
    terms, counted = equations.contrastive_terms(keys, key_classes, len(keys), objective.config.temperature)
    objective.memory.push(features, classes)
    return terms.sum() / counted.sum()


def naive_loss(objective: Objective, prediction: Prediction, shares: Tensor) -> Tensor:
    """The published sum of losses, Eq. (12)."""
    c = objective.config
    target, known = equations.training_target(shares, objective.present_at, c.target)
    terms = [
        equations.masked_bce(prediction.direct_logit, target, known),
        equations.masked_bce(prediction.fused_logit, target, known),
        naive_contrastive(objective, prediction, shares),
        equations.ordinal_calibration(prediction.width, prediction.direct_logit.sigmoid()),
    ]
    return equations.weighted_total(
        terms, [c.direct_weight, c.fused_weight, c.contrastive_weight, c.calibration_weight]
    )


def _encode(encoder: UnimodalEncoder, values: Tensor, mask: Tensor) -> Tensor:
    rate = encoder.dropout if encoder.training else 0.0
    features = values
    if encoder.feature_norm is not None:
        features = equations.layer_norm(features, encoder.feature_norm)
    placed = encoder.projection(features) + encoder.positions[: values.shape[1]]
    states = F.dropout(equations.layer_norm(placed, encoder.embedding_norm), rate)
    for layer in encoder.layers:
        assert isinstance(layer, TransformerLayer)
        states = _layer(layer, states, mask, rate)
    return states


def _layer(layer: TransformerLayer, states: Tensor, mask: Tensor, rate: float) -> Tensor:
    def split(x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], layer.heads, -1).transpose(1, 2)

    scores = split(layer.query(states)) @ split(layer.key(states)).transpose(-1, -2)
    scores = scores / math.sqrt(states.shape[-1] / layer.heads)
    weights = scores.masked_fill(~mask[:, None, None, :], -torch.inf).softmax(dim=-1)
    attended = F.dropout(weights, rate) @ split(layer.value(states))
    mixed = layer.mixed(attended.transpose(1, 2).flatten(-2))
    states = equations.layer_norm(states + F.dropout(mixed, rate), layer.attention_norm)
    inner = layer.outer(F.gelu(layer.inner(states)))
    return equations.layer_norm(states + F.dropout(inner, rate), layer.output_norm)


def _attend(attention: EmotionAttention, emotions: Tensor, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    queries, keys = attention.query(emotions), attention.key(states)
    scores = torch.einsum("eh,bth->bet", queries, keys) / math.sqrt(keys.shape[-1])
    seen = scores.masked_fill(~mask[:, None, :], -torch.inf).softmax(dim=-1)
    context = F.dropout(seen @ keys, attention.dropout if attention.training else 0.0)
    vectors: Tensor = attention.output(context)
    return (equations.with_query(vectors, queries) if attention.query_residual else vectors), seen
