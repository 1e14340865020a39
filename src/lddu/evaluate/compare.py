"""Is one run better than another, or is it chance? Paired bootstrap on the same clips.

Every figure here is a function of sums over units (clips, or groups of clips that resemble each other), so that one
resample is one row of weights times a table of sums (Efron and Tibshirani, An introduction to the bootstrap, 1993).
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lddu.errors import MismatchError
from lddu.evaluate.metrics import clip_jaccard
from lddu.evaluate.predicted import Flags, Floats, Scored
from lddu.evaluate.resample import unit_weights

RESAMPLES = 2000


@dataclass(frozen=True, eq=False)
class Answers:
    """What one run said about a split.

    Attributes:
        name: of the run, for messages and tables.
        scored: N clips, E emotions.
        labels: [N, E] its final decision.
    """

    name: str
    scored: Scored
    labels: Flags


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % bootstrap interval (percentiles)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """Second run less first run.

    Attributes:
        value: of the figure on all clips.
        low: lower end of the 95 % interval.
        high: upper end.
        chance: twice the share of resamples on the other side of 0, at most 1: small where the sign is sure.
    """

    value: float
    low: float
    high: float
    chance: float


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same clips.

    Attributes:
        units: how many units were resampled.
        by: ``group`` or ``clip``.
        resamples: how often.
        seed: of the resamples.
        first: figure -> estimate.
        second: figure -> estimate.
        difference: figure -> second less first.
    """

    units: int
    by: str
    resamples: int
    seed: int
    first: dict[str, Estimate]
    second: dict[str, Estimate]
    difference: dict[str, Difference]

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values."""
        return asdict(self)


def compare(first: Answers, second: Answers, seed: int = 0, resamples: int = RESAMPLES) -> Comparison:
    """Two runs side by side, with intervals of each and of the paired difference.

    Groups are resampled where there are at least `lddu.evaluate.predicted.LEAST_GROUPS`, else clips. The order of the
    clips may differ between the runs.

    Raises:
        MismatchError: the runs did not answer the same clips, emotions and labels.
    """
    second = _aligned(first, second)
    _, units = np.unique(first.scored.units(), return_inverse=True)
    tables = np.stack([_sums(run, units) for run in (first, second)])
    value = _figures(tables.sum(axis=1))
    drawn = _figures(_resampled(tables, seed, resamples))
    size = int(units.max()) + 1
    return Comparison(
        size,
        "clip" if size == len(units) else "group",
        resamples,
        seed,
        {name: _estimate(value[name][0], drawn[name][0]) for name in value},
        {name: _estimate(value[name][1], drawn[name][1]) for name in value},
        {name: _difference(value[name], drawn[name]) for name in value},
    )


def intervals(answers: Answers, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Estimate]:
    """Figure -> estimate with its 95 % interval, for one run."""
    _, units = np.unique(answers.scored.units(), return_inverse=True)
    table = _sums(answers, units)[None]
    value, drawn = _figures(table.sum(axis=1)), _figures(_resampled(table, seed, resamples))
    return {name: _estimate(value[name][0], drawn[name][0]) for name in value}


def _aligned(first: Answers, second: Answers) -> Answers:
    """The second run in the first one's order of clips."""
    a, b = first.scored, second.scored
    if a.emotions != b.emotions:
        raise MismatchError(
            f"Expected runs on the same emotions, but {first.name} has {', '.join(a.emotions)} and {second.name} has "
            f"{', '.join(b.emotions)}; compare runs of one corpus."
        )
    only = sorted(map(str, set(a.clips) ^ set(b.clips)))
    if only or len(a.clips) != len(b.clips) or len(set(a.clips)) != len(a.clips):
        example = f", such as {only[0]!r}" if only else ""
        raise MismatchError(
            f"Expected runs on the same clips, but {first.name} has {len(a.clips)} and {second.name} has "
            f"{len(b.clips)}, of which {len(only)} are in one of them only{example}; evaluate both on the same store "
            "and split."
        )
    place = {clip: n for n, clip in enumerate(b.clips)}
    rows = np.array([place[clip] for clip in a.clips])
    if not np.array_equal(a.presence, b.presence[rows], equal_nan=True):
        differing = ~((a.presence == b.presence[rows]) | (np.isnan(a.presence) & np.isnan(b.presence[rows])))
        n = int(np.flatnonzero(differing.any(axis=1))[0])
        raise MismatchError(
            f"Expected runs with the same observed labels, but {first.name} and {second.name} differ on "
            f"{int(differing.any(axis=1).sum())} clips, such as {a.clips[n]!r}; evaluate both on the same store."
        )
    return Answers(second.name, b.rows(rows), second.labels[rows])


