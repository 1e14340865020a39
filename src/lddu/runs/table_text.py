"""The table of a paper as text: CSV with everything, LaTeX (booktabs) and Markdown with what a page shows."""

import csv
import io
import re

from lddu.runs.compare import LOWER_IS_BETTER
from lddu.runs.paper_table import Cell, PaperTable, TableRow

HEADINGS = {
    "f1_micro": "micro-F1",
    "f1_macro": "macro-F1",
    "map_macro": "mAP",
    "jaccard": "Jaccard",
    "brier": "Brier",
    "adaptive_ece": "adaptive ECE",
    "error_auroc": "error AUROC",
}
COLUMNS = (
    "name", "figure", "lower_is_better", "runs", "mean", "deviation", "low", "high", "less_best", "less_best_low",
    "less_best_high", "p", "p_holm", "best", "not_different", "imported", "simulated", "split", "clips", "units", "resampled_by",
    "column", "subgroup",
)  # fmt: skip

_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "±": r"$\pm$", "†": r"$^{\dagger}$", "↓": r"$\downarrow$", "↑": r"$\uparrow$",
}  # fmt: skip


def as_csv(*tables: PaperTable) -> str:
    """A line for each table, row and figure, numbers whole."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for table, row in ((own, row) for own in tables for row in own.rows):
        for name, cell in row.cells.items():
            less, ends = cell.less_best, cell.interval or (None, None)
            apart = (None,) * 3 if less is None else (less.value, _defined(less.low), _defined(less.high))
            writer.writerow([
                row.name, name, name in LOWER_IS_BETTER, len(row.runs), cell.mean, cell.deviation, *ends, *apart, cell.p,
                cell.corrected, cell.best, cell.alike, row.imported, row.simulated,
                table.split, table.clips, table.units, table.by, table.column, table.subgroup,
            ])  # fmt: skip
    return text.getvalue()


def as_latex(*tables: PaperTable) -> str:
    r"""A `table` environment for each; needs ``\usepackage{booktabs}``."""
    return "\n".join(map(_latex, tables))


def _latex(table: PaperTable) -> str:
    heads = [in_latex(heading(name)) for name in table.figures]
    lines = [
        "% needs \\usepackage{booktabs}",
        *(f"% {_one_line(row.name)}: {_one_line(', '.join(row.runs))}" for row in table.rows),
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{in_latex(table.caption)}}}",
        rf"\begin{{tabular}}{{l{'r' * len(heads)}}}",
        r"\toprule",
        " & ".join(["", *heads]).lstrip() + r" \\",
        r"\midrule",
        *(
            " & ".join([in_latex(shown_name(row)), *map(_latex_cell, row.cells.values())]) + r" \\"
            for row in table.rows
        ),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def as_markdown(*tables: PaperTable) -> str:
    """Tables of GitHub's Markdown, the caption below each."""
    return "\n".join(map(_markdown, tables))


def _markdown(table: PaperTable) -> str:
    heads = ["", *map(heading, table.figures)]
    lines = [_line(heads), _line(["---", *["---:"] * len(table.figures)])]
    lines += [_line([in_markdown(shown_name(row)), *map(_markdown_cell, row.cells.values())]) for row in table.rows]
    return "\n".join([*lines, "", table.caption]) + "\n"


def heading(name: str) -> str:
    """A figure's column: its name, and an arrow to where it is better.

    Example:
        >>> heading("map_macro"), heading("brier")
        ('mAP ↑', 'Brier ↓')
    """
    return f"{HEADINGS[name]} {'↓' if name in LOWER_IS_BETTER else '↑'}"


def shown_name(row: TableRow) -> str:
    """The name of a row; of an import, and of one run beside several, it says so."""
    notes = [*(["imported"] if row.imported else []), *(["1 run"] if row.alone else [])]
    return _one_line(row.name) + (f" ({', '.join(notes)})" if notes else "")


def cell_text(cell: Cell) -> tuple[str, str]:
    """The mean, and what stands behind it: the deviation, and the mark of what is not different from the best."""
    return f"{cell.mean:.3f}", (f" ± {cell.deviation:.3f}" if cell.deviation is not None else "") + (
        "†" if cell.alike else ""
    )


def in_latex(text: str) -> str:
    r"""Text as LaTeX prints it.

    Example:
        >>> in_latex("late_fusion & 5 %")
        'late\\_fusion \\& 5 \\%'
    """
    return "".join(_LATEX.get(letter, letter) for letter in _one_line(text))


def in_markdown(text: str) -> str:
    """Text as Markdown prints it, in a cell of a table too."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", _one_line(text))


def _latex_cell(cell: Cell) -> str:
    mean = rf"\textbf{{{cell.mean:.3f}}}" if cell.best else f"{cell.mean:.3f}"
    spread = rf" {{\scriptsize $\pm$ {cell.deviation:.3f}}}" if cell.deviation is not None else ""
    return mean + spread + (in_latex("†") if cell.alike else "")


def _markdown_cell(cell: Cell) -> str:
    mean, rest = cell_text(cell)
    return (f"**{mean}**" if cell.best else mean) + rest


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _one_line(text: str) -> str:
    """Names of files may hold any letter, even a line's end."""
    return " ".join(text.split())


def _defined(value: float) -> float | None:
    return value if value == value else None
