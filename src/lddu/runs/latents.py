"""The latent distributions of clips, as arrays: one per modality and emotion, with the attention over time behind them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lddu.batches.batch import Batch, BatchReader
from lddu.models.family import Answered
from lddu.models.network import Network
from lddu.models.networks import INFERENCE_BATCH
from lddu.sentences import counted


@dataclass(frozen=True, eq=False, repr=False)
class Latents:
    """N clips, M modalities, E emotions, P latent dimensions.

    Attributes:
        clip: [N] ids.
        modalities: M names.
        emotions: E names.
        mean: [N, M, E, P] centres, float32; NaN where the modality is missing.
        std: [N, M, E, P] standard deviations, likewise.
        attention: [N] modality -> [E, T], where in the T steps of the clip that the network looked at an emotion was seen; each
            row sums to 1. A missing modality is absent, and all are where the model family has no attention over time.
    """

    clip: np.ndarray
    modalities: tuple[str, ...]
    emotions: tuple[str, ...]
    mean: np.ndarray
    std: np.ndarray
    attention: tuple[Mapping[str, np.ndarray], ...]

    def __len__(self) -> int:
        return len(self.clip)

    def __repr__(self) -> str:
        return (
            f"Latents of {counted(len(self), 'clip')}: {', '.join(self.modalities)} x {counted(len(self.emotions), 'emotion')} x "
            f"{counted(self.mean.shape[-1], 'dimension')}"
        )


def latents_of(network: Network, reader: BatchReader, rows: np.ndarray, emotions: tuple[str, ...]) -> Latents:
    """The latent distributions of some clips.

    Args:
        network: of a family that has them.
        reader: of the store.
        rows: [N] row numbers, N at least 1.
        emotions: E names.
    """
    network.eval()
    device = next(network.parameters()).device
    means, stds, attention = [], [], list[Mapping[str, np.ndarray]]()
    for first in range(0, len(rows), INFERENCE_BATCH):
        batch = reader.read(rows[first : first + INFERENCE_BATCH].tolist()).to(device)
        with torch.inference_mode():
            answer = network(batch.values, batch.mask, batch.presence)
            mean, std = _distributions(network, answer, batch.presence)
        means.append(mean)
        stds.append(std)
        attention += _attention(answer, batch, tuple(reader.dimensions))
    clips = reader.store.table.clip[rows]
    return Latents(
        clips, tuple(reader.dimensions), emotions, np.concatenate(means), np.concatenate(stds), tuple(attention)
    )


def _distributions(network: Network, answer: Answered, presence: Tensor) -> list[np.ndarray]:
    """Mean and standard deviation [B, M, E, P]; NaN where the modality is missing, where a learnt prior stands in."""
    there = presence[:, :, None, None]
    return [torch.where(there, values, torch.nan).cpu().numpy() for values in network.latents(answer)]


def _attention(answer: Answered, batch: Batch, modalities: tuple[str, ...]) -> list[dict[str, np.ndarray]]:
    """Of each clip, modality -> [E, T] without padding."""
    over_time = answer.evidence.get("attention")
    attention: list[dict[str, np.ndarray]] = [{} for _ in batch.rows]
    for m, name in enumerate(modalities if over_time is not None else ()):
        assert over_time is not None
        weights, mask = over_time[m].cpu().numpy(), batch.mask[m].cpu().numpy()
        for n, steps in enumerate(mask):
            if steps.any():
                attention[n][name] = weights[n][:, steps]
    return attention
