"""The clip table of the table format, `clips.csv` or `clips.parquet`, as rows: every cell is understood or refused."""

import difflib
import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lddu.errors import SourceError
from lddu.labels import SPLITS
from lddu.store.clip_table import FIXED_COLUMNS, ClipRow
from lddu.store.sheet_lines import read_lines, sheet_path

SPLIT_ALIASES = {
    "training": "train", "dev": "valid", "devel": "valid", "development": "valid", "val": "valid",
    "validation": "valid", "testing": "test",
}  # fmt: skip
"""Other words for the splits, in lower case; mapped and counted."""


@dataclass(frozen=True)
class ClipSheet:
    """The rows of a clip table and what had to be mended.

    Attributes:
        rows: each clip once, in file order.
        emotions: names, in file order.
        repairs: (kind, column) -> count.
        warnings: sentences for the manifest.
    """

    rows: list[ClipRow]
    emotions: tuple[str, ...]
    repairs: Counter[tuple[str, str]]
    warnings: list[str]


@dataclass
class _Reading:
    """A table on its way in."""

    path: Path
    header: list[str]
    repairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    @property
    def emotions(self) -> tuple[str, ...]:
        return tuple(name for name in self.header if name not in FIXED_COLUMNS and not name.startswith("_"))


def read_sheet(folder: Path) -> ClipSheet:
    """The clip table of a folder.

    Raises:
        SourceError: where there is none or two, or a cell cannot be understood; names the line and the clip.
    """
    path = sheet_path(folder)
    header, lines = read_lines(path)
    reading = _Reading(path, header)
    _check_header(reading)
    seen: dict[str, tuple[int, list[Any]]] = {}
    rows = []
    for number, cells in lines:
        row = _row(reading, number, cells)
        if row.clip not in seen:
            seen[row.clip] = (number, cells)
            rows.append(row)
            continue
        if seen[row.clip][1] != cells:
            raise SourceError(
                f"Expected each clip of {path} once, but {row.clip!r} stands in lines {seen[row.clip][0]} and {number} "
                "with different content; keep one of them."
            )
        reading.repairs["duplicate_rows", path.name] += 1
    if not rows:
        raise SourceError(f"Expected at least one clip in {path}, but it has a header only; add a row per clip.")
    _judge_splits(reading, rows)
    return ClipSheet(rows, reading.emotions, reading.repairs, reading.warnings)


def _check_header(reading: _Reading) -> None:
    path, header = reading.path, reading.header
    if "clip" not in header:
        near = difflib.get_close_matches("clip", [name.lower() for name in header], n=1, cutoff=0.6)
        named = ", ".join(map(repr, header[:8])) + (", ..." if len(header) > 8 else "")
        found = f"columns {named}" if header else "an empty file"
        renamed = header[[n.lower() for n in header].index(near[0])] if near else ""
        cure = f"rename {renamed!r} to 'clip'" if near else "give every clip a name of its own in a column 'clip'"
        raise SourceError(f"Expected a column 'clip' in {path}, but got {found}; {cure}.")
    twice = [name for name, times in Counter(header).items() if times > 1 and name]
    if twice:
        raise SourceError(
            f"Expected each column of {path} once, but {twice[0]!r} is there twice; remove or rename one."
        )
    if "" in header:
        raise SourceError(
            f"Expected every column of {path} to have a name, but column {header.index('') + 1} has none; "
            "remove it (with pandas: to_csv(..., index=False))."
        )
    if not reading.emotions:
        raise SourceError(
            f"Expected at least one emotion column in {path}, but got {', '.join(header)} only; "
            "add one column per emotion, numbers in [0, 1] or empty where unknown."
        )


