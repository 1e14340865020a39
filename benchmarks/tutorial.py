"""docs/tutorial.ipynb: its cells run in order, and their outputs are stored: `python -m benchmarks.tutorial`.

A cell is Python without magics. What its last line gives is shown as Jupyter shows it: a picture, a table, or text.
"""

import ast
import base64
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tutorial.ipynb"


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells that run."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def outputs_of(notebook: dict[str, Any]) -> Iterator[dict[str, Any] | None]:
    """What each code cell shows, MIME type -> content, in order; None where it shows nothing."""
    space: dict[str, Any] = {"__name__": "__main__"}
    for cell in code_cells(notebook):
        value = _run("".join(cell["source"]), space)
        yield None if value is None else _shown(value)


def _run(source: str, space: dict[str, Any]) -> Any:
    """The value of the last line, where it is an expression and does not end with a semicolon."""
    tree = ast.parse(source)
    last = tree.body[-1]
    if not isinstance(last, ast.Expr):
        exec(compile(tree, "tutorial", "exec"), space)
        return None
    exec(compile(ast.Module(tree.body[:-1], []), "tutorial", "exec"), space)
    value = eval(compile(ast.Expression(last.value), "tutorial", "eval"), space)
    return None if source.rstrip().endswith(";") else value


def _shown(value: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"text/plain": repr(value)}
    if hasattr(value, "_repr_png_"):
        content, _ = value._repr_png_()
        data["image/png"] = base64.b64encode(content).decode()
    elif hasattr(value, "_repr_html_"):
        data["text/html"] = value._repr_html_()
    return data


def main() -> None:
    """Run the notebook and store what it shows."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    os.chdir(tempfile.mkdtemp(prefix="lddu-tutorial-"))
    for cell, output in zip(code_cells(notebook), outputs_of(notebook), strict=True):
        data = {
            kind: content if kind == "image/png" else content.splitlines(True)
            for kind, content in (output or {}).items()
        }
        result = {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None}
        cell["outputs"] = [result] if output else []
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(f"{NOTEBOOK}: {NOTEBOOK.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
