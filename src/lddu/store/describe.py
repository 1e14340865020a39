"""What a store holds, as numbers that a person or a program can read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lddu.labels import SPLITS, least_share
from lddu.store.clip_table import ClipTable
from lddu.store.store import FeatureStore

LENGTH_QUANTILES = (0.0, 0.1, 0.5, 0.9, 0.99, 1.0)


@dataclass(frozen=True)
class EmotionSummary:
    """One emotion.

    Attributes:
        name: the emotion.
        clips: split -> clips that show it.
        present: split -> share of the clips with a known label that show it; None where no label is known.
        unknown: clips without a label.
        disputed: share of the known labels on which raters differ, strictly between 0 and 1.
        together: emotion -> share of the clips with this emotion that show that one too; None where no clip has both
            labels known and shows this one.
    """

    name: str
    clips: Mapping[str, int]
    present: Mapping[str, float | None]
    unknown: int
    disputed: float
    together: Mapping[str, float | None]


@dataclass(frozen=True)
class ModalitySummary:
    """One modality.

    Attributes:
        name: the modality.
        dimension: numbers per step.
        feature: what the numbers are.
        missing: split -> share of the clips without it.
        steps: quantile -> steps of the clips that have it.
        bytes: on disk.
        own_labels: share of the (clip, emotion) pairs that raters judged by this modality alone.
        own_agree: share of those with a joint label that agree with it on presence; None without any.
    """

    name: str
    dimension: int
    feature: str
    missing: Mapping[str, float]
    steps: Mapping[str, int]
    bytes: int
    own_labels: float = 0.0
    own_agree: float | None = None


@dataclass(frozen=True)
class StoreSummary:
    """A whole store; `clips` and `groups` are counts per split, an empty name standing for no split.

    `labels_per_clip` and `clips_without_emotion` are of the clips whose every label is known; None where there is none.
    """

    path: str
    clips: Mapping[str, int]
    groups: Mapping[str, int]
    present_at: float
    labels_per_clip: float | None
    clips_without_emotion: float | None
    emotions: tuple[EmotionSummary, ...]
    modalities: tuple[ModalitySummary, ...]
    repairs: Mapping[str, Mapping[str, int]]
    warnings: tuple[str, ...]
    source: Mapping[str, Any]
    simulated: bool


def describe_store(store: FeatureStore) -> StoreSummary:
    """Summarise a store; reads its table and offsets, not its features.

    Raises:
        StoreError: where a file of the store is absent or damaged.
    """
    table = store.table
    splits = [split for split in (*SPLITS, "") if split in store.manifest["splits"]]
    rows = {split: table.in_split(split) for split in splits}
    known = ~np.isnan(table.labels).any(axis=1) & bool(store.emotions)
    least = least_share(store.present_at)
    counts = (table.labels >= least).sum(axis=1)[known]
    return StoreSummary(
        path=store.place,
        clips={split: len(chosen) for split, chosen in rows.items()},
        groups={split: len(set(table.group[chosen]) - {""}) for split, chosen in rows.items()},
        present_at=store.present_at,
        labels_per_clip=float(counts.mean()) if len(counts) else None,
        clips_without_emotion=float((counts == 0).mean()) if len(counts) else None,
        emotions=tuple(_emotion(table, e, rows, least) for e in range(len(store.emotions))),
        modalities=tuple(_modality(store, name, rows) for name in store.modalities),
        repairs=store.manifest.get("repairs", {}),
        warnings=tuple(store.manifest.get("warnings", ())),
        source=store.manifest.get("source", {}),
        simulated=store.simulated,
    )


def _emotion(table: ClipTable, e: int, rows: Mapping[str, np.ndarray], least: float) -> EmotionSummary:
    shares = table.labels[:, e]
    known = shares[~np.isnan(shares)]
    disputed = float(((known > 0) & (known < 1)).mean()) if len(known) else 0.0
    clips = {split: int((shares[chosen] >= least).sum()) for split, chosen in rows.items()}
    present = {split: _present(shares[chosen], least) for split, chosen in rows.items()}
    labels = table.labels[shares >= least]
    together = {name: _present(labels[:, column], least) for column, name in enumerate(table.emotions)}
    return EmotionSummary(table.emotions[e], clips, present, len(shares) - len(known), disputed, together)


def _present(shares: np.ndarray, least: float) -> float | None:
    known = shares[~np.isnan(shares)]
    return float((known >= least).mean()) if len(known) else None


def _modality(store: FeatureStore, name: str, rows: Mapping[str, np.ndarray]) -> ModalitySummary:
    stream, lengths = store.modalities[name], store.lengths(name)
    steps = lengths[lengths > 0]
    quantiles = np.quantile(steps, LENGTH_QUANTILES, method="nearest") if len(steps) else np.zeros(0)
    return ModalitySummary(
        name=name,
        dimension=stream.dimension,
        feature=stream.feature,
        missing={split: float((lengths[chosen] == 0).mean()) if len(chosen) else 0.0 for split, chosen in rows.items()},
        steps={f"{q:g}": int(value) for q, value in zip(LENGTH_QUANTILES, quantiles, strict=False)},
        bytes=store.bytes(name),
        **_own_labels(store, name),
    )


def _own_labels(store: FeatureStore, modality: str) -> dict[str, Any]:
    labels, joint = store.table.modality_labels.get(modality), store.table.labels
    if labels is None:
        return {}
    both, least = ~np.isnan(labels) & ~np.isnan(joint), least_share(store.present_at)
    agree = float(((labels >= least) == (joint >= least))[both].mean()) if both.any() else None
    return {"own_labels": float((~np.isnan(labels)).mean()), "own_agree": agree}
