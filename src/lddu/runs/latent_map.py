"""The latent emotion space on paper: the means of each modality's distributions in the plane that shows most of them."""

from dataclasses import dataclass

import numpy as np
import torch

from lddu.arrays import Floats
from lddu.models.networks import INFERENCE_BATCH, Networks

MOST_POINTS = 1500
"""More would hide each other on a page."""


@dataclass(frozen=True, eq=False)
class LatentMap:
    """K distributions of present emotions, one per point.

    Attributes:
        place: [K, 2] coordinates along the first two principal components of the modality's means.
        width: [K] |std|.
        emotion: [K] number of the emotion.
        modality: [K] number of the modality.
        explained: modality -> share of the variance of its means in its plane.
    """

    place: Floats
    width: Floats
    emotion: np.ndarray
    modality: np.ndarray
    explained: dict[str, float]


def latent_map(networks: Networks, rows: np.ndarray, presence: Floats, seed: int = 0) -> LatentMap | None:
    """The means of emotions that were observed, of every modality that is there, each modality in a plane of its own.

    Of an ensemble the first network is shown: latent spaces of different networks have nothing to do with each other.

    Args:
        networks: of the run.
        rows: [N] row numbers of clips in the store.
        presence: [N, E] 1, 0, or NaN where unknown.
        seed: of the choice of clips where there are too many.

    Returns:
        None where no modality has three such distributions, or the model family has none at all.
    """
    chosen = _chosen(presence == 1, len(networks.reader.dimensions), seed)
    rows, present = rows[chosen], presence[chosen] == 1
    if not len(rows):
        return None
    network = networks.members[0].eval()
    if network.family.latents is None:
        return None
    device = next(network.parameters()).device
    means, widths, emotions, modalities = [], [], [], []
    for first in range(0, len(rows), INFERENCE_BATCH):
        batch = networks.reader.read(rows[first : first + INFERENCE_BATCH].tolist()).to(device)
        with torch.inference_mode():
            mean_BMEP, std_BMEP = network.latents(network(batch.values, batch.mask, batch.presence))
        observed = torch.from_numpy(present[first : first + INFERENCE_BATCH]).to(device)
        there = batch.presence[:, :, None] & observed[:, None, :]
        _, *numbers = (index.cpu().numpy() for index in there.nonzero(as_tuple=True))
        means.append(mean_BMEP[there].cpu().numpy().astype(np.float64))
        widths.append(std_BMEP.square().sum(dim=-1).sqrt()[there].cpu().numpy().astype(np.float64))
        emotions.append(numbers[1])
        modalities.append(numbers[0])
    mean, width = np.concatenate(means), np.concatenate(widths)
    emotion, modality = np.concatenate(emotions), np.concatenate(modalities)
    place, explained, used = np.zeros((len(mean), 2)), {}, np.zeros(len(mean), bool)
    for m, name in enumerate(networks.reader.dimensions):
        mask = modality == m
        if mask.sum() >= 3:
            place[mask], explained[name] = _principal_plane(mean[mask])
            used |= mask
    return LatentMap(place[used], width[used], emotion[used], modality[used], explained) if used.any() else None


def _chosen(present: np.ndarray, modalities: int, seed: int) -> np.ndarray:
    """Clips, drawn until their points would be too many."""
    order = np.random.default_rng(seed).permutation(len(present))
    points = np.cumsum(present[order].sum(axis=1) * modalities)
    return np.sort(order[points <= MOST_POINTS])


def _principal_plane(means: Floats) -> tuple[Floats, float]:
    """Coordinates [K, 2] along the first two principal components, with their share of the variance."""
    centred = means - means.mean(axis=0)
    u, size, v = np.linalg.svd(centred, full_matrices=False)
    if len(size) < 2:
        u, size, v = np.pad(u, ((0, 0), (0, 1))), np.pad(size, (0, 1)), np.pad(v, ((0, 1), (0, 0)))
    sign = np.sign(v[np.arange(2), np.abs(v[:2]).argmax(axis=1)])  # the same means give the same picture
    share = float(np.square(size[:2]).sum() / max(float(np.square(size).sum()), 1e-12))
    return u[:, :2] * size[:2] * sign, share
