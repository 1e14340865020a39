"""`report.html`: one self-contained page of a run that a stranger can check and trust."""

import json
from dataclasses import dataclass
from typing import Any

import jinja2
import numpy as np

from lddu.decide.decision import FittedDecision, own_scores
from lddu.errors import RunError
from lddu.evaluate.calibration import reliability
from lddu.evaluate.selective import risk_coverage
from lddu.features.atomic import write_text
from lddu.pages import template
from lddu.plots import reliability_curve, risk_coverage_curves, training_curves
from lddu.predictions import read_predictions
from lddu.run_folder import RunDescription, RunFolder


def write_report(folder: RunFolder) -> None:
    """Write the page of a concluded run into its folder.

    Raises:
        RunError: where the run has no metrics yet, or a file of it is damaged.
    """
    description = folder.describe()
    found = folder.read_json("metrics.json")
    decision = folder.load_decision()
    splits = found.get("splits")
    if not isinstance(splits, dict) or not {"valid", "test"} & set(splits):
        raise RunError(
            f"Expected the metrics of a split in {folder.path / 'metrics.json'}, but got none; copy the run again."
        )
    split = "test" if "test" in splits else "valid"
    try:
        page = _page(folder, description, found, split, decision)
    except (KeyError, TypeError, ValueError, AttributeError, jinja2.UndefinedError) as fault:
        raise RunError(
            f"Expected {folder.path / 'metrics.json'} to hold the figures of a run, but it is damaged ({fault}); copy "
            "the run again."
        ) from None
    write_text(folder.path / "report.html", page)


def _page(
    folder: RunFolder, description: RunDescription, found: dict[str, Any], split: str, decision: FittedDecision
) -> str:
    splits = found["splits"]
    return template("report.html").render(
        name=folder.path.resolve().name,
        split=split,
        figures=splits[split],
        other=splits.get("valid") if split == "test" else None,
        headline=headline(split, splits[split]),
        description=description,
        protocol=found["protocol"],
        cost=found["cost"],
        threshold=sorted(set(decision.thresholds)),
        curves=_curves(folder, found["cost"]),
        trust=_trust(folder, split, decision),
        members=[f"member-{k}" for k in range(description.members)] if description.members > 1 else [],
    )


def headline(split: str, figures: dict[str, Any]) -> str:
    """What the figures say, in words."""
    best = max(figures.get("baselines", []), key=lambda b: b["f1_micro"], default=None)
    emotions = figures["per_emotion"]
    judged = {name: own["f1"] for name, own in emotions.items() if own["f1"] is not None and own["positives"]}
    sentence = f"On {figures['n']} {split} clips the decisions reach a micro-F1 of {figures['f1_micro']:.3f}"
    if best is not None:
        sentence += f", where the best constant answer reaches {best['f1_micro']:.3f}"
    if len(judged) > 1:
        strong, weak = max(judged, key=lambda e: judged[e]), min(judged, key=lambda e: judged[e])
        sentence += (
            f". {strong.capitalize()} is found best (F1 {judged[strong]:.2f}), {weak} worst ({judged[weak]:.2f})"
        )
    return sentence + "."


@dataclass(frozen=True)
class _Trust:
    """What the page shows of calibration and of the uncertainty's use."""

    reliability: str
    risk_coverage: str
    recalibration: str
    score: str
    inputs: tuple[str, ...]


def _trust(folder: RunFolder, split: str, decision: FittedDecision) -> _Trust | None:
    """Curves from the predictions of a split; None where it holds no known label."""
    found = read_predictions(folder.path / "predictions.parquet")
    rows = found.split == split
    presence, probability = found.presence[rows], found.probability[rows]
    known = ~np.isnan(presence)
    if not known.any():
        return None
    present = presence[known] == 1
    wrong = (present != found.label[rows][known]).astype(np.float64)
    own = own_scores(probability, np.array(decision.thresholds))
    scores = {"product": found.uncertainty[rows], "margin": own["margin"], "entropy": own["entropy"]}
    scores["|std|"] = found.width[rows]
    curves = {name: risk_coverage(score[known], wrong) for name, score in scores.items()}
    curve = reliability(probability[known], present)
    return _Trust(
        reliability_curve(curve.probability, curve.frequency, curve.count),
        risk_coverage_curves({name: (c.coverage.tolist(), c.risk.tolist()) for name, c in curves.items()}),
        decision.recalibration.method,
        decision.error_score.name,
        decision.error_score.inputs,
    )


def _curves(folder: RunFolder, cost: dict[str, Any]) -> list[tuple[str, str]]:
    """The training curves of each network."""
    curves = []
    for member, best in zip(folder.members(), cost["best_epoch"], strict=True):
        log = member.path / "log.jsonl"
        lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
        try:
            history = [json.loads(line) for line in lines]
        except ValueError as fault:
            raise RunError(f"Expected {log} to hold a JSON object a line, but it is damaged ({fault}).") from None
        if best:
            curves.append(training_curves(history, best))
    return curves
