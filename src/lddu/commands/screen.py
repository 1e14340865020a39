"""What people and machines see: results on stdout, progress and warnings on stderr."""

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import StyleType
from rich.table import Table
from rich.text import Text

from lddu.plain_values import plain

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What commands a terminal: all control characters but tab and line feed."""


def harmless(text: str) -> str:
    """The text without what would command a terminal, such as in the name of a file; each such letter replaced."""
    return _CONTROL.sub("\ufffd", text)


class PlainConsole(Console):
    """A console to which no text gives commands, and that shows it as it is: rich would colour numbers, and draw a ghost for ``:Ghost:``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, emoji=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """See `rich.console.Console.render`."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=harmless(segment.text))


def results(columns: int = 110) -> Console:
    """The console for results: stdout; where that is no terminal, so many columns wide."""
    return PlainConsole(width=None if sys.stdout.isatty() else columns, soft_wrap=False)


def notes(shown: bool = True) -> Console:
    """The console for progress, places and warnings: stderr."""
    return PlainConsole(stderr=True, quiet=not shown)


def several_ranks() -> bool:
    """Whether a launcher has started this command more than once, to be done together."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def first_rank() -> bool:
    """Whether this process is the one that prints."""
    return not several_ranks() or os.environ.get("RANK", "0") == "0"


def warn(sentences: Iterable[str]) -> None:
    """Show warnings on stderr, one a line."""
    console = notes()
    for sentence in sentences:
        console.print(f"warning: {sentence}", style="yellow", markup=False, soft_wrap=not console.is_terminal)


def print_json(value: Any) -> None:
    """Write one JSON document to stdout; NaN and infinities become null, which JSON lacks."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    sys.stdout.write(json.dumps(plain(value), indent=1, ensure_ascii=not unicode, allow_nan=False) + "\n")


class PlainTable(Table):
    """A table whose words are shown as they are: names of clips, people and emotions may hold square brackets, which rich reads as markup.

    Attributes:
        heading: above it.
    """

    heading = Text()

    def add_row(self, *cells: RenderableType | None, style: StyleType | None = None, end_section: bool = False) -> None:
        """Add a row; see `rich.table.Table.add_row`."""
        words = [Text(cell) if isinstance(cell, str) else cell for cell in cells]
        super().add_row(*words, style=style, end_section=end_section)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The heading as wide as the console, then the table: rich would break a title at the width of the columns."""
        if self.heading:
            yield self.heading
        yield from super().__rich_console__(console, options)


def table(title: str, *headers: str) -> Table:
    """A plain table: the first column is words, the others are numbers."""
    grid = PlainTable(box=None, pad_edge=False, header_style="bold")
    grid.heading = Text(title, style="table.title")
    for i, header in enumerate(headers):
        grid.add_column(Text(header), justify="right" if i else "left", overflow="fold" if not i else "ellipsis")
    return grid
