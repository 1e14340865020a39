"""Ways to say how uncertain an answer is, all on one run and one table: LDDU's widths beside what others would do.

Every way is fitted on validation (a Laplace head also on training clips) and measured on test. A way with probabilities of its
own is judged by them, with one threshold from validation; one that is a score alone, such as a width, ranks the run's decisions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np

from lddu.arrays import Floats, binary_entropy
from lddu.decide.label_sets import label_cuts
from lddu.decide.recalibrate import fit_recalibration
from lddu.decide.threshold import best_cut
from lddu.errors import MismatchError
from lddu.evaluate.calibration import calibration_error
from lddu.evaluate.laplace_head import LastLayer, laplace_head
from lddu.evaluate.metrics import brier, micro_f1, negative_log_likelihood
from lddu.evaluate.scored import Scored, Validation
from lddu.evaluate.selective import selective
from lddu.models.networks import Inference, Networks
from lddu.runs.figures import uncertainty_scores
from lddu.runs.latents import latents_of
from lddu.runs.observed import scored
from lddu.runs.predictor import Predictor
from lddu.sentences import SIMULATED_CORPUS
from lddu.store.observation import presence_of
from lddu.store.store import FeatureStore

LAPLACE_CLIPS = 10_000
"""Most training clips that a Laplace head is fitted on, drawn the same each time."""

LEAST_GROUP = 20
"""Clips of a group below which its calibration is not measured."""


@dataclass(frozen=True)
class UncertaintyRow:
    """One way on the test split; None where a score alone cannot say.

    Attributes:
        way: its name.
        f1_micro: of the decisions, one threshold from validation.
        nll: mean negative log-likelihood in nats.
        brier: score.
        adaptive_ece: adaptive calibration error, pooled over pairs.
        worst_ece: the largest of an emotion's.
        group_gap: the largest distance, over groups, of mean probability and frequency; None without groups of 20 clips.
        error_auroc: how well the uncertainty finds wrong decisions.
        aurc: area under risk and coverage, smaller is better.
        coverage: of label-wise conformal sets, mean over emotions.
        least_coverage: of the emotion with the least.
        set_size: mean emotions in a set.
    """

    way: str
    f1_micro: float | None = None
    nll: float | None = None
    brier: float | None = None
    adaptive_ece: float | None = None
    worst_ece: float | None = None
    group_gap: float | None = None
    error_auroc: float | None = None
    aurc: float | None = None
    coverage: float | None = None
    least_coverage: float | None = None
    set_size: float | None = None


@dataclass(frozen=True, eq=False)
class _Split:
    """The labelled clips of a split as the run answers them."""

    scored: Scored
    inference: Inference


def uncertainty_table(predictor: Predictor, store: FeatureStore, target: float = 0.9) -> tuple[UncertaintyRow, ...]:
    """Measure every way that the run and its family allow.

    Args:
        predictor: of the run.
        store: with labelled clips in `valid` and `test`, and in `train` for a constant and a Laplace head.
        target: coverage of each emotion that label-wise sets are fitted to.

    Raises:
        MismatchError: where a split has no known label, the target is outside (0, 1), or the store does not fit.
    """
    if not 0 < target < 1:
        raise MismatchError(f"Expected a target above 0 and below 1, but got {target:g}; ask for 0.9, say.")
    networks = predictor.networks_on(store)
    valid, test = (_split(predictor, store, name) for name in ("valid", "test"))
    rows = [_judged(way, target) for way in _ways(predictor, networks, store, valid, test)]
    return (*rows, *_scores(predictor, test))


def _split(predictor: Predictor, store: FeatureStore, name: str) -> _Split:
    task, rows = predictor.description.task, store.table.in_split(name)
    known = presence_of(store, rows, task.emotions, task.present_at)
    if np.isnan(known).all():
        raise MismatchError(
            f"Expected clips of the split {name!r} with known labels in {store.place}, but got none; label some."
        )
    rows = rows[~np.isnan(known).all(axis=1)]
    inference = predictor.infer(store, rows, dropout=True)
    return _Split(scored(store, rows, inference.probability, task.emotions, task.present_at), inference)


@dataclass(frozen=True, eq=False)
class _Way:
    """What has probabilities of its own, on valid and on test, and the uncertainty of test: the entropy where none is given."""

    name: str
    valid: Scored
    test: Scored
    uncertainty: Floats | None = None

    def measured(self) -> Floats:
        """[N, E] the uncertainty."""
        return binary_entropy(self.test.probability) if self.uncertainty is None else self.uncertainty


def _ways(predictor: Predictor, networks: Networks, store: FeatureStore, valid: _Split, test: _Split) -> Iterator[_Way]:
    task, decision = predictor.description.task, predictor.decision

    def way(name: str, first: Floats, second: Floats, uncertainty: Floats | None = None) -> _Way:
        return _Way(name, valid.scored.with_probability(first), test.scored.with_probability(second), uncertainty)

    trained = presence_of(store, store.table.in_split("train"), task.emotions, task.present_at)
    if not np.isnan(trained).all():
        yield way("prior", *(_frequencies(trained, len(split.scored.clips)) for split in (valid, test)))
    raw = valid.scored.probability, test.scored.probability
    if len(networks.members) > 1:
        first = Networks(networks.members[:1], networks.reader)
        yield way("first network", *(first.infer(split.inference.rows).probability for split in (valid, test)))
        yield way(f"ensemble of {len(networks.members)}", *raw)
    else:
        yield way("as predicted", *raw)
    yield way("temperature", *map(fit_recalibration(Validation(valid.scored), "temperature").apply, raw))
    chosen = f"recalibrated ({decision.recalibration.method}), selected score"
    there = valid.inference.presence, test.inference.presence
    ours = [decision.recalibrated(*answered) for answered in zip(raw, there, strict=True)]
    known = valid.scored.known
    cut = best_cut(ours[0][known], valid.scored.presence[known] == 1)  # the decisions that the row is judged by
    one = decision.with_threshold(cut)
    uncertainty = one.apply(raw[1], uncertainty_scores(test.inference), presence=there[1]).uncertainty
    yield way(chosen, ours[0], ours[1], uncertainty)
    if valid.inference.dropout is not None and test.inference.dropout is not None:
        yield way("MC dropout", valid.inference.dropout.probability, test.inference.dropout.probability)
    if predictor.folder.family.latents is not None and not np.isnan(trained).all():
        yield way("last-layer Laplace", *_laplace(networks, store, valid, test, trained))


def _frequencies(trained: Floats, clips: int) -> Floats:
    """[clips, E] how often each emotion is present in training; .5 where that is unknown."""
    known = ~np.isnan(trained)
    positives = np.where(known, trained, 0.0).sum(axis=0)
    return np.tile(np.where(known.any(axis=0), positives / np.maximum(known.sum(axis=0), 1), 0.5), (clips, 1))


def _laplace(
    networks: Networks, store: FeatureStore, valid: _Split, test: _Split, trained: Floats
) -> tuple[Floats, Floats]:
    """Probabilities of a Bayesian head on the centres of the first network's distributions, all modalities side by side."""
    rows = store.table.in_split("train")
    labelled = np.flatnonzero(~np.isnan(trained).all(axis=1))
    places = np.sort(np.random.default_rng(0).permutation(labelled)[:LAPLACE_CLIPS])

    def layer(clips: np.ndarray, presence: Floats) -> LastLayer:
        mean = latents_of(networks.members[0], networks.reader, clips, valid.scored.emotions).mean
        return LastLayer(np.nan_to_num(mean.transpose(0, 2, 1, 3).reshape(*presence.shape, -1)), presence)

    on_valid, on_test = (layer(split.inference.rows, split.scored.presence) for split in (valid, test))
    first, second = laplace_head(layer(rows[places], trained[places]), on_valid, [on_valid, on_test])
    return first.probability, second.probability


