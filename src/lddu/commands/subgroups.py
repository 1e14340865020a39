"""Figures by subgroup on the terminal: of a run, and of two runs side by side."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lddu.commands.screen import results, table
from lddu.evaluate.gaps import TITLES
from lddu.evaluate.subgroups import subgroup_rows
from lddu.evaluate.within import LEAST_CLIPS
from lddu.pages.template import chance, figure, metric_name, signed, span

if TYPE_CHECKING:
    from lddu.runs.compare import RunPair


def show_subgroups(subgroups: Mapping[str, Any]) -> None:
    """Two small tables and what they say.

    Args:
        subgroups: as `lddu.evaluate.subgroups.Subgroups.to_mapping` gives it.
    """
    by, names = subgroups["by"], [name for name in TITLES if name in subgroups["whole"]["figures"]]
    title = f"\n{subgroups['split']} by {subgroups['column']}; 95 % intervals by bootstrap over {by}s"
    grid = table(title, "", "clips", *([f"{by}s"] if by != "clip" else []), *(TITLES[name] for name in names))
    emotions = table("\nclips that show each emotion", "", *subgroups["whole"]["positives"])
    for row in subgroup_rows(subgroups):
        size = [f"{row['clips']}", *([f"{row['units']}"] if by != "clip" else [])]
        style = "bold" if row is subgroups["whole"] else None
        grid.add_row(row["name"], *size, *(_cell(row["figures"].get(name)) for name in names), style=style)
        emotions.add_row(row["name"], *(f"{count}" for count in row["positives"].values()), style=style)
    console = results()
    console.print(grid)
    for sentence in subgroups["sentences"]:
        console.print(sentence, markup=False, soft_wrap=True)
    console.print(emotions)


def _cell(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None:
        return "–"
    ends = "" if estimate["low"] is None else f"\n{span((estimate['low'], estimate['high']))}"
    return f"{figure(estimate['value'])}{ends}"


def show_subgroup_differences(pair: "RunPair") -> None:
    """Second less first in each subgroup, with paired intervals."""
    names = [name for name in TITLES if any(name in subgroup.difference for subgroup in pair.subgroups)]
    title = f"second - first by {pair.column}: 95 % interval, chance"
    grid = table(f"\n{title}", "", "clips", *map(metric_name, names))
    for subgroup in pair.subgroups:
        cells = []
        for name in names:
            apart = subgroup.difference.get(name)
            if apart is None:
                cells.append("–")
            elif math.isnan(apart.low):
                cells.append(f"{signed(apart.value)}\ntoo few")
            else:
                ends = f"{signed(apart.low, 2)} to {signed(apart.high, 2)}"
                cells.append(f"{signed(apart.value)}\n{ends}\n{chance(apart.chance)}")
        grid.add_row(subgroup.name, f"{subgroup.clips}", *cells)
    console = results()
    console.print(grid)
    if small := [subgroup.name for subgroup in pair.subgroups if not subgroup.difference]:
        said = f"fewer than {LEAST_CLIPS} clips, not compared: {', '.join(small)}"
        console.print(said, style="dim", markup=False, soft_wrap=True)
