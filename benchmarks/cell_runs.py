"""One training for benchmarks/cells.py: the product's loop and decision, without a run folder or a report."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.presets import overrides
from lddu.decide.decision import fit_decision
from lddu.decide.threshold import ThresholdRule
from lddu.evaluate.scored import Validation
from lddu.models.families import family_of, preset
from lddu.models.network import Network
from lddu.models.networks import Networks
from lddu.runs.figures import figures_of, uncertainty_scores
from lddu.runs.observed import Observed, scored
from lddu.runs.run_folder import RunDescription
from lddu.store.observation import shares_of
from lddu.store.store import FeatureStore
from lddu.training import member
from lddu.training.checkpoint import TrainingState
from lddu.training.loop import NoCallback, TrainingOutput, train_epochs
from lddu.training.plan import RunOptions, describe

Columns = dict[str, np.ndarray]
SCORES = ("width", "product")


def run_default(
    store: FeatureStore, seed: int, settings: list[str], folder: Path
) -> tuple[dict[str, Columns], dict[str, Any]]:
    """Suffix of the variant -> columns of the answers, and what is recorded of the training.

    Where the settings have a path: "" is the mixture; `-off` the same network with the path off, which is that of a training
    without one; `-path` the path alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    description = describe(store, preset("default", overrides(settings)), RunOptions(seed=seed))
    setup = member.TrainingSetup(
        family_of("lddu"), description, store, RunOptions(seed=seed), NoCallback(), None, torch.device("cpu")
    )
    data, state = member._data(description, store), TrainingState()
    began = time.process_time()
    trainee = member._trainee(description, data, setup)
    fitted = time.process_time()
    train_epochs(trainee, data, description, TrainingOutput(folder, NoCallback(), 1e9), state)
    network = trainee.model
    network.load_state_dict(state.best_weights)
    recorded = {
        "epoch": state.best_epoch,
        "epochs": state.epoch,
        "cpu_before": round(fitted - began, 2),
        "cpu_seconds": round(time.process_time() - began, 1),
    }
    answers = {"": _answers(network, store, description)}
    if network.path is None:
        return answers, recorded
    recorded["share"] = round(float(network.path.share), 3)
    for suffix, share in (("-off", 0.0), ("-path", 1.0)):
        network.path.share.fill_(share)
        answers[suffix] = _answers(network, store, description)
    return answers, recorded


def _answers(network: Network, store: FeatureStore, description: RunDescription) -> Columns:
    """Probabilities on valid and test, recalibrated, and labels; of test also the figures of the uncertainty."""
    task = description.task
    networks = Networks([network], member.reader_of(description, store))
    parts = {}
    for split in ("valid", "test"):
        rows = store.table.in_split(split)
        inference = networks.infer(rows)
        parts[split] = (scored(store, rows, inference.probability, task.emotions, task.present_at), inference)
    valid, inference = parts["valid"]
    decision = fit_decision(
        Validation(valid),
        ThresholdRule(description.config.decision.threshold, description.config.decision.criterion),
        scores=uncertainty_scores(inference),
        shares=shares_of(store, store.table.in_split("valid"), task.emotions),
    )
    columns: Columns = {}
    for split, (judged, inference) in parts.items():
        answer = decision.apply(judged.probability, uncertainty_scores(inference))
        columns[split], columns[f"{split}_labels"] = answer.probability, answer.labels
    test, inference = parts["test"]
    observed = Observed.of(store, store.table.in_split("test"), task)
    trust = figures_of(test, inference, decision, observed).to_mapping()
    columns["trust"] = np.array([trust["error_auroc"].get(name, np.nan) for name in SCORES])
    plain = {k: v for k, v in trust.items() if k not in ("per_emotion", "intervals", "risk_coverage", "per_clip")}
    columns["figures"] = np.array(json.dumps(plain, default=str))
    return columns
