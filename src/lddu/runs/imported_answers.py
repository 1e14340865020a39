"""A table of probabilities that another program predicted, set beside the clips of a store: every cell is understood or refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lddu.arrays import Floats
from lddu.config import near
from lddu.errors import SourceError, parameter
from lddu.labels import PREDICTED, split_named, splits_said
from lddu.sentences import counted, listed, some
from lddu.store.clip_table import FIXED_COLUMNS
from lddu.store.sheet.cells import UNKNOWN, number, words
from lddu.store.sheet.columns import SheetColumns, read_columns
from lddu.store.store import FeatureStore

PREFIX = "probability_"
"""Before the emotion in the tables of `lddu predict --csv`; a column of the emotion's bare name is taken too."""

ROUNDING = 1e-6
"""So far beyond 0 or 1 a number may lie that single precision rounded."""


@dataclass(frozen=True, eq=False)
class ImportedAnswers:
    """Probabilities of clips of `valid` and `test`.

    Attributes:
        rows: split -> [N] row numbers in the store, ascending.
        probability: split -> [N, E], emotions in the store's order.
        notes: what was left out, mended or is odd, as sentences without a full stop.
    """

    rows: dict[str, np.ndarray]
    probability: dict[str, Floats]
    notes: tuple[str, ...]


def read_answers(path: Path, store: FeatureStore, partial: bool = False) -> ImportedAnswers:
    """The probabilities that a table gives for the clips of `valid` and `test`.

    Args:
        path: a .csv, .tsv or .parquet with a column `clip` and one for each emotion of the store.
        store: whose clips they are.
        partial: take a table that lacks clips of a split; they are counted and left out.

    Raises:
        SourceError: where it is no table, names clips or emotions otherwise than the store, lacks some, or a cell is no probability.
    """
    table = read_columns(path, "clip")
    columns = _columns(table, store.emotions)
    row_of = {clip: row for row, clip in enumerate(store.table.clip.tolist())}
    if unknown := [clip for clip in table.ids if clip not in row_of]:
        raise SourceError(
            f"Expected {path} to name clips of {store.place}, but {counted(len(unknown), 'id')} out of {len(table.ids)} "
            f"{'is' if len(unknown) == 1 else 'are'} none of them ({some(list(map(repr, unknown)), 3)}); write the ids of the store, "
            f"as 'lddu predict --csv' shows them, such as {next(iter(row_of))!r}."
        )
    rows = np.array([row_of[clip] for clip in table.ids], np.int64)
    splits = store.table.split[rows]
    lines = np.flatnonzero(np.isin(splits, PREDICTED))
    probability, spelt = _probabilities(table, columns, lines)
    notes = [
        *_left_out(table, columns, splits),
        *_other_splits(table, splits),
        *spelt,
        *_missing(path, store, rows, partial),
        *_hard(probability),
    ]
    ordered = lines[np.argsort(rows[lines])]
    by_split = {split: ordered[splits[ordered] == split] for split in PREDICTED}
    position = np.full(len(rows), -1)
    position[lines] = np.arange(len(lines))
    return ImportedAnswers(
        {split: rows[at] for split, at in by_split.items() if len(at)},
        {split: probability[position[at]] for split, at in by_split.items() if len(at)},
        tuple(notes),
    )


def _columns(table: SheetColumns, emotions: Sequence[str]) -> list[str]:
    """The column of each emotion."""
    plain = [PREFIX + emotion for emotion in emotions]
    header = {name.casefold() for name in table.header}
    columns = plain if any(name.casefold() in header for name in plain) else list(emotions)
    missing = [name for name in columns if name not in table.header]
    if missing:
        others = [name for name in table.header if name not in (*columns, *emotions, *FIXED_COLUMNS)]
        suggestion = near(missing[0], others)
        raise SourceError(
            f"Expected a column of probabilities in {table.path} for every emotion of the store ({', '.join(emotions)}), but "
            f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} not there{suggestion}; name {_names_of(columns is plain)}."
        )
    return columns


def _names_of(prefixed: bool) -> str:
    return f"each column as its emotion with {PREFIX!r} before it" if prefixed else "each column as its emotion"


def _probabilities(table: SheetColumns, columns: Sequence[str], lines: np.ndarray) -> tuple[Floats, list[str]]:
    """[lines, E], and notes on the spellings that were understood."""
    probability = np.empty((len(lines), len(columns)))
    counts: dict[str, int] = {}
    for e, name in enumerate(columns):
        cells = table.column(name)
        for k, line in enumerate(lines.tolist()):
            value, kind = _probability(table, name, line, cells[line])
            probability[k, e] = value
            if kind:
                counts[kind] = counts.get(kind, 0) + 1
    return probability, [
        f"{counted(count, 'cell')} of {table.path.name} {'was' if count == 1 else 'were'} read as {kind.replace('_', ' ')}"
        for kind, count in counts.items()
    ]


