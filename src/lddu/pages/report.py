"""`report.html`: one self-contained page of a run that a stranger can check and trust."""

import json
from dataclasses import dataclass
from typing import Any

import jinja2

from lddu.decide.decision import FittedDecision
from lddu.errors import RunError
from lddu.evaluate.shares import SHARE_FIGURES
from lddu.evaluate.verdicts import baseline_name, verdicts_of
from lddu.machine.atomic import write_text
from lddu.pages.folds import headline, write_folds_report
from lddu.pages.plots import training_curves
from lddu.pages.report_ablation import withheld
from lddu.pages.report_trust import latent, modality_trust, noise_readings, people, together, trust, worsened
from lddu.pages.subgroups import subgroup_sections
from lddu.pages.template import template
from lddu.runs.about import about_of
from lddu.runs.predictions import Predictions, read_predictions
from lddu.runs.run_folder import RunDescription, RunFolder


def write_report(folder: RunFolder) -> None:
    """Write the page of a concluded run into its folder.

    Raises:
        RunError: where the run has no metrics yet, or a file of it is damaged.
    """
    description = folder.description
    metrics = folder.read_json("metrics.json")
    if description.folds:
        write_folds_report(folder)
        return
    decision = folder.load_decision()
    splits = metrics.get("splits")
    if not isinstance(splits, dict) or not {"valid", "test"} & set(splits):
        raise RunError(
            f"Expected the metrics of a split in {folder.path / 'metrics.json'}, but got none; copy the run again."
        )
    split = "test" if "test" in splits else "valid"
    try:
        page = _page(folder, description, metrics, split, decision)
    except (KeyError, TypeError, ValueError, AttributeError, jinja2.UndefinedError) as fault:
        raise RunError(
            f"Expected {folder.path / 'metrics.json'} to hold the figures of a run, but it is damaged ({fault}); copy "
            "the run again."
        ) from None
    write_text(folder.path / "report.html", page)


def _page(
    folder: RunFolder, description: RunDescription, metrics: dict[str, Any], split: str, decision: FittedDecision
) -> str:
    splits = metrics["splits"]
    figures = splits[split]
    predicted = read_predictions(folder.path / "predictions.parquet")
    predicted = predicted.rows(predicted.split == split)
    about = about_of(folder)
    return template("report.html").render(
        name=folder.path.resolve().name,
        split=split,
        figures=figures,
        other=splits.get("valid") if split == "test" else None,
        headline=headline(split, figures),
        verdicts=verdicts_of(figures),
        subgroups=subgroup_sections(figures),
        baselines=[(baseline_name(baseline), baseline) for baseline in figures.get("baselines", [])],
        description=description,
        decided_on="" if about is None else about.decided_on,
        protocol=metrics["protocol"],
        cost=metrics["cost"],
        threshold=cuts(predicted, decision),
        curves=[] if description.imported else _curves(folder, metrics["cost"]),
        trust=trust(predicted, figures, decision),
        together=together(predicted),
        modality_trust=modality_trust(predicted),
        noise_readings=noise_readings(figures),
        worsened=worsened(figures),
        withheld=withheld(metrics, list(description.task.dimensions)),
        people=people(predicted),
        share_keys=SHARE_FIGURES,
        aleatoric=decision.aleatoric,
        latent=latent(folder, description.task),
        members=[f"member-{k}" for k in range(description.members)] if description.members > 1 else [],
    )


@dataclass(frozen=True)
class Cuts:
    """The thresholds of a split, rising, without repeats.

    Attributes:
        most: of most of its clips.
        modalities: that these have, where other clips have other thresholds; else empty.
        others: of those.
    """

    most: list[float]
    modalities: tuple[str, ...] = ()
    others: tuple[float, ...] = ()


def cuts(predictions: Predictions, decision: FittedDecision) -> Cuts:
    """The thresholds by which clips were decided."""
    presented = predictions.presented
    most = decision.of_most(presented)
    parts = [(one, rows) for one, rows in decision.by_presence(presented, len(predictions)) if len(rows)]
    others = {cut for one, _ in parts if one.thresholds != most.thresholds for cut in one.thresholds}
    if not others:
        return Cuts(sorted(set(most.thresholds)))
    first = next(rows[0] for one, rows in parts if one.thresholds == most.thresholds)
    having = tuple(name for name, there in zip(predictions.modalities, presented[first], strict=True) if there)
    return Cuts(sorted(set(most.thresholds)), having, tuple(sorted(others)))


def _curves(folder: RunFolder, cost: dict[str, Any]) -> list[tuple[str, str]]:
    """The training curves of each network."""
    curves = []
    for member, best in zip(folder.members(), cost["best_epoch"], strict=True):
        log = member.path / "log.jsonl"
        if not log.is_file():
            raise RunError(
                f"Expected {log}, from which the training is drawn, but it is not there; copy the run again."
            )
        try:
            history = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        except ValueError as fault:
            raise RunError(
                f"Expected {log} to hold a JSON object a line, but it is damaged ({fault}); copy the run again."
            ) from None
        if len(history) < best:
            raise RunError(f"Expected {log} to hold {best} epochs, but it holds {len(history)}; copy the run again.")
        if best:
            curves.append(training_curves(history, best))
    return curves
