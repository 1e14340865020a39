"""How often clips are wrongly called out of distribution: `python benchmarks/unfamiliar.py STORE...`.

No network is needed: the distance of a clip to the training clips depends on the mean and deviation of each feature alone. Which
clips are validation and which are new is drawn again and again among all clips of the store. Prints markdown rows for
docs/uncertainty.md: per modality the share of new clips that are called unfamiliar, and that of clips with white noise of
2, 4 and 8 deviations added to their features.
"""

import argparse
from pathlib import Path

import numpy as np

from lddu.runs.familiarity import farthest_validation, unfamiliar
from lddu.store.store import FeatureStore

DRAWS = 200
NOISES = (2.0, 4.0, 8.0)


def main() -> None:
    """Print a row per store and modality."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs="+", type=Path)
    for path in parser.parse_args().stores:
        store = FeatureStore(path)
        for name in store.modalities:
            print(row(store, name))


def row(store: FeatureStore, name: str) -> str:
    """The markdown row of one modality."""
    rows = {
        split: [r for r in store.table.in_split(split) if store.lengths(name)[r]]
        for split in ("train", "valid", "test")
    }
    learnt = np.concatenate([store.steps(name, r) for r in rows["train"]]).astype(np.float64)
    centre, spread = learnt.mean(axis=0), learnt.std(axis=0)
    scale = np.where(spread > 1e-6 * np.maximum(1, np.abs(centre)), spread, 1.0)
    random = np.random.default_rng(0)

    def distances(noise: float) -> np.ndarray:
        lengths = []
        for r in (r for split in rows.values() for r in split):
            steps = (store.steps(name, r).astype(np.float64) - centre) / scale
            lengths.append(np.sqrt(np.square(steps + noise * random.standard_normal(steps.shape)).mean()))
        return np.array(lengths)[:, None]

    clean, valid = distances(0.0), len(rows["valid"])
    worse = [distances(noise) for noise in NOISES]
    shares = []
    for _ in range(DRAWS):
        order = random.permutation(len(clean))
        usual, new = order[:valid], order[valid:]
        flags = [unfamiliar(distances_of[new], farthest_validation(clean[usual])) for distances_of in (clean, *worse)]
        shares.append([np.nan if flag is None else flag.mean() for flag in flags])
    shares_text = [f"{share:.3f}" for share in np.mean(shares, axis=0)]
    return f"| {store.path.name} {name} | {valid} | {' | '.join(shares_text)} |"


if __name__ == "__main__":
    main()
