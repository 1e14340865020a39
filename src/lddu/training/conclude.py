"""The end of a run: fit the decision on validation, look at test once, write everything down."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from lddu.arrays import Flags, Floats
from lddu.batches.batch import BatchReader
from lddu.config import DecisionConfig
from lddu.decide.decision import FittedDecision, fit_decision, with_subsets
from lddu.decide.subset import FitAnswers
from lddu.decide.threshold import ThresholdRule
from lddu.evaluate.answered import Answers
from lddu.evaluate.scored import Scored, Validation
from lddu.evaluate.single_label import arg_max_figures, single_label
from lddu.models.family import Task
from lddu.models.network import Network
from lddu.models.networks import Alone, DropoutPasses, Inference, Networks, joined
from lddu.runs.ablation import ablations, subset_answers
from lddu.runs.baselines import LinearBaseline, SplitAnswers, linear_baselines
from lddu.runs.figures import DROPOUT_SCORES, figures_of, predictions_of, spreads, uncertainty_scores
from lddu.runs.latent_map import latent_map
from lddu.runs.observed import Observed, scored
from lddu.runs.run_folder import RunDescription, RunFolder
from lddu.runs.split_figures import SplitFigures
from lddu.store.observation import presence_of
from lddu.store.store import FeatureStore
from lddu.training.checkpoint import TrainingState

MOST_OTHERWISE = 0.2
"""Of the clips of two splits whose figures are compared, this share may have other modalities."""


@dataclass(frozen=True)
class Cost:
    """Cost of a run.

    Attributes:
        train_seconds: in the loop, validation included; of all members together.
        parameters: fitted numbers, those of a path too; of all members together.
        epochs: passes made, per member.
        best_epoch: the pass whose weights were kept, per member.
        device: where it ran.
        threads: of the processor.
        baseline_seconds: in fitting the baselines, beside the training.
    """

    train_seconds: float
    parameters: int
    epochs: list[int]
    best_epoch: list[int]
    device: str
    threads: int
    baseline_seconds: float = 0.0

    @staticmethod
    def of(network: Network, state: TrainingState, device: torch.device) -> "Cost":
        """The cost of one network."""
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
        seconds = round(state.seconds, 2)
        return Cost(seconds, network.fitted_numbers, [state.epoch], [state.best_epoch], name, torch.get_num_threads())

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


@dataclass(frozen=True)
class Ending:
    """How a run ends.

    Attributes:
        stopped: training was interrupted: leave the test split alone, it belongs to the finished run.
        baselines: fit logistic regressions to compare with; an interrupted training does without.
        decision: fitted elsewhere, on answers to other clips; None fits one on validation.
    """

    stopped: bool = False
    baselines: bool = True
    decision: FittedDecision | None = None


def conclude(
    folder: RunFolder,
    description: RunDescription,
    store: FeatureStore,
    networks: Networks,
    cost: Cost,
    ending: Ending = Ending(),
) -> None:
    """Write decision, predictions and metrics; the report is drawn by the caller.

    Args:
        folder: of the run; its weights are written already.
        description: of the run.
        store: that it was trained on.
        networks: that were trained.
        cost: of the training.
        ending: what to measure.
    """
    task = description.task
    valid = _predicted(store, description, networks, "valid")
    modalities = list(task.dimensions)
    less = subset_answers(valid.scored, valid.inference, modalities, networks.without)
    decision = ending.decision or with_fewer(
        fitted_on(valid, description.config.decision), valid, modalities, less, description.config.decision
    )
    parts = [valid]
    if not ending.stopped and len(store.table.in_split("test")):
        parts.append(_predicted(store, description, networks, "test"))
    seconds = cost.train_seconds if ending.baselines and not ending.stopped else None
    splits, spent = measured_splits(parts, decision, networks.reader, task, seconds)
    ablated = ablations(valid.scored, valid.inference, modalities, less, decision)
    answers = joined([part.inference for part in parts])
    write_answers(folder, store, task, (answers, networks.alone(answers)), decision)
    folder.write_json(
        "metrics.json",
        {
            "splits": splits,
            "ablation": [one.to_mapping() for one in ablated],
            "protocol": protocol_of(description, decision.of_most(valid.inference.presence), not ending.stopped),
            "cost": asdict(replace(cost, baseline_seconds=spent)),
            "warnings": list(description.warnings),
        },
    )
    _map(folder, networks, valid)


def measured_splits(
    parts: Sequence["Part"], decision: FittedDecision, reader: BatchReader, task: Task, seconds: float | None
) -> tuple[dict[str, Any], float]:
    """The entries of `splits` in `metrics.json`, and the seconds that went into the fitted baselines.

    Args:
        parts: answers on validation, and on test where there are any.
        decision: that is applied to them.
        reader: of the store, from which baselines learn.
        task: emotions, and the modalities that baselines may see.
        seconds: that the training took, of which fitting baselines may take a tenth; None fits none.
    """
    store = reader.store
    train_presence = presence_of(store, store.table.in_split("train"), task.emotions, task.present_at)
    labelled = [part for part in parts if part.scored.known.any()]
    one_each = single_label([train_presence, parts[0].scored.presence])
    began = time.monotonic()
    linear: dict[str, tuple[LinearBaseline, ...]] = {}
    learnable = bool((~np.isnan(train_presence)).any())
    if seconds is not None and learnable:
        answered = [_answers(part, decision) for part in labelled]
        linear = linear_baselines(reader, task, answered, seconds, one_each)
    spent = round(time.monotonic() - began, 2) if linear else 0.0
    known = train_presence if learnable else None
    measured = [_measured(part, decision, known, one_each, linear) for part in labelled]
    measured[1:] = [
        figures.beside(measured[0]) if alike(part.inference.presence, labelled[0].inference.presence) else figures
        for figures, part in zip(measured[1:], labelled[1:], strict=True)
    ]
    return {part.scored.split: figures.to_mapping() for part, figures in zip(labelled, measured, strict=True)}, spent


def alike(presence: Flags, other: Flags) -> bool:
    """Whether the clips of two splits, [N, M] and [K, M], have about the same modalities, so that their figures can be compared.

    The shares of clips with each set of modalities may differ by `MOST_OTHERWISE` in all (total variation distance).
    """
    sets, place = np.unique(np.concatenate([presence, other]), axis=0, return_inverse=True)
    shares = [
        np.bincount(split_sets, minlength=len(sets)) / max(1, len(split_sets))
        for split_sets in np.split(place.ravel(), [len(presence)])
    ]
    return float(np.abs(shares[0] - shares[1]).sum() / 2) <= MOST_OTHERWISE


def write_answers(
    folder: RunFolder, store: FeatureStore, task: Task, answers: tuple[Inference, Alone], decision: FittedDecision
) -> None:
    """Write `decision.json` and `predictions.parquet`."""
    folder.write_json("decision.json", decision.to_mapping())
    predictions_of(store, task, *answers, decision).write_parquet(folder.path / "predictions.parquet")


def protocol_of(description: RunDescription, decision: FittedDecision, finished: bool = True) -> dict[str, Any]:
    """What chose what, as `metrics.json` holds it; an imported run has no checkpoint that was chosen here.

    Args:
        description: of the run.
        decision: that of most validation clips, where it depends on their modalities.
        finished: whether training was not stopped.
    """
    config, trained = description.config, not description.imported
    return {
        "checkpoint_from": "valid" if trained else None,
        "checkpoint_by": config.training.checkpoint if trained else None,
        "threshold_from": "valid",
        "threshold_by": config.decision.criterion,
        "recalibration": decision.recalibration.method,
        "uncertainty": decision.error_score.name,
        "aleatoric": decision.aleatoric.name,
        "seed": description.seed,
        "members": description.members,
        "preset": config.preset,
        "family": config.family,
        "finished": finished,
        "simulated": description.task.simulated,
        "torch": torch.__version__,
    }


def _answers(part: "Part", decision: FittedDecision) -> SplitAnswers:
    """The decisions on a split, to be compared with a baseline's."""
    inference = part.inference
    decided = decision.apply(part.scored.probability, uncertainty_scores(inference), presence=inference.presence)
    return SplitAnswers(
        part.inference.rows,
        Answers("", part.scored.with_probability(decided.probability), decided.labels),
        None if decision.shares is None else decision.shares.apply(part.scored.probability),
    )