def _judged(way: _Way, target: float) -> UncertaintyRow:
    valid, test = way.valid, way.test
    cut = best_cut(valid.probability[valid.known], valid.presence[valid.known] == 1)
    labels, known, observed = test.probability >= cut, test.known, test.presence == 1
    figures = selective(way.measured()[known], (observed != labels)[known].astype(np.float64))
    sets = test.probability >= label_cuts(Validation(valid), target)
    covered = [float(sets[present, e].mean()) for e, present in enumerate(observed.T) if present.any()]
    errors = [
        calibration_error(test.probability[rows, e], observed[rows, e], "equal_mass")
        for e, rows in enumerate(known.T)
        if rows.any()
    ]
    p, present = test.probability[known], observed[known]
    return UncertaintyRow(
        way.name, micro_f1(test.presence, labels), negative_log_likelihood(present, p), brier(present, p),
        calibration_error(p, present, "equal_mass"), max(errors), _group_gap(test), figures.error_auroc, figures.aurc,
        float(np.mean(covered)) if covered else None, min(covered, default=None), float(sets.sum(axis=1).mean()),
    )  # fmt: skip


def _group_gap(split: Scored) -> float | None:
    gaps = []
    groups = np.array([] if split.group is None else [str(name or "") for name in split.group], dtype=object)
    for name in sorted(set(groups) - {""}):
        rows = np.flatnonzero(groups == name)
        known = split.known[rows]
        if len(rows) >= LEAST_GROUP and known.any():
            gaps.append(abs(float((split.probability[rows] - (split.presence[rows] == 1))[known].mean())))
    return max(gaps, default=None)


def _scores(predictor: Predictor, test: _Split) -> list[UncertaintyRow]:
    """What ranks the run's own decisions: LDDU's width and modality errors, what passes with dropout on disagree on, ..."""
    inference = test.inference
    decided = predictor.decision.apply(
        test.scored.probability, uncertainty_scores(inference), presence=inference.presence
    )
    known = test.scored.known
    wrong = ((test.scored.presence == 1) != decided.labels)[known].astype(np.float64)
    figures = {name: selective(values[known], wrong) for name, values in decided.scores.items()}
    return [
        UncertaintyRow(f"score: {name}", error_auroc=ranking.error_auroc, aurc=ranking.aurc)
        for name, ranking in figures.items()
    ]


def as_markdown(tables: Mapping[str, tuple[UncertaintyRow, ...]], simulated: bool = False) -> str:
    """One table of all runs, a row per run and way, and below it whether the corpus is simulated."""
    names = [field.name for field in fields(UncertaintyRow)]
    titles = ["run", *(name.replace("_", " ") for name in names)]
    lines = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    for run, rows in tables.items():
        for row in rows:
            cells = [f"{value:.3f}" if isinstance(value, float) else value or "–" for value in vars(row).values()]
            lines.append(f"| {run} | {' | '.join(cells)} |")
    return "\n".join([*lines, *(["", SIMULATED_CORPUS] if simulated else [])])
