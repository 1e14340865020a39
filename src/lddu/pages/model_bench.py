"""One self-contained page of a bench of models."""

from collections.abc import Mapping
from pathlib import Path

from lddu.evaluate.answered import HEADLINE
from lddu.machine.atomic import write_text
from lddu.pages.template import template
from lddu.runs.compare import LOWER_IS_BETTER
from lddu.runs.model_table import ModelTable, as_csv, as_markdown


def write_bench(out: Path, table: ModelTable, about: str, faults: Mapping[str, str]) -> Path:
    """Write `table.csv`, `table.md` and `table.html` into the bench's folder; the page's path is returned.

    Args:
        out: the folder.
        table: what was measured.
        about: a sentence on settings and seeds.
        faults: cell -> why it could not be made.
    """
    failed: dict[str, list[str]] = {}
    for cell, fault in faults.items():
        failed.setdefault(fault, []).append(cell)
    write_text(out / "table.csv", as_csv(table))
    write_text(out / "table.md", as_markdown(table))
    page = template("bench.html").render(
        table=table, about=about, faults=failed, names=HEADLINE, lower_is_better=LOWER_IS_BETTER
    )
    write_text(out / "table.html", page)
    return out / "table.html"