def _measured(
    part: "Part",
    decision: FittedDecision,
    train_presence: Floats | None,
    one_each: bool,
    linear: dict[str, tuple[LinearBaseline, ...]],
) -> SplitFigures:
    """The figures of a split with its baselines, and those of the arg-max where clips have one emotion each."""
    figures = figures_of(part.scored, part.inference, decision, part.observed, train_presence)
    arg_max = arg_max_figures(_answers(part, decision).answers.scored) if one_each else None
    fitted = linear.get(part.scored.split, ())
    shares = figures.shares and figures.shares.beside(
        *(baseline.shares for baseline in fitted if baseline.shares is not None)
    )
    return replace(figures, linear=fitted, arg_max=arg_max, shares=shares)


def _map(folder: RunFolder, networks: Networks, part: "Part") -> None:
    """Write `latent_map.json`, a picture of validation clips: test is looked at once, for its figures."""
    map_ = latent_map(networks, part.inference.rows, part.scored.presence)
    if map_ is not None:
        columns = {"place": map_.place.round(4), "width": map_.width.round(4)}
        columns |= {"emotion": map_.emotion, "modality": map_.modality}
        values_of = {name: values.tolist() for name, values in columns.items()}
        folder.write_json("latent_map.json", {**values_of, "explained": map_.explained, "split": part.scored.split})


