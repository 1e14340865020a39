"""Every numbered equation of the method, one pure function each, in order. docs/method.md sets them side by side.

Nothing here owns a parameter, draws a seed or knows a setting. Parameters come in as anything with the attributes of
the protocols below (modules are). Letters in shape suffixes: B clips, M modalities, E emotions, T steps, D features,
H hidden size, P latent size. A `dropout` is the rate that holds now: 0 outside training.
"""

import math
from typing import Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from lddu.labels import least_share
from lddu.models.kernels.attention import self_attention
from lddu.models.kernels.contrastive import weighted_logsumexp
from lddu.models.kernels.dropout import add_dropped
from lddu.models.kernels.dropout import dropout as drop
from lddu.models.kernels.packing import Packing

NORM_EPSILON = 1e-12
"""Of every LayerNorm. PyTorch's default of 1e-5 does not reproduce the released model."""


class Affine(Protocol):
    """Weight and bias of a linear map ([out, in], [out]) or of a LayerNorm ([n], [n])."""

    @property
    def weight(self) -> Tensor:
        """Weight."""

    @property
    def bias(self) -> Tensor:
        """Bias."""


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


def normalise_features(features: Float[Tensor, "*axes feature"], norm: Affine) -> Float[Tensor, "*axes feature"]:
    """Eq. (1): LayerNorm over the features of each step."""
    return layer_norm(features, norm)


def embed_steps(
    features: Float[Tensor, "*axes feature"],
    projection: Affine,
    position: Float[Tensor, "*#axes hidden"],
    norm: Affine,
    dropout: float,
) -> Float[Tensor, "*axes hidden"]:
    """Eq. (2): project, add the learned position of each step, normalise."""
    return drop(layer_norm(linear(features, projection) + position, norm), dropout)


def transformer_layer(
    states: Float[Tensor, "row hidden"], packing: Packing, layer: TransformerWeights, heads: int, dropout: float
) -> Float[Tensor, "row hidden"]:
    """Eq. (3): self-attention and a GELU (erf) network, each followed by dropout, residual and LayerNorm.

    The rows are the real steps of all clips, so that padded steps are attended by nobody and cost nothing.
    """
    mixing = (layer.query, layer.key, layer.value)
    weight, bias = torch.cat([m.weight for m in mixing]), torch.cat([m.bias for m in mixing])
    attended = self_attention(F.linear(states, weight, bias), packing, heads, dropout)
    states = layer_norm(add_dropped(states, linear(attended, layer.mixed), dropout), layer.attention_norm)
    inner = linear(F.gelu(linear(states, layer.inner)), layer.outer)
    return layer_norm(add_dropped(states, inner, dropout), layer.output_norm)


# -------------------------------------------------------------------------------------------------- emotion space


def attend_emotions(
    emotions: Float[Tensor, "emotion hidden"],
    states: Float[Tensor, "clip step hidden"],
    mask: Bool[Tensor, "clip step"],
    weights: EmotionAttentionWeights,
    dropout: float,
) -> tuple[Float[Tensor, "clip emotion hidden"], Float[Tensor, "clip emotion step"]]:
    """Eq. (4): each emotion looks over the steps of one modality; keys serve as values too.

    The keys K = O W + b are never made: Q K^T differs from (Q W^T) O^T by a number per emotion, which a softmax over
    the steps does not see, and A K = (A O) W + b since A sums to 1. That leaves one vector per emotion to project
    instead of one per step.

    Returns:
        The emotion vectors Z and the attention A, which sums to 1 over the unmasked steps: when it was seen.
    """
    queries = linear(emotions, weights.query) @ weights.key.weight / math.sqrt(states.shape[-1])
    scores = F.linear(states, queries).transpose(1, 2)
    attention = scores.masked_fill(~mask[:, None, :], -torch.inf).softmax(dim=-1)
    context = drop(linear(attention @ states, weights.key), dropout)
    return linear(context, weights.output), attention


