"""Labels of the rows of a store: shares of raters, and presence, Eq. (16)."""

from collections.abc import Collection, Sequence

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.labels import least_share
from lddu.store.store import FeatureStore


def presence_of(store: FeatureStore, rows: np.ndarray, emotions: tuple[str, ...], present_at: float) -> Floats:
    """[N, E] 1 present, 0 absent, NaN unknown, Eq. (16); an emotion that the store lacks is unknown throughout."""
    shares = shares_of(store, rows, emotions)
    return np.where(np.isnan(shares), np.nan, shares >= least_share(present_at))


def usable(store: FeatureStore, rows: np.ndarray, emotions: tuple[str, ...], modalities: Collection[str]) -> Flags:
    """[N] whether a label of these emotions is known and one of these modalities is there: of no other clip anything can be learnt."""
    seen = np.any([store.lengths(name)[rows] > 0 for name in modalities], axis=0)
    return np.asarray(seen & ~np.isnan(shares_of(store, rows, emotions)).all(axis=1))


def modality_shares_of(store: FeatureStore, rows: np.ndarray, modalities: Sequence[str]) -> np.ndarray | None:
    """[N, M, E] share of the raters who judged a modality alone; NaN where unknown. None where the store knows none."""
    held = store.table.modality_labels
    if not set(modalities) & set(held):
        return None
    unknown = np.full((len(rows), len(store.emotions)), np.nan, np.float32)
    return np.stack([held[name][rows] if name in held else unknown for name in modalities], axis=1)


def shares_of(store: FeatureStore, rows: np.ndarray, emotions: tuple[str, ...]) -> Floats:
    """[N, E] share of raters; NaN where unknown."""
    shares = np.full((len(rows), len(emotions)), np.nan)
    for e, emotion in enumerate(emotions):
        if emotion in store.emotions:
            shares[:, e] = store.table.labels[rows, store.emotions.index(emotion)]
    return shares
