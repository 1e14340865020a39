"""The emotion columns of a clip table as shares of raters: a column per emotion, or one column that names them."""

import difflib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lddu.config import near
from lddu.errors import SourceError
from lddu.store.clip_table import FIXED_COLUMNS, OF_MODALITY
from lddu.store.sheet.cells import Spelt, emotion_names, listed_names, number, share, words
from lddu.store.sheet.columns import SheetColumns

NAMED = ("emotion", "emotions", "label", "labels")
"""What a single column that names the emotions of each clip is called, in lower case."""

MOST_NAMES = 100
"""Different emotions that such a column may name; more are something else, such as sentences."""

_NUMBERED = re.compile(r"['\"]?\s*[:=(]\s*[+-]?[\d.,]+\s*%?\s*\)?$")
"""How a name ends that comes with a number: joy:0.7, 'joy': 1, joy (3)."""


@dataclass(frozen=True)
class SheetLabels:
    """Labels of N clips.

    Attributes:
        emotions: E names, in file order; those of one naming column in alphabetical order.
        shares: [N][E] in [0, 1]; None where unknown.
    """

    emotions: tuple[str, ...]
    shares: list[list[float | None]]


def labels_of(table: SheetColumns) -> SheetLabels:
    """The labels of every line.

    Raises:
        SourceError: where one is no share of raters; names emotion, clip and line.
    """
    names = table.emotions
    columns = {name: table.column(name) for name in names}
    if len(names) == 1 and names[0].lower() in NAMED and any(map(_is_name, columns[names[0]])):
        return _named(table, names[0], columns[names[0]])
    shares = [_shares(table, name, columns) for name in names]
    return SheetLabels(tuple(names), [list(row) for row in zip(*shares, strict=True)] or [[] for _ in table.lines])


def modality_labels_of(table: SheetColumns, emotions: Sequence[str]) -> dict[str, list[list[float | None]]]:
    """Modality -> [N][E] labels of the columns such as ``joy@audio``; None where unknown or without a column.

    Raises:
        SourceError: where a column names no emotion of the table, or a cell is no share of raters.
    """
    columns = {name: table.column(name) for name in table.of_modalities}
    labels: dict[str, list[list[float | None]]] = {}
    for column in columns:
        emotion, _, modality = column.rpartition(OF_MODALITY)
        if emotion not in emotions or not modality:
            raise SourceError(
                f"Expected the column {column!r} of {table.path} to be named EMOTION{OF_MODALITY}MODALITY with one of the emotions "
                f"{', '.join(emotions) or '(none)'}, but it is not{near(emotion, emotions)}; rename it, or call it '_{column}' "
                "to carry it along."
            )
        shares = labels.setdefault(modality, [[None] * len(emotions) for _ in table.lines])
        for row, share_ in zip(shares, _shares(table, column, columns), strict=True):
            row[emotions.index(emotion)] = share_
    return labels


def _is_name(cell: Any) -> bool:
    """Whether a cell is neither empty nor a number or a list of numbers."""
    return any(not _spelt(share, name) for name in emotion_names(cell) or ())


def _spelt(read: Callable[[Any], Spelt], cell: Any) -> Spelt | None:
    try:
        return read(cell)
    except (ValueError, TypeError, OverflowError):
        return None


def _named(table: SheetColumns, column: str, cells: Sequence[Any]) -> SheetLabels:
    for i, cell in enumerate(cells):
        _refuse_numbers_and_votes(cell, column, table.at(i))
    named = [emotion_names(cell) for cell in cells]
    spellings: dict[str, Counter[str]] = {}
    for name in (name for names in named for name in names or ()):
        spellings.setdefault(name.casefold(), Counter())[name] += 1
    if len(spellings) > MOST_NAMES:
        raise SourceError(
            f"Expected the column {column!r} of {table.path} to name at most {MOST_NAMES} emotions, but it holds "
            f"{len(spellings)} different words; if it is no emotion, call it '_{column}'."
        )
    preferred = {key: counts.most_common(1)[0][0] for key, counts in spellings.items()}
    emotions = sorted(preferred.values())
    table.repairs["named_emotions", column] += sum(names is not None for names in named)
    table.repairs["unknown_words", column] += sum(
        names is None and words(cell).strip().lower() not in ("", "nan")
        for names, cell in zip(named, cells, strict=True)
    )
    table.repairs["respelt_emotions", column] += sum(
        count for key, counts in spellings.items() for name, count in counts.items() if name != preferred[key]
    )
    table.warnings.append(
        f"The column {column!r} names the emotions of each clip: it became {', '.join(emotions)}, 1 where named and 0 where "
        "not; a clip without a name is unknown."
    )
    shares: list[list[float | None]] = []
    for names in named:
        present = {preferred[name.casefold()] for name in names or ()}
        shares.append([None if names is None else float(emotion in present) for emotion in emotions])
    return SheetLabels(tuple(emotions), shares)


