"""The figures that runs are compared by, of one run's answers: on all clips, and on resamples of them.

Most are functions of sums over units (clips, or groups of clips that resemble each other), so that a resample is one row
of weights times a table of sums. Those of an order (mAP, error-AUROC) are computed from weights on pairs sorted once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.evaluate.calibration import equal_mass_bins
from lddu.evaluate.metrics import clip_jaccard
from lddu.evaluate.resample import Ranked, auroc, average_precision, is_resampled, unit_weights
from lddu.evaluate.scored import Scored

HEADLINE = ("f1_micro", "f1_macro", "map_macro", "jaccard", "brier", "adaptive_ece", "error_auroc")
"""Figures that come first where answers are shown."""

Figures = dict[str, Floats]
"""Figure -> its values [R]; NaN where it cannot be had."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What one run said about a split.

    Attributes:
        name: of the run, for messages and tables.
        scored: N clips, E emotions.
        labels: [N, E] its final decision.
        uncertainty: [N, E] the selected score; without it there is no `error_auroc`.
        label_set: [N, E] the sets with a promised recall; without them there is no `set_recall`.
        grouped_as: the run whose groups are resampled here, where this one had others (`lddu.evaluate.compare.paired`).
    """

    name: str
    scored: Scored
    labels: Flags
    uncertainty: Floats | None = None
    label_set: Flags | None = None
    grouped_as: str = ""

    def on_emotions(self, columns: Sequence[int]) -> "Answers":
        """The same answers on the emotions of these columns, in their order."""
        return replace(
            self,
            scored=self.scored.columns(columns),
            labels=self.labels[:, columns],
            uncertainty=None if self.uncertainty is None else self.uncertainty[:, columns],
            label_set=None if self.label_set is None else self.label_set[:, columns],
        )


def figures(answers: Answers) -> dict[str, float]:
    """Every figure on all clips, by the names of `metrics.json`; one that the split cannot give is left out."""
    _, units = np.unique(answers.scored.units(), return_inverse=True)
    computed = _figures(answers, units, iter([np.ones((1, int(units.max()) + 1))]))
    return {name: float(values[0]) for name, values in computed.items() if not np.isnan(values[0])}


def resampled(answers: Answers, seed: int, resamples: int) -> Figures:
    """Every figure on resamples of the units; runs on the same clips meet the same resamples, so that they can be paired.

    In a resample without positives of an emotion the mAP is the mean over the others; one without a known label gives NaN, and so
    do all where there are fewer than `LEAST_UNITS` units.
    """
    _, units = np.unique(answers.scored.units(), return_inverse=True)
    widest = answers.scored.known.sum()
    drawn = _figures(answers, units, unit_weights(int(units.max()) + 1, seed, resamples, int(widest)))
    return drawn if is_resampled(units) else dict.fromkeys(drawn, np.full(resamples, np.nan))


def _figures(answers: Answers, units: np.ndarray, weights: Iterator[Floats]) -> Figures:
    parts: tuple[Part, ...] = (_sums(answers, units), _calibration(answers, units), _precision(answers, units))
    parts += (_errors(answers, units),) if answers.uncertainty is not None else ()
    parts += (_set_recall(answers, units),) if answers.label_set is not None else ()
    drawn = [{name: value for part in parts for name, value in part(weight).items()} for weight in weights]
    values = {name: np.concatenate([chunk[name] for chunk in drawn]) for name in drawn[0]}
    return {name: values[name] for name in dict.fromkeys([*HEADLINE, *values]) if name in values}


Part = Callable[[Floats], Figures]
"""Weights [R, U] of the units -> figures."""


def _sums(answers: Answers, units: np.ndarray) -> Part:
    """What follows from hits, false alarms and misses, and from sums over clips and pairs."""
    scored, labels = answers.scored, answers.labels
    known, present = scored.known, scored.presence == 1
    some = known.any(axis=0)
    squared = np.where(known, scored.probability - present, 0.0) ** 2
    hits, alarms, misses = (
        _per_unit(flags[:, some], units) for flags in (present & labels, known & labels & ~present, present & ~labels)
    )
    columns = (
        np.nan_to_num(clip_jaccard(scored.presence, labels, empty=0.0)),
        np.nan_to_num(clip_jaccard(scored.presence, labels, empty=1.0)),
        known.any(axis=1),
        (known & (present != labels)).sum(axis=1),
        squared.sum(axis=1),
        known.sum(axis=1),
    )
    rest = _per_unit(np.column_stack(columns), units)

    def part(weight: Floats) -> Figures:
        hit, alarm, miss = weight @ hits, weight @ alarms, weight @ misses
        jaccard, correct_when_empty, clips, wrong, error, pairs = (weight @ rest).T
        all_hits, all_alarms, all_misses = hit.sum(axis=1), alarm.sum(axis=1), miss.sum(axis=1)
        ratios = {
            "f1_micro": _ratio(2 * all_hits, 2 * all_hits + all_alarms + all_misses),
            "f1_macro": _ratio(2 * hit, 2 * hit + alarm + miss).mean(axis=1),
            "precision_micro": _ratio(all_hits, all_hits + all_alarms),
            "recall_micro": _ratio(all_hits, all_hits + all_misses),
            "jaccard": _ratio(jaccard, clips),
            "jaccard_empty_correct": _ratio(correct_when_empty, clips),
            "hamming_loss": _ratio(wrong, pairs),
            "brier": _ratio(error, pairs),
        }
        return {name: np.where(pairs > 0, values, np.nan) for name, values in ratios.items()}

    return part


def _calibration(answers: Answers, units: np.ndarray) -> Part:
    """The adaptive calibration error; its bins stay those of all clips."""
    scored, known = answers.scored, answers.scored.known
    bins = equal_mass_bins(scored.probability[known])
    gap, width = (scored.presence - scored.probability)[known], int(bins.max()) + 1
    size = int(units.max()) + 1
    cell = units[np.nonzero(known)[0]] * width + bins
    gaps = np.bincount(cell, gap, minlength=size * width).reshape(size, width)
    pairs = _per_unit(known.sum(axis=1)[:, None], units)[:, 0]
    return lambda weight: {"adaptive_ece": _ratio(np.abs(weight @ gaps).sum(axis=1), weight @ pairs, empty=np.nan)}


def _precision(answers: Answers, units: np.ndarray) -> Part:
    """The mean average precision over the emotions that have positives."""
    scored = answers.scored
    known, present = scored.known, scored.presence == 1
    columns = [
        Ranked.of(scored.probability[known[:, e], e], present[known[:, e], e], units[known[:, e]])
        for e in range(len(scored.emotions))
        if present[:, e].any()
    ]

    def part(weight: Floats) -> Figures:
        precisions = np.array([column.figure(average_precision, weight) for column in columns])
        there = ~np.isnan(precisions)
        return {"map_macro": _ratio(np.where(there, precisions, 0.0).sum(axis=0), there.sum(axis=0), empty=np.nan)}

    return part if columns else lambda weight: {"map_macro": np.full(len(weight), np.nan)}


def _errors(answers: Answers, units: np.ndarray) -> Part:
    """How well the uncertainty detects wrong decisions."""
    assert answers.uncertainty is not None
    known = answers.scored.known
    wrong = ((answers.scored.presence == 1) != answers.labels)[known]
    ranked = Ranked.of(answers.uncertainty[known], wrong, units[np.nonzero(known)[0]])
    return lambda weight: {"error_auroc": ranked.figure(auroc, weight)}


def _set_recall(answers: Answers, units: np.ndarray) -> Part:
    """The mean, over clips that show an emotion, of the share of these that the label set holds."""
    assert answers.label_set is not None
    present = answers.scored.presence == 1
    positives = present.sum(axis=1)
    share = _ratio((present & answers.label_set).sum(axis=1), positives)
    sums = _per_unit(np.column_stack([share, positives > 0]), units)

    def part(weight: Floats) -> Figures:
        held, clips = (weight @ sums).T
        return {"set_recall": _ratio(held, clips, empty=np.nan)}

    return part


def _per_unit(columns: np.ndarray, units: np.ndarray) -> Floats:
    """[U, C] sums over the clips of each unit of columns [N, C]."""
    return np.stack([np.bincount(units, column) for column in columns.T.astype(np.float64)], axis=1)


def _ratio(above: Floats, below: Floats, empty: float = 0.0) -> Floats:
    """Above / below, `empty` where below is 0."""
    ratio: Floats = np.divide(above, below, out=np.full(np.shape(below), empty), where=np.asarray(below) > 0)
    return ratio
