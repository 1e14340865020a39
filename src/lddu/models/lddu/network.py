"""The whole network: features of M modalities to a distribution per (modality, emotion) and a probability per emotion."""

import math
from collections.abc import Collection, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.models import equations
from lddu.models.lddu.emotion_space import EmotionAttention, LatentDistribution, NoiseMeter
from lddu.models.lddu.encoder import UnimodalEncoder
from lddu.models.lddu.fusion import ScorePerEmotion, SharedScore
from lddu.models.lddu.links import NoiseTrust, WidthLink
from lddu.models.lddu.prediction import Prediction, Unimodal
from lddu.models.lddu.settings import ResolvedModel

METER_HIDDEN = 32
"""Hidden width of a `NoiseMeter`: it answers one question."""


class LDDU(nn.Module):
    """Latent emotional Distribution Decomposition with Uncertainty perception (Huang et al., Findings of ACL 2025).

    Args:
        dimensions: features per step of each modality, in order; one or more.
        emotions: E.
        config: sizes and dropout.
        linear_only: places of the modalities that reach the fusion by their linear path alone.

    Example:
        >>> model = LDDU([3, 5], emotions=2, config=ResolvedModel(hidden=16, latent=4, layers=1, heads=2)).eval()
        >>> values = (torch.randn(1, 7, 3), torch.randn(1, 4, 5))
        >>> mask = (torch.ones(1, 7, dtype=torch.bool), torch.ones(1, 4, dtype=torch.bool))
        >>> prediction = model(values, mask, torch.tensor([[True, False]]))
        >>> prediction.probability.shape, prediction.std.shape
        (torch.Size([1, 2]), torch.Size([1, 2, 2, 4]))
    """

    fused: Tensor | None

    def __init__(
        self, dimensions: Sequence[int], emotions: int, config: ResolvedModel, linear_only: Collection[int] = ()
    ) -> None:
        super().__init__()
        modalities, hidden, latent = len(dimensions), config.hidden, config.latent
        self.encoders = nn.ModuleList(UnimodalEncoder(dimension, config) for dimension in dimensions)
        self.emotions = nn.Parameter(nn.init.xavier_normal_(torch.empty(emotions, hidden)))
        self.attentions = nn.ModuleList(
            EmotionAttention(hidden, config.emotion_dropout, config.query_residual) for _ in dimensions
        )
        self.distributions = nn.ModuleList(LatentDistribution(hidden, latent) for _ in dimensions)
        self.meters = nn.ModuleList(
            NoiseMeter(dimension, METER_HIDDEN) for dimension in dimensions if config.noise_meter
        )
        self.prior_vectors = nn.Parameter(torch.zeros(modalities, emotions, hidden))
        self.prior_mean = nn.Parameter(torch.zeros(modalities, emotions, latent))
        self.prior_log_std = nn.Parameter(torch.zeros(modalities, emotions, latent))
        self.direct = SharedScore(modalities * hidden, hidden // 2, config.head_dropout)
        self.centre = ScorePerEmotion(emotions, modalities * latent, hidden // 2, config.head_dropout)
        self.spread = ScorePerEmotion(emotions, modalities * latent, hidden // 2, config.head_dropout)
        self.modality_weight = nn.Parameter(torch.randn(emotions, latent) / math.sqrt(latent))
        self.modality_bias = nn.Parameter(torch.zeros(emotions))
        self.trust = NoiseTrust(modalities) if config.noise_gate else None
        self.linear = nn.ParameterList(
            torch.zeros(emotions, dimension) for dimension in dimensions if config.linear_path
        )
        fused = torch.tensor([float(m not in linear_only) for m in range(modalities)]) if linear_only else None
        self.register_buffer("fused", fused, persistent=False)
        self.width_link = WidthLink(modalities * latent)
        self.modality_width_link = WidthLink(latent)

    def forward(
        self, values: tuple[Tensor, ...], mask: tuple[Tensor, ...], presence: Bool[Tensor, "clip modality"]
    ) -> Prediction:
        """Predict a batch.

        Args:
            values: per modality [B, T, D]; padded steps and missing modalities hold anything finite.
            mask: per modality [B, T], False at padding; may be all False where the modality is missing.
            presence: [B, M].
        """
        parts = [self.unimodal(m, values[m], mask[m] & presence[:, m, None]) for m in range(len(self.encoders))]
        return self.fuse(parts, presence)

    def unimodal(self, m: int, values: Tensor, mask: Tensor) -> Unimodal:
        """The prediction of modality m by itself, from [B, T, D] and [B, T]; of a clip without a real step, anything finite."""
        states = self.encoders[m](values, mask)
        first = torch.arange(mask.shape[1], device=mask.device) == 0
        attended = mask | (first & ~mask.any(dim=1, keepdim=True))  # a missing modality attends to a blank step
        vectors, attention = self.attentions[m](self.emotions, states, attended)
        mean, std = self.distributions[m](vectors)
        noise = self.noise(m, values, mask)
        linear = equations.linear_path(values, mask, self.linear[m]) if len(self.linear) else None
        return Unimodal(vectors, mean, equations.scaled_by_noise(std, noise), noise, attention, linear)

    def noise(self, m: int, values: Float[Tensor, "clip step feature"], seen: Bool[Tensor, "clip step"]) -> Tensor:
        """[B] q of modality m, Eq. (18); 0 without a meter."""
        if not self.meters:
            return values.new_zeros(values.shape[0])
        noise: Tensor = self.meters[m](torch.where(seen[..., None], values, 0.0), seen)
        return noise

    def fuse(self, parts: Sequence[Unimodal], presence: Bool[Tensor, "clip modality"]) -> Prediction:
        """Predict from the predictions of the modalities.

        For one that is not present the learned prior stands in, Eq. (15); the fusion weights a noisy one less, Eq. (20), and
        does not read one that is linear alone, Eq. (25).
        """
        noise_BM = torch.where(presence, torch.stack([part.noise for part in parts], dim=1), 0.0)
        there_BM = presence.to(noise_BM.dtype)
        trust_BM = there_BM if self.trust is None else there_BM * self.trust(noise_BM)
        heard_BM = trust_BM if self.fused is None else trust_BM * self.fused
        vectors_BMEH, mean_BMEP, std_BMEP = (
            torch.stack(spoken, dim=1)
            for spoken in zip(*((part.vectors, part.mean, part.std) for part in parts), strict=True)
        )
        prior_std = self.prior_log_std.exp()
        heard_BMEH = equations.stand_in(vectors_BMEH, self.prior_vectors, heard_BM)
        heard_mean = equations.stand_in(mean_BMEP, self.prior_mean, heard_BM)
        heard_std = equations.stand_in(std_BMEP, prior_std, heard_BM)
        centre, spread = self.centre(_beside(heard_mean)), self.spread(_beside(heard_std))
        direct = self.direct(_beside(heard_BMEH))
        fused = equations.fused_logit(direct, centre, spread)
        if linear := [part.linear for part in parts if part.linear is not None]:
            added = (trust_BM[:, :, None] * torch.stack(linear, dim=1)).sum(dim=1)
            direct, fused = direct + added, fused + added
        if heard_BM is there_BM:
            mean_BMEP, std_BMEP = heard_mean, heard_std
        else:
            mean_BMEP = equations.stand_in(mean_BMEP, self.prior_mean, there_BM)
            std_BMEP = equations.stand_in(std_BMEP, prior_std, there_BM)
        return Prediction(
            direct_logit=direct,
            fused_logit=fused,
            modality_logit=equations.modality_logit(mean_BMEP, self.modality_weight, self.modality_bias),
            vectors=heard_BMEH,
            mean=mean_BMEP,
            std=std_BMEP,
            noise=noise_BM,
            trust=trust_BM,
            attention=tuple(part.attention for part in parts),
            presence=presence,
            link=self.modality_width_link,
            metered=bool(self.meters),
            gated=self.trust is not None,
        )


def _beside(x_BMEK: Tensor) -> Tensor:
    """[B, M, E, K] -> [B, E, M K]: the modalities of an emotion side by side."""
    return x_BMEK.transpose(1, 2).flatten(-2)
