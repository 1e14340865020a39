"""Augmentation of training batches: noise of known size, and modalities hidden, Eq. (15), (19)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lddu.models.scaling import Scaling


def hide_modalities(presence: Bool[Tensor, "clip modality"], chance: float) -> Bool[Tensor, "clip modality"]:
    """Eq. (15), training: hide each present modality with a small chance, never all of a clip's."""
    if chance == 0:
        return presence
    present = presence & (torch.rand(presence.shape, device=presence.device) >= chance)
    return torch.where(present.any(dim=1, keepdim=True), present, presence)


WEAKEST, STRONGEST = 0.25, 4.0
"""Range of a corruption, in deviations of each feature."""

SPREAD = 1.0
"""Deviation of the logarithm of the everyday noise, which differs from clip to clip and modality to modality."""


def draw_noise(
    presence: Bool[Tensor, "clip modality"], typical: float, corruption: float
) -> Float[Tensor, "clip modality"]:
    """Size of the noise that each modality of each clip gets, in deviations of its features; a random draw.

    Args:
        presence: only its shape and device count.
        typical: median of the everyday noise, log-normal with `SPREAD`; 0 for none.
        corruption: chance of a corruption on top, log-uniform from `WEAKEST` to `STRONGEST`, Eq. (19).
    """
    sizes = torch.zeros(presence.shape, device=presence.device)
    if typical:
        sizes = typical * (SPREAD * torch.randn_like(sizes)).exp()
    if corruption:
        strength = WEAKEST * (STRONGEST / WEAKEST) ** torch.rand_like(sizes)
        sizes = torch.where(torch.rand_like(sizes) < corruption, torch.hypot(sizes, strength), sizes)
    return sizes


def add_noise(
    scaling: Scaling, values: tuple[Tensor, ...], sizes: Float[Tensor, "clip modality"]
) -> tuple[Tensor, ...]:
    """Features with white noise.

    Args:
        scaling: holds each feature's deviation.
        values: per modality [B, T, D].
        sizes: of the noise, in those deviations; see `draw_noise`.
    """
    if not sizes.any():
        return values
    scales = [scaling.of(m).scale for m in range(len(values))]
    return tuple(
        x + size[:, None, None] * scale * torch.randn_like(x)
        for x, scale, size in zip(values, scales, sizes.unbind(dim=1), strict=True)
    )
