"""Explains the prediction of one clip: when each emotion was seen, and what each modality contributes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lddu.batches.batch import Batch, BatchReader
from lddu.models.network import Network


@dataclass(frozen=True, eq=False)
class Explanation:
    """One clip, mean over networks.

    Attributes:
        attention: modality -> [E, T], each row sums to 1, Eq. (4); a missing modality is absent, and all are where the model
            family does not say when an emotion was seen.
        without: modality -> [E] probability without that modality, before recalibration; empty where it is the only one,
            as without it nothing could be said.
    """

    attention: dict[str, np.ndarray]
    without: dict[str, np.ndarray]


def explain(networks: Sequence[Network], reader: BatchReader, row: int) -> Explanation:
    """Explain one clip.

    Args:
        networks: of one run.
        reader: of the store that holds the clip.
        row: of the clip in the store.
    """
    batch = reader.read([row])
    names = list(reader.dimensions)
    there = [m for m in range(len(names)) if bool(batch.presence[0, m])]
    attention: dict[str, np.ndarray] = {}
    without = {names[m]: np.zeros(()) for m in there if len(there) > 1}
    for network in networks:
        device = next(network.parameters()).device
        moved = batch.to(device)
        with torch.inference_mode():
            whole = network(moved.values, moved.mask, moved.presence)
            over_time = whole.evidence.get("attention")
            for m in there if over_time is not None else ():
                weights = over_time[m][0].cpu().numpy() / len(networks)
                attention[names[m]] = attention.get(names[m], 0.0) + weights
            for name in without:
                probability = _without(network, moved, names.index(name))[0]
                without[name] = without[name] + probability.cpu().numpy() / len(networks)
    return Explanation(attention, without)


def _without(network: Network, batch: Batch, modality: int) -> torch.Tensor:
    """[B, E] probability when a modality is taken for missing."""
    presence = batch.presence.clone()
    presence[:, modality] = False
    probability: torch.Tensor = network(batch.values, batch.mask, presence).logit.sigmoid()
    return probability