def _probability(table: SheetColumns, name: str, line: int, cell: object) -> tuple[float, str]:
    text = words(cell).strip()
    try:
        value, kind = number(text[:-1] if text.endswith("%") else cell)
    except (ValueError, TypeError, OverflowError):
        raise SourceError(
            f"Expected the probability of {name!r} {table.at(line)} to be a number in [0, 1], but got {text[:80]!r}; write "
            "one, with a decimal point."
        ) from None
    if value is None:
        raise SourceError(
            f"Expected the probability of {name!r} {table.at(line)} to be a number in [0, 1], but it is "
            f"{text or 'empty'}; give every clip one for every emotion, or leave its line out."
        )
    if text.endswith("%"):
        value, kind = value / 100, "percentages"
    if -ROUNDING <= value < 0 or 1 < value <= 1 + ROUNDING:
        value, kind = round(value), "0 or 1, beyond which they lay by a rounding"
    if not 0 <= value <= 1:
        raise SourceError(
            f"Expected the probability of {name!r} {table.at(line)} to lie in [0, 1], but got {text[:80]}; give logits their "
            "logistic function, and divide percentages by 100."
        )
    return value, kind


def _left_out(table: SheetColumns, columns: Sequence[str], splits: np.ndarray) -> list[str]:
    """Sentences on what the table holds beyond what is scored."""
    others = [name for name in table.header if name not in (*columns, *FIXED_COLUMNS) and not name.startswith("_")]
    idle = int((~np.isin(splits, PREDICTED)).sum())
    same = table.repairs["duplicate_rows", table.path.name]
    notes = [f"{counted(len(others), 'column')} of {table.path.name} left out: {some(others)}"] if others else []
    notes += [f"{counted(idle, 'clip')} of {table.path.name} left out, of neither valid nor test"] if idle else []
    return notes + ([f"{counted(same, 'line')} of {table.path.name} left out, there twice"] if same else [])


def _other_splits(table: SheetColumns, splits: np.ndarray) -> list[str]:
    """Sentences on clips that the table and the store put in different splits, for the program may have learnt from them, and on names of splits that are not known."""
    spellings = [words(cell).strip() for cell in table.column("split")]
    table_splits = ["" if not word or word.lower() in UNKNOWN else split_named(word) for word in spellings]
    unknown = [word for word, table_split in zip(spellings, table_splits, strict=True) if table_split is None]
    notes = []
    if unknown:
        name = "names" if len(unknown) == 1 else "name"
        notes.append(
            f"{counted(len(unknown), 'line')} of {table.path.name} {name} a split that is not known (expected one of "
            f"{splits_said(unknown[0])}): the splits of the store were taken"
        )
    clips = [
        clip
        for clip, table_split, split in zip(table.ids, table_splits, splits, strict=True)
        if table_split and split and table_split != split
    ]
    if not clips:
        return notes
    are = "is" if len(clips) == 1 else "are"
    return [
        *notes,
        f"{counted(len(clips), 'clip')} of {table.path.name} {are} in another split there than in the store, whose splits were "
        f"taken: {some(clips, 3)}; figures of clips that the program learnt from flatter it",
    ]


def _missing(path: Path, store: FeatureStore, rows: np.ndarray, partial: bool) -> list[str]:
    """Sentences on clips of the scored splits that the table lacks."""
    notes = []
    for split in PREDICTED:
        expected = store.table.in_split(split)
        missing = expected[~np.isin(expected, rows)]
        if split == "valid" and len(missing) == len(expected):
            reason, cure = (
                (f"{path} has none", "predict the validation clips too")
                if len(expected)
                else ("the store has none", "give some clips that split and make the store again")
            )
            raise SourceError(
                f"Expected clips of the split 'valid' of {store.place}, on which thresholds and calibration are fitted, but {reason}; "
                f"{cure}."
            )
        if len(missing) and not partial:
            raise SourceError(
                f"Expected {path} to answer every clip of valid and test, but {len(missing)} of {len(expected)} of {split} "
                f"{'is' if len(missing) == 1 else 'are'} not in it ({some(list(map(repr, store.table.clip[missing].tolist())), 3)}); "
                f"add them, or leave them out with {parameter('partial', True)}."
            )
        if len(missing):
            notes.append(
                f"{len(missing)} of {counted(len(expected), f'{split} clip')} {'is' if len(missing) == 1 else 'are'} not in {path.name}: the figures are about the others, and "
                "no run that answered all can be compared with this one"
            )
    return notes


def _hard(probability: Floats) -> list[str]:
    if np.isin(probability, (0.0, 1.0)).all():
        return [
            "every probability is 0 or 1, so that ranking and calibration say little: import probabilities where there are any"
        ]
    return []
