"""Every numbered equation of the method, one pure function each, in order. docs/method.md sets them side by side.

Nothing here owns a parameter, draws a seed or knows a setting. Parameters come in as anything with the attributes of
the protocols below (modules are). Letters in shape suffixes: B clips, M modalities, E emotions, T steps, D features,
H hidden size, P latent size. A `dropout` is the rate that holds now: 0 outside training.
"""

import math
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

NORM_EPSILON = 1e-12
"""Of every LayerNorm. The usual 1e-5 does not reproduce the released model."""


@runtime_checkable
class Affine(Protocol):
    """Weight and bias of a linear map ([out, in], [out]) or of a LayerNorm ([n], [n])."""

    @property
    def weight(self) -> Tensor:
        """Weight."""

    @property
    def bias(self) -> Tensor:
        """Bias."""


@runtime_checkable
class TransformerWeights(Protocol):
    """Parameters of one post-norm Transformer layer."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    mixed: nn.Linear
    attention_norm: nn.LayerNorm
    inner: nn.Linear
    outer: nn.Linear
    output_norm: nn.LayerNorm


@runtime_checkable
class EmotionAttentionWeights(Protocol):
    """Parameters of the attention from emotions to steps, one set per modality."""

    query: nn.Linear
    key: nn.Linear
    output: nn.Linear


def linear(x: Tensor, weights: Affine) -> Tensor:
    """X W + b."""
    return F.linear(x, weights.weight, weights.bias)


def layer_norm(x: Tensor, weights: Affine) -> Tensor:
    """LayerNorm over the last axis with the method's epsilon."""
    return F.layer_norm(x, x.shape[-1:], weights.weight, weights.bias, NORM_EPSILON)


# ---------------------------------------------------------------------------------------------- unimodal extractor


def normalise_features(
    features: Float[Tensor, "clip step feature"], norm: Affine
) -> Float[Tensor, "clip step feature"]:
    """Eq. (1): LayerNorm over the features of each step."""
    return layer_norm(features, norm)


def embed_steps(
    features: Float[Tensor, "clip step feature"],
    projection: Affine,
    positions: Float[Tensor, "longest hidden"],
    norm: Affine,
    dropout: float,
) -> Float[Tensor, "clip step hidden"]:
    """Eq. (2): project, add the learned position, normalise."""
    placed = linear(features, projection) + positions[: features.shape[1]]
    return F.dropout(layer_norm(placed, norm), dropout, training=dropout > 0)


def transformer_layer(
    states: Float[Tensor, "clip step hidden"],
    mask: Bool[Tensor, "clip step"],
    layer: TransformerWeights,
    heads: int,
    dropout: float,
) -> Float[Tensor, "clip step hidden"]:
    """Eq. (3): self-attention and a GELU (erf) network, each followed by dropout, residual and LayerNorm.

    Padded steps (mask False) are attended by nobody. At least one step of every clip must be unmasked.
    """

    def split(x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], heads, -1).transpose(1, 2)

    attended = F.scaled_dot_product_attention(
        split(linear(states, layer.query)),
        split(linear(states, layer.key)),
        split(linear(states, layer.value)),
        attn_mask=mask[:, None, None, :],
        dropout_p=dropout,
    )
    mixed = linear(attended.transpose(1, 2).flatten(-2), layer.mixed)
    states = layer_norm(states + F.dropout(mixed, dropout, training=dropout > 0), layer.attention_norm)
    inner = linear(F.gelu(linear(states, layer.inner)), layer.outer)
    return layer_norm(states + F.dropout(inner, dropout, training=dropout > 0), layer.output_norm)


# -------------------------------------------------------------------------------------------------- emotion space


