"""The clip table of a store: ids, splits, groups, transcripts and labels (`clips.parquet`)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lddu.errors import SourceError, StoreError
from lddu.labels import SPLITS

if TYPE_CHECKING:
    import pyarrow as pa

FIXED_COLUMNS = ("clip", "split", "group", "start", "end", "transcript")

OF_MODALITY = "@"
"""Stands between emotion and modality in the name of a column such as ``joy@audio``."""

Carried = float | str
"""A clip's value in a carried column."""


@dataclass(frozen=True)
class ClipTable:
    """One row per clip, column by column.

    Attributes:
        clip: [N] unique ids.
        split: [N] ``train``, ``valid``, ``test`` or ``unused``; empty where the clip is only predicted.
        group: [N] speaker, video or dialogue; empty where unknown.
        start: [N] seconds; NaN where unknown.
        end: [N] seconds; NaN where unknown.
        transcript: [N]; empty where unknown.
        emotions: names of the E emotions, in order.
        labels: [N, E] share of raters in [0, 1]; NaN where unknown.
        carried: further columns whose names begin with ``_``, carried along, never labels: [N] numbers (float64), NaN
            where unknown, or [N] words, empty where unknown.
        modality_labels: modality -> [N, E] share of the raters who judged that modality alone; NaN where unknown. Only
            modalities with a known one.
    """

    clip: np.ndarray
    split: np.ndarray
    group: np.ndarray
    start: np.ndarray
    end: np.ndarray
    transcript: np.ndarray
    emotions: tuple[str, ...]
    labels: np.ndarray
    carried: dict[str, np.ndarray] = field(default_factory=dict)
    modality_labels: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.clip)

    def in_split(self, split: str) -> np.ndarray:
        """Row numbers of a split, ascending."""
        return np.flatnonzero(self.split == split)

    def split_counts(self) -> dict[str, int]:
        """Clips per split; clips without a split are counted under an empty name."""
        return dict(Counter(self.split.tolist()))

    def carried_numbers(self) -> dict[str, np.ndarray]:
        """The carried columns that hold numbers."""
        return {name: values for name, values in self.carried.items() if values.dtype != object}


@dataclass(frozen=True)
class ClipRow:
    """One clip as an importer hands it over; see `ClipTable` for the fields.

    `shares` follows the order of the store's emotions; None or NaN where unknown; `modality_shares` holds likewise what raters
    saw who judged one modality alone, by its name. A column of `carried` is numbers in all
    clips of a store, or words in all.
    """

    clip: str
    split: str = ""
    shares: Sequence[float | None] = ()
    group: str = ""
    start: float | None = None
    end: float | None = None
    transcript: str = ""
    carried: Mapping[str, Carried] = field(default_factory=dict)
    modality_shares: Mapping[str, Sequence[float | None]] = field(default_factory=dict)


def table_of(rows: Sequence[ClipRow], emotions: tuple[str, ...]) -> ClipTable:
    """The rows as columns.

    Raises:
        SourceError: where a carried column holds numbers in some rows and words in others.
    """

    def words(name: str) -> np.ndarray:
        return np.array([getattr(row, name) for row in rows], dtype=object)

    def numbers(name: str) -> np.ndarray:
        return np.array([getattr(row, name) for row in rows], dtype=np.float64)

    labels = np.full((len(rows), len(emotions)), np.nan, np.float32)
    for i, row in enumerate(rows):
        if len(row.shares):
            labels[i] = np.array(row.shares, dtype=np.float32)
    names = sorted({name for row in rows for name in row.carried})
    carried = {name: _carried_column(name, rows) for name in names}
    return ClipTable(
        words("clip"), words("split"), words("group"), numbers("start"), numbers("end"), words("transcript"),
        emotions, labels, carried, _modality_labels(rows, len(emotions)),
    )  # fmt: skip


def _modality_labels(rows: Sequence[ClipRow], emotions: int) -> dict[str, np.ndarray]:
    names = sorted({name for row in rows for name in row.modality_shares})
    arrays = {name: np.full((len(rows), emotions), np.nan, np.float32) for name in names}
    for i, row in enumerate(rows):
        for name, shares in row.modality_shares.items():
            arrays[name][i] = np.array(shares, dtype=np.float32)
    return {name: labels for name, labels in arrays.items() if not np.isnan(labels).all()}


def _carried_column(name: str, rows: Sequence[ClipRow]) -> np.ndarray:
    of_words = {isinstance(row.carried[name], str): row.clip for row in rows if name in row.carried}
    if len(of_words) > 1:
        raise SourceError(
            f"Expected the column {name!r} to hold numbers or words, but it holds a number for clip {of_words[False]!r} and "
            f"words for {of_words[True]!r}; write all as words."
        )
    if True in of_words:
        return np.array([row.carried.get(name, "") for row in rows], dtype=object)
    return np.array([row.carried.get(name, np.nan) for row in rows], np.float64)