@dataclass(frozen=True)
class Part:
    """The answers on a split, and what was observed."""

    inference: Inference
    scored: Scored
    observed: Observed


def _predicted(store: FeatureStore, description: RunDescription, networks: Networks, split: str) -> Part:
    task, rows = description.task, store.table.in_split(split)
    passes = DropoutPasses(description.config.decision.dropout_passes, description.seed)
    return part_of(store, task, networks.infer(rows, dropout=passes))


def part_of(store: FeatureStore, task: Task, inference: Inference) -> Part:
    """Answers on clips of one split beside what was observed."""
    judged = scored(store, inference.rows, inference.probability, task.emotions, task.present_at)
    return Part(inference, judged, Observed.of(store, inference.rows, task))


def fitted_on(valid: Part, config: DecisionConfig) -> FittedDecision:
    """The decision on clips as validation has them."""
    return fit_decision(
        Validation(valid.scored),
        _rule(config),
        scores=_competing(valid.inference, config),
        shares=valid.observed.shares,
        spread=spreads(valid.inference),
    )


def with_fewer(
    decision: FittedDecision,
    valid: Part,
    modalities: Sequence[str],
    less: Mapping[tuple[str, ...], Inference],
    config: DecisionConfig,
) -> FittedDecision:
    """The same with what is decided otherwise for clips that lack a modality, and for those that have all where some lack one.

    Args:
        decision: as `fitted_on` gives it.
        valid: what it was fitted on.
        modalities: of the run, in order.
        less: as `subset_answers` gives it.
        config: how to decide.
    """
    presence = dict(zip(modalities, valid.inference.presence.T, strict=True))
    place = {row: n for n, row in enumerate(valid.inference.rows.tolist())}
    every = {} if valid.inference.presence.all() else {tuple(modalities): valid.inference}
    subsets = {}
    for given, inference in {**less, **every}.items():
        rows = np.flatnonzero((inference.presence == np.isin(modalities, given)).all(axis=1))
        answers = inference.reordered(inference.rows[rows], rows)
        clips = valid.scored.rows(np.array([place[row] for row in answers.rows.tolist()], int))
        validation = Validation(clips.with_probability(answers.probability))
        subsets[given] = FitAnswers(validation, _competing(answers, config))
    whole = FitAnswers(Validation(valid.scored), _competing(valid.inference, config))
    return with_subsets(decision, whole, presence, subsets, _rule(config))


def _rule(config: DecisionConfig) -> ThresholdRule:
    return ThresholdRule(config.threshold, config.criterion)


def _competing(inference: Inference, config: DecisionConfig) -> dict[str, Floats]:
    """Scores of the networks; those that take further passes compete only where these were made to."""
    scores = uncertainty_scores(inference)
    return {name: s for name, s in scores.items() if config.dropout_competes or name not in DROPOUT_SCORES}