def attend_one_step(
    states: Float[Tensor, "clip 1 hidden"], emotions: int, weights: EmotionAttentionWeights, dropout: float
) -> tuple[Float[Tensor, "clip emotion hidden"], Float[Tensor, "clip emotion 1"]]:
    """Eq. (4) where there is one step: all emotions attend to it alone, whatever they ask, and its key is made once."""
    context = linear(states, weights.key).expand(-1, emotions, -1)
    return linear(drop(context, dropout), weights.output), states.new_ones(states.shape[0], emotions, 1)


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


def step_statistics(
    steps: Float[Tensor, "clip step feature"], mask: Bool[Tensor, "clip step"]
) -> Float[Tensor, "clip doubled"]:
    """Eq. (18), first part: per feature the mean size and the deviation over a clip's steps; noise raises both.

    Args:
        steps: standardised features, 0 at padding.
        mask: True at real steps; a clip without any gives zeros.
    """
    there = mask[..., None].to(steps.dtype)
    if steps.shape[1] == 1:
        return F.pad((steps.abs() * there)[:, 0], (0, steps.shape[-1]))  # one step does not deviate
    count = there.sum(dim=1).clamp(min=1)
    size = (steps.abs() * there).sum(dim=1) / count
    centred = (steps - ((steps * there).sum(dim=1) / count)[:, None]) * there
    return torch.cat([size, (centred.square().sum(dim=1) / count).sqrt()], dim=-1)


def scaled_by_noise(
    std: Float[Tensor, "clip emotion latent"], noise: Float[Tensor, " clip"]
) -> Float[Tensor, "clip emotion latent"]:
    """Eq. (18), second part: one factor exp(q) per clip and modality for all of its standard deviations."""
    return std * noise.exp()[:, None, None]


# ------------------------------------------------------------------------- contrastive disentangled distributions