def _row(reading: _Reading, number: int, cells: list[Any]) -> ClipRow:
    cell = dict(zip(reading.header, cells, strict=True))
    clip = _words(cell["clip"]).strip()
    if not clip:
        raise SourceError(f"Expected an id in column 'clip' of line {number} of {reading.path}, but it is empty.")
    if clip != _words(cell["clip"]):
        reading.repairs["trimmed_ids", reading.path.name] += 1
    at = f"of clip {clip!r} (line {number} of {reading.path})"
    start, end = (_seconds(reading, cell.get(name), name, at) for name in ("start", "end"))
    if start is not None and end is not None and end < start:
        reading.repairs["ends_before_start", "end"] += 1
        start = end = None
    return ClipRow(
        clip=clip,
        split=_split(reading, _words(cell.get("split")).strip(), at),
        shares=[_share(cell[name], name, at) for name in reading.emotions],
        group=_words(cell.get("group")).strip(),
        start=start,
        end=end,
        transcript=_words(cell.get("transcript")),
        carried=_carried(reading, cell),
    )


def _words(cell: Any) -> str:
    return "" if cell is None else str(cell)


def _number(cell: Any) -> float | None:
    """A number; None where the cell is empty or NaN. Raises ValueError or TypeError where it is something else."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    value = float(cell)
    return None if math.isnan(value) else value


def _share(cell: Any, emotion: str, at: str) -> float | None:
    try:
        value = _number(cell)
    except (ValueError, TypeError, OverflowError):
        meant = difflib.get_close_matches(emotion.lower(), FIXED_COLUMNS, n=1, cutoff=0.8)
        other = f"call it {meant[0]!r} where that is meant, or" if meant else "remove it or"
        raise SourceError(
            f"Expected the label {emotion!r} {at} to be a number in [0, 1] or empty, but got {cell!r}; leave the cell empty where "
            f"the label is unknown, or if the column is no emotion, {other} call it '_{emotion}'."
        ) from None
    if value is not None and not 0 <= value <= 1:
        raise SourceError(
            f"Expected the label {emotion!r} {at} to lie in [0, 1], but got {value!r}; "
            "divide ratings by their largest possible value, and leave the cell empty where the label is unknown."
        )
    return value


def _seconds(reading: _Reading, cell: Any, name: str, at: str) -> float | None:
    try:
        value = _number(cell)
    except (ValueError, TypeError, OverflowError):
        raise SourceError(f"Expected the {name} {at} to be seconds or empty, but got {cell!r}.") from None
    if value is not None and math.isinf(value):
        reading.repairs["non_finite_values", name] += 1
        return None
    return value


def _split(reading: _Reading, word: str, at: str) -> str:
    plain = word.lower()
    meant = SPLIT_ALIASES.get(plain, plain)
    if meant and meant not in SPLITS:
        raise SourceError(f"Expected the split {at} to be one of {', '.join(SPLITS)} or empty, but got {word!r}.")
    if meant != word:
        reading.repairs["renamed_splits", word] += 1
    return meant


def _carried(reading: _Reading, cell: dict[str, Any]) -> dict[str, float]:
    kept = {}
    for name in [name for name in cell if name.startswith("_")]:
        try:
            value = _number(cell[name])
        except (ValueError, TypeError, OverflowError):
            reading.repairs["ignored_words", name] += 1
            continue
        kept[name] = math.nan if value is None else value
    return kept


def _judge_splits(reading: _Reading, rows: list[ClipRow]) -> None:
    used = Counter(row.split for row in rows)
    if set(used) == {""}:
        reading.warnings.append(f"{reading.path.name} names no split: the store can be predicted, not trained on.")
        return
    uses = {
        "train": "nothing can be trained on it",
        "valid": "training has nothing to choose its epoch and threshold on",
        "test": "training reports no test figures",
    }
    for split, consequence in uses.items():
        if not used[split]:
            reading.warnings.append(f"No clip is in the split {split!r}: {consequence}.")
    if used[""]:
        reading.warnings.append(f"Clips without a split can be predicted and take part in nothing else ({used['']}).")
