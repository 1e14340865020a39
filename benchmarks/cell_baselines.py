"""The baselines of benchmarks/cells.py: logistic regression, RBF-SVM, MLP late fusion; all settings chosen on valid.

Inputs are the mean (and, where a sequence has several steps, the deviation) over the steps of every modality, standardised
on train, 0 where a modality is missing. A setting is chosen by the mean of validation micro-F1 and mAP.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.svm import SVC

from benchmarks.cell_figures import criterion
from lddu.labels import least_share
from lddu.store.store import FeatureStore

C_LOGISTIC = (0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
C_SVM = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
GAMMA = (0.0625, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Times 1 / number of features."""
SVM_ROWS = 6000
"""The RBF-SVM trains on at most so many clips."""
DECAY = (0.01, 0.3, 1.0)
DROPOUT = (0.0, 0.3, 0.6)
MLP_EPOCHS = 100
MLP_STEPS = 4000

Found = tuple[np.ndarray, np.ndarray, dict[str, Any]]


@dataclass(frozen=True)
class Arrays:
    """A store as arrays: per split, per modality [N, D] standardised, and [N, E] presence (NaN unknown)."""

    features: dict[str, list[np.ndarray]]
    presence: dict[str, np.ndarray]

    def flat(self, split: str) -> np.ndarray:
        """[N, all D]."""
        return np.concatenate(self.features[split], axis=1)


def arrays_of(store: FeatureStore) -> Arrays:
    """Read a store."""
    rows = {split: store.table.in_split(split) for split in ("train", "valid", "test")}
    share = least_share(store.present_at)
    labels = store.table.labels
    presence = {s: np.where(np.isnan(labels[r]), np.nan, labels[r] >= share) for s, r in rows.items()}
    features: dict[str, list[np.ndarray]] = {split: [] for split in rows}
    for name in store.modalities:
        pooled = {split: _pooled(store, name, split_rows) for split, split_rows in rows.items()}
        there = ~np.isnan(pooled["train"]).any(axis=1)
        mean, deviation = pooled["train"][there].mean(axis=0), pooled["train"][there].std(axis=0)
        for split, values in pooled.items():
            scaled = (values - mean) / np.where(deviation > 1e-9, deviation, 1.0)
            features[split].append(np.nan_to_num(scaled).astype(np.float32))
    return Arrays(features, presence)


def _pooled(store: FeatureStore, name: str, rows: np.ndarray) -> np.ndarray:
    sequences = [store.steps(name, int(row)) for row in rows]
    long = int(store.lengths(name).max()) > 1
    size = store.modalities[name].dimension * (2 if long else 1)
    result = np.full((len(rows), size), np.nan)
    for i, steps in enumerate(sequences):
        if len(steps):
            x = steps.astype(np.float64)
            result[i] = np.concatenate([x.mean(axis=0), x.std(axis=0)]) if long else x.mean(axis=0)
    return result


def logistic(data: Arrays, seed: int) -> Found:
    """One logistic regression per emotion."""
    train, valid, test = (data.flat(split) for split in ("train", "valid", "test"))

    def scores() -> Iterator[tuple[np.ndarray, np.ndarray, dict[str, Any]]]:
        models = [LogisticRegression(max_iter=300, warm_start=True, tol=1e-3) for _ in data.presence["train"].T]
        for c in C_LOGISTIC:
            columns = []
            for model, present in zip(models, data.presence["train"].T, strict=True):
                model.C = c
                known = ~np.isnan(present)
                if len(set(present[known])) < 2:
                    columns.append((np.zeros(len(valid)), np.zeros(len(test))))
                    continue
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    model.fit(train[known], present[known])
                columns.append((model.predict_proba(valid)[:, 1], model.predict_proba(test)[:, 1]))
            yield *_stacked(columns), {"c": c}

    return _best(data, scores())


