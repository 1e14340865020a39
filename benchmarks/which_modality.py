"""Which modality of a clip to trust: `python -m benchmarks.which_modality STORE RUN [RUN ...]`.

On test, as it is and with white noise on one modality (in deviations of training's steps): how often the decisions from one
modality alone are wrong, what the run says of that (`modality_error`: its answer to the modality alone) and what LDDU's widths say,
Eq. (14); and how often the modality that each of the two trusts most is wrong, beside always trusting the better one.
Means over the runs, seeds of one training each.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lddu.runs.figures import errors_alone, uncertainty_scores
from lddu.runs.predictor import Predictor
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.conclude import part_of

DEVIATIONS = (0, 2, 4)


def main() -> None:
    """Print the table."""
    store, predictors = FeatureStore(Path(sys.argv[1])), [Predictor(run) for run in sys.argv[2:]]
    names = tuple(predictors[0].description.task.dimensions)
    columns = [f"{of}, {name}" for name in names for of in ("wrong alone", "`modality_error`", "widths")]
    columns += ["wrong: trusted by `modality_error`", "by widths", "always the better"]
    print("| noise on | deviations | " + " | ".join(columns) + " |\n|---|---|" + "---|" * len(columns))
    for name, size, noisy in with_noise(store, names):
        cells = np.mean([figures(predictor, noisy) for predictor in predictors], axis=0)
        print(f"| {name} | {size} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |", flush=True)


def with_noise(store: FeatureStore, names: tuple[str, ...]) -> Iterator[tuple[str, int, FeatureStore]]:
    """The test split, each modality made noisy in turn."""
    rows, rng = store.table.in_split("test"), np.random.default_rng(0)
    description = StoreDescription(
        store.emotions, {name: store.modalities[name].feature for name in names}, store.present_at
    )
    for name in names:
        steps = np.concatenate([store.steps(name, row) for row in store.table.in_split("train").tolist()])
        for size in DEVIATIONS:
            if not size and name != names[0]:
                continue
            with tempfile.TemporaryDirectory() as folder:
                with writing_store(Path(folder) / "store", description) as writer:
                    for row in rows.tolist():
                        clip = {one: np.array(store.steps(one, row)) for one in names}
                        noise = size * steps.std(axis=0) * rng.standard_normal(clip[name].shape)
                        clip[name] = (clip[name] + noise).astype(np.float32)
                        writer.add(ClipRow(store.table.clip[row], "test", store.table.labels[row].tolist()), clip)
                yield name if size else "none", size, FeatureStore(Path(folder) / "store")


def figures(predictor: Predictor, store: FeatureStore) -> list[float]:
    """Of one run: those of the table."""
    networks, task, decision = predictor.networks_on(store), predictor.description.task, predictor.decision
    part = part_of(store, task, networks.infer(np.arange(len(store))))
    inference, scored = part.inference, part.scored
    alone = networks.alone(inference)
    decided = decision.apply(inference.probability, uncertainty_scores(inference), presence=inference.presence)
    stated = errors_alone(inference, alone, decision, decided.uncertainty).values
    widths = inference.evidence["modality_error"].per_modality()
    wrong = np.full(stated.shape, np.nan)
    for m, (places, answers) in alone.items():
        labels = decision.apply(answers.probability, uncertainty_scores(answers), presence=answers.presence).labels
        missed = np.where(scored.known[places], labels != (scored.presence[places] == 1), np.nan)
        wrong[places, m] = np.nanmean(missed, axis=1)
    several = ~np.isnan(wrong).any(axis=1)
    stated, widths, wrong = stated[several], widths[several], wrong[several]
    each = [column.mean() for m in range(wrong.shape[1]) for column in (wrong[:, m], stated[:, m], widths[:, m])]
    trusted = [wrong[np.arange(len(wrong)), doubt.argmin(axis=1)].mean() for doubt in (stated, widths)]
    return [*each, *trusted, wrong.mean(axis=0).min()]


if __name__ == "__main__":
    main()
