"""Is a run better than an answer that is the same for every clip? Where it is not, everything that shows it says so."""

from collections.abc import Mapping, Sequence
from typing import Any

from lddu.evaluate.metrics import Baseline
from lddu.sentences import listed

COMPARED = {"f1_micro": "micro-F1", "f1_macro": "macro-F1", "jaccard_empty_correct": "Jaccard"}
"""Figures that a constant answer has, by their names for people.

Jaccard counts a clip right where nothing is shown and nothing named: a constant always names something, and a run that is
silent where it should be must not look worse for that.
"""


def below_constants(figures: Mapping[str, Any], constants: Sequence[Baseline]) -> dict[str, list[str]]:
    """Figure -> names of the constant answers that reach at least as much; figures that beat them all are left out.

    Args:
        figures: of the run, by the names of `metrics.json`.
        constants: on the same clips.
    """
    ahead = {name: [c.name for c in constants if getattr(c, name) >= figures[name]] for name in COMPARED}
    return {name: names for name, names in ahead.items() if names}


def constants_in(figures: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The constant answers among the baselines of a split's entry of `metrics.json`."""
    return [baseline for baseline in figures.get("baselines", []) if "difference" not in baseline]


def shortfall(figures: Mapping[str, Any] | None) -> str:
    """One sentence on where a split's entry of `metrics.json` is no better than a constant answer; empty where it is.

    Args:
        figures: of the split; None, where it was not measured, says nothing.

    Example:
        >>> everything = {"name": "everything-positive", "f1_micro": 0.5, "f1_macro": 0.4, "jaccard_empty_correct": 0.3}
        >>> shortfall({"f1_micro": 0.45, "f1_macro": 0.41, "jaccard_empty_correct": 0.6, "baselines": [everything]})
        'This run is no better than a constant answer in micro-F1 (0.450; everything-positive 0.500).'
    """
    if figures is None:
        return ""
    missed = []
    for name, title in COMPARED.items():
        known = [constant for constant in constants_in(figures) if name in constant]  # older runs lack the last
        best = max(known, key=lambda constant: constant[name], default=None)
        if best is not None and best[name] >= figures[name]:
            missed.append(f"{title} ({figures[name]:.3f}; {best['name']} {best[name]:.3f})")
    return f"This run is no better than a constant answer in {listed(missed)}." if missed else ""
