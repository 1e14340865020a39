"""`lddu compare`: runs side by side, with paired bootstrap intervals of their differences."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from lddu.commands.options import Flag, Output, parsed_names

if TYPE_CHECKING:
    from lddu.runs.compare import RunPair
    from lddu.runs.seeds import Seeds

DASH = Parameter(allow_leading_hyphen=True)

EXAMPLES = """Examples:
  lddu compare run other-run
  lddu compare run other-run third-run --html compare.html
  lddu compare default-0 default-1 default-2 paper-0 paper-1 paper-2
  lddu compare run other-run --names LDDU,TFN --latex table.tex
  lddu compare run other-run --csv -
  lddu compare run other-run --by _gender
  lddu compare run other-run --split valid --json"""


def compare(
    *runs: str | Path,
    split: str = "test",
    by: str = "",
    names: str | None = None,
    html: Annotated[Path | None, Output] = None,
    csv: Annotated[Path | None, Output, DASH] = None,
    latex: Annotated[Path | None, Output, DASH] = None,
    markdown: Annotated[Path | None, Output, DASH] = None,
    json: Annotated[bool, Flag, Output] = False,
) -> None:
    """Compare runs on the same clips, with 95 % intervals of the differences.

    The first table has a row for the runs that differ in their seed alone, names the best of each column, and marks what
    a paired bootstrap over clips and seeds does not set apart from it (Holm's correction). Then each later run is set
    beside the first. Whole groups (speakers, videos, dialogues) are resampled where the split has at least ten, single
    clips otherwise.

    Parameters
    ----------
    runs
        Two or more runs: folders, .zip of them, or "default".
    split
        Clips to compare on: those of "test" or of "valid" (or dev, val, ...).
    by
        Also compare on each subgroup of the clips: a column of the store whose name begins with "_", or "group".
    names
        Names of the table's rows, with commas between. [default: made from the folders]
    html
        Also write a self-contained page to this file.
    csv
        Also write the first table, with all intervals and p, and one of each subgroup, to this file; "-" prints it alone.
    latex
        Likewise as LaTeX, which needs the package booktabs.
    markdown
        Likewise as Markdown.
    json
        Print JSON.
    """
    from lddu.commands.screen import notes, print_json, warn
    from lddu.commands.subgroups import show_subgroup_differences
    from lddu.commands.tables import check_places, show_table, write_tables
    from lddu.errors import ConfigError
    from lddu.labels import PREDICTED, split_asked
    from lddu.pages.comparison import write_comparison
    from lddu.runs.compare import any_simulated, by_subgroup, pairs_of, resampled_runs
    from lddu.runs.named_runs import opened_run
    from lddu.runs.paper_table import paper_table, subgroup_tables
    from lddu.runs.seeds import differing, over_seeds
    from lddu.runs.subgroups import kept_members
    from lddu.sentences import SIMULATED_CORPUS

    if len(runs) < 2:
        raise ConfigError(f"Expected two or more run folders to compare, but got {len(runs)}.")
    split = split_asked(split, PREDICTED)
    files = {"csv": csv, "latex": latex, "markdown": markdown}
    check_places({**files, "html": html}, json)
    members = kept_members(opened_run(runs[0]), by, split) if by else {}
    with notes().status("resampling"):
        drawn = resampled_runs(runs, split)
        paper, pairs = paper_table(drawn, split, parsed_names(names)), pairs_of(drawn)
        pairs = by_subgroup(pairs, drawn, runs, by, members) if by else pairs
        parts = subgroup_tables(drawn, by, members, split, parsed_names(names)) if any(files.values()) else ()
        if html is not None:
            write_comparison(runs, html, split, paper, pairs)
    if html is not None:
        notes().print(f"page: {html}", markup=False, soft_wrap=True)
    warn([SIMULATED_CORPUS] if any_simulated(runs) else [])
    if write_tables([paper, *parts], list(members), files):
        return
    settings = over_seeds(pairs)
    if json:
        comparisons, seeds = [pair.to_mapping() for pair in pairs], [setting.to_mapping() for setting in settings]
        print_json({"split": split, "table": paper.to_mapping(), "comparisons": comparisons, "over_seeds": seeds})
        return
    if len(paper.rows) > 1 or names:
        show_table(paper)
    _show_seeds(settings, differing(runs), split)
    for pair in pairs:
        _show(pair, split)
        if by:
            show_subgroup_differences(pair)


def _show_seeds(settings: "list[Seeds]", changed: dict[str, dict[str, Any]], split: str) -> None:
    from lddu.commands.screen import results, table
    from lddu.pages.template import metric_name, over_runs, with_interval
    from lddu.runs.seeds import ONE_EACH
    from lddu.sentences import counted

    console = results()
    if not settings:
        console.print(f"\n{ONE_EACH}", style="dim", soft_wrap=True)
        return
    first = settings[0]
    against = [
        (setting.name, setting.second_less_first) for setting in settings if setting.second_less_first is not None
    ]
    headers = [*(setting.name for setting in settings), *(f"{name} - {first.name} (95 %, p)" for name, _ in against)]
    grid = table(f"{split}: mean ± standard deviation over seeds", "", *headers)
    for name in first.mean:
        means = [over_runs(name, setting.mean, setting.deviation) for setting in settings]
        intervals = [with_interval(differences[name]) for _, differences in against]
        grid.add_row(metric_name(name), *means, *intervals)
    console.print()
    for setting in settings:
        runs = f"{counted(len(setting.runs), 'run')}: {', '.join(setting.runs)}"
        again = f"; with the same seeds, counted once: {', '.join(setting.again)}" if setting.again else ""
        what = "".join(f"{name} {value}; " for name, value in changed[setting.runs[0]].items())
        console.print(f"{setting.name}  {what}{runs}{again}", markup=False, soft_wrap=True)
    console.width = 200
    console.print(grid)
    if against:
        console.print("Differences of the means, with Welch's interval over trainings.", style="dim")


def _show(pair: "RunPair", split: str) -> None:
    from lddu.commands.screen import results, table
    from lddu.evaluate.answered import HEADLINE
    from lddu.pages.template import chance, figure, metric_name, signed
    from lddu.runs.compare import LOWER_IS_BETTER
    from lddu.sentences import counted

    comparison = pair.comparison
    title = f"{split}: {counted(pair.clips, 'clip')}; {counted(comparison.units, comparison.by)} resampled {comparison.resamples} times"
    grid = table(title, "", "first", "second", "second - first", "95 % interval", "chance")
    for name, difference in comparison.difference.items():
        enough = math.isfinite(difference.low)
        grid.add_row(
            f"{metric_name(name)} (lower is better)" if name in LOWER_IS_BETTER else metric_name(name),
            figure(comparison.first[name].value),
            figure(comparison.second[name].value),
            signed(difference.value),
            f"{signed(difference.low)} to {signed(difference.high)}" if enough else "too few",
            chance(difference.chance) if enough else "",
            style="bold" if difference.low > 0 or difference.high < 0 else None,
            end_section=name == HEADLINE[-1],
        )
    console = results()
    console.print(f"first   {pair.first}\nsecond  {pair.second}", markup=False, soft_wrap=True)
    console.print(grid)
    if pair.note:
        console.print(pair.note, style="yellow", markup=False, soft_wrap=True)
    console.print(
        "bold: the interval leaves out 0; chance: how often a resample shows none or the other sign, doubled;\n"
        "AUROC of errors: how well the selected uncertainty score detects wrong decisions",
        style="dim",
    )