def _refuse_numbers_and_votes(cell: Any, column: str, at: str) -> None:
    """Refuse a cell that says more than names, such as how many raters gave each: as names alone, all of it would be lost.

    Raises:
        SourceError: where a name comes with a number or is one, or is there twice beside another.
    """
    names = listed_names(cell) or []
    numbers = [name for name in names if _NUMBERED.search(name) or (_spelt(share, name) or (None,))[0] is not None]
    if isinstance(cell, dict) or numbers:
        raise SourceError(
            f"Expected the cell {column!r} {at} to name emotions, but got {str(cell)[:80]!r}; write a column per emotion with the "
            "share of raters, or names alone, such as joy,anger."
        )
    times = Counter(name.casefold() for name in names)
    if len(times) > 1 and (twice := [name for name in names if times[name.casefold()] > 1]):
        raise SourceError(
            f"Expected the cell {column!r} {at} to name each emotion once, but {twice[0]!r} is there {times[twice[0].casefold()]} "
            "times, as votes of raters are; write a column per emotion with the share of raters."
        )


def _shares(table: SheetColumns, name: str, columns: Mapping[str, Sequence[Any]]) -> list[float | None]:
    codes = len(columns) == 1 and name.lower() in NAMED
    shares = []
    for i, cell in enumerate(columns[name]):
        spelt = _spelt(share, cell)
        if spelt is None or (codes and spelt[1] == "decimal_commas"):
            raise SourceError(_no_share(name, table.at(i), cell, codes))
        value, kind = spelt
        if value is not None and not 0 <= value <= 1:
            other = "" if codes else f"; if the column is no emotion, call it '_{name}'"
            raise SourceError(
                f"Expected the label {name!r} {table.at(i)} to lie in [0, 1], but got {value:g}; {_cure(columns, codes)}{other}."
            )
        if kind:
            table.repairs[kind, name] += 1
        shares.append(value)
    return shares


def _no_share(name: str, at: str, cell: Any, codes: bool) -> str:
    if codes:
        cure = "name the emotions, such as joy,anger, or write a column per emotion"
    else:
        meant = difflib.get_close_matches(name.lower(), FIXED_COLUMNS, n=1, cutoff=0.8)
        other = f"call it {meant[0]!r} where that is meant, or" if meant else "remove it or"
        cure = (
            "write 1 or 0, leave the cell empty where the label is unknown, or if the column is no emotion, "
            f"{other} call it '_{name}'"
        )
    return f"Expected the label {name!r} {at} to be a number in [0, 1] or empty, but got {str(cell)[:80]!r}; {cure}."


def _cure(columns: Mapping[str, Sequence[Any]], codes: bool) -> str:
    """What to do with numbers beyond 1: codes of classes, votes and ratings have different cures."""
    if codes:
        return "an emotion's number is ambiguous: write its name, or a column per emotion"
    unknown = "and leave the cell empty where the label is unknown"
    rows = [[(_spelt(number, cell) or (None, ""))[0] for cell in row] for row in zip(*columns.values(), strict=True)]
    known = [[value for value in row if value is not None] for row in rows if None not in row]
    if not all(value >= 0 and value.is_integer() for row in known for value in row) or not known:
        return f"divide ratings by their largest possible value, {unknown}"
    sums = {sum(row) for row in known}
    if len(columns) > 1 and len(sums) == 1 and len(known) > 1:
        raters = f"{sums.pop():g}"
        return f"every line adds up to {raters}, like the votes of {raters} raters: divide by {raters}, {unknown}"
    return (
        "divide votes by the number of raters that saw the clip, and ratings by their largest possible value, "
        f"{unknown}"
    )
