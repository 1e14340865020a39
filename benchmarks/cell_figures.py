"""Figures of benchmarks/cells.py: micro-F1 with one threshold from valid (or unweighted recall of the arg-max), and mAP."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

RESAMPLES = 500
BASELINE_NAMES = ("logistic", "svm", "mlp")


def criterion(presence: np.ndarray, score: np.ndarray) -> float:
    """Mean of the best micro-F1 and mAP, what baselines are chosen by."""
    known = ~np.isnan(presence)
    return float(_best_f1(score[known], presence[known] == 1)[0] + mean_ap(presence, score)) / 2


def mean_ap(presence: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Mean average precision over emotions with positives; each clip counts `weight` times."""
    w = np.ones(len(presence)) if weight is None else weight
    precisions = []
    for present, scores in zip(presence.T, score.T, strict=True):
        known = ~np.isnan(present) & (w > 0)
        y, s, c = present[known], scores[known], w[known]
        if not (y == 1).any():
            continue
        order = np.argsort(-s, kind="stable")
        y, s, c = y[order], s[order], c[order]
        hits, seen = np.cumsum(y * c), np.cumsum(c)
        last = np.flatnonzero(np.append(s[1:] != s[:-1], True))
        gained = np.diff(np.concatenate([[0.0], hits[last]]))
        precisions.append(float((gained * hits[last] / seen[last]).sum() / hits[-1]))
    return float(np.mean(precisions))


def _best_f1(score: np.ndarray, present: np.ndarray) -> tuple[float, float]:
    """Best F1 of ``score >= cut`` and the middle of the cuts that reach it."""
    order = np.argsort(-score, kind="stable")
    s, y = score[order], present[order]
    f1 = 2 * np.cumsum(y) / (np.arange(len(y)) + 1 + y.sum())
    f1[:-1][s[1:] == s[:-1]] = -1
    best = int(np.argmax(f1))
    low = s[best + 1] if best + 1 < len(s) else s[best]
    return float(f1[best]), float((s[best] + low) / 2)


