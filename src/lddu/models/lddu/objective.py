"""The training objective, Eq. (12) with the corrections (13)-(16), term by term."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from lddu.machine.ranks import ALONE, Ranks
from lddu.models import equations
from lddu.models.family import Losses
from lddu.models.kernels.packing import gather_rows
from lddu.models.lddu.memory_queue import MemoryQueue
from lddu.models.lddu.network import LDDU
from lddu.models.lddu.prediction import Prediction
from lddu.models.lddu.settings import ResolvedObjective

LEAST_NOISE = 0.02
"""Added noise, in deviations, below which more or less makes no difference."""


class Objective(nn.Module):
    """Computes the loss of a batch and keeps the contrastive memory.

    Args:
        config: weights; memory_size and anchors already numbers.
        latent: P.
        present_at: share from which an emotion counts as present.
        ranks: that compute the loss together. Each calls it with the whole batch and takes a part of the contrastive
            anchors, so that the loss is the mean of what the ranks return; the memory is the same on all.
    """

    reads_modality_shares = True

    def __init__(self, config: ResolvedObjective, latent: int, present_at: float, ranks: Ranks = ALONE) -> None:
        super().__init__()
        self.ranks = ranks
        self.config = config
        self.anchors = config.anchors
        self.present_at = present_at
        self.memory = MemoryQueue(config.memory_size, 2 * latent)

    def forward(
        self,
        model: LDDU,
        prediction: Prediction,
        shares: Float[Tensor, "clip emotion"],
        noise: Float[Tensor, "clip modality"],
        modality_shares: Float[Tensor, "clip modality emotion"] | None = None,
    ) -> Losses:
        """The loss terms of a batch; its features enter the memory.

        Args:
            model: whose links from width to error are trained.
            prediction: of the batch.
            shares: share of raters, NaN where unknown.
            noise: size of the noise that training added to each modality, in deviations.
            modality_shares: share of the raters who judged a modality alone, NaN where unknown; None where nobody did.
        """
        c = self.config
        target, known = equations.training_target(shares, self.present_at, c.target)
        zero = target.new_zeros(())
        direct = equations.masked_bce(prediction.direct_logit, target, known)
        fused = equations.masked_bce(prediction.fused_logit, target, known)
        contrastive = self._contrastive(prediction, shares, known) if c.contrastive_weight else zero
        calibration = (
            equations.ordinal_calibration(prediction.width, prediction.direct_logit.sigmoid())
            if c.calibration_weight
            else zero
        )
        error = _width_error(model, prediction, target, known) if c.error_weight else zero
        modality = self._modality(model, prediction, shares, modality_shares) if c.modality_weight else zero
        order = _noise_order(prediction, noise) if c.noise_weight else zero
        terms = {
            "direct": (direct, c.direct_weight),
            "fused": (fused, c.fused_weight),
            "contrastive": (contrastive, c.contrastive_weight),
            "calibration": (calibration, c.calibration_weight),
            "error": (error, c.error_weight),
            "modality": (modality, c.modality_weight),
            "noise": (order, c.noise_weight),
        }
        total = equations.weighted_total(*(list(column) for column in zip(*terms.values(), strict=True)))
        return Losses(total, {name: term for name, (term, _) in terms.items()})

    def _modality(self, model: LDDU, prediction: Prediction, shares: Tensor, modality_shares: Tensor | None) -> Tensor:
        """Eq. (14): the BCE of each modality's own score, and Eq. (13) for each modality with one shared link."""
        logit, link = prediction.modality_logit, model.modality_width_link
        labels = shares[:, None, :].expand_as(logit)
        if modality_shares is not None:
            labels = equations.modality_shares(shares, modality_shares)
        target, known = (
            part.view_as(logit)
            for part in equations.training_target(labels.flatten(0, 1), self.present_at, self.config.target)
        )
        counted = prediction.presence[:, :, None] & known
        error = (logit.sigmoid() - target).abs().detach()
        score = equations.masked_bce(logit, target, counted)
        return score + equations.width_error_loss(prediction.modality_width, error, link.slope, link.offset, counted)

    def _contrastive(self, prediction: Prediction, shares: Tensor, known: Tensor) -> Tensor:
        pairs, classes = contrastive_places(prediction, equations.is_present(shares, self.present_at), known)
        anchors = min(self.anchors, len(classes))
        if anchors < len(classes):
            order = self.ranks.agreed(torch.randperm(len(classes), device=classes.device))
            pairs, classes = pairs[order], classes[order]
        features = _features(prediction, pairs)
        past, past_classes = self.memory.filled()
        keys, key_classes = torch.cat([features, past]), torch.cat([classes, past_classes])
        share = 1.0
        if self.ranks.size > 1:
            keys, key_classes, anchors, share = _own_anchors(keys, key_classes, anchors, self.ranks)
        loss = share * equations.contrastive_loss(keys, key_classes, anchors, self.config.temperature, len(features))
        self.memory.push(features, classes)
        return loss


