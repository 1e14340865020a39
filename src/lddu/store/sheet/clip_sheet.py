"""The one reader of clip tables: every cell is understood or refused.

A line names a clip (`clip`) or its media file (`file`), then its split, group, times and words, then a column per emotion.
A column ``joy@audio`` holds what raters saw who judged the modality audio alone. Columns that begin with ``_`` are carried along, numbers as numbers and words as words.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lddu.errors import SourceError
from lddu.labels import split_named, splits_said
from lddu.store.clip_table import Carried, ClipRow
from lddu.store.sheet.cells import (
    TRUE,
    UNKNOWN,
    carried_numbers,
    composed,
    is_ambiguous,
    is_decimal_comma,
    seconds,
    words,
)
from lddu.store.sheet.columns import PATH_COLUMNS, Key, SheetColumns, read_columns
from lddu.store.sheet.labels import labels_of, modality_labels_of
from lddu.store.split_warnings import split_warnings

SIMULATED = "_simulated"
"""A carried column; where it is 1 in any line, the store and every result on it say that they are not about people."""


@dataclass(frozen=True)
class SheetClip:
    """One line of a clip table.

    Attributes:
        row: as it goes into a store.
        files: column of `PATH_COLUMNS` -> path as written; only those that are filled.
        at: how a sentence names it.
    """

    row: ClipRow
    files: Mapping[str, str]
    at: str


@dataclass(frozen=True)
class ClipSheet:
    """A clip table and what had to be mended in it.

    Attributes:
        clips: each clip once, in file order.
        emotions: names, in file order.
        repairs: (kind, column) -> count.
        warnings: sentences for the manifest.
        key: the column that says where each clip is; see `lddu.store.sheet.columns.Key`.
    """

    clips: list[SheetClip]
    emotions: tuple[str, ...]
    repairs: Counter[tuple[str, str]]
    warnings: list[str]
    key: Key = "clip"

    @property
    def simulated(self) -> bool:
        """Whether any line says that its clip is made up."""
        marks = (clip.row.carried.get(SIMULATED, 0) for clip in self.clips)
        return any(value == 1 or (isinstance(value, str) and value.strip().lower() in TRUE) for value in marks)


def read_sheet(path: Path, key: Key) -> ClipSheet:
    """A clip table.

    Args:
        path: a .csv, .tsv or .parquet.
        key: the column that every line has to fill; where it is `file`, the table needs no emotion, and `transcript` may stand
            in its place.

    Raises:
        SourceError: where a cell cannot be understood, or a clip is there twice; names the line and the clip.
    """
    table = read_columns(path, key)
    labels = labels_of(table)
    of_modalities = modality_labels_of(table, labels.emotions)
    numeric = ("start", "end", *table.emotions, *table.of_modalities)
    comma = any(is_decimal_comma(cell) for name in numeric for cell in table.column(name))
    starts, ends = _times(table, "start", comma), _times(table, "end", comma)
    splits, carried = _splits(table), _carried(table, comma)
    plain = {name: [words(cell) for cell in table.column(name)] for name in ("transcript", *PATH_COLUMNS)}
    groups = _groups(table)
    clips = [
        SheetClip(
            ClipRow(
                clip, splits[i], labels.shares[i], groups[i], starts[i], ends[i],
                plain["transcript"][i], {name: values[i] for name, values in carried.items()},
                {name: shares[i] for name, shares in of_modalities.items()},
            ),
            {name: text for name in PATH_COLUMNS if (text := plain[name][i].strip())},
            table.at(i),
        )
        for i, clip in enumerate(table.ids)
    ]  # fmt: skip
    if labels.emotions:
        table.warnings += split_warnings(splits, table.path.name)
    return ClipSheet(clips, labels.emotions, +table.repairs, table.warnings, table.key)


def _times(table: SheetColumns, name: str, comma: bool) -> list[float | None]:
    times = []
    for i, cell in enumerate(table.column(name)):
        try:
            value, kind = seconds(cell)
        except (ValueError, TypeError, OverflowError):
            raise SourceError(
                f"Expected the {name} {table.at(i)} to be seconds or empty, but got {str(cell)[:80]!r}; write a number, "
                "such as 62.5."
            ) from None
        if kind == "decimal_commas" and not comma and is_ambiguous(cell):
            raise SourceError(
                f"Expected the {name} {table.at(i)} to be seconds, but {cell!r} may have a decimal comma or be thousands; "
                "write it with a point, or without a sign between thousands."
            )
        if kind:
            table.repairs[kind, name] += 1
        times.append(value)
    return times


def _splits(table: SheetColumns) -> list[str]:
    splits = []
    for i, cell in enumerate(table.column("split")):
        word = words(cell).strip()
        split = "" if word.lower() in UNKNOWN else split_named(word) if word else ""
        if split is None:
            raise SourceError(f"Expected the split {table.at(i)} to be one of {splits_said(word, more=' or empty')}.")
        if split != word:
            table.repairs["renamed_splits", word] += 1
        splits.append(split)
    return splits


def _groups(table: SheetColumns) -> list[str]:
    """Names of the groups; one that is composed in two ways (NFC, NFD) is one group, and NA for many clips is none."""
    names = [words(cell).strip() for cell in table.column("group")]
    raw = ["" if name.lower() in UNKNOWN else name for name in names]
    table.repairs["unknown_words", "group"] += sum(
        a != b and a.lower() != "nan" for a, b in zip(names, raw, strict=True)
    )
    return _composed(table, "group", raw)


def _composed(table: SheetColumns, column: str, names: Sequence[str]) -> list[str]:
    """The names of a column, each composed in one way; how many were not is counted."""
    found = [composed(name) for name in names]
    table.repairs["recomposed_names", column] += sum(a != b for a, b in zip(names, found, strict=True))
    return found


def _carried(table: SheetColumns, comma: bool) -> dict[str, Sequence[Carried]]:
    """The carried columns; words may name speakers, so they are one however they are composed and padded, as groups are."""
    carried: dict[str, Sequence[Carried]] = {}
    for name in (name for name in table.header if name.startswith("_")):
        cells = table.column(name)
        numbers = carried_numbers(cells, comma)
        if numbers is None:
            carried[name] = _composed(table, name, [words(cell).strip() for cell in cells])
        else:
            carried[name] = numbers
            table.repairs["decimal_commas", name] += sum("," in words(cell) for cell in cells)
    return carried
