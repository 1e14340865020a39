"""`report.html`: one self-contained page of a run that a stranger can check and trust."""

import json
from functools import cache
from typing import Any

import jinja2

from lddu.errors import RunError
from lddu.features.atomic import write_text
from lddu.plots import training_curve
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
        page = _page(folder, description, found, split, sorted(set(decision.thresholds)))
    except (KeyError, TypeError, ValueError, AttributeError, jinja2.UndefinedError) as fault:
        raise RunError(
            f"Expected {folder.path / 'metrics.json'} to hold the figures of a run, but it is damaged ({fault}); copy "
            "the run again."
        ) from None
    write_text(folder.path / "report.html", page)


def _page(
    folder: RunFolder, description: RunDescription, found: dict[str, Any], split: str, thresholds: list[float]
) -> str:
    splits = found["splits"]
    return _template().render(
        name=folder.path.resolve().name,
        split=split,
        figures=splits[split],
        other=splits.get("valid") if split == "test" else None,
        headline=headline(split, splits[split]),
        description=description,
        protocol=found["protocol"],
        cost=found["cost"],
        threshold=thresholds,
        curves=_curves(folder, found["cost"]),
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


def _curves(folder: RunFolder, cost: dict[str, Any]) -> list[str]:
    """One training curve per network."""
    curves = []
    for member, best in zip(folder.members(), cost["best_epoch"], strict=True):
        log = member.path / "log.jsonl"
        lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
        try:
            history = [json.loads(line) for line in lines]
        except ValueError as fault:
            raise RunError(f"Expected {log} to hold a JSON object a line, but it is damaged ({fault}).") from None
        if best:
            curves.append(training_curve(history, best))
    return curves


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lddu"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = lambda value, digits=3: "–" if value is None else f"{value:.{digits}f}"
    return environment.get_template("report.html")
