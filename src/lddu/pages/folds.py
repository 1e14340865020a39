"""`report.html` of a cross-validation: all test clips together, and fold by fold."""

from typing import Any

import jinja2

from lddu.errors import RunError
from lddu.evaluate.answered import HEADLINE
from lddu.evaluate.constants import constants_in
from lddu.evaluate.verdicts import baseline_name, nothing_shown, verdicts_of
from lddu.machine.atomic import write_text
from lddu.pages.subgroups import subgroup_sections
from lddu.pages.template import template
from lddu.runs.kept_answers import answers_of
from lddu.runs.run_folder import RunFolder
from lddu.runs.table_text import heading
from lddu.sentences import counted


def write_folds_report(folder: RunFolder) -> None:
    """Write the page of a cross-validation into its folder.

    Raises:
        RunError: where a file of it is damaged.
    """
    metrics = folder.read_json("metrics.json")
    units, by = answers_of(folder, "test").scored.counted_units()
    try:
        figures = metrics["splits"]["test"]
        page = template("folds.html").render(
            name=folder.path.resolve().name,
            description=folder.description,
            figures=figures,
            headline=headline("test", figures),
            verdicts=verdicts_of(figures),
            split="test",
            subgroups=subgroup_sections(figures),
            baselines=[(baseline_name(baseline), baseline) for baseline in figures.get("baselines", [])],
            folds=metrics["folds"],
            over_folds=metrics["over_folds"],
            names=HEADLINE,
            heading=heading,
            units=units,
            by=by,
            protocol=metrics["protocol"],
            cost=metrics["cost"],
        )
    except (KeyError, TypeError, ValueError, AttributeError, jinja2.UndefinedError) as fault:
        raise RunError(
            f"Expected {folder.path / 'metrics.json'} to hold the figures of a cross-validation, but it is damaged ({fault}); copy it again."
        ) from None
    write_text(folder.path / "report.html", page)


def headline(split: str, figures: dict[str, Any]) -> str:
    """What the figures say, in words."""
    best = max(constants_in(figures), key=lambda b: b["f1_micro"], default=None)
    emotions = figures["per_emotion"]
    judged = {
        name: metrics["f1"] for name, metrics in emotions.items() if metrics["f1"] is not None and metrics["positives"]
    }
    if nothing_shown(figures):
        wrong = f"{100 * figures['hamming_loss']:.1f} %"
        return f"On {counted(figures['n'], f'{split} clip')}, none of which is known to show an emotion, {wrong} of the decisions are wrong."
    sentence = (
        f"On {counted(figures['n'], f'{split} clip')} the decisions reach a micro-F1 of {figures['f1_micro']:.3f}"
    )
    if best is not None and best["f1_micro"] >= figures["f1_micro"]:
        sentence += f"; a constant answer reaches {best['f1_micro']:.3f}"
    elif best is not None:
        sentence += f", where the better of two constant answers reaches {best['f1_micro']:.3f}"
    if len(judged) > 1:
        strong, weak = max(judged, key=lambda e: judged[e]), min(judged, key=lambda e: judged[e])
        sentence += (
            f". {strong.capitalize()} is recognised best (F1 {judged[strong]:.2f}), {weak} worst ({judged[weak]:.2f})"
        )
    return sentence + "."