def attend_emotions(
    emotions: Float[Tensor, "emotion hidden"],
    states: Float[Tensor, "clip step hidden"],
    mask: Bool[Tensor, "clip step"],
    weights: EmotionAttentionWeights,
    dropout: float,
) -> tuple[Float[Tensor, "clip emotion hidden"], Float[Tensor, "clip emotion step"]]:
    """Eq. (4): each emotion looks over the steps of one modality; keys serve as values too.

    Returns:
        The emotion vectors Z and the attention A, which sums to 1 over the unmasked steps: when it was seen.
    """
    queries = linear(emotions, weights.query)
    keys = linear(states, weights.key)
    scores = torch.einsum("eh,bth->bet", queries, keys) / math.sqrt(keys.shape[-1])
    attention = scores.masked_fill(~mask[:, None, :], -torch.inf).softmax(dim=-1)
    context = F.dropout(attention @ keys, dropout, training=dropout > 0)
    return linear(context, weights.output), attention


def with_query(
    vectors: Float[Tensor, "clip emotion hidden"], queries: Float[Tensor, "emotion hidden"]
) -> Float[Tensor, "clip emotion hidden"]:
    """Eq. (17): the query reaches the output, so that emotions differ even where a modality has one step."""
    return vectors + queries


# ------------------------------------------------------------------------------------ latent emotional distributions


def latent_distribution(
    hidden: Float[Tensor, "*axes width"], mean: Affine, log_variance: Affine
) -> tuple[Float[Tensor, "*axes latent"], Float[Tensor, "*axes latent"]]:
    """Eq. (5): mean and standard deviation of a diagonal Gaussian; positive by construction."""
    return linear(hidden, mean), (linear(hidden, log_variance) / 2).exp()


LEAST_NOISE = 0.05
"""Added noise, as a share of what is usual, below which more or less makes no difference."""


def step_statistics(
    steps: Float[Tensor, "clip step feature"], mask: Bool[Tensor, "clip step"]
) -> Float[Tensor, "clip doubled"]:
    """Eq. (18), first part: per feature the mean size and the deviation over a clip's steps; noise raises both.

    Args:
        steps: standardised features, 0 at padding.
        mask: True at real steps, at least one per clip.
    """
    there = mask[..., None].to(steps.dtype)
    count = there.sum(dim=1)
    size = (steps.abs() * there).sum(dim=1) / count
    centred = (steps - ((steps * there).sum(dim=1) / count)[:, None]) * there
    return torch.cat([size, (centred.square().sum(dim=1) / count).sqrt()], dim=-1)


# ------------------------------------------------------------------------- contrastive disentangled distributions


def distribution_feature(
    mean: Float[Tensor, "*axes latent"], std: Float[Tensor, "*axes latent"]
) -> Float[Tensor, "*axes doubled"]:
    """Eq. (6): direction of the mean beside direction of the standard deviation."""
    return torch.cat([F.normalize(mean, dim=-1), F.normalize(std, dim=-1)], dim=-1)


def distribution_class(present: Bool[Tensor, "clip emotion"], modalities: int) -> Int[Tensor, "clip modality emotion"]:
    """Eq. (7): one class per (modality, emotion, present or absent), numbered 0 .. 2 M E - 1."""
    emotions = present.shape[1]
    pair = torch.arange(modalities * emotions, device=present.device).view(1, modalities, emotions)
    return 2 * pair + present[:, None, :].long()


def similarity(
    features: Float[Tensor, "anchor doubled"], keys: Float[Tensor, "key doubled"]
) -> Float[Tensor, "anchor key"]:
    """Eq. (8): f . f / 2, in [-1, 1]."""
    return features @ keys.T / 2


