"""The lines of a table on disk, CSV or parquet, before anything is made of its cells."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lddu.errors import SourceError

Lines = Iterator[tuple[int, list[Any]]]
"""(line or row number, cells) of every line below the header."""

LONGEST_CELL = 2**24
"""Characters of one cell, far above any transcript."""


def read_lines(path: Path) -> tuple[list[str], Lines]:
    """The header of a table, without white space around names, and its lines.

    A CSV may be separated by commas, semicolons or tabs, begin with a byte order mark and end its lines as Windows
    does; empty lines are passed over.

    Raises:
        SourceError: where the file cannot be read as a table; also while the lines are gone through.
    """
    return _parquet(path) if path.suffix == ".parquet" else _csv(path)


def sheet_path(folder: Path) -> Path:
    """Where the clip table of a folder is.

    Raises:
        SourceError: where there is none or two.
    """
    found = [folder / name for name in ("clips.csv", "clips.parquet") if (folder / name).is_file()]
    if len(found) == 1:
        return found[0]
    what = "both are there; remove one" if found else "neither is there; write one row per clip"
    raise SourceError(f"Expected clips.csv or clips.parquet in {folder}, but {what}.")


def _csv(path: Path) -> tuple[list[str], Lines]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise SourceError(
            f"Expected {path} to be UTF-8 text, but byte {fault.start} is not ({fault.reason}); save it as CSV UTF-8."
        ) from None
    delimiter = _delimiter(text)
    csv.field_size_limit(LONGEST_CELL)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = [name.strip() for name in _next_line(path, lines) or []]

    def body() -> Lines:
        while (cells := _next_line(path, lines)) is not None:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise SourceError(
                    f"Expected {len(header)} cells in line {lines.line_num} of {path}, like its header, "
                    f"but got {len(cells)}; quote cells that hold {delimiter!r}."
                )
            yield lines.line_num, list(cells)

    return header, body()


def _next_line(path: Path, lines: Any) -> list[str] | None:
    try:
        return next(lines, None)
    except csv.Error as fault:
        raise SourceError(
            f"Expected {path} to be a CSV table, but line {lines.line_num} is not sound ({fault}); check its quotes."
        ) from None


def _delimiter(text: str) -> str:
    header = text.lstrip().partition("\n")[0]
    return max(",;\t", key=lambda sign: (len(header.split(sign)) > 1, header.count(sign)))


def _parquet(path: Path) -> tuple[list[str], Lines]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
        columns = [column.to_pylist() for column in table.columns]
    except (pa.ArrowException, OSError, ValueError) as fault:
        first = (str(fault).splitlines() or [type(fault).__name__])[0][:200]
        raise SourceError(f"Expected {path} to be a parquet table, but it cannot be read ({first}).") from None
    body = ((number, list(cells)) for number, cells in enumerate(zip(*columns, strict=True), start=1))
    return [str(name).strip() for name in table.column_names], body
