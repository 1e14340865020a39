"""The table of `lddu predict`: a line per clip, with marks that plain text keeps when colours are gone."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from lddu.runs.person_summary import PersonSummary
    from lddu.runs.predictions import Predictions

_PIPED_COLUMNS = 160  # a file or another program has no edge at which words must end
_UNBOUNDED = 10_000


def show_answers(
    predictions: "Predictions",
    clips: int,
    before: Mapping[str, Sequence[str]],
    after: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Print the probabilities of the first clips.

    Args:
        predictions: of all clips.
        clips: how many to show.
        before: heading -> [N] words of the columns left of the emotions.
        after: the same, right of them; the last is cut where the line ends.
    """
    from rich.text import Text

    from lddu.commands.screen import table
    from lddu.runs.per_clip import RESTS_ON

    after = after or {}
    grid = table("", *before, *predictions.emotions, *after)
    for number, column in enumerate(grid.columns, start=1):
        column.no_wrap = number < len(grid.columns) or not after  # of what is too long, only the last gives way
        if number > len(before) + len(predictions.emotions):
            column.justify = "left"
    for n in range(clips):
        left = [Text(column[n]) for column in before.values()]
        right = [Text(column[n], no_wrap=True, overflow="ellipsis") for column in after.values()]
        grid.add_row(*left, *(cell(predictions, n, e) for e in range(len(predictions.emotions))), *right)
    _print_whole(grid, legend(predictions, RESTS_ON in after))


def show_people(people: "Sequence[PersonSummary]", emotions: Sequence[str]) -> None:
    """Print what each person showed over all their clips, where anybody has several.

    Args:
        people: of all files.
        emotions: E names.
    """
    from rich.text import Text

    from lddu.clips.media import readable
    from lddu.commands.screen import table
    from lddu.sentences import short_paths

    if all(person.clips == 1 for person in people):
        return
    names = short_paths(person.file for person in people)
    several = len(names) > 1
    grid = table("", *(["file"] if several else []), "person", "clips", "seconds", *emotions)
    for column in grid.columns:
        column.no_wrap = True
    for person in people:
        named = [readable(names[person.file])] * several + [readable(person.person)]
        seconds = "-" if person.seconds is None else f"{person.seconds:.1f}"
        shares = ["-" if share is None else f"{100 * share:.0f} %" for share in person.present.values()]
        grid.add_row(*map(Text, [*named, str(person.clips), seconds, *shares]))
    _print_whole(grid, "how much of the time of each person's clips shows the emotion")


def _print_whole(grid: "Table", title: str) -> None:
    """Print a table; a number that is cut says less than a line that the terminal breaks."""
    from lddu.commands.screen import results

    console = results(_PIPED_COLUMNS)
    needed = console.measure(grid, options=console.options.update(width=_UNBOUNDED)).minimum
    console.width = max(console.width, needed)
    console.print(title, style="italic", soft_wrap=True)
    console.print(grid)


def legend(predictions: "Predictions", rests_on: bool = False) -> str:
    """What the numbers and their marks mean, and the column of the modality that an answer rests on where there is one."""
    from lddu.runs.per_clip import RESTS_ON, RESTS_ON_MEANS
    from lddu.sentences import counted

    marks = ["* present"]
    if predictions.abstained is not None:
        marks.append("? can't tell")
    if predictions.label_set is not None:
        marks.append("+ in the set with the promised recall")
    means = f"; {RESTS_ON}: {RESTS_ON_MEANS}" if rests_on else ""
    return f"probability per emotion, {counted(len(predictions), 'clip')} ({', '.join(marks)}){means}"


def cell(predictions: "Predictions", n: int, e: int) -> "Text":
    """One probability and its marks; as wide for every clip, so that digits stand below each other."""
    from rich.text import Text

    silent = predictions.abstained is not None and bool(predictions.abstained[n, e])
    present = bool(predictions.label[n, e]) and not silent
    marks = "?" if silent else "*" if present else " "
    if predictions.label_set is not None:
        marks += "+" if predictions.label_set[n, e] else " "
    return Text(f"{predictions.probability[n, e]:.2f}{marks}", style="bold" if present else "dim")
