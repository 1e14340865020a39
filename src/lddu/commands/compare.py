"""`lddu compare`: runs side by side, with paired bootstrap intervals of their differences."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from lddu.comparison import RunPair


def compare(
    *runs: Path,
    split: Literal["test", "valid"] = "test",
    html: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Compare runs on the same clips: each later one with the first, with 95 % intervals of the differences.

    Whole groups (speakers, videos, dialogues) are resampled where the split has at least ten, single clips otherwise.

    Parameters
    ----------
    runs
        Two or more run folders.
    split
        Which of the clips that the runs predicted.
    html
        Also write a self-contained page with figures, differences and curves to this file.
    json
        Print JSON.
    """
    from lddu.commands.screen import notes, print_json
    from lddu.comparison import compare_runs
    from lddu.comparison_report import write_comparison
    from lddu.errors import ConfigError

    if len(runs) < 2:
        raise ConfigError(f"Expected two or more run folders to compare, but got {len(runs)}.")
    found = compare_runs(runs, split) if html is None else write_comparison(runs, html, split)
    if html is not None:
        notes().print(f"page: {html}", markup=False, soft_wrap=True)
    if json:
        print_json({"split": split, "comparisons": [pair.to_mapping() for pair in found]})
    else:
        for pair in found:
            _show(pair, split)


def _show(pair: "RunPair", split: str) -> None:
    from lddu.commands.screen import results, table
    from lddu.comparison import LOWER_IS_BETTER

    found = pair.found
    title = f"{split}: {pair.clips} clips; {found.units} {found.by}s resampled {found.resamples} times"
    grid = table(title, "", "first", "second", "second - first", "95 % interval", "chance")
    for name, difference in found.difference.items():
        sure = difference.low > 0 or difference.high < 0
        grid.add_row(
            f"{name} (lower is better)" if name in LOWER_IS_BETTER else name,
            f"{found.first[name].value:.3f}",
            f"{found.second[name].value:.3f}",
            f"{difference.value:+.3f}",
            f"{difference.low:+.3f} to {difference.high:+.3f}",
            f"{difference.chance:.3f}",
            style="bold" if sure else None,
        )
    console = results()
    console.print(f"first   {pair.first}\nsecond  {pair.second}", markup=False, soft_wrap=True)
    console.print(grid)
    console.print(
        "bold: the interval leaves out 0; chance: how often the resampled difference has the other sign, doubled",
        style="dim",
    )
