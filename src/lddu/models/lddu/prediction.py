"""The prediction of LDDU for a batch: of one modality, and of the whole."""

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from lddu.models import equations
from lddu.models.lddu.links import WidthLink


@dataclass(frozen=True)
class Unimodal:
    """The prediction of one modality for a batch.

    Attributes:
        vectors: [B, E, H] emotion vectors Z, Eq. (4).
        mean: [B, E, P] centres of its latent distributions, Eq. (5).
        std: [B, E, P] their standard deviations.
        noise: [B] q of Eq. (18), in them.
        attention: [B, E, T], Eq. (4).
        linear: [B, E] its part of the linear path, Eq. (25); None without one.
    """

    vectors: Float[Tensor, "clip emotion hidden"]
    mean: Float[Tensor, "clip emotion latent"]
    std: Float[Tensor, "clip emotion latent"]
    noise: Float[Tensor, " clip"]
    attention: Tensor
    linear: Tensor | None = None


@dataclass(frozen=True)
class Prediction:
    """The prediction of the network for a batch. All scores are logits; `probability` is not.

    Attributes:
        direct_logit: [B, E] of g, Eq. (10).
        fused_logit: [B, E] of p, Eq. (10).
        modality_logit: [B, M, E] of c_{m,e}, Eq. (14).
        vectors: [B, M, E, H] emotion vectors Z, Eq. (4), as the fusion reads them.
        mean: [B, M, E, P] centres of the latent distributions, Eq. (5).
        std: [B, M, E, P] their standard deviations.
        noise: [B, M] q of Eq. (18), in them; 0 where the modality is missing or nothing measures it.
        trust: [B, M] weight of the modality in the fusion, Eq. (20): 0 where it is missing, 1 without a gate.
        attention: per modality [B, E, T], Eq. (4): when an emotion was seen.
        presence: [B, M] whether the modality was there; elsewhere a learned prior stands in, Eq. (15).
        link: from |std_m| to the chance that modality m errs alone, Eq. (14).
        metered: whether `noise` was measured.
        gated: whether `trust` was.
    """

    direct_logit: Float[Tensor, "clip emotion"]
    fused_logit: Float[Tensor, "clip emotion"]
    modality_logit: Float[Tensor, "clip modality emotion"]
    vectors: Float[Tensor, "clip modality emotion hidden"]
    mean: Float[Tensor, "clip modality emotion latent"]
    std: Float[Tensor, "clip modality emotion latent"]
    noise: Float[Tensor, "clip modality"]
    trust: Float[Tensor, "clip modality"]
    attention: tuple[Tensor, ...]
    presence: Bool[Tensor, "clip modality"]
    link: "WidthLink"
    metered: bool
    gated: bool

    @property
    def logit(self) -> Float[Tensor, "clip emotion"]:
        """Of `probability`."""
        return self.fused_logit

    @property
    def evidence(self) -> Mapping[str, Tensor | tuple[Tensor, ...]]:
        """What `EVIDENCE` lists; noise and trust where something measures them."""
        evidence: dict[str, Tensor | tuple[Tensor, ...]] = {
            "width": self.width,
            "modality_error": self.link(self.modality_width),
            "attention": self.attention,
        }
        if self.metered:
            evidence["modality_noise"] = self.noise
        if self.gated:
            evidence["modality_trust"] = self.trust
        return evidence

    @property
    def probability(self) -> Float[Tensor, "clip emotion"]:
        """P, the fused probability that the emotion is present."""
        return self.fused_logit.sigmoid()

    @property
    def width(self) -> Float[Tensor, "clip emotion"]:
        """u_e, Eq. (11)."""
        return equations.width(self.std)

    @property
    def modality_width(self) -> Float[Tensor, "clip modality emotion"]:
        """|std_{m,e}|."""
        return self.std.square().sum(dim=-1).sqrt()