def svm(data: Arrays, seed: int) -> Found:
    """One RBF-SVM per emotion, on at most `SVM_ROWS` training clips: every second place of the grid, then the best one's neighbours."""
    train, valid, test = (data.flat(split).astype(np.float64) for split in ("train", "valid", "test"))
    rows = np.sort(np.random.default_rng(0).permutation(len(train))[:SVM_ROWS])
    train, presence = train[rows], data.presence["train"][rows]
    distances = [euclidean_distances(x, train, squared=True) for x in (train, valid, test)]

    def fitted(factor: float, c: float) -> Found:
        kernels = [np.exp(-factor / train.shape[1] * d) for d in distances]
        columns = []
        for present in presence.T:
            known = np.flatnonzero(~np.isnan(present))
            if len(set(present[known])) < 2:
                columns.append((np.full(len(valid), -1.0), np.full(len(test), -1.0)))
                continue
            model = SVC(C=c, kernel="precomputed", cache_size=500)
            model.fit(kernels[0][np.ix_(known, known)], present[known])
            columns.append(
                (model.decision_function(kernels[1][:, known]), model.decision_function(kernels[2][:, known]))
            )
        return *_stacked(columns), {"c": c, "gamma": factor, "rows": len(train)}

    coarse = [fitted(factor, c) for factor in GAMMA[::2] for c in C_SVM[::2]]
    chosen = _best(data, iter(coarse))[2]
    g, k = GAMMA.index(chosen["gamma"]), C_SVM.index(chosen["c"])
    beside = [(i, j) for i in range(g - 1, g + 2) for j in range(k - 1, k + 2) if (i % 2, j % 2) != (0, 0)]
    there = [(i, j) for i, j in beside if 0 <= i < len(GAMMA) and 0 <= j < len(C_SVM)]
    return _best(data, iter([*coarse, *(fitted(GAMMA[i], C_SVM[j]) for i, j in there)]))


def mlp(data: Arrays, seed: int) -> Found:
    """Per modality 64 hidden units, logits averaged over the modalities; the epoch is chosen on valid too."""

    def scores() -> Iterator[tuple[np.ndarray, np.ndarray, dict[str, Any]]]:
        for decay in DECAY:
            for dropout in DROPOUT:
                yield from _mlp_epochs(data, seed, decay, dropout)

    return _best(data, scores())


def _mlp_epochs(data: Arrays, seed: int, decay: float, dropout: float) -> Iterator[Found]:
    torch.manual_seed(seed)
    inputs = {split: [torch.from_numpy(x) for x in parts] for split, parts in data.features.items()}
    target = torch.from_numpy(data.presence["train"]).float()
    emotions, count = target.shape[1], len(target)
    nets = torch.nn.ModuleList(
        torch.nn.Sequential(
            torch.nn.Linear(x.shape[1], 64), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(64, emotions)
        )
        for x in inputs["train"]
    )
    batch = 32 if count < 3000 else 128
    epochs = int(min(MLP_EPOCHS, max(10, MLP_STEPS * batch / count)))
    optimizer = torch.optim.AdamW(nets.parameters(), lr=1e-3, weight_decay=decay)
    for epoch in range(epochs):
        nets.train()
        for rows in torch.split(torch.randperm(count), batch):
            logits = sum(net(x[rows]) for net, x in zip(nets, inputs["train"], strict=True)) / len(nets)
            known = ~target[rows].isnan()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits[known], target[rows][known])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        nets.eval()
        with torch.inference_mode():
            probabilities = [
                (sum(net(x) for net, x in zip(nets, inputs[s], strict=True)) / len(nets)).sigmoid().numpy()
                for s in ("valid", "test")
            ]
        yield probabilities[0], probabilities[1], {"decay": decay, "dropout": dropout, "epoch": epoch + 1}


def _stacked(columns: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Per emotion [N_valid] and [N_test] -> [N_valid, E] and [N_test, E]."""
    return np.stack([valid for valid, _ in columns], axis=1), np.stack([test for _, test in columns], axis=1)


def _best(data: Arrays, scores: Iterator[tuple[np.ndarray, np.ndarray, dict[str, Any]]]) -> Found:
    result, best = None, -1.0
    for valid, test, chosen in scores:
        reached = criterion(data.presence["valid"], valid)
        if reached > best:
            result, best = (valid, test, {**chosen, "criterion_valid": round(reached, 4)}), reached
    assert result is not None
    return result


BASELINES: dict[str, Callable[[Arrays, int], Found]] = {"logistic": logistic, "svm": svm, "mlp": mlp}
