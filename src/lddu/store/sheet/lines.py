"""The lines of a table on disk, .csv, .tsv or .parquet, before anything is made of its cells."""

import csv
import io
import re
import unicodedata
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lddu.errors import SourceError
from lddu.sentences import listed

Lines = Iterator[tuple[int, list[Any]]]
"""(line or row number, cells) of every line below the header."""

SHEET_NAMES = ("clips.csv", "clips.tsv", "clips.parquet")
"""What the clip table of a folder is called."""

SHEET_SUFFIXES = tuple(Path(name).suffix for name in SHEET_NAMES)

LONGEST_CELL = 2**24
"""Characters of one cell, far above any transcript."""


def read_lines(path: Path) -> tuple[list[str], Lines]:
    """The header of a table, without white space around names and with their letters composed (NFC), and its lines.

    A CSV may be separated by commas, semicolons, tabs or bars, begin with a byte order mark or with Excel's ``sep=;``,
    and end its lines as Windows does; empty lines are passed over.

    Raises:
        SourceError: where the file cannot be read as a table; also while the lines are gone through.
    """
    if not path.is_file():
        problem = "it is a folder" if path.is_dir() else "nothing is there"
        raise SourceError(f"Expected {path} to be a table (.csv, .tsv or .parquet), but {problem}; check the path.")
    header, lines = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    return [unicodedata.normalize("NFC", name.strip()) for name in header], lines


def sheet_path(folder: Path) -> Path:
    """Where the clip table of a folder is.

    Raises:
        SourceError: where there is none, or more than one.
    """
    if (path := sheet_in(folder)) is not None:
        return path
    raise SourceError(f"Expected {_ONE_OF} in {folder}, but none is there; write one row per clip.")


def sheet_in(folder: Path) -> Path | None:
    """The clip table of a folder; None where there is none.

    Raises:
        SourceError: where there is more than one.
    """
    sheets = [folder / name for name in SHEET_NAMES if (folder / name).is_file()]
    if len(sheets) > 1:
        both = listed([path.name for path in sheets])
        raise SourceError(f"Expected one of {_ONE_OF} in {folder}, but {both} are there; remove all but one.")
    return sheets[0] if sheets else None


_DECIMALS = ", and write decimals with a point"
_ONE_OF = "clips.csv, clips.tsv or clips.parquet"
_WORKBOOK = "save its sheet as CSV UTF-8"
_OTHER_KINDS = (
    (b"PK\x03\x04", "a workbook (.xlsx, .ods) or another zip file", _WORKBOOK),
    (b"\xd0\xcf\x11\xe0", "a workbook of old Excel (.xls)", _WORKBOOK),
    (b"PAR1", "a parquet file", "let its name end in .parquet"),
)
"""How files begin that are given as a CSV table, what they are and the cure."""
_SEPARATOR = re.compile(r"\"?sep=([^\w\s\"]|\t)\"?\r?\n", re.IGNORECASE)
"""Excel's first line, which only says what separates the cells."""


def _csv(path: Path) -> tuple[list[str], Lines]:
    try:
        content = path.read_bytes()  # UTF-16 is what Excel calls Unicode text
        text = content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
        _refuse_other_kinds(path, content)
    except UnicodeDecodeError as fault:
        _refuse_other_kinds(path, content)
        raise SourceError(
            f"Expected {path} to be UTF-8 text, but byte {fault.start} is not ({fault.reason}); save it as CSV UTF-8."
        ) from None
    first_line = _SEPARATOR.match(text)
    above = 1 if first_line else 0
    text = text[first_line.end() :] if first_line else text
    delimiter = first_line[1] if first_line else _delimiter(text, path.suffix.lower())
    csv.field_size_limit(LONGEST_CELL)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = _next_line(path, lines) or []

    def body() -> Lines:
        while (cells := _next_line(path, lines)) is not None:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise SourceError(
                    f"Expected {len(header)} cells in line {above + lines.line_num} of {path}, like its header, "
                    f"but got {len(cells)}; quote cells that hold {delimiter!r}{_DECIMALS if delimiter == ',' else ''}."
                )
            yield above + lines.line_num, list(cells)

    return header, body()


def _refuse_other_kinds(path: Path, content: bytes) -> None:
    """Refuse what is no text, whatever its suffix: a workbook is far more common than a damaged table."""
    for beginning, kind, cure in _OTHER_KINDS:
        if content.startswith(beginning):
            raise SourceError(f"Expected {path} to be a CSV table, but it is {kind}; {cure}.")
    if b"\0" in content and not content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise SourceError(
            f"Expected {path} to be UTF-8 text, but it holds zero bytes, as UTF-16 without its mark and binary files do; "
            "save it as CSV UTF-8."
        )


def _next_line(path: Path, lines: Any) -> list[str] | None:
    try:
        return next(lines, None)
    except csv.Error as fault:
        raise SourceError(
            f"Expected {path} to be a CSV table, but line {lines.line_num} is not sound ({fault}); check its quotes."
        ) from None


def _delimiter(text: str, suffix: str) -> str:
    header = text.lstrip().partition("\n")[0]
    return (
        "\t"
        if suffix == ".tsv" and "\t" in header
        else max(",;\t|", key=lambda sign: (len(header.split(sign)) > 1, header.count(sign)))
    )


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
    return [str(name) for name in table.column_names], body
