"""The training loop of one network. Validation chooses the checkpoint; the test split is not seen here."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch

from lddu.arrays import Floats
from lddu.batches.batch import BatchReader
from lddu.batches.epoch import TrainingRows, epoch_of
from lddu.batches.loader import portions
from lddu.config import ResolvedConfig
from lddu.decide.threshold import fit_threshold
from lddu.errors import RunError
from lddu.evaluate.scored import Validation
from lddu.machine.atomic import write_text
from lddu.models.family import Losses
from lddu.models.networks import probabilities_together
from lddu.runs.observed import scored
from lddu.runs.run_folder import RunDescription
from lddu.training import checkpoint
from lddu.training.checkpoint import Trainee, TrainingState
from lddu.training.optim import set_rate
from lddu.training.path_fit import SHARES, chosen_share, path_probability
from lddu.training.seed import seed_epoch
from lddu.training.step import DIVERGED, optimise


class TrainingCallback(Protocol):
    """Callback of a training; the command line draws it, the library prints nothing."""

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        """Epoch (1-based) of at most `epochs`, with this many steps."""

    def step_done(self, terms: Losses) -> None:
        """One optimiser step."""

    def epoch_done(self, record: dict[str, Any]) -> None:
        """The epoch's line of the log; of trainings side by side, for which nothing else is called, ``training`` in it names the one."""

    def stopping(self) -> None:
        """Ctrl-C: the best weights so far are evaluated on validation and saved."""

    def note(self, sentence: str) -> None:
        """A note for the user."""


class NoCallback:
    """A `TrainingCallback` that does nothing."""

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        """Nothing."""

    def step_done(self, terms: Losses) -> None:
        """Nothing."""

    def epoch_done(self, record: dict[str, Any]) -> None:
        """Nothing."""

    def stopping(self) -> None:
        """Nothing."""

    def note(self, sentence: str) -> None:
        """Nothing."""


@dataclass(frozen=True)
class TrainingData:
    """What the loop reads: the store behind `reader`, and the rows that train and that choose.

    Attributes:
        reader: of the store.
        train: clips that train.
        valid_rows: clips that choose.
        valid_path: [N, E] what the path beside the network, if there is one, gives to the clips that choose.
    """

    reader: BatchReader
    train: TrainingRows
    valid_rows: np.ndarray
    valid_path: Floats | None = None


@dataclass(frozen=True)
class TrainingOutput:
    """What a training writes, how often, and what it calls.

    Attributes:
        folder: of the run: checkpoints go under `resume/`, the log into `log.jsonl`.
        callback: called with every step.
        checkpoint_seconds: least time between two checkpoints.
    """

    folder: Path
    callback: TrainingCallback
    checkpoint_seconds: float = 30.0


def train_epochs(
    trainee: Trainee, data: TrainingData, description: RunDescription, output: TrainingOutput, state: TrainingState
) -> None:
    """Train until the planned end, or until validation has not improved for `patience` epochs.

    Bit for bit (CPU, same number of threads), it does not matter whether the process was killed and went
    on from a checkpoint in between. Several ranks train as one; the first one writes.

    Args:
        trainee: is changed in place, as is `state`, which ends with the best weights.
        data: what is read.
        description: settings and seed.
        output: where checkpoints and log go.
        state: where to begin, as `checkpoint.load` gives it.
    """
    config, seed, ranks = description.config, description.seed, trainee.ranks
    epochs, patience = config.training.epochs, config.training.patience
    data = replace(data, valid_path=path_probability(trainee.validated, data.reader, data.valid_rows))
    log = output.folder / "log.jsonl"
    if ranks.first:
        write_text(log, "".join(json.dumps(record) + "\n" for record in state.history))
    saved_at = time.monotonic()
    with torch.random.fork_rng():
        while state.epoch < epochs and state.stagnant < patience:
            began = time.monotonic()
            seed_epoch(seed, state.epoch, ranks.rank)
            losses = _one_epoch(trainee, data, config, seed, state.epoch, output.callback)
            validation = validate(trainee, data, description)
            state.seconds += time.monotonic() - began
            _note(state, losses, validation, trainee, config.training.checkpoint)
            if ranks.first:
                with log.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(state.history[-1]) + "\n")
            output.callback.epoch_done(state.history[-1])
            if ranks.first and time.monotonic() - saved_at >= output.checkpoint_seconds:
                checkpoint.save(output.folder / "resume", trainee, state)
                saved_at = time.monotonic()


