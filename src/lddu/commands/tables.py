"""`lddu compare --csv --latex --markdown`: the table as files, or one of them on stdout."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lddu.sentences import counted

if TYPE_CHECKING:
    from lddu.runs.paper_table import PaperTable

STDOUT = Path("-")


def check_places(files: Mapping[str, Path | None], json: bool) -> None:
    """Refuse what cannot be written, before the work.

    Args:
        files: option -> file, ``-`` for stdout, or None for no file.
        json: whether JSON goes to stdout.

    Raises:
        ConfigError: where two outputs have one place.
        RunError: where the folder of a file is not there.
    """
    from lddu.errors import ConfigError, RunError
    from lddu.machine.atomic import refuse_unwritable

    chosen = {option: file for option, file in files.items() if file is not None}
    places = [*(file.absolute() for file in chosen.values() if file != STDOUT)]
    on_stdout = [*(option for option, file in chosen.items() if file == STDOUT), *(["json"] if json else [])]
    if len(on_stdout) > 1:
        raise ConfigError(
            f"Expected one output on stdout, but got {' and '.join(f'--{name}' for name in on_stdout)}; give the others a file."
        )
    if len(set(places)) < len(places):
        raise ConfigError("Expected a file of its own for each output, but two have the same; choose other names.")
    for option, file in chosen.items():
        if file != STDOUT and not file.parent.is_dir():
            raise RunError(f"Expected a folder for --{option} {file}, but {file.parent} is not there; make it first.")
        if file != STDOUT and file.is_dir():
            raise RunError(f"Expected a file for --{option}, but {file} is a folder; name a file in it.")
        if file != STDOUT:
            refuse_unwritable(file)


def write_tables(tables: "Sequence[PaperTable]", subgroups: Sequence[str], files: Mapping[str, Path | None]) -> bool:
    """Write the tables to each file, and say which subgroups have none; returns whether one is stdout, which then gets nothing else."""
    from lddu.commands.screen import notes, warn
    from lddu.evaluate.within import LEAST_CLIPS
    from lddu.machine.atomic import write_text
    from lddu.runs.table_text import as_csv, as_latex, as_markdown

    small = [name for name in subgroups if name not in {table.subgroup for table in tables}]
    if small and any(files.values()):
        warn([f"fewer than {LEAST_CLIPS} clips, not in the tables: {', '.join(small)}"])
    texts = {"csv": as_csv, "latex": as_latex, "markdown": as_markdown}
    for option, file in files.items():
        if file is None:
            continue
        text = texts[option](*tables)
        if file == STDOUT:
            sys.stdout.write(text)
        else:
            write_text(file, text)
            notes().print(f"table: {file}", markup=False, soft_wrap=True)
    return STDOUT in files.values()


def show_table(table: "PaperTable") -> None:
    """The table on the terminal."""
    from rich.text import Text

    from lddu.commands.screen import results
    from lddu.commands.screen import table as grid_of
    from lddu.runs.table_text import cell_text, heading, shown_name

    grid = grid_of(f"{table.split}: {counted(table.clips, 'clip')}", "", *map(heading, table.figures))
    for row in table.rows:
        cells = []
        for cell in row.cells.values():
            mean, rest = cell_text(cell)
            cells.append(Text.assemble((mean, "bold" if cell.best else ""), rest, "*" if cell.best else ""))
        grid.add_row(Text(shown_name(row)), *cells)
    console = results()
    console.width = max(console.width, 150)
    console.print(grid)
    console.print(table.caption.replace("Bold:", "Bold, *:"), style="dim", markup=False, soft_wrap=True)
