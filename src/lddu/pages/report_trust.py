"""What the report shows of trust: calibration, uncertainty, modalities, people, the latent space; figures and tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lddu.arrays import Floats
from lddu.decide.aleatoric import vote_entropy
from lddu.decide.decision import FittedDecision, own_scores
from lddu.decide.error_score import LABEL_ODDS, ErrorScore
from lddu.evaluate.calibration import reliability
from lddu.evaluate.meters import unresponsive_meters
from lddu.evaluate.selective import risk_coverage
from lddu.evaluate.trust import SELECTED
from lddu.models.family import Task
from lddu.pages.plots import PAGE_INCHES, reliability_curve, risk_coverage_curves
from lddu.pages.template import figure, recalibrations, score_name
from lddu.pages.trust_plots import (
    Cloud,
    Line,
    latent_panels,
    modality_errors,
    panel,
    people_against_model,
    reliability_panels,
)
from lddu.runs.predictions import MODALITY_ERROR, Predictions
from lddu.runs.run_folder import RunFolder

FEW_POSITIVES = 100
"""With fewer clips that show an emotion its reliability gets five bins, not ten."""


@dataclass(frozen=True)
class Trust:
    """Calibration and the uncertainty's use.

    Attributes:
        reliability: figure, pooled.
        per_emotion: figure, one panel per emotion.
        risk_coverage: figure, every score.
        recalibration: method that was chosen; None where there were too few validation clips to try any.
        score: name of the selected one.
        formula: how it is made, as text.
    """

    reliability: str
    per_emotion: str
    risk_coverage: str
    recalibration: str | None
    score: str
    formula: str


@dataclass(frozen=True)
class Together:
    """Emotions that occur and are named together, in per cent of the clips that show the row's emotion.

    Attributes:
        emotions: those that some clip shows.
        named: per row, how often each column was named; None where no clip shows the row's emotion.
        shown: per row, how often each column was there.
        added: per row, how often a column that was not there was named; None where it was always there.
    """

    emotions: tuple[str, ...]
    named: list[list[int | None]]
    shown: list[list[int | None]]
    added: list[list[int | None]]


@dataclass(frozen=True)
class Worsened:
    """A modality made worse: one figure per measure, over noise and over dropped steps, and the points as a table.

    Attributes:
        figures: SVG texts, a row per kind of corruption.
        metered: whether the run reads the noise of its modalities.
        points: modality -> what `metrics.json` holds.
        clips: that were corrupted.
        of: clips of the split.
        seed: of the corruptions.
    """

    figures: tuple[tuple[str, ...], ...]
    metered: bool
    points: dict[str, list[dict[str, Any]]]
    clips: int
    of: int
    seed: int

    @property
    def unresponsive(self) -> list[str]:
        """Sentences on noise readings that do not rise with noise."""
        return unresponsive_meters(self.points)


@dataclass(frozen=True)
class NoiseReadings:
    """Rank correlation with the true noise of a simulated corpus.

    Attributes:
        names: of the readings: ``noise``, ``error``.
        modalities: modality -> one figure per reading; None where it cannot be had.
    """

    names: tuple[str, ...]
    modalities: dict[str, list[float | None]]


def trust(predictions: Predictions, figures: dict[str, Any], decision: FittedDecision) -> Trust | None:
    """From the predictions of a split; None where it holds no known label."""
    known = ~np.isnan(predictions.presence)
    if not known.any():
        return None
    present, p = predictions.presence == 1, predictions.probability
    curve = reliability(p[known], present[known])
    panels = {}
    for e, name in enumerate(predictions.emotions):
        rows = known[:, e]
        positives = int(present[rows, e].sum())
        if rows.any():
            of_emotion = reliability(p[rows, e], present[rows, e], bins=5 if positives < FEW_POSITIVES else 10)
            panels[name] = (of_emotion.probability, of_emotion.frequency, positives)
    return Trust(
        reliability_curve(curve.probability, curve.frequency, curve.count),
        reliability_panels(panels),
        risk_coverage_curves(_score_curves(predictions, figures, decision)),
        _recalibration(predictions, decision),
        decision.of_most(predictions.presented).error_score.name,
        _formulas(predictions, decision),
    )


def _formulas(predictions: Predictions, decision: FittedDecision) -> str:
    """The chance of an error of most clips, and whether that of clips with other modalities is another."""
    most = _formula(decision.of_most(predictions.presented).error_score)
    parts = decision.by_presence(predictions.presented, len(predictions))
    others = {_formula(one.error_score) for one, rows in parts if len(rows)} - {most}
    return f"{most}; of clips with fewer or other modalities than most another" if others else most


def _formula(score: ErrorScore) -> str:
    """The chance of an error, in words: of one score or more `logistic(-1.20 + 0.80 entropy)`, standardised on valid."""
    if score.name == LABEL_ODDS:
        return (
            "what the recalibrated probability p itself says: 1 − p of an emotion that is named, p of one that is not"
        )
    terms = [
        f"{'−' if w < 0 else '+'} {abs(w):.2f} {score_name(name)}"
        for name, w in zip(score.inputs, score.weights, strict=True)
    ]
    return f"logistic({figure(score.offset, 2)} {' '.join(terms)}), with each score standardised on valid"


def _recalibration(predictions: Predictions, decision: FittedDecision) -> str | None:
    """The method, or all of them where clips of the split have different ones; None where too few clips taught any."""
    if decision.recalibration.left_out_nll is None:
        return None
    used = [one for one, rows in decision.by_presence(predictions.presented, len(predictions)) if len(rows)]
    methods = {one.recalibration.method for one in used}
    return recalibrations(decision) if len(methods) > 1 else next(iter(methods), decision.recalibration.method)


def _score_curves(
    predictions: Predictions, figures: dict[str, Any], decision: FittedDecision
) -> dict[str, tuple[list[float], list[float]]]:
    """Score -> coverage and risk, the selected one first; from the predictions where `metrics.json` is of an older run."""
    curve_of = figures.get("risk_coverage")
    if curve_of is None:
        known = ~np.isnan(predictions.presence)
        wrong = ((predictions.presence == 1) != predictions.label)[known].astype(np.float64)
        scores = {
            SELECTED: predictions.uncertainty,
            **own_scores(predictions.probability, decision.thresholds_of(predictions.presented, len(predictions))),
        }
        scores |= {name: evidence.values for name, evidence in predictions.evidence.items() if evidence.of_emotions}
        curves = {name: risk_coverage(score[known], wrong) for name, score in scores.items()}
        curve_of = {name: {"coverage": c.coverage.tolist(), "risk": c.risk.tolist()} for name, c in curves.items()}
    order = [SELECTED, *(name for name in curve_of if name != SELECTED)]
    return {score_name(name): (curve_of[name]["coverage"], curve_of[name]["risk"]) for name in order}


def together(predictions: Predictions) -> Together | None:
    """Which emotions are shown and named together; None where fewer than two are shown."""
    present, known = predictions.presence == 1, ~np.isnan(predictions.presence)
    some = np.flatnonzero(present.any(axis=0))
    if len(some) < 2:
        return None
    named, shown, added = (
        [[_per_cent(what[:, j], present[:, i] & where[:, j]) for j in some] for i in some]
        for what, where in (
            (predictions.label, np.ones_like(known)),
            (present, known),
            (predictions.label, known & ~present),
        )
    )
    return Together(tuple(predictions.emotions[e] for e in some), named, shown, added)


def _per_cent(flags: np.ndarray, where: np.ndarray) -> int | None:
    return round(100 * float(flags[where].mean())) if where.any() else None


def modality_trust(predictions: Predictions) -> str:
    """Figure of how likely each modality errs alone; empty where no clip has any."""
    error = predictions.evidence.get(MODALITY_ERROR)
    if error is None:
        return ""
    columns = {m: error.values[:, i] for i, m in enumerate(predictions.modalities)}
    there = {name: values[~np.isnan(values)] for name, values in columns.items() if not np.isnan(values).all()}
    return modality_errors(there) if there else ""


def worsened(figures: dict[str, Any]) -> Worsened | None:
    """What `lddu evaluate --robustness` measured; None where it did not run."""
    measured = figures.get("robustness")
    if measured is None:
        return None
    modalities = measured["modalities"]
    metered = any(point.get("noise") is not None for points in modalities.values() for point in points)
    measures = (
        ("f1_micro", "fused micro-F1"),
        ("uncertainty", "chance that it errs alone"),
        *((("noise", "its noise reading"),) if metered else ()),
        ("weight_on_others", "weight of the others"),
    )
    drawn = []
    for kind, xlabel in (("noise", "noise, in deviations"), ("dropped", "share of the steps dropped")):
        chosen = {
            name: [point for point in points if point["kind"] in ("clean", kind)] for name, points in modalities.items()
        }
        chosen = {name: points for name, points in chosen.items() if len(points) > 1}
        if chosen:
            drawn.append(tuple(_panels(chosen, measures, xlabel)))
    return Worsened(tuple(drawn), metered, modalities, measured["clips"], measured["of"], measured["seed"])


def _panels(points: dict[str, list[dict[str, Any]]], measures: Sequence[tuple[str, str]], xlabel: str) -> Iterator[str]:
    """One figure per measure; the first names the modalities."""
    for n, (measure, title) in enumerate(measures):
        lines = {name: Line([p["size"] for p in curve], [p[measure] for p in curve]) for name, curve in points.items()}
        yield panel(title, lines, xlabel, legend=n == 0, width=PAGE_INCHES / len(measures))


def noise_readings(figures: dict[str, Any]) -> NoiseReadings | None:
    """How well each reading of a modality follows its true noise; None where that is not known."""
    readings = figures.get("noise_spearman")
    if not readings:
        return None
    # an older run gives one figure per modality, that of its error
    rows = {name: reading if isinstance(reading, dict) else {"error": reading} for name, reading in readings.items()}
    names = tuple(name for name in ("noise", "error") if any(name in row for row in rows.values()))
    return NoiseReadings(names, {modality: [row.get(name) for name in names] for modality, row in rows.items()})


def people(predictions: Predictions) -> str:
    """Figure of people's disagreement against the model's; empty where raters never differ."""
    if predictions.share is None or predictions.aleatoric is None:
        return ""
    votes: Floats = vote_entropy(predictions.share)
    rows, aleatoric = ~np.isnan(votes), predictions.aleatoric
    return people_against_model(aleatoric[rows], votes[rows]) if rows.sum() >= 10 and np.ptp(votes[rows]) else ""


def latent(folder: RunFolder, task: Task) -> str:
    """Figure of the latent map; empty where the run has none."""
    if not (folder.path / "latent_map.json").is_file():
        return ""
    saved = folder.read_json("latent_map.json")
    place, width = np.array(saved["place"], dtype=np.float64), np.array(saved["width"], dtype=np.float64)
    emotion, modality = np.array(saved["emotion"], dtype=np.int64), np.array(saved["modality"], dtype=np.int64)
    if place.shape != (len(width), 2) or not len(width) == len(emotion) == len(modality) > 0:
        raise ValueError("latent_map.json does not hold a place, a width, an emotion and a modality per point")
    clouds = {}
    for m, name in enumerate(task.dimensions):
        mask = modality == m
        if mask.any():
            title = f"{name} ({100 * saved['explained'][name]:.0f} % of the variance)"
            clouds[title] = Cloud(place[mask], width[mask], emotion[mask])
    return latent_panels(clouds, task.emotions)