def distribution_feature(
    mean: Float[Tensor, "*axes latent"], std: Float[Tensor, "*axes latent"]
) -> Float[Tensor, "*axes doubled"]:
    """Eq. (6): direction of the mean beside direction of the standard deviation."""
    return F.normalize(torch.stack([mean, std], dim=-2), dim=-1).flatten(-2)


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

    Terms of anchors without a positive are 0.
    """
    attraction, has_positive = _attraction(keys, classes, anchors, temperature)
    scores = similarity(keys[:anchors] / temperature, keys).fill_diagonal_(-torch.inf)
    return torch.where(has_positive, scores.logsumexp(dim=-1) - attraction, 0.0), has_positive


def _attraction(
    keys: Tensor, classes: Tensor, anchors: int, temperature: float
) -> tuple[Float[Tensor, " anchor"], Bool[Tensor, " anchor"]]:
    """Mean similarity of each anchor to its positives over tau, from class sums alone; and whether it has any."""
    features = keys[:anchors]
    members = torch.bincount(classes)
    sums = keys.new_zeros(len(members), keys.shape[1]).index_add(0, classes, keys)
    positives = members[classes[:anchors]] - 1
    # the gradient of sums[...] adds in no fixed order on several threads
    class_sums = sums.index_select(0, classes[:anchors])
    toward = (features * (class_sums - features)).sum(dim=-1) / 2
    return toward / temperature / positives.clamp(min=1), positives > 0


def contrastive_loss(
    keys: Float[Tensor, "key doubled"],
    classes: Int[Tensor, " key"],
    anchors: int,
    temperature: float,
    learning: int | None = None,
) -> Float[Tensor, ""]:
    """Eq. (9): supervised contrastive loss (Khosla et al., NeurIPS 2020) with a memory of past features.

    The mean of `contrastive_terms`, without an [anchor, key] matrix that outlives its use.

    Args:
        keys: features of the batch, then of the memory (without gradient); Eq. (6).
        classes: class of each key; Eq. (7).
        anchors: how many keys, from the first, are anchors.
        temperature: tau.
        learning: how many keys, from the first, take a gradient: the batch; all by default.

    Returns:
        Mean over the anchors that have a positive; 0 where none has.
    """
    if anchors == 0:
        return keys.new_zeros(())
    attraction, has_positive = _attraction(keys, classes, anchors, temperature)
    weights = has_positive.to(keys.dtype) / has_positive.sum().clamp(min=1)
    learning = len(keys) if learning is None else learning
    loss = -(weights @ attraction)
    if len(keys) > 1:  # a lone key has nothing to be contrasted with
        loss = loss + weighted_logsumexp(keys, weights, 1 / (2 * temperature), learning)
    return loss


# ------------------------------------------------------------------------------------------ uncertainty-aware fusion


def fused_logit(
    direct: Float[Tensor, "clip emotion"], centre: Float[Tensor, "clip emotion"], spread: Float[Tensor, "clip emotion"]
) -> Float[Tensor, "clip emotion"]:
    """Eq. (10): the logit of p = g c + (1 - g) d from the logits of g, c and d; finite where p rounds to 0 or 1."""
    take_centre, take_spread = F.logsigmoid(direct), F.logsigmoid(-direct)
    present = torch.logaddexp(take_centre + F.logsigmoid(centre), take_spread + F.logsigmoid(spread))
    absent = torch.logaddexp(take_centre + F.logsigmoid(-centre), take_spread + F.logsigmoid(-spread))
    return present - absent


def linear_path(
    steps: Float[Tensor, "clip step feature"],
    mask: Bool[Tensor, "clip step"],
    weight: Float[Tensor, "emotion feature"],
) -> Float[Tensor, "clip emotion"]:
    """Eq. (25), the part of one modality: a linear score of the mean over its unmasked steps; 0 where it has none."""
    return F.linear(mean_step(steps, mask)[0][:, 0], weight)


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


def masked_mean_and_deviation(
    steps: Float[Tensor, "clip step feature"], mask: Bool[Tensor, "clip step"]
) -> Float[Tensor, "clip doubled"]:
    """Eq. (21): mean and standard deviation of each feature over the unmasked steps, side by side; zeros where there are none."""
    mean, _ = mean_step(steps, mask)
    centred = torch.where(mask[..., None], steps - mean, 0.0)
    squares, _ = mean_step(centred.square(), mask)
    return torch.cat([mean[:, 0], squares[:, 0].sqrt()], dim=-1)


def mean_step(
    steps: Float[Tensor, "clip step feature"], mask: Bool[Tensor, "clip step"]
) -> tuple[Float[Tensor, "clip 1 feature"], Bool[Tensor, "clip 1"]]:
    """Eq. (24): the mean of the unmasked steps as the only step, and whether there was one; zeros where there are none."""
    unmasked = torch.where(mask[..., None], steps, 0.0)
    if steps.shape[1] == 1:
        return unmasked, mask
    mean = unmasked.sum(dim=1, keepdim=True) / mask.sum(dim=1).clamp(min=1).to(steps.dtype)[:, None, None]
    return mean, mask.any(dim=1, keepdim=True)


def shallow_logits(
    pooled: Float[Tensor, "clip pooled"],
    first: Float[Tensor, "pooled unit"],
    first_bias: Float[Tensor, " unit"],
    last: Float[Tensor, "network hidden emotion"],
    dropout: float = 0.0,
) -> Float[Tensor, "network clip emotion"]:
    """Eq. (22), one modality: what each of K small networks with one hidden layer adds to the logits.

    Args:
        pooled: s of Eq. (21).
        first: weights of the hidden layers of all K networks, side by side; unit = K * hidden.
        first_bias: of these.
        last: weights from each network's hidden layer to the emotions.
        dropout: share of the hidden units that are hidden.
    """
    networks, hidden, _ = last.shape
    units = torch.relu(torch.addmm(first_bias, pooled, first)).view(-1, networks, hidden).transpose(0, 1)
    return torch.bmm(F.dropout(units, dropout) if dropout else units, last)


def shared_logit(
    network: Float[Tensor, "clip emotion"], path: Float[Tensor, "clip emotion"], share: Float[Tensor, ""]
) -> Float[Tensor, "clip emotion"]:
    """Eq. (23): the logit of (1 - w) p + w q; the network alone where w = 0."""
    log_odds = torch.logit(share).expand_as(network)
    return torch.where(share > 0, fused_logit(log_odds, path, network), network)


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


def noise_order_loss(
    log_width: Float[Tensor, "clip modality emotion"],
    noise: Float[Tensor, "clip modality"],
    level: Float[Tensor, "clip modality"],
    counted: Bool[Tensor, "clip modality"],
) -> Float[Tensor, ""]:
    """Eq. (19): 1 - correlation, over the clips of a batch, of a modality's mean log width with its known corruption.

    Only the noise factor of Eq. (18) learns from it: the rest of the width is taken as given, so that the order costs the
    emotions nothing. A modality with fewer than two clips, or with one level only, takes no part.

    Args:
        log_width: log |std_{m,e}|, which contains the noise factor.
        noise: q of Eq. (18).
        level: known size of the added corruption, larger is worse.
        counted: where the modality is present.
    """
    total = (log_width.mean(dim=-1) - noise).detach() + noise
    count = counted.sum(dim=0).clamp(min=1)

    def centred(values: Tensor) -> Tensor:
        present = torch.where(counted, values, 0.0)
        return torch.where(counted, present - present.sum(dim=0) / count, 0.0)

    a, b = centred(total), centred(level)
    spread = b.norm(dim=0)
    lowest = torch.where(counted, level, torch.inf).amin(dim=0)
    highest = torch.where(counted, level, -torch.inf).amax(dim=0)
    usable = highest > lowest
    correlation = (a * b).sum(dim=0) / (a.norm(dim=0) * spread).clamp(min=1e-8)
    loss: Tensor = torch.where(usable, 1 - correlation, 0.0).sum() / usable.sum().clamp(min=1)
    return loss


def modality_logit(
    mean: Float[Tensor, "clip modality emotion latent"],
    weight: Float[Tensor, "emotion latent"],
    bias: Float[Tensor, " emotion"],
) -> Float[Tensor, "clip modality emotion"]:
    """Eq. (14): what each modality's centre alone says, as a logit; the weights are shared by the modalities."""
    rows = mean.flatten(0, 1).transpose(0, 1)
    logit = torch.baddbmm(bias[:, None, None], rows, weight[:, :, None])
    return logit.squeeze(-1).t().reshape(mean.shape[:3])


