"""What a run will train: its options, and its description with every automatic setting resolved."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from lddu.argument_types import refuse_wrong_types
from lddu.arrays import Floats
from lddu.batches.batch import BatchReader
from lddu.batches.epoch import TrainingRows
from lddu.config import Config, CorpusSize, automatic_settings
from lddu.decide.aleatoric import LEAST_DIFFERING, raters_differ
from lddu.errors import ConfigError, StoreError, parameter
from lddu.evaluate.shares import fully_known
from lddu.models.family import Task
from lddu.runs.not_learnt import having_only
from lddu.runs.not_learnt import sentence as not_learnt_sentence
from lddu.runs.run_folder import RunDescription
from lddu.sentences import counted, listed
from lddu.store.observation import presence_of, shares_of, usable
from lddu.store.store import FeatureStore

LARGEST_SEED = 2**32

Jobs = int | Literal["auto"]
"""Trainings at once."""


def check_jobs(jobs: Jobs) -> None:
    """Refuse a number of trainings at once that cannot be.

    Raises:
        ConfigError: where it is below 1.
    """
    if isinstance(jobs, int) and jobs < 1:
        raise ConfigError(f"Expected {parameter('jobs')} to be at least 1, but got {jobs}.")


@dataclass(frozen=True)
class RunOptions:
    """How a run is made, beside its settings.

    Attributes:
        seed: of the first network.
        members: networks with consecutive seeds; more than one is an ensemble.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        force: replace an existing run folder.
        init_from: run folder whose weights training starts from.
        command: the command line, for the record.
        checkpoint_seconds: least time between two checkpoints.
        report: write report.html at the end; `lddu report RUN` writes it later.
        baselines: fit logistic regressions on the store's pooled features and say where the run is not better than they are.
        modalities: that the network may see, of those of the store; all where left out.
        jobs: members, or folds, trained at once, each in a process of its own; "auto" is one for each processor, on a GPU one. A
            script that asks for several has to do so under ``if __name__ == "__main__":``, because each process reads it again.

    Raises:
        ConfigError: where seed, members or jobs are out of range.
    """

    seed: int = 0
    members: int = 1
    device: str = "auto"
    force: bool = False
    init_from: Path | None = None
    command: str = ""
    checkpoint_seconds: float = 30.0
    report: bool = True
    baselines: bool = True
    modalities: tuple[str, ...] = ()
    jobs: Jobs = 1

    def __post_init__(self) -> None:
        refuse_wrong_types(self)
        check_jobs(self.jobs)
        if not 0 <= self.seed < LARGEST_SEED:
            raise ConfigError(f"Expected {parameter('seed')} to lie from 0 to {LARGEST_SEED - 1}, but got {self.seed}.")
        if self.members < 1:
            raise ConfigError(f"Expected {parameter('members')} to be at least 1, but got {self.members}.")


def describe(store: FeatureStore, config: Config, options: RunOptions) -> RunDescription:
    """What will be trained, with every ``"auto"`` resolved.

    Raises:
        StoreError: where the store lacks what training needs; the sentence says what.
        ConfigError: where a chosen modality is not in the store.
    """
    chosen = chosen_modalities(store, options.modalities)
    train_rows, _ = training_rows(store, chosen)
    modalities = [name for name in chosen if (store.lengths(name)[train_rows] > 0).any()]
    warnings = [
        f"{name} was ignored: no training clip has it" for name in chosen if name not in modalities
    ]  # a network cannot learn to read what it never saw
    if not modalities:
        raise StoreError(
            f"Expected training clips with features in {store.place}, but every one lacks all modalities; "
            "import the corpus with features of them."
        )
    reader = BatchReader(store, {name: store.modalities[name].dimension for name in modalities}, config.model.max_steps)
    for name, count in reader.cut_clips(np.arange(len(store))).items():
        warnings.append(
            f"{name} of {counted(count, 'clip')} was cut to its first {counted(config.model.max_steps, 'step')} (model.max_steps)"
        )
    presence = presence_of(store, train_rows, store.emotions, store.present_at)
    warnings += _one_sided(store.emotions, presence)
    warnings += _never_alone(store, train_rows, presence, modalities)
    if set(store.table.modality_labels) & set(modalities) and not getattr(config.objective, "modality_weight", 0):
        warnings.append("labels of single modalities (joy@audio) were not used: only LDDU's Eq. (14) learns from them")
    if shared := _groups_of_several_splits(store):
        warnings.append(
            f"{counted(len(shared), 'group')} (speakers, videos) with clips in more than one of train, valid and "
            f"test, such as {shared[0]}: the metrics are optimistic"
        )
    warnings += store.manifest.get("warnings", ())
    warnings += chosen_by_nothing(store)
    warnings += _without_test(store)
    averaged = config.model.averaged(modalities)
    longest = max(1 if name in averaged else int(store.lengths(name)[train_rows].max()) for name in modalities)
    gib = TrainingRows.of(store, train_rows, tuple(modalities)).gib
    task = Task(
        emotions=store.emotions,
        dimensions=reader.dimensions,
        features={name: store.modalities[name].feature for name in modalities},
        present_at=store.present_at,
        simulated=store.simulated,
    )
    return RunDescription(
        task=task,
        config=config.fitted_to(CorpusSize(len(train_rows), len(modalities) * len(store.emotions), longest, gib)),
        seed=options.seed,
        members=options.members,
        store={
            "path": store.address,  # found from any working directory
            "manifest_sha256": store.manifest_sha256,
            "source": store.manifest["source"],
            "init_from": str(options.init_from.resolve()) if options.init_from else None,
        },
        warnings=tuple(warnings),
        command=options.command,
        automatic=automatic_settings(config),
    )


BY_CHANCE = 0.01
"""That some clips have no label is held for a property of theirs where it happens less often by chance."""


def _one_sided(emotions: Sequence[str], presence: Floats) -> list[str]:
    """Sentences on emotions that the labels of training [N, E] show always, never, or not at all."""
    sentences = []
    for emotion, labels in zip(emotions, presence.T, strict=True):
        values = set(labels[~np.isnan(labels)].tolist())
        if not values:
            sentences.append(f"{emotion} has no known label in train: its probabilities mean nothing")
        elif len(values) == 1:
            never = "absent from" if values == {0.0} else "present in"
            sentences.append(
                f"{emotion} is {never} every labelled clip of train: the run cannot learn when it is otherwise"
            )
    return sentences


def _without_test(store: FeatureStore) -> list[str]:
    """A sentence where test has no clip, or none with a label."""
    rows = store.table.in_split("test")
    if len(rows) and not np.isnan(shares_of(store, rows, store.emotions)).all():
        return []
    lacking = "no test clip has a label" if len(rows) else "there is no test split"
    return [f"{lacking}: the metrics are those of validation, which selected the checkpoint"]


def chosen_by_nothing(store: FeatureStore) -> list[str]:
    """Sentences where validation clips show no emotion, on emotions that they know nothing of, and where too few shares are known."""
    presence = presence_of(store, store.table.in_split("valid"), store.emotions, store.present_at)
    known = ~np.isnan(presence)
    if not known.any():
        return []
    if not (presence == 1).any():
        return [
            "no validation clip shows an emotion: whatever F1 and mAP choose, such as the threshold, was chosen by nothing"
        ]
    return [
        f"{emotion} has no known label in valid: its threshold and recalibration are what the other emotions taught"
        for emotion, clips in zip(store.emotions, known.T, strict=True)
        if not clips.any()
    ] + _hidden_shares(store)


def _hidden_shares(store: FeatureStore) -> list[str]:
    """A sentence where raters differ on enough validation clips, but too few of these have a known share of every emotion."""
    shares = shares_of(store, store.table.in_split("valid"), store.emotions)
    differing = raters_differ(shares)
    known = int((differing & fully_known(shares)).sum())
    if known >= LEAST_DIFFERING or differing.sum() < LEAST_DIFFERING:
        return []
    nowhere = [name for name, column in zip(store.emotions, shares.T, strict=True) if np.isnan(column).all()]
    cure = f"; without {listed(nowhere)}, of which none is known, there may be more" if nowhere else ""
    return [
        f"expected shares of raters, and what people differ on, were not learnt: of {differing.sum()} validation clips whose raters "
        f"differ {known} have a known share of every emotion, and it takes {LEAST_DIFFERING}{cure}"
    ]


def _never_alone(store: FeatureStore, rows: np.ndarray, presence: Floats, modalities: list[str]) -> list[str]:
    """Sentences on emotions that no clip of one modality alone is labelled with, where there are such clips.

    A few clips that have lost their other modalities, and a label, are no such thing: then it may be chance.
    """
    there = np.stack([store.lengths(name)[rows] > 0 for name in modalities], axis=1)
    sentences = []
    for name, alone in zip(modalities, having_only(there).T, strict=True):
        unknown = np.isnan(presence[alone]).all(axis=0) & ~np.isnan(presence).all(axis=0)
        chance = [_all_among(int(alone.sum()), int(n), len(rows)) for n in np.isnan(presence).sum(axis=0)]
        unknown &= np.array(chance) * presence.shape[1] * len(modalities) < BY_CHANCE  # Bonferroni
        if alone.any() and len(modalities) > 1 and unknown.any():
            names = [emotion for emotion, unlabelled in zip(store.emotions, unknown, strict=True) if unlabelled]
            sentences.append(not_learnt_sentence(names, name))
    return sentences


def _all_among(drawn: int, marked: int, total: int) -> float:
    """Chance that all clips which are drawn are marked ones, of which there are so many in total (hypergeometric)."""
    if drawn > marked:
        return 0.0
    return math.exp(
        math.lgamma(marked + 1)
        - math.lgamma(marked - drawn + 1)
        + math.lgamma(total - drawn + 1)
        - math.lgamma(total + 1)
    )


def _groups_of_several_splits(store: FeatureStore) -> list[str]:
    """Groups of which both clips to learn from and clips to measure on come; sorted."""
    places: dict[str, set[str]] = {}
    for group, split in zip(store.table.group, store.table.split, strict=True):
        if group and split in ("train", "valid", "test"):
            places.setdefault(group, set()).add(split)
    return sorted(group for group, splits in places.items() if len(splits) > 1)


def chosen_modalities(store: FeatureStore, modalities: tuple[str, ...]) -> tuple[str, ...]:
    """The modalities of the store that may be seen, in its order; all where none is named.

    Raises:
        ConfigError: where one is not in the store.
    """
    if unknown := [name for name in modalities if name not in store.modalities]:
        raise ConfigError(
            f"Expected {parameter('modalities')} out of those of {store.place} ({', '.join(store.modalities)}), but got "
            f"{listed(unknown)}; name some of them, with commas between."
        )
    return tuple(name for name in store.modalities if name in modalities or not modalities)


def training_rows(store: FeatureStore, modalities: Collection[str] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `train` and `valid` that have a known label and at least one modality, or one of these.

    Raises:
        StoreError: where either is empty.
    """
    return (
        _usable(store, "train", "learn from", modalities),
        _usable(store, "valid", "choose the checkpoint and the threshold on", modalities),
    )


def refuse_unmeasurable(store: FeatureStore, purpose: str) -> None:
    """Refuse a store whose test clips cannot be reported on.

    Args:
        store: whose.
        purpose: what they are needed to do, for the sentence.

    Raises:
        StoreError: where none of them has a known label and a modality.
    """
    _usable(store, "test", purpose)


def _usable(store: FeatureStore, split: str, purpose: str, modalities: Collection[str] | None = None) -> np.ndarray:
    rows = store.table.in_split(split)
    rows = rows[usable(store, rows, store.emotions, store.modalities if modalities is None else modalities)]
    if not len(rows):
        raise StoreError(
            f"Expected labelled clips of the split {split!r} in {store.place} to {purpose}, but there are none; "
            "give the clips a split and labels, and make the store again."
        )
    return np.asarray(rows)
