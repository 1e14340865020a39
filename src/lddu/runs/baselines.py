"""Fitted baselines of a run: logistic regression on pooled features of the run's own store, beside the run's answers.

Costs are bounded: features are pooled batch by batch, what is held fits `MOST_NUMBERS`, and where fitting would take more than
`SHARE` of the training's time it gets fewer training clips, which the figures name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lddu.arrays import Floats
from lddu.batches.batch import BatchReader
from lddu.decide.shares import fit_shares
from lddu.decide.threshold import best_cut
from lddu.evaluate.answered import Answers
from lddu.evaluate.compare import Difference, run_less
from lddu.evaluate.linear_baselines import FITS, SHARE_FITS, LinearFit, PooledClips, fit_linear, fit_linear_shares
from lddu.evaluate.metrics import Metrics, metrics
from lddu.evaluate.scored import Scored, Validation
from lddu.evaluate.shares import fully_known
from lddu.evaluate.single_label import ArgMaxFigures, arg_max_figures
from lddu.models import equations
from lddu.models.family import Task
from lddu.runs.share_report import ShareBaseline, share_baseline
from lddu.store.observation import presence_of, shares_of, usable

ALL, ONE = "logistic-regression", "best-modality"
COMPARED = ("f1_micro", "map_macro")
RESAMPLES = 1000
POOLED_BATCH = 32

SHARE = 0.1
"""Of the training's time that the fits may take, as estimated."""
FEWEST = 256
"""Training clips that are always used: fewer would make a straw man, and these take a moment."""
SECONDS_PER_FIT, SECONDS_PER_NUMBER = 0.003, 1.5e-8
"""Of one regression, and of each of its clips x features on top; one thread of a processor of 2024."""
MOST_NUMBERS = 2**26
"""Clips x features that one split may hold in memory: 256 MiB."""


@dataclass(frozen=True, eq=False)
class SplitAnswers:
    """What the run said about a split.

    Attributes:
        rows: [N] row numbers in the store.
        answers: of the run.
        expected: [N, E] shares that the run expects; None where it expects none.
    """

    rows: np.ndarray
    answers: Answers
    expected: Floats | None = None

    def rows_at(self, places: np.ndarray) -> "SplitAnswers":
        """A part of the clips."""
        answers = self.answers
        expected = None if self.expected is None else self.expected[places]
        return SplitAnswers(
            self.rows[places], Answers(answers.name, answers.scored.rows(places), answers.labels[places]), expected
        )


