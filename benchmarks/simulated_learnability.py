"""How well binary-relevance logistic regression does on the simulated corpus: the figure that sets its difficulty.

python benchmarks/simulated_learnability.py [--seeds 5] [--scale X]
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lddu.corpora.simulated.simulate import PROTOTYPE_SCALE, SimulationConfig, simulate
from lddu.store.store import FeatureStore


def step_means(store: FeatureStore) -> np.ndarray:
    """[N, sum D] mean over the steps of every modality, side by side; 0 where a modality is missing."""
    columns = []
    for name, modality in store.modalities.items():
        means = np.zeros((len(store), modality.dimension), np.float32)
        for clip in range(len(store)):
            steps = store.steps(name, clip)
            if len(steps):
                means[clip] = steps.mean(axis=0)
        columns.append(means)
    return np.concatenate(columns, axis=1)


def learnability(store: FeatureStore) -> float:
    """Test micro-F1 of logistic regression per emotion on step means; one threshold, chosen on valid."""
    features, labels = step_means(store), store.table.labels >= store.present_at
    rows = {split: store.table.in_split(split) for split in ("train", "valid", "test")}
    probability = np.zeros(labels.shape)
    for e in range(labels.shape[1]):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        model.fit(features[rows["train"]], labels[rows["train"], e])
        probability[:, e] = model.predict_proba(features)[:, 1]

    def f1(split: str, threshold: float) -> float:
        chosen = rows[split]
        return float(f1_score(labels[chosen], probability[chosen] >= threshold, average="micro", zero_division=0))

    return f1("test", max(np.linspace(0.02, 0.98, 97), key=lambda threshold: f1("valid", threshold)))


def main() -> None:
    """Print the figure for each seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=PROTOTYPE_SCALE)
    arguments = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(arguments.seeds):
            config = SimulationConfig(seed=seed, prototype_scale=arguments.scale)
            store = simulate(Path(folder) / "store", config, force=True)
            test = store.table.labels[store.table.in_split("test")] >= store.present_at
            constant = 2 * test.mean() / (1 + test.mean())
            figures.append(learnability(store))
            print(f"seed {seed}: micro-F1 {figures[-1]:.3f}, everything positive {constant:.3f}")
    print(f"mean {np.mean(figures):.3f}, standard deviation {np.std(figures, ddof=1) if len(figures) > 1 else 0:.3f}")


if __name__ == "__main__":
    main()