def write_table(path: Path, table: ClipTable) -> None:
    """Write the table as parquet; unknown numbers become nulls."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {name: _word_array(getattr(table, name)) for name in ("clip", "split", "group")}
    columns |= {name: _number_array(getattr(table, name), np.float64) for name in ("start", "end")}
    columns["transcript"] = _word_array(table.transcript)
    for e, emotion in enumerate(table.emotions):
        columns[emotion] = _number_array(table.labels[:, e], np.float32)
    for name, labels in table.modality_labels.items():
        for e, emotion in enumerate(table.emotions):
            columns[f"{emotion}{OF_MODALITY}{name}"] = _number_array(labels[:, e], np.float32)
    for name, values in table.carried.items():
        columns[name] = _word_array(values) if values.dtype == object else _number_array(values, np.float64)
    pq.write_table(pa.table(columns), path)


def _word_array(words: np.ndarray) -> Any:
    """An Arrow array without `pyarrow.array`, which imports pandas where it is installed."""
    import pyarrow as pa

    parts = [str(word).encode() for word in words.tolist()]
    ends = np.cumsum([0, *map(len, parts)])
    kind, offsets = (pa.string(), np.int32) if ends[-1] < 2**31 else (pa.large_string(), np.int64)
    data = [None, pa.py_buffer(ends.astype(offsets)), pa.py_buffer(b"".join(parts))]
    return pa.Array.from_buffers(kind, len(parts), data)


def _number_array(numbers: np.ndarray, kind: type[np.float32] | type[np.float64]) -> Any:
    """Likewise, with null for NaN."""
    import pyarrow as pa

    values, known = np.ascontiguousarray(numbers, kind), ~np.isnan(numbers)
    arrow = pa.float32() if kind is np.float32 else pa.float64()
    there = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(arrow, len(values), [there, pa.py_buffer(values)])


def read_table(path: Path, emotions: tuple[str, ...]) -> ClipTable:
    """Read a table that `write_table` wrote.

    Raises:
        StoreError: where the file is absent, damaged, or lacks a column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        columns = pq.ParquetFile(path, memory_map=True).read(use_threads=False)
    except FileNotFoundError:
        raise StoreError(f"Expected the clip table {path}, but it is not there; import the corpus again.") from None
    except (pa.ArrowException, OSError) as fault:
        raise StoreError(
            f"Expected {path} to be a parquet file, but it is damaged ({_first_line(fault)}); import the corpus again."
        ) from None
    lacking = [name for name in (*FIXED_COLUMNS, *emotions) if name not in columns.column_names]
    if lacking:
        raise StoreError(
            f"Expected {path} to have the columns {', '.join(lacking)}, but they are missing; import the corpus again."
        )

    try:
        table = _table_in(columns, emotions)
    except (pa.ArrowException, ValueError, TypeError) as fault:
        raise StoreError(
            f"Expected {path} to be a clip table, but it is damaged ({_first_line(fault)}); import the corpus again."
        ) from None
    if wrong := next(_faults(table), ""):
        raise StoreError(f"Expected {path} as lddu wrote it, but {wrong}; import the corpus again.")
    return table


def _table_in(columns: "pa.Table", emotions: tuple[str, ...]) -> ClipTable:
    labels = np.empty((columns.num_rows, len(emotions)), np.float32)
    for e, emotion in enumerate(emotions):
        labels[:, e] = _numbers(columns, emotion)
    clip, split, group, transcript = (_words(columns, name) for name in ("clip", "split", "group", "transcript"))
    start, end = (_numbers(columns, name) for name in ("start", "end"))
    return ClipTable(
        clip, split, group, start, end, transcript, emotions, labels, carried_columns(columns),
        _read_modality_labels(columns, emotions),
    )  # fmt: skip


def _faults(table: ClipTable) -> Iterator[str]:
    """What no writer of stores leaves in a table."""
    if len(set(table.clip.tolist())) != len(table):
        yield f"the clip {Counter(table.clip.tolist()).most_common(1)[0][0]!r} is in it more than once"
    if strange := sorted(set(table.split.tolist()) - {"", *SPLITS}):
        yield f"a clip is of the split {strange[0]!r}"
    for labels in (table.labels, *table.modality_labels.values()):
        outside = ~np.isnan(labels) & ~((labels >= 0) & (labels <= 1))
        if outside.any():
            n, e = np.argwhere(outside)[0].tolist()
            yield f"the label {table.emotions[e]!r} of clip {table.clip[n]!r} is {labels[n, e]:g}, which is no share"


def _read_modality_labels(table: "pa.Table", emotions: tuple[str, ...]) -> dict[str, np.ndarray]:
    by_modality: dict[str, np.ndarray] = {}
    for column in table.column_names:
        emotion, at, modality = column.rpartition(OF_MODALITY)
        if at and emotion in emotions:
            labels = by_modality.setdefault(modality, np.full((table.num_rows, len(emotions)), np.nan, np.float32))
            labels[:, emotions.index(emotion)] = _numbers(table, column)
    return by_modality


def carried_columns(table: "pa.Table") -> dict[str, np.ndarray]:
    """The columns of an Arrow table whose names begin with ``_``, as `ClipTable.carried` has them."""
    return {
        name: _words(table, name) if _holds_words(table, name) else _numbers(table, name)
        for name in table.column_names
        if name.startswith("_")
    }


def _holds_words(table: "pa.Table", name: str) -> bool:
    return str(table.schema.field(name).type) in ("string", "large_string")


def _words(table: "pa.Table", name: str) -> np.ndarray:
    return np.array(["" if v is None else v for v in table[name].to_pylist()], dtype=object)


def _numbers(table: "pa.Table", name: str) -> np.ndarray:
    """A column as float64, NaN for null, without Arrow's own conversion, which imports pandas where it is installed."""
    import pyarrow as pa

    values = pa.concat_arrays(table[name].cast(pa.float64()).chunks) if table.num_rows else pa.array([], pa.float64())
    there, data = values.buffers()
    reach = slice(values.offset, values.offset + len(values))
    numbers = np.frombuffer(data or b"", np.float64, count=reach.stop)[reach].copy()
    if there is not None:
        numbers[np.unpackbits(np.frombuffer(there, np.uint8), count=reach.stop, bitorder="little")[reach] == 0] = np.nan
    return numbers


def _first_line(fault: Exception) -> str:
    return str(fault).splitlines()[0][:200]