def validate(trainee: Trainee, data: TrainingData, description: RunDescription) -> dict[str, Any]:
    """On validation: micro-F1 with the threshold tuned there, that threshold (mean), mAP, negative log-likelihood.

    Where a path stands beside the network its share is chosen first, so that the figures are those of the mixture that would
    be kept; those of the network alone stand under `network`, and choose the epoch.
    """
    _share(trainee, 0.0)
    probability = probabilities_together(trainee.validated, data.reader, data.valid_rows, trainee.ranks)
    if not np.isfinite(probability).all():
        raise RunError(f"Expected finite probabilities on validation, but got NaN: {DIVERGED}")
    figures = trainee.ranks.from_first(lambda: _beside_path(probability, data, description))
    _share(trainee, figures.get("path_share", 0.0))
    return figures


def _share(trainee: Trainee, share: float) -> None:
    """Set the share of the path in the trained and the validated network."""
    for network in (trainee.model, trainee.validated):
        if network.path is not None:
            network.path.share.fill_(share)


def _beside_path(probability: Floats, data: TrainingData, description: RunDescription) -> dict[str, Any]:
    """The figures, those of the mixture where there is a path."""
    alone = _figures(probability, data, description)
    if data.valid_path is None:
        return alone
    mixtures = {share: (1 - share) * probability + share * data.valid_path for share in SHARES[1:]}
    figures_of = {0.0: alone, **{share: _figures(mixture, data, description) for share, mixture in mixtures.items()}}
    by = description.config.training.checkpoint
    share = chosen_share({tried: score_of(figures, by) for tried, figures in figures_of.items()}, len(data.valid_rows))
    return {**figures_of[share], "path_share": share, "network": alone}


def score_of(figures: Mapping[str, Any], by: Literal["f1", "f1_map"]) -> float:
    """The score that chooses the checkpoint, and the best trial of a search."""
    return float(figures["f1_micro"] if by == "f1" else (figures["f1_micro"] + figures["map_macro"]) / 2)


def _figures(probability: Floats, data: TrainingData, description: RunDescription) -> dict[str, float]:
    from lddu.evaluate.metrics import mean_average_precision, micro_f1, negative_log_likelihood  # loads scikit-learn

    task, store, decision = description.task, data.reader.store, description.config.decision
    split = scored(store, data.valid_rows, probability, task.emotions, task.present_at)
    kind = (
        "global" if decision.threshold == "global_or_floor" else decision.threshold
    )  # epochs are compared by one kind
    thresholds = fit_threshold(Validation(split), kind, decision.criterion)
    present, certain = split.presence[split.known] == 1, split.probability[split.known]
    return {
        "f1_micro": micro_f1(split.presence, split.probability >= thresholds),
        "threshold": float(np.mean(thresholds)),
        "map_macro": mean_average_precision(split),
        "nll": negative_log_likelihood(present, certain),
    }


def _note(
    state: TrainingState,
    losses: dict[str, float],
    validation: dict[str, Any],
    trainee: Trainee,
    checkpoint_by: Literal["f1", "f1_map"],
) -> None:
    """Count an epoch, and keep the weights where it is the best so far."""
    state.epoch += 1
    alone = validation.get("network", validation)  # a path is good from the first epoch on: it would choose for luck
    score = score_of(alone, checkpoint_by)
    best = score > state.best_score
    record = {"epoch": state.epoch, "seconds": round(state.seconds, 3), "loss": losses, "valid": validation}
    state.history.append(record | {"kept": best})
    if best:
        state.best_score, state.best_epoch = score, state.epoch
        state.best_weights = {name: value.clone() for name, value in trainee.validated.state_dict().items()}


def _one_epoch(
    trainee: Trainee, data: TrainingData, config: ResolvedConfig, seed: int, epoch: int, callback: TrainingCallback
) -> dict[str, float]:
    """Train one pass; returns the mean of each loss term."""
    epochs = config.training.epochs
    plan = epoch_of(data.train, config.training, seed, epoch, trainee.ranks)
    steps = len(plan)
    callback.epoch_begins(epoch + 1, epochs, steps)
    device = next(trainee.model.parameters()).device
    trainee.model.train()
    sums: Counter[str] = Counter()
    for i, portion in enumerate(portions(data.reader, plan, config.training.accumulation)):
        set_rate(trainee.optimizer, config.training, epoch * steps + i, epochs * steps)
        terms = optimise(trainee, portion.to(device), plan.counts[i], config)
        sums.update(terms.to_mapping())
        callback.step_done(terms)
    return {name: total / steps for name, total in sums.items()}
