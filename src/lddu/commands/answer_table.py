"""The table of `lddu predict`: a line per clip, with marks that plain text keeps when colours are gone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from lddu.runs.person_summary import PersonSummary
    from lddu.runs.predictions import Predictions

_PIPED_COLUMNS = 160  # a file or another program has no edge at which words must end
_UNBOUNDED = 10_000


def show_answers(
    found: "Predictions",
    clips: int,
    before: Mapping[str, Sequence[str]],
    after: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Print the probabilities of the first clips.

    Args:
        found: the answers.
        clips: how many to show.
        before: heading -> [N] words of the columns left of the emotions.
        after: the same, right of them; the last is cut where the line ends.
    """
    from rich.text import Text

    from lddu.commands.screen import table
    from lddu.runs.per_clip import RESTS_ON

    after = after or {}
    grid = table("", *before, *found.emotions, *after)
    for number, column in enumerate(grid.columns, start=1):
        column.no_wrap = number < len(grid.columns) or not after  # of what is too long, only the last gives way
        if number > len(before) + len(found.emotions):
            column.justify = "left"
    for n in range(clips):
        left = [Text(column[n]) for column in before.values()]
        right = [Text(column[n], no_wrap=True, overflow="ellipsis") for column in after.values()]
        grid.add_row(*left, *(cell(found, n, e) for e in range(len(found.emotions))), *right)
    _print_whole(grid, legend(found, RESTS_ON in after))


def show_people(people: "Sequence[PersonSummary]", emotions: Sequence[str]) -> None:
    """Print what each person showed over all their clips, where anybody has several.

    Args:
        people: of all files.
        emotions: E names.
    """
    from rich.text import Text

    from lddu.clips.media import readable
    from lddu.commands.screen import table

    if all(one.clips == 1 for one in people):
        return
    several = len({one.file for one in people}) > 1
    grid = table("", *(["file"] if several else []), "person", "clips", "seconds", *emotions)
    for column in grid.columns:
        column.no_wrap = True
    for one in people:
        named = [readable(Path(one.file).name)] * several + [readable(one.person)]
        seconds = "-" if one.seconds is None else f"{one.seconds:.1f}"
        shares = ["-" if share is None else f"{100 * share:.0f} %" for share in one.present.values()]
        grid.add_row(*map(Text, [*named, str(one.clips), seconds, *shares]))
    _print_whole(grid, "how much of the time of each person's clips shows the emotion")


def _print_whole(grid: "Table", title: str) -> None:
    """Print a table; a number that is cut says less than a line that the terminal breaks."""
    from lddu.commands.screen import results

    console = results(_PIPED_COLUMNS)
    needed = console.measure(grid, options=console.options.update(width=_UNBOUNDED)).minimum
    console.width = max(console.width, needed)
    console.print(title, style="italic", soft_wrap=True)
    console.print(grid)


def legend(found: "Predictions", rests_on: bool = False) -> str:
    """What the numbers and their marks mean, and the column of the modality that an answer rests on where there is one."""
    from lddu.runs.per_clip import RESTS_ON, RESTS_ON_MEANS
    from lddu.sentences import counted

    marks = ["* present"]
    if found.abstained is not None:
        marks.append("? can't tell")
    if found.label_set is not None:
        marks.append("+ in the set with the promised recall")
    means = f"; {RESTS_ON}: {RESTS_ON_MEANS}" if rests_on else ""
    return f"probability per emotion, {counted(len(found), 'clip')} ({', '.join(marks)}){means}"


def cell(found: "Predictions", n: int, e: int) -> "Text":
    """One probability and its marks; as wide for every clip, so that digits stand below each other."""
    from rich.text import Text

    silent = found.abstained is not None and bool(found.abstained[n, e])
    present = bool(found.label[n, e]) and not silent
    marks = "?" if silent else "*" if present else " "
    if found.label_set is not None:
        marks += "+" if found.label_set[n, e] else " "
    return Text(f"{found.probability[n, e]:.2f}{marks}", style="bold" if present else "dim")
