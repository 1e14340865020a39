"""What was observed of the clips of a store, set beside what was predicted of them."""

from dataclasses import dataclass

import numpy as np

from lddu.arrays import Floats
from lddu.evaluate.scored import Scored
from lddu.models.family import Task
from lddu.store.observation import presence_of, shares_of
from lddu.store.store import FeatureStore


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


RATERS = "_raters"
"""The column of a store that holds how many raters judged each clip."""


@dataclass(frozen=True, eq=False)
class Observed:
    """What is known of N clips beside presence.

    Attributes:
        shares: [N, E] of raters; NaN where unknown.
        raters: [N] how many there were, from the column `_raters`; NaN where unknown.
        present_at: share of them from which an emotion counts as present.
        train_share: [E] mean share over the training clips of the same store; NaN where none is known.
        noise: of a simulated corpus, every modality of the run in order -> [N] its true noise level, NaN where the
            modality is missing; else empty.
    """

    shares: Floats
    raters: Floats
    present_at: float
    train_share: Floats
    noise: dict[str, Floats]

    @staticmethod
    def of(store: FeatureStore, rows: np.ndarray, task: Task) -> "Observed":
        """Of some clips of a store."""
        true = {m: store.table.carried_numbers().get(f"_noise_{m}") for m in task.dimensions}
        simulated = any(levels is not None for levels in true.values())
        nowhere = np.full(len(rows), np.nan)
        noise = {m: nowhere if levels is None else levels[rows] for m, levels in true.items()} if simulated else {}
        raters = store.table.carried_numbers().get(RATERS)
        trained = shares_of(store, store.table.in_split("train"), task.emotions)
        known = ~np.isnan(trained)
        mean = np.where(known, trained, 0.0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
        counts = nowhere if raters is None else raters[rows]
        return Observed(shares_of(store, rows, task.emotions), counts, task.present_at, np.asarray(mean), noise)
