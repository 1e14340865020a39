"""What was observed of the clips of a store, set beside what was predicted of them."""

import numpy as np

from lddu.evaluate.predicted import Floats, Scored
from lddu.features.store import FeatureStore
from lddu.labels import least_share


def presence_of(store: FeatureStore, rows: np.ndarray, emotions: tuple[str, ...], present_at: float) -> Floats:
    """[N, E] 1 present, 0 absent, NaN unknown, Eq. (16); an emotion that the store lacks is unknown throughout."""
    shares = shares_of(store, rows, emotions)
    return np.where(np.isnan(shares), np.nan, shares >= least_share(present_at))


def shares_of(store: FeatureStore, rows: np.ndarray, emotions: tuple[str, ...]) -> Floats:
    """[N, E] share of raters; NaN where unknown."""
    shares = np.full((len(rows), len(emotions)), np.nan)
    for e, emotion in enumerate(emotions):
        if emotion in store.emotions:
            shares[:, e] = store.table.labels[rows, store.emotions.index(emotion)]
    return shares


def scored(
    store: FeatureStore, rows: np.ndarray, probability: Floats, emotions: tuple[str, ...], present_at: float
) -> Scored:
    """Predicted probabilities beside what was observed; the split is that of the clips, where all share one."""
    splits = set(store.table.split[rows].tolist())
    return Scored(
        probability,
        presence_of(store, rows, emotions, present_at),
        store.table.clip[rows],
        emotions,
        group=store.table.group[rows],
        split=splits.pop() if len(splits) == 1 else "",
    )
