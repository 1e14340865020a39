"""Answers that another program predicted, concluded as a training is: a run folder without weights."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lddu.argument_types import refuse_wrong_types
from lddu.arrays import binary_entropy
from lddu.batches.batch import BatchReader
from lddu.config import NOTHING_OPEN, DecisionConfig, laid_over
from lddu.errors import ConfigError, parameter
from lddu.machine.atomic import replaced_folder
from lddu.models.family import Task
from lddu.models.imported import IMPORTED_FAMILY
from lddu.models.networks import Inference, joined
from lddu.runs.imported_answers import ImportedAnswers, read_answers
from lddu.runs.run_folder import RunDescription, RunFolder
from lddu.store.store import FeatureStore, StoreLike, file_sha256, opened_store
from lddu.training.conclude import fitted_on, measured_splits, part_of, protocol_of, write_answers
from lddu.training.plan import LARGEST_SEED, chosen_by_nothing
from lddu.training.run import refuse_place

BASELINE_BUDGET = 300.0
"""Seconds that a training would have taken: fitted baselines may take a tenth of it."""

BEST_IN_MICRO_F1 = DecisionConfig()

MOST_STEPS = 512
"""Of a sequence that baselines read, as in training."""


@dataclass(frozen=True)
class ScoreOptions:
    """How answers are imported.

    Attributes:
        name: of the model that gave them: tables of one name and several seeds are compared together, those without stay alone.
        seed: of the model.
        partial: take a table that lacks clips; they are counted and left out.
        baselines: fit logistic regressions on the store's features to compare with.
        force: replace an existing run folder.
        command: the command line, for the record.

    Raises:
        ConfigError: where the seed is out of range.
    """

    name: str = ""
    seed: int = 0
    partial: bool = False
    baselines: bool = True
    force: bool = False
    command: str = ""

    def __post_init__(self) -> None:
        refuse_wrong_types(self)
        if not 0 <= self.seed < LARGEST_SEED:
            raise ConfigError(f"Expected {parameter('seed')} to lie from 0 to {LARGEST_SEED - 1}, but got {self.seed}.")


def score(
    predictions: str | Path,
    store: StoreLike,
    out: str | Path,
    options: ScoreOptions = ScoreOptions(),
    decision: DecisionConfig = BEST_IN_MICRO_F1,
) -> RunFolder:
    """Make a run folder of probabilities that any program predicted for the clips of `valid` and `test`.

    Recalibration, thresholds, uncertainty and label sets are fitted on `valid`, as after a training. The run can be
    reported and compared, says that it was imported, and cannot predict.

    Args:
        predictions: a .csv, .tsv or .parquet with a column `clip` and one probability per emotion.
        store: with the labels of these clips; or its path or URL.
        out: the run folder to make.
        options: seed, name, and what may be missing.
        decision: how thresholds are chosen.

    Raises:
        SourceError: where the table does not fit the store.
        MismatchError: where no validation clip has a label.
        RunError: where `out` is taken.
    """
    store, path, out = opened_store(store), Path(predictions), Path(out)
    refuse_place(out, options.force)
    answers = read_answers(path, store, options.partial)
    description = _described(path, store, answers, options, decision)
    task = description.task
    parts = [part_of(store, task, _inference(answers, split)) for split in answers.rows]
    fitted = fitted_on(parts[0], description.config.decision)
    dimensions = {name: modality.dimension for name, modality in store.modalities.items()}
    learnt = replace(
        task, dimensions=dimensions, features={name: modality.feature for name, modality in store.modalities.items()}
    )
    reader = BatchReader(store, dimensions, MOST_STEPS)
    splits, spent = measured_splits(parts, fitted, reader, learnt, BASELINE_BUDGET if options.baselines else None)
    figures = {"splits": splits, "ablation": [], "protocol": protocol_of(description, fitted)}
    measured = {**figures, "cost": {"baseline_seconds": spent}, "warnings": list(description.warnings)}
    with replaced_folder(out) as temporary:  # half of it would look like a training that can go on
        folder = RunFolder(temporary)
        folder.write_json("config.json", description.to_mapping())
        write_answers(folder, store, task, (joined([part.inference for part in parts]), {}), fitted)
        folder.write_json("metrics.json", measured)
    return RunFolder(out)


def _described(
    path: Path, store: FeatureStore, answers: ImportedAnswers, options: ScoreOptions, decision: DecisionConfig
) -> RunDescription:
    sections = {"model": {"name": options.name}, "decision": vars(decision)}
    test = (
        []
        if "test" in answers.rows
        else ["no test clip is answered: the figures are those of validation, which chose the threshold"]
    )
    return RunDescription(
        task=Task(store.emotions, {}, {}, store.present_at, store.simulated),
        config=laid_over(IMPORTED_FAMILY.preset(), sections).fitted_to(NOTHING_OPEN),
        seed=options.seed,
        members=1,
        store={
            "path": store.address,
            "manifest_sha256": store.manifest_sha256,
            "source": store.manifest["source"],
            "init_from": None,
            "predictions": {"path": str(path.resolve()), "sha256": file_sha256(path)},
        },
        warnings=(*answers.notes, *chosen_by_nothing(store), *test),
        command=options.command,
    )


def _inference(answers: ImportedAnswers, split: str) -> Inference:
    """The answers as a network without modalities would have given them."""
    rows, probability = answers.rows[split], answers.probability[split]
    nothing = np.zeros((len(rows), 0))
    return Inference(rows, probability, binary_entropy(probability), nothing.astype(bool), nothing, {})
