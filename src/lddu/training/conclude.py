"""The end of a run: fit the decision on validation, look at test once, write everything down."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from lddu.ablation import Predict, ablations
from lddu.conclusion import figures_of, predictions_of, uncertainty_scores
from lddu.decide.decision import fit_decision
from lddu.evaluate.observation import presence_of, scored
from lddu.evaluate.predicted import Scored, Validation
from lddu.features.store import FeatureStore
from lddu.model.infer import Inference, joined
from lddu.report import write_report
from lddu.run_folder import RunDescription, RunFolder
from lddu.training.checkpoint import Progress


@dataclass(frozen=True)
class Cost:
    """What a run took.

    Attributes:
        train_seconds: in the loop, validation included; of all members together.
        parameters: trained numbers; of all members together.
        epochs: passes made, per member.
        best_epoch: the pass whose weights were kept, per member.
        device: where it ran.
        threads: of the processor.
    """

    train_seconds: float
    parameters: int
    epochs: list[int]
    best_epoch: list[int]
    device: str
    threads: int

    @staticmethod
    def of(model: nn.Module, progress: Progress, device: torch.device) -> "Cost":
        """The cost of one network."""
        parameters = sum(parameter.numel() for parameter in model.parameters())
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
        seconds = round(progress.seconds, 2)
        return Cost(seconds, parameters, [progress.epoch], [progress.best_epoch], name, torch.get_num_threads())

    @staticmethod
    def total(costs: list["Cost"]) -> "Cost":
        """The cost of an ensemble."""
        return Cost(
            round(sum(cost.train_seconds for cost in costs), 2),
            sum(cost.parameters for cost in costs),
            [n for cost in costs for n in cost.epochs],
            [n for cost in costs for n in cost.best_epoch],
            costs[0].device,
            costs[0].threads,
        )


def answered(store: FeatureStore, predict: Callable[[np.ndarray], Inference], stopped: bool = False) -> list[Inference]:
    """What the trained network, or the mean of several, says of `valid` and then, once, of `test`.

    Args:
        store: that it was trained on.
        predict: rows -> predictions.
        stopped: training was broken off: leave the test split alone, it belongs to the finished run.
    """
    splits = [store.table.in_split(split) for split in (("valid",) if stopped else ("valid", "test"))]
    return [predict(rows) for rows in splits if len(rows)]


@dataclass(frozen=True)
class Trained:
    """What a finished or stopped training leaves to conclude from.

    Attributes:
        answers: as `answered` gives them.
        predict: the network or the mean of several, on this process alone.
        cost: of the training.
        stopped: training was broken off.
    """

    answers: Sequence[Inference]
    predict: Predict
    cost: Cost
    stopped: bool = False


def conclude(
    folder: RunFolder,
    description: RunDescription,
    store: FeatureStore,
    trained: Trained,
) -> None:
    """Write decision, predictions, metrics and report.

    Args:
        folder: of the run; its weights are written already.
        description: of the run.
        store: that it was trained on.
        trained: what its training left.
    """
    task = description.task
    parts = [
        _Part(found, scored(store, found.rows, found.probability, task.emotions, task.present_at))
        for found in trained.answers
    ]
    valid = parts[0]
    decision = fit_decision(
        Validation(valid.scored), description.config.decision.threshold, scores=uncertainty_scores(valid.inference)
    )
    train_presence = presence_of(store, store.table.in_split("train"), task.emotions, task.present_at)
    labelled = [part for part in parts if part.scored.known.any()]
    splits = {p.scored.split: figures_of(p.scored, p.inference, decision, train_presence) for p in labelled}
    folder.write_json("decision.json", decision.to_mapping())
    predictions_of(store, task, joined(trained.answers), decision).write_parquet(folder.path / "predictions.parquet")
    protocol = {
        "checkpoint_from": "valid",
        "threshold_from": "valid",
        "recalibration": decision.recalibration.method,
        "uncertainty": decision.error_score.name,
        "seed": description.seed,
        "members": description.members,
        "preset": description.config.preset,
        "finished": not trained.stopped,
        "simulated": task.simulated,
        "torch": torch.__version__,
    }
    withheld = ablations(valid.scored, valid.inference, list(task.dimensions), trained.predict, decision)
    figures = {"splits": splits, "ablation": [one.to_mapping() for one in withheld], "protocol": protocol}
    folder.write_json("metrics.json", {**figures, "cost": asdict(trained.cost), "warnings": list(description.warnings)})
    write_report(folder)


@dataclass(frozen=True)
class _Part:
    inference: Inference
    scored: Scored