def modality_shares(
    shares: Float[Tensor, "clip emotion"], judged_alone: Float[Tensor, "clip modality emotion"]
) -> Float[Tensor, "clip modality emotion"]:
    """Eq. (14), its labels: what raters saw who judged the modality alone; the joint share where that is unknown.

    Args:
        shares: of raters who judged the whole clip; NaN where unknown.
        judged_alone: of raters who judged one modality; NaN where unknown.
    """
    return torch.where(judged_alone.isnan(), shares[:, None, :], judged_alone)


def stand_in(
    value: Float[Tensor, "clip modality *axes"],
    prior: Float[Tensor, " modality *axes"],
    trust: Float[Tensor, "clip modality"],
) -> Float[Tensor, "clip modality *axes"]:
    """Eq. (15): the learned prior of a (modality, emotion) where a modality is missing, and, Eq. (20), in part where it is noisy.

    Args:
        value: what each modality says.
        prior: what stands in.
        trust: share of its own in [0, 1]: 0 gives the prior, 1 the value, both exactly.
    """
    share = trust.view(*trust.shape, *[1] * (value.ndim - 2))
    return torch.lerp(prior.expand_as(value), value.to(prior.dtype), share.to(prior.dtype))


def noise_trust(
    noise: Float[Tensor, "clip modality"], offset: Float[Tensor, " modality"], slope: Float[Tensor, " modality"]
) -> Float[Tensor, "clip modality"]:
    """Eq. (20): the fusion's weight on a modality; falls with its noise q.

    Args:
        noise: q of Eq. (18).
        offset: log odds of trust at q = 0.
        slope: positive.
    """
    return (offset - slope * noise).sigmoid()


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
    return shares >= least_share(present_at)
