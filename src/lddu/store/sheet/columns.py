"""A clip table column by column: its header checked, identical lines left out, every line with the id of its clip."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lddu.errors import SourceError
from lddu.store.clip_table import FIXED_COLUMNS, OF_MODALITY
from lddu.store.sheet.cells import words
from lddu.store.sheet.lines import read_lines

PATH_COLUMNS = ("file", "transcript_file", "face_file")
"""Where a raw clip and what belongs to it lie, beside the table; only extraction reads them."""

Key = Literal["clip", "file", "transcript"]
"""The column that every line has to fill: `clip` where arrays are imported, `file` where media are extracted; `transcript` is
that of a table without `file`, whose clips are words alone."""


@dataclass
class SheetColumns:
    """A table on its way in.

    Attributes:
        path: the file.
        header: names of its columns.
        key: the column that every line fills.
        numbers: of the lines that are kept.
        lines: their cells.
        ids: of their clips.
        repairs: (kind, column) -> count.
        warnings: sentences for the manifest.
    """

    path: Path
    header: list[str]
    key: Key
    numbers: list[int] = field(default_factory=list)
    lines: list[list[Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    repairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    @property
    def emotions(self) -> list[str]:
        """Columns that are neither known, carried along, nor labels of a modality."""
        known = {*FIXED_COLUMNS, *PATH_COLUMNS, *self.of_modalities}
        return [name for name in self.header if name not in known and not name.startswith("_")]

    @property
    def of_modalities(self) -> list[str]:
        """Columns such as ``joy@audio``: an emotion as raters saw it who judged one modality alone."""
        return [name for name in self.header if OF_MODALITY in name and not name.startswith("_")]

    def column(self, name: str) -> list[Any]:
        """The cells of a column; None everywhere where the table does not have it."""
        if name not in self.header:
            return [None] * len(self.lines)
        place = self.header.index(name)
        return [cells[place] for cells in self.lines]

    def at(self, i: int) -> str:
        """How a sentence names the clip of a line."""
        return f"of clip {self.ids[i]!r} (line {self.numbers[i]} of {self.path})"


def read_columns(path: Path, key: Key) -> SheetColumns:
    """The table, with an id for every line.

    Where the key is `file`, a clip without an id is called as its file, and with a number where the file has several; in a
    table of words alone it is called as the table, with the number of its line.

    Raises:
        SourceError: where the header, an id or a file is wrong, or a clip is there twice with different content.
    """
    header, read = read_lines(path)
    lines = list(read)
    named = [i for i, name in enumerate(header) if name or any(words(cells[i]).strip() for _, cells in lines)]
    table = SheetColumns(path, [header[i] for i in named], key)
    table.repairs["empty_columns", path.name] += len(header) - len(named)
    if key == "file" and "file" not in table.header and "transcript" in table.header and not _near(table):
        table.key = "transcript"
    _check_header(table)
    own_ids = table.key != "transcript" or "clip" in table.header  # without ids, equal texts are as many clips
    seen: set[tuple[str, ...]] = set()
    for number, whole in lines:
        cells = [whole[i] for i in named]
        content = tuple(map(repr, cells))
        if content in seen and own_ids:
            table.repairs["duplicate_rows", path.name] += 1
            continue
        seen.add(content)
        table.numbers.append(number)
        table.lines.append(cells)
    if not table.lines:
        raise SourceError(f"Expected at least one clip in {path}, but it has a header only; add a row per clip.")
    table.ids.extend(_ids(table))
    _refuse_twice(table)
    return table


def _check_header(table: SheetColumns) -> None:
    path, header = table.path, table.header
    if table.key not in header:
        raise SourceError(_lacking_key(table))
    twice = [name for name, times in Counter(header).items() if times > 1 and name]
    if twice:
        raise SourceError(
            f"Expected each column of {path} once, but {twice[0]!r} is there twice; remove or rename one."
        )
    otherwise = [name for name in header if name not in FIXED_COLUMNS and name.lower() in FIXED_COLUMNS]
    if otherwise:
        raise SourceError(
            f"Expected the columns {', '.join(FIXED_COLUMNS)} of {path} in small letters, but got {otherwise[0]!r}; rename it to "
            f"{otherwise[0].lower()!r} where that is meant, or call it '_{otherwise[0]}'."
        )
    if "" in header:
        raise SourceError(
            f"Expected every column of {path} to have a name, but column {header.index('') + 1} has none; "
            "remove it (with pandas: to_csv(..., index=False))."
        )
    if table.key == "clip" and not table.emotions:
        raise SourceError(
            f"Expected at least one emotion column in {path}, but got {', '.join(header)} only; "
            "add one column per emotion, numbers in [0, 1] or empty where unknown."
        )


def _lacking_key(table: SheetColumns) -> str:
    header, key = table.header, table.key
    near = _near(table)
    actual = f"columns {_some(header)}" if header else "an empty file"
    if key == "file" and "clip" in header:
        cure = "a table of features is for 'lddu data import', one of media names each file in a column 'file'"
    elif near:
        cure = f"rename {near!r} to {key!r}"
    elif key == "file":
        cure = "name each video or sound in a column 'file', or write its words in a column 'transcript'"
    elif "file" in header:
        cure = (
            "a table of media files is for 'lddu extract', one of features gives every clip a name in a column 'clip'"
        )
    else:
        cure = "give every clip a name of its own in a column 'clip'"
    return f"Expected a column {key!r} in {table.path}, but got {actual}; {cure}."


def _near(table: SheetColumns) -> str:
    """The column that may be meant for the key; empty where none is like it."""
    named = {name.lower(): name for name in reversed(table.header) if not name.startswith("_")}
    near = difflib.get_close_matches(table.key, named, n=1, cutoff=0.6)
    return named[near[0]] if near else ""


def _some(header: Sequence[str]) -> str:
    return ", ".join(map(repr, header[:8])) + (", ..." if len(header) > 8 else "")


def _ids(table: SheetColumns) -> list[str]:
    raw = [words(cell) for cell in table.column("clip")]
    ids = [text.strip() for text in raw]
    table.repairs["trimmed_ids", table.path.name] += sum(a != b for a, b in zip(raw, ids, strict=True))
    if table.key == "clip":
        if "" in ids:
            line = table.numbers[ids.index("")]
            raise SourceError(f"Expected an id in column 'clip' of line {line} of {table.path}, but it is empty.")
        return ids
    if table.key == "transcript":
        return [clip or f"{table.path.stem}#{n:03d}" for clip, n in zip(ids, table.numbers, strict=True)]
    files = [words(cell).strip() for cell in table.column("file")]
    if "" in files:
        line = table.numbers[files.index("")]
        raise SourceError(f"Expected a file in column 'file' of line {line} of {table.path}, but it is empty.")
    uses = Counter(files)
    stems = [Path(file).with_suffix("").as_posix() for file in files]
    numbered = [s if uses[f] == 1 else f"{s}#{n:03d}" for n, (s, f) in enumerate(zip(stems, files, strict=True), 1)]
    return [clip or made for clip, made in zip(ids, numbered, strict=True)]


def _refuse_twice(table: SheetColumns) -> None:
    first: dict[str, int] = {}
    for clip, number in zip(table.ids, table.numbers, strict=True):
        if clip in first:
            cure = "keep one of them" if table.key == "clip" else "give each a name of its own in a column 'clip'"
            raise SourceError(
                f"Expected each clip of {table.path} once, but {clip!r} stands in lines {first[clip]} and {number} "
                f"with different content; {cure}."
            )
        first[clip] = number