def contrastive_terms(
    keys: Float[Tensor, "key doubled"], classes: Int[Tensor, " key"], anchors: int, temperature: float
) -> tuple[Float[Tensor, " anchor"], Bool[Tensor, " anchor"]]:
    """The summand of Eq. (9) for each of the first `anchors` keys, and whether that anchor has a positive.

    Positives need class sums only, so that the one [anchor, key] product is that of the log-sum-exp. Terms of anchors
    without a positive are 0.
    """
    features = keys[:anchors]
    groups, group = torch.unique(classes, return_inverse=True)
    sums = keys.new_zeros(len(groups), keys.shape[1]).index_add(0, group, keys)
    positives = torch.bincount(group, minlength=len(groups))[group[:anchors]] - 1
    toward = (features * (sums[group[:anchors]] - features)).sum(dim=-1) / 2
    scores = similarity(features / temperature, keys).fill_diagonal_(-torch.inf)
    attraction = toward / temperature / positives.clamp(min=1)
    has_positive = positives > 0
    terms = scores.logsumexp(dim=-1) - attraction
    return torch.where(has_positive, terms, 0.0), has_positive


def contrastive_loss(
    keys: Float[Tensor, "key doubled"], classes: Int[Tensor, " key"], anchors: int, temperature: float
) -> Float[Tensor, ""]:
    """Eq. (9): supervised contrastive loss (Khosla et al., NeurIPS 2020) with a memory of past features.

    Args:
        keys: features of the batch, then of the memory (without gradient); Eq. (6).
        classes: class of each key; Eq. (7).
        anchors: how many keys, from the first, are anchors.
        temperature: tau.

    Returns:
        Mean over the anchors that have a positive; 0 where none has.
    """
    if anchors == 0:
        return keys.new_zeros(())
    terms, has_positive = contrastive_terms(keys, classes, anchors, temperature)
    return terms.sum() / has_positive.sum().clamp(min=1)


# ------------------------------------------------------------------------------------------ uncertainty-aware fusion


def fused_logit(
    direct: Float[Tensor, "clip emotion"], centre: Float[Tensor, "clip emotion"], spread: Float[Tensor, "clip emotion"]
) -> Float[Tensor, "clip emotion"]:
    """Eq. (10): the logit of p = g c + (1 - g) d from the logits of g, c and d; finite where p rounds to 0 or 1."""
    take_centre, take_spread = F.logsigmoid(direct), F.logsigmoid(-direct)
    present = torch.logaddexp(take_centre + F.logsigmoid(centre), take_spread + F.logsigmoid(spread))
    absent = torch.logaddexp(take_centre + F.logsigmoid(-centre), take_spread + F.logsigmoid(-spread))
    return present - absent


# --------------------------------------------------------------------------------- calibration of the uncertainty


def width(std: Float[Tensor, "clip modality emotion latent"]) -> Float[Tensor, "clip emotion"]:
    """Eq. (11), first part: u_e, the length of an emotion's standard deviations of all modalities."""
    return std.square().sum(dim=(1, 3)).sqrt()


def ordinal_calibration(
    uncertainty: Float[Tensor, "clip emotion"], reference: Float[Tensor, "clip emotion"]
) -> Float[Tensor, ""]:
    """Eq. (11): symmetric divergence between softmax(u) and softmax(reference) over all pairs of the batch, per pair."""
    log_a = uncertainty.flatten().log_softmax(dim=0)
    log_b = reference.flatten().log_softmax(dim=0)
    return ((log_a.exp() - log_b.exp()) * (log_a - log_b)).sum() / 2 / uncertainty.numel()


def weighted_total(terms: list[Float[Tensor, ""]], weights: list[float]) -> Float[Tensor, ""]:
    """Eq. (12): the weighted sum of the loss terms."""
    return torch.stack([weight * term for term, weight in zip(terms, weights, strict=True)]).sum()


def rate_factor(step: int, steps: int, warmup: float) -> float:
    """Eq. (12), schedule: share of the peak learning rate at a step: linear rise, then half a cosine down to 0.

    Example:
        >>> [round(rate_factor(step, 100, 0.1), 2) for step in (0, 9, 55, 100)]
        [0.1, 1.0, 0.5, 0.0]
    """
    rising = round(steps * warmup)
    if step < rising:
        return (step + 1) / rising
    return (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising))) / 2


# ------------------------------------------------------------------------------------------------------- corrections