def _own_anchors(keys: Tensor, classes: Tensor, anchors: int, ranks: Ranks) -> tuple[Tensor, Tensor, int, float]:
    """This rank's part of the anchors before all other keys.

    Returns:
        Keys, classes, how many anchors are this rank's, and what its loss counts, so that the mean over ranks is Eq. (9).
    """
    part = ranks.part(anchors)
    order = torch.arange(len(keys), device=keys.device)
    order = torch.cat([order[part], order[: part.start], order[part.stop :]])
    _, kind, times = torch.unique(classes, return_inverse=True, return_counts=True)
    with_positive = (times[kind[part]] > 1).sum()
    share = ranks.size * float(with_positive) / max(1.0, float(ranks.sum(with_positive)))
    return keys[order], classes[order], part.stop - part.start, share


def contrastive_places(
    prediction: Prediction, present: Bool[Tensor, "clip emotion"], known: Bool[Tensor, "clip emotion"]
) -> tuple[Int[Tensor, " pair"], Int[Tensor, " pair"]]:
    """Every (clip, modality, emotion) that is there and labelled: its place among all of them, and its class, Eq. (7)."""
    classes = equations.distribution_class(present, prediction.mean.shape[1])
    there = prediction.presence[:, :, None] & known[:, None, :]
    places = there.flatten().nonzero().squeeze(1)
    return places, classes.flatten()[places]


def contrastive_pairs(
    prediction: Prediction, present: Bool[Tensor, "clip emotion"], known: Bool[Tensor, "clip emotion"]
) -> tuple[Float[Tensor, "pair doubled"], Int[Tensor, " pair"]]:
    """Features, Eq. (6), and classes, Eq. (7), of every (clip, modality, emotion) that is there and labelled."""
    places, classes = contrastive_places(prediction, present, known)
    return _features(prediction, places), classes


def _features(prediction: Prediction, places: Int[Tensor, " pair"]) -> Float[Tensor, "pair doubled"]:
    """Eq. (6) at some places."""
    mean, std = (gather_rows(values.flatten(0, 2), places) for values in (prediction.mean, prediction.std))
    return equations.distribution_feature(mean, std)


def _width_error(model: LDDU, prediction: Prediction, target: Tensor, known: Tensor) -> Tensor:
    """Eq. (13) for the fused probability."""
    error = (prediction.probability - target).abs().detach()
    link = model.width_link
    return equations.width_error_loss(prediction.width, error, link.slope, link.offset, known)


def _noise_order(prediction: Prediction, noise: Tensor) -> Tensor:
    """Eq. (19) with the logarithm of the added noise."""
    level = noise.clamp(min=LEAST_NOISE).log()
    return equations.noise_order_loss(prediction.modality_width.log(), prediction.noise, level, prediction.presence)