def labels_of(valid_presence: np.ndarray, valid: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Test labels with one threshold from valid."""
    known = ~np.isnan(valid_presence)
    return np.asarray(test >= _best_f1(valid[known], valid_presence[known] == 1)[1])


def decided(valid_presence: np.ndarray, columns: Mapping[str, np.ndarray], split: str) -> np.ndarray:
    """The labels of a split: those that a run's decision gave, or by one threshold from valid."""
    labels = columns.get(f"{split}_labels")
    return labels_of(valid_presence, columns["valid"], columns[split]) if labels is None else labels


def counts_f1(presence: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """[N, 2] per clip: twice its hits, and named plus present; F1 is the ratio of their sums."""
    known = ~np.isnan(presence)
    present, named = (presence == 1) & known, labels & known
    return np.stack([2 * (present & named).sum(axis=1), present.sum(axis=1) + named.sum(axis=1)], axis=1).astype(float)


def recall_counts(presence: np.ndarray, score: np.ndarray) -> np.ndarray:
    """[N, E, 2] per clip and class: hit by the arg-max, and present."""
    chosen = np.eye(presence.shape[1], dtype=bool)[score.argmax(axis=1)]
    return np.stack([(presence == 1) & chosen, presence == 1], axis=2).astype(float)


def first_figure(counts: np.ndarray, weight: np.ndarray) -> float:
    """Micro-F1, or unweighted recall, of clips that count `weight` times."""
    total = np.tensordot(weight, counts, axes=1)
    if total.ndim == 1:
        return float(total[0] / max(total[1], 1))
    there = total[:, 1] > 0
    return float((total[there, 0] / total[there, 1]).mean())


def figures_of_cell(data: Any, columns: Mapping[str, np.ndarray], cell: str) -> dict[str, Any]:
    """First figure, mAP, macro-F1 on valid and test, and the emotions that are never named though train shows 30."""
    result: dict[str, Any] = {}
    for split in ("valid", "test"):
        presence, score = data.presence[split], columns[split]
        labels = decided(data.presence["valid"], columns, split)
        counts = counts_f1(presence, labels) if not cell.startswith("emodb") else recall_counts(presence, score)
        result[f"{split}_f1"] = round(first_figure(counts, np.ones(len(presence))), 4)
        result[f"{split}_map"] = round(mean_ap(presence, score), 4)
        result[f"{split}_macro"] = round(float(np.mean(per_emotion_f1(presence, labels))), 4)
    frequent = np.nansum(data.presence["train"], axis=0) >= 30
    result["never"] = int((np.array(per_emotion_f1(presence, labels))[frequent] == 0).sum())
    return result


def per_emotion_f1(presence: np.ndarray, labels: np.ndarray) -> list[float]:
    """F1 of each emotion, 0 where it is neither present nor named."""
    return [
        float(2 * ((p == 1) & y).sum() / max(1, (p == 1).sum() + y[~np.isnan(p)].sum()))
        for p, y in zip(presence.T, labels.T, strict=True)
    ]


def table(cell: str, out: Path, against: str = "") -> str:
    """Test figures of every variant of a cell, mean over seeds, and the difference to the best baseline, or to a variant."""
    from benchmarks.cell_baselines import arrays_of
    from lddu.store.store import FeatureStore

    scores: dict[str, dict[int, dict[int, dict[str, np.ndarray]]]] = {}
    for place in sorted((out / "scores").glob(f"{cell}.*.npz")):
        _, fold, variant, seed = place.stem.split(".", 1)[0], *place.stem.split(".")[1:4]
        part = np.load(place)
        scores.setdefault(variant, {}).setdefault(int(seed), {})[int(fold)] = {
            key: part[key] for key in part.files if key not in ("figures", "trust")
        }
    stores = [FeatureStore(p) for p in sorted((out / "stores").glob(f"{cell}-*"))]
    truth = [arrays_of(store) for store in stores]
    rng = np.random.default_rng(0)
    draws = [[rng.multinomial(len(t.presence["test"]), np.full(len(t.presence["test"]), 1 / len(t.presence["test"])))
              for _ in range(RESAMPLES)] for t in truth]  # fmt: skip
    folds = range(max(len(next(iter(seeds.values()))) for seeds in scores.values()))
    figures = {name: _resampled(cell, seeds, truth, draws, folds) for name, seeds in scores.items()}
    best = [max((n for n in BASELINE_NAMES if n in figures), key=lambda n: figures[n][i][0]) for i in (0, 1)]
    best = [against, against] if against else best
    lines = []
    for name, values in figures.items():
        text = [f"{cell:15} {name:34} seeds {len(scores[name])}"]
        for i, kind in ((0, "F1"), (1, "mAP")):
            gap = values[i] - figures[best[i]][i]
            error = float(gap[1:].std())
            text.append(f"{kind} {values[i][0]:.4f} ({gap[0]:+.4f} s.e. {error:.4f} {best[i]})")
        lines.append("  ".join([*text, f"macro {values[2][0]:.3f}"]))
    return "\n".join(lines)


def _resampled(cell: str, seeds: Any, truth: Any, draws: Any, folds: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First figure, mAP and macro-F1 (first entry: all clips; then resamples), mean over seeds and folds."""
    sums: list[list[np.ndarray]] = [[], [], []]
    for by_fold in seeds.values():
        for fold in folds:
            if fold not in by_fold:
                continue
            test = by_fold[fold]["test"]
            presence = truth[fold].presence["test"]
            labels = decided(truth[fold].presence["valid"], by_fold[fold], "test")
            counts = recall_counts(presence, test) if cell.startswith("emodb") else counts_f1(presence, labels)
            weights = [np.ones(len(test)), *draws[fold]]
            sums[0].append(np.array([first_figure(counts, w) for w in weights]))
            few = weights if len(test) < 2500 else weights[:101]
            sums[1].append(np.array([mean_ap(presence, test, w) for w in few]))
            sums[2].append(np.array([np.mean(per_emotion_f1(presence, labels))]))
    first, ap, macro = (np.asarray(np.mean(part, axis=0)) for part in sums)
    return first, ap, macro


def read_lines(out: Path) -> list[dict[str, Any]]:
    """All results."""
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