def _sums(answers: Answers, units: np.ndarray) -> Floats:
    """[U, 3 E + 6] sums per unit: hits, false alarms and misses per emotion; then six sums over clips or pairs.

    E counts the emotions of which a label is known.
    """
    scored, labels = answers.scored, answers.labels
    known, present = scored.known, scored.presence == 1
    jaccard = clip_jaccard(scored.presence, labels, empty=0.0)
    correct_when_empty = clip_jaccard(scored.presence, labels, empty=1.0)
    some = known.any(axis=0)
    squared = np.where(known, scored.probability - present, 0.0) ** 2
    per_clip = np.column_stack(
        [
            (present & labels)[:, some],
            (known & labels & ~present)[:, some],
            (present & ~labels)[:, some],
            np.nan_to_num(jaccard),
            np.nan_to_num(correct_when_empty),
            known.any(axis=1),
            (known & (present != labels)).sum(axis=1),
            squared.sum(axis=1),
            known.sum(axis=1),
        ]
    ).astype(np.float64)
    return np.stack([np.bincount(units, column) for column in per_clip.T], axis=1)


def _figures(sums: Floats) -> dict[str, Floats]:
    """Figures from sums [..., 3 E + 6] (see `_sums`), each [...]."""
    emotions = (sums.shape[-1] - 6) // 3
    hits, alarms, misses = (sums[..., k * emotions : (k + 1) * emotions] for k in range(3))
    jaccard, correct_when_empty, clips, wrong, squared, pairs = np.moveaxis(sums[..., 3 * emotions :], -1, 0)
    hit, alarm, miss = hits.sum(axis=-1), alarms.sum(axis=-1), misses.sum(axis=-1)
    return {
        "f1_micro": _ratio(2 * hit, 2 * hit + alarm + miss),
        "f1_macro": _ratio(2 * hits, 2 * hits + alarms + misses).mean(axis=-1),
        "precision_micro": _ratio(hit, hit + alarm),
        "recall_micro": _ratio(hit, hit + miss),
        "jaccard": _ratio(jaccard, clips),
        "jaccard_empty_correct": _ratio(correct_when_empty, clips),
        "hamming_loss": _ratio(wrong, pairs),
        "brier": _ratio(squared, pairs),
    }


def _resampled(tables: Floats, seed: int, resamples: int) -> Floats:
    """[runs, resamples, columns] sums over units drawn with replacement, the same draw for every run."""
    runs, units, columns = tables.shape
    flat = tables.transpose(1, 0, 2).reshape(units, runs * columns)
    drawn = np.concatenate([weight @ flat for weight in unit_weights(units, seed, resamples)])
    return drawn.reshape(resamples, runs, columns).transpose(1, 0, 2)


def _estimate(value: float, drawn: Floats) -> Estimate:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high))


def _difference(value: Floats, drawn: Floats) -> Difference:
    apart = drawn[1] - drawn[0]
    low, high = np.quantile(apart, [0.025, 0.975])
    chance = min(1.0, 2 * min(float((apart <= 0).mean()), float((apart >= 0).mean())))
    return Difference(float(value[1] - value[0]), float(low), float(high), chance)


def _ratio(above: Floats, below: Floats) -> Floats:
    """Above / below, 0 where both are 0."""
    return np.divide(above, below, out=np.zeros(np.shape(below)), where=np.asarray(below) > 0)
