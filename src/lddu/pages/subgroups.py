"""What the report shows of subgroups: figures with intervals, and what sets the best apart from the worst."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lddu.evaluate.gaps import TITLES
from lddu.evaluate.subgroups import subgroup_rows
from lddu.pages.plots import ACCENT, FAINT, PLACEHOLDER, quiet, svg

DRAWN = ("f1_micro", "map_macro", "adaptive_ece", "error_auroc")
"""Figures that are drawn; the table has all."""


@dataclass(frozen=True)
class SubgroupSection:
    """One column.

    Attributes:
        column: whose values name the subgroups.
        by: what is resampled, ``group`` or ``clip``.
        titles: figure -> heading, of those that the table has.
        rows: all clips, the subgroups, and the clips without a value, as `metrics.json` holds them.
        sentences: what they say.
        emotions: names.
        plots: figures as SVG text; empty where no subgroup was measured.
    """

    column: str
    by: str
    titles: dict[str, str]
    rows: tuple[Mapping[str, Any], ...]
    sentences: tuple[str, ...]
    emotions: tuple[str, ...]
    plots: tuple[str, ...]


def subgroup_sections(figures: Mapping[str, Any]) -> list[SubgroupSection]:
    """A section for each column by which a split of `metrics.json` was measured."""
    return [_section(breakdown) for breakdown in figures.get("by", {}).values()]


def _section(breakdown: Mapping[str, Any]) -> SubgroupSection:
    measured = [breakdown["whole"], *(row for row in breakdown["subgroups"] if row["figures"])]
    titles = {name: title for name, title in TITLES.items() if name in breakdown["whole"]["figures"]}
    drawn = [name for name in DRAWN if name in titles] if len(measured) > 1 else []
    return SubgroupSection(
        column=breakdown["column"],
        by=breakdown["by"],
        titles=titles,
        rows=tuple(subgroup_rows(breakdown)),
        sentences=tuple(breakdown["sentences"]),
        emotions=tuple(breakdown["whole"]["positives"]),
        plots=tuple(subgroup_panel(name, measured) for name in drawn),
    )


def subgroup_panel(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """One figure of each subgroup with its interval, a ring where there is none; a dotted line where all clips lie.

    Args:
        name: of the figure.
        rows: all clips, then the subgroups.
    """
    figure = Figure(figsize=(3.9, 0.75 + 0.26 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows):
        estimate = row["figures"].get(name)
        if estimate is None:
            continue
        colour = ACCENT if place else PLACEHOLDER
        if name == "adaptive_ece" and row["ece_by_chance"]:
            ends = [row["ece_by_chance"][end] for end in ("low", "high")]
            axes.plot(ends, [place, place], color=FAINT, linewidth=7, alpha=0.3, solid_capstyle="butt")
        if estimate["low"] is not None:
            axes.plot([estimate["low"], estimate["high"]], [place, place], color=colour, linewidth=1.5)
        filled = colour if estimate["low"] is not None else "none"
        axes.plot([estimate["value"]], [place], "o", color=colour, markerfacecolor=filled, markersize=5)
    if (whole := rows[0]["figures"].get(name)) is not None:
        axes.axvline(whole["value"], color=PLACEHOLDER, linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(rows)), [_shortened(row["name"]) for row in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_title(f"{TITLES[name]}{' (band: by chance)' if name == 'adaptive_ece' else ''}", fontsize=9)
    quiet(axes)
    return svg(figure)


def _shortened(name: str, most: int = 18) -> str:
    """A name that leaves room for the plot, and that matplotlib takes for no formula."""
    short = name if len(name) <= most else f"{name[: most - 1]}…"
    return short.replace("$", r"\$")