def masked_bce(
    logits: Float[Tensor, "*axes"], targets: Float[Tensor, "*axes"], counted: Bool[Tensor, "*axes"]
) -> Float[Tensor, ""]:
    """Binary cross-entropy, mean over the counted places; 0 where none counts."""
    losses = F.binary_cross_entropy_with_logits(logits, torch.where(counted, targets, 0.0), reduction="none")
    return torch.where(counted, losses, 0.0).sum() / counted.sum().clamp(min=1)


def width_error_loss(
    widths: Float[Tensor, "*axes"],
    error: Float[Tensor, "*axes"],
    slope: Float[Tensor, ""],
    offset: Float[Tensor, ""],
    counted: Bool[Tensor, "*axes"],
) -> Float[Tensor, ""]:
    """Eq. (13): BCE(sigmoid(alpha u + beta), |p - y|), so that a wide distribution means "likely wrong".

    Args:
        widths: u, or |std| per modality in Eq. (14).
        error: |p - y| in [0, 1]; detached by the caller.
        slope: alpha > 0.
        offset: beta.
        counted: where the label is known and the modality present.
    """
    return masked_bce(slope * widths + offset, error, counted)


def modality_width(
    std: Float[Tensor, "clip modality emotion latent"], noise: Float[Tensor, "clip modality"]
) -> Float[Tensor, "clip modality emotion"]:
    """Eq. (18), second part: v_{m,e} = exp(q_m) |std_{m,e}|, how far a modality is to be trusted; no gradient reaches q."""
    return noise.detach().exp()[..., None] * std.square().sum(dim=-1).sqrt()


def noise_error(
    noise: Float[Tensor, "clip modality"], added: Float[Tensor, "clip modality"], counted: Bool[Tensor, "clip modality"]
) -> Float[Tensor, ""]:
    """Eq. (19): mean squared error of q against the logarithm of the noise that training added.

    Where noise cannot be told from signal, the best answer is a constant: the meter then changes no width.

    Args:
        noise: q of Eq. (18).
        added: size of the added noise in units of what is usual, at least `LEAST_NOISE` of it.
        counted: where the modality is present.
    """
    squares = (noise - added.clamp(min=LEAST_NOISE).log()).square()
    return torch.where(counted, squares, 0.0).sum() / counted.sum().clamp(min=1)


def modality_logit(
    mean: Float[Tensor, "clip modality emotion latent"],
    weight: Float[Tensor, "emotion latent"],
    bias: Float[Tensor, " emotion"],
) -> Float[Tensor, "clip modality emotion"]:
    """Eq. (14): what each modality's centre alone says, as a logit; the weights are shared by the modalities."""
    return torch.einsum("bmep,ep->bme", mean, weight) + bias


def stand_in(
    value: Float[Tensor, "clip modality *axes"],
    prior: Float[Tensor, " modality *axes"],
    presence: Bool[Tensor, "clip modality"],
) -> Float[Tensor, "clip modality *axes"]:
    """Eq. (15): the learned prior of a (modality, emotion) in place of a modality that a clip lacks."""
    return torch.where(presence.view(*presence.shape, *[1] * (value.ndim - 2)), value, prior)


def training_target(
    shares: Float[Tensor, "clip emotion"], present_at: float, target: str
) -> tuple[Float[Tensor, "clip emotion"], Bool[Tensor, "clip emotion"]]:
    """Eq. (16): the target of every loss, and where it is known.

    Args:
        shares: share of raters in [0, 1]; NaN where unknown.
        present_at: share from which an emotion counts as present.
        target: ``presence`` or ``shares``.
    """
    known = ~shares.isnan()
    filled = torch.where(known, shares, 0.0)
    if target == "shares":
        return filled, known
    return is_present(filled, present_at).to(shares.dtype), known


def is_present(shares: Float[Tensor, "clip emotion"], present_at: float) -> Bool[Tensor, "clip emotion"]:
    """Eq. (16): presence; a share that equals `present_at` up to float32 rounding counts as present."""
    return shares >= present_at - 1e-6