@dataclass(frozen=True)
class LinearBaseline:
    """What logistic regression reaches on a split.

    Attributes:
        name: `ALL` modalities, or the `ONE` that did best on validation.
        modalities: that it sees.
        c: inverse strength of the penalty, chosen on validation.
        balanced: whether classes weigh alike, likewise.
        threshold: one for all emotions, likewise.
        metrics: its figures.
        arg_max: those of the most probable emotion; None unless clips have one emotion each.
        difference: figure -> run less baseline on the same clips.
        clips_of: clips of the split with a known label, of which `metrics.n` were compared.
        train_clips: clips that it was fitted on.
        train_of: how many could have been.
        shares: of a regression on the same features that was trained on shares; None where the run expects none.
    """

    name: str
    modalities: tuple[str, ...]
    c: float
    balanced: bool
    threshold: float
    metrics: Metrics
    arg_max: ArgMaxFigures | None
    difference: Mapping[str, Difference]
    clips_of: int
    train_clips: int
    train_of: int
    shares: ShareBaseline | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `metrics.json` holds them: the keys of a constant answer, and more."""
        reached = self.metrics
        figures = ("f1_micro", "f1_macro", "jaccard", "jaccard_empty_correct", "map_macro", "n")
        return {
            "name": self.name,
            "emotions": list(reached.per_emotion),
            **{name: getattr(reached, name) for name in figures},
            "of": self.clips_of,
            "modalities": list(self.modalities),
            "c": self.c,
            "balanced": self.balanced,
            "threshold": self.threshold,
            "train_clips": self.train_clips,
            "train_of": self.train_of,
            "difference": {name: _plain(difference) for name, difference in self.difference.items()},
        } | ({} if self.arg_max is None else {"arg_max": asdict(self.arg_max)})


def linear_baselines(
    reader: BatchReader, task: Task, splits: Sequence[SplitAnswers], seconds: float, one_each: bool = False
) -> dict[str, tuple[LinearBaseline, ...]]:
    """Split -> logistic regression on all modalities and, where there are several, on the best one.

    The same store, answers and number of training clips give the same figures.

    Args:
        reader: of the store, as the network takes it.
        task: of the run.
        splits: the run's answers, validation first.
        seconds: that training took.
        one_each: whether clips have one emotion each.
    """
    splits = [split.rows_at(np.flatnonzero(split.answers.scored.labelled)) for split in splits]
    train_rows = _labelled(reader, task)
    columns = sum(2 * dimension for dimension in task.dimensions.values())
    most = max(FEWEST, MOST_NUMBERS // columns)
    each = FITS + (0 if splits[0].expected is None else SHARE_FITS)
    affordable_clips = affordable(len(train_rows), 2 * columns, each * len(task.emotions), seconds)
    train = _pooled(reader, task, train_rows[_sample(len(train_rows), min(affordable_clips, most))])
    drawn = [split.rows_at(_sample(len(split.rows), most)) for split in splits]
    pooled = [_pooled(reader, task, split.rows) for split in drawn]
    names = [name for name in task.dimensions if not np.isnan(train.values[name]).all()]
    fits = {ALL: fit_linear(train, pooled[0], pooled, names)}
    if len(names) > 1:
        fits[ONE] = max((fit_linear(train, pooled[0], pooled, [name]) for name in names), key=lambda fit: fit.score)
    shares = _shares_beside(drawn, train, pooled, fits[ALL])
    baselines: dict[str, tuple[LinearBaseline, ...]] = {}
    for n, (split, whole) in enumerate(zip(drawn, splits, strict=True)):
        counts = _Counts(len(whole.rows), len(train), len(train_rows))
        first, *others = _beside(fits, drawn[0].answers.scored, split.answers, n, counts, one_each)
        baselines[split.answers.scored.split] = (replace(first, shares=shares[n]), *others)
    return baselines


def _shares_beside(
    splits: Sequence[SplitAnswers], train: PooledClips, pooled: Sequence[PooledClips], fit: LinearFit
) -> list[ShareBaseline | None]:
    """Of each split, the regression on shares with the strength that presence chose; None where the run expects none.

    Its answers become shares as those of the run do, by a map fitted on validation.
    """
    valid = pooled[0]
    none: list[ShareBaseline | None] = [None] * len(splits)
    if splits[0].expected is None or valid.shares is None:
        return none
    _, answers = fit_linear_shares(train, valid, pooled, fit.modalities, (fit.c,))
    map_ = fit_shares(Validation(splits[0].answers.scored.with_probability(answers[0])), valid.shares)
    if map_ is None:
        return none
    return [
        None
        if split.expected is None or clips.shares is None or not fully_known(clips.shares).any()
        else share_baseline(ALL, split.expected, map_.apply(predicted), clips.shares, split.answers.scored.units())
        for split, clips, predicted in zip(splits, pooled, answers, strict=True)
    ]


def affordable(clips: int, columns: int, fits: int, seconds: float) -> int:
    """How many training clips to fit on, halved until the estimate is within `SHARE` of a training of so many seconds.

    Args:
        clips: that there are.
        columns: features of a clip, over all that is fitted.
        fits: regressions of each choice of modalities.
        seconds: of the training.
    """
    while (
        clips // 2 >= FEWEST and fits * (2 * SECONDS_PER_FIT + SECONDS_PER_NUMBER * clips * columns) > SHARE * seconds
    ):
        clips //= 2
    return clips


@dataclass(frozen=True)
class _Counts:
    clips_of: int
    train_clips: int
    train_of: int


def _beside(
    fits: Mapping[str, LinearFit], valid: Scored, run_answers: Answers, n: int, counts: _Counts, one_each: bool
) -> tuple[LinearBaseline, ...]:
    """The baselines' figures on the `n`-th split beside the run's own answers; thresholds from validation."""
    scored = {name: run_answers.scored.with_probability(fit.probabilities[n]) for name, fit in fits.items()}
    known, present = valid.known, valid.presence == 1
    cuts = {name: best_cut(fit.probabilities[0][known], present[known]) for name, fit in fits.items()}
    answers = [Answers(name, predicted, predicted.probability >= cuts[name]) for name, predicted in scored.items()]
    apart = run_less(Answers("", run_answers.scored, run_answers.labels), answers, RESAMPLES)
    return tuple(
        LinearBaseline(
            name=name,
            modalities=fit.modalities,
            c=fit.c,
            balanced=fit.balanced,
            threshold=cuts[name],
            metrics=metrics(scored[name], np.full(len(valid.emotions), cuts[name])),
            arg_max=arg_max_figures(scored[name]) if one_each else None,
            difference={figure: difference[figure] for figure in COMPARED if figure in difference},
            **vars(counts),
        )
        for (name, fit), difference in zip(fits.items(), apart, strict=True)
    )


def _labelled(reader: BatchReader, task: Task) -> np.ndarray:
    """Rows of training clips with a known label and a modality, as of those that the network learns from."""
    rows = reader.store.table.in_split("train")
    return np.asarray(rows[usable(reader.store, rows, task.emotions, task.dimensions)])


def _sample(clips: int, most: int) -> np.ndarray:
    """Places of at most so many of the clips, drawn without replacement, the same each time; in order."""
    return np.sort(np.random.default_rng(0).permutation(clips)[:most])


def _pooled(reader: BatchReader, task: Task, rows: np.ndarray) -> PooledClips:
    """Mean and deviation over steps of each modality, read batch by batch."""
    values = {name: np.full((len(rows), 2 * size), np.nan, np.float32) for name, size in task.dimensions.items()}
    for first in range(0, len(rows), POOLED_BATCH):
        batch = reader.read(rows[first : first + POOLED_BATCH].tolist())
        for name, steps, mask in zip(task.dimensions, batch.values, batch.mask, strict=True):
            values[name][first : first + POOLED_BATCH] = moments(steps, mask)
    shares = shares_of(reader.store, rows, task.emotions)
    return PooledClips(values, presence_of(reader.store, rows, task.emotions, task.present_at), shares)


def moments(steps: Tensor, mask: Tensor) -> Floats:
    """[B, 2D] mean and deviation over the real steps; NaN for a clip without any.

    Args:
        steps: [B, T, D].
        mask: [B, T] True at real steps.
    """
    found = torch.where(mask.any(dim=1, keepdim=True), equations.masked_mean_and_deviation(steps, mask), torch.nan)
    return np.asarray(found.numpy())


def _plain(difference: Difference) -> dict[str, float | None]:
    """An interval that too few resamples could give is null."""
    return {name: None if value != value else value for name, value in vars(difference).items()}
