"""Every figure of calibration and uncertainty of a split: pooled over pairs, over clips, and emotion by emotion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.evaluate.calibration import CalibrationReport, calibration_error, calibration_report
from lddu.evaluate.resample import Interval, auroc, average_precision, ranking_interval
from lddu.evaluate.scored import Scored
from lddu.evaluate.selective import risk_coverage, selective_report

SELECTED = "product"
"""Key of the selected score in `metrics.json`, beside those that it was selected from."""

CURVE_POINTS = 41
SELECTIVE = ("error_aupr", "aurc", "excess_aurc", "risk_at_80", "coverage_at_5", "spearman")


@dataclass(frozen=True, eq=False)
class Judged:
    """A split with its answers.

    Attributes:
        scored: N clips, E emotions, recalibrated.
        labels: [N, E] the decision.
        scores: name -> [N, E] uncertainty scores, `SELECTED` among them; larger is less certain.
    """

    scored: Scored
    labels: Flags
    scores: Mapping[str, Floats]

    @property
    def wrong(self) -> Flags:
        """[N, E] where the decision differs from what was observed; means nothing where that is unknown."""
        return np.asarray((self.scored.presence == 1) != self.labels)


def trust_figures(judged: Judged, seed: int = 0) -> dict[str, Any]:
    """The entries of a split in `metrics.json` beside the standard metrics; docs/run_folder.md explains the names.

    Args:
        judged: a split with at least one known label.
        seed: of bands and intervals.
    """
    scored, known = judged.scored, judged.scored.known
    calibration = calibration_report(scored, seed)
    reports = {name: selective_report(scored, judged.labels, score) for name, score in judged.scores.items()}
    selected = reports[SELECTED].pooled
    chance = judged.scores[SELECTED]
    rows, units = np.nonzero(known)[0], scored.units()
    return {
        **{name: getattr(selected, name) for name in SELECTIVE},
        "error_auroc": {name: report.pooled.error_auroc for name, report in reports.items()},
        "error_auroc_interval": _plain(ranking_interval(auroc, chance[known], judged.wrong[known], units[rows], seed)),
        "aurc_of": {name: report.pooled.aurc for name, report in reports.items()},
        "error_ece": calibration_error(chance[known], judged.wrong[known], "equal_mass"),
        "adaptive_ece_interval": _plain(calibration.pooled.adaptive_ece_interval),
        "adaptive_ece_by_chance": _plain(calibration.pooled.adaptive_ece_by_chance),
        "ece_by_chance": _plain(calibration.pooled.ece_by_chance),
        "risk_coverage": {name: _curve(score[known], judged.wrong[known]) for name, score in judged.scores.items()},
        "per_clip": {name: report.per_clip.to_mapping() for name, report in reports.items()},
        "per_emotion": {
            name: _emotion(judged, calibration, e, seed)
            | {
                "error_auroc_of": {
                    n: _or_none(report.per_emotion[name], "error_auroc") for n, report in reports.items()
                }
            }
            | {figure: _or_none(reports[SELECTED].per_emotion[name], figure) for figure in SELECTIVE}
            for e, name in enumerate(scored.emotions)
        },
    }


def _emotion(judged: Judged, calibration: CalibrationReport, e: int, seed: int) -> dict[str, Any]:
    """Calibration of an emotion, and the intervals of what rests on few clips."""
    scored = judged.scored
    measured = calibration.per_emotion[scored.emotions[e]]
    names = ("nll", "ece", "adaptive_ece")
    intervals = ("adaptive_ece_interval", "adaptive_ece_by_chance")
    if measured is None:
        return dict.fromkeys([*names, *intervals, "ap_interval", "auroc_interval", "error_auroc_interval"])
    rows = scored.known[:, e]
    units, present, p = scored.units()[rows], scored.presence[rows, e] == 1, scored.probability[rows, e]
    wrong, chance = judged.wrong[rows, e], judged.scores[SELECTED][rows, e]
    return {
        **{name: getattr(measured, name) for name in names},
        **{name: _plain(getattr(measured, name)) for name in intervals},
        "ap_interval": _plain(ranking_interval(average_precision, p, present, units, seed)),
        "auroc_interval": _plain(ranking_interval(auroc, p, present, units, seed)),
        "error_auroc_interval": _plain(ranking_interval(auroc, chance, wrong, units, seed)),
    }


def _curve(uncertainty: Floats, wrong: Flags) -> dict[str, list[float]]:
    """A few points of the risk-coverage curve, evenly spread over coverage."""
    curve = risk_coverage(uncertainty, wrong.astype(np.float64))
    steps = np.unique(np.searchsorted(curve.coverage, np.linspace(0, 1, CURVE_POINTS)).clip(0, len(curve.cut) - 1))
    return {"coverage": _rounded(curve.coverage[steps]), "risk": _rounded(curve.risk[steps])}


def _rounded(values: Floats) -> list[float]:
    return [float(value) for value in np.round(values, 5)]


def _or_none(report: Any, name: str) -> float | None:
    return None if report is None else getattr(report, name)


def _plain(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]
