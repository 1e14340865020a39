"""What clips with fewer modalities gain from a decision of their own: `python -m benchmarks.fewer_modalities STORE RUN [RUN ...]`.

Every proper subset of the modalities is shown to trained runs, on test: decided as whole clips are (`shared`), and by what
validation showed of such clips (`own`). Means over the runs, seeds of one training each.
"""

import sys
from itertools import combinations
from pathlib import Path

import numpy as np

from lddu.decide.decision import FittedDecision
from lddu.evaluate.calibration import calibration_error
from lddu.evaluate.metrics import micro_f1, negative_log_likelihood
from lddu.evaluate.selective import selective
from lddu.runs.ablation import subset_answers
from lddu.runs.figures import uncertainty_scores
from lddu.runs.predictor import Predictor
from lddu.store.store import FeatureStore
from lddu.training.conclude import Part, fitted_on, part_of, with_fewer

COLUMNS = (
    "micro-F1",
    "adaptive ECE",
    "NLL",
    "sets of .9 keep",
    "their size",
    "error-AUROC",
    "chance of an error, less how often",
)


def main() -> None:
    """Print the table."""
    store, runs = FeatureStore(Path(sys.argv[1])), sys.argv[2:]
    measured = [figures_of(Predictor(run), store) for run in runs]
    print(f"| test, {len(runs)} runs | decided | " + " | ".join(COLUMNS) + " |\n|---|---|" + "---|" * len(COLUMNS))
    for given, way in measured[0]:
        values = np.array([one[given, way] for one in measured])
        cells = " | ".join(
            f"{mean:.3f} ± {spread:.3f}" for mean, spread in zip(values.mean(0), values.std(0), strict=True)
        )
        print(f"| {' and '.join(given)} | {way} | {cells} |")


def figures_of(predictor: Predictor, store: FeatureStore) -> dict[tuple[tuple[str, ...], str], list[float]]:
    """Modalities shown, and how it is decided -> the figures of `COLUMNS`."""
    task, config = predictor.description.task, predictor.description.config.decision
    networks, names = predictor.networks_on(store), tuple(task.dimensions)
    valid, test = (part_of(store, task, networks.infer(store.table.in_split(name))) for name in ("valid", "test"))
    less = subset_answers(valid.scored, valid.inference, names, networks.without)
    shared = fitted_on(valid, config)
    own = with_fewer(shared, valid, names, less, config)
    figures = {}
    for size in range(1, len(names)):
        for given in combinations(names, size):
            hidden = frozenset(names) - set(given)
            part = part_of(store, task, networks.without(test.inference.rows, hidden))
            figures[given, "shared"] = judged(shared, part)
            figures[given, "own"] = judged(own, part)
    return figures


def judged(decision: FittedDecision, part: Part) -> list[float]:
    """Of the answers on test."""
    inference, scored = part.inference, part.scored
    decided = decision.apply(inference.probability, uncertainty_scores(inference), 0.9, presence=inference.presence)
    known, present = scored.known, scored.presence == 1
    wrong, shows = present != decided.labels, present.any(axis=1)
    assert decided.label_set is not None
    kept = (decided.label_set & present).sum(axis=1)[shows] / present.sum(axis=1)[shows]
    doubt = decided.uncertainty[known]
    return [
        micro_f1(scored.presence, decided.labels),
        calibration_error(decided.probability[known], present[known], "equal_mass"),
        negative_log_likelihood(present[known], decided.probability[known]),
        float(kept.mean()),
        float(decided.label_set.sum(axis=1).mean()),
        float(selective(doubt, wrong[known].astype(float)).error_auroc or np.nan),
        float(doubt.mean() - wrong[known].mean()),
    ]


if __name__ == "__main__":
    main()
