"""Numbers of every clip: CSV with a row per clip or per clip and emotion, parquet, and JSON Lines."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lddu.exports.answered import Answered
from lddu.exports.text import unbroken, writable
from lddu.plain_values import plain

VERDICT = "verdict"
"""Prefix of the columns that say present, absent, or can't tell."""


def wide_csv(answered: Answered, _: Path) -> str:
    """A row per clip; true and false are 1 and 0."""
    columns = _with_verdicts(answered)
    return _csv(columns, zip(*columns.values(), strict=True))


def long_csv(answered: Answered, _: Path) -> str:
    """A row per clip and emotion; columns of the whole clip are repeated."""
    columns = _with_verdicts(answered)
    prefixes = [VERDICT, *answered.per_emotion]
    split_up = {f"{prefix}_{emotion}" for prefix in prefixes for emotion in answered.emotions}
    shared = [name for name in columns if name not in split_up]
    rows = (
        [
            *(columns[name][n] for name in shared),
            emotion,
            *(columns[f"{prefix}_{emotion}"][n] for prefix in prefixes),
        ]
        for n in range(len(answered.clips))
        for emotion in answered.emotions
    )
    return _csv([*shared, "emotion", *prefixes], rows)


def parquet(answered: Answered, _: Path) -> bytes:
    """A row per clip; emotions and notes are in the metadata of the schema."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        writable(name): [unbroken(value) if isinstance(value, str) else value for value in values]
        for name, values in _with_verdicts(answered).items()
    }
    arrays = {name: pa.array(values) for name, values in columns.items()}
    numbers = pa.float64()  # of a column in which nothing is known
    typed = {name: array.cast(numbers) if pa.types.is_null(array.type) else array for name, array in arrays.items()}
    metadata = {"emotions": json.dumps(answered.emotions), "notes": json.dumps(list(answered.notes))}
    stream = io.BytesIO()
    pq.write_table(pa.table(typed).replace_schema_metadata(metadata), stream)
    return stream.getvalue()


def json_lines(answered: Answered, _: Path) -> str:
    """An object per line and clip, as `predict --json` has it under ``clips``; unknown numbers are null."""
    lines = (json.dumps(plain(record, unbroken), ensure_ascii=False, allow_nan=False) for record in answered.records)
    return "".join(f"{line}\n" for line in lines)


def _with_verdicts(answered: Answered) -> dict[str, Sequence[Any]]:
    verdicts = {
        f"{VERDICT}_{emotion}": [clip.verdict[emotion] for clip in answered.clips] for emotion in answered.emotions
    }
    return {**answered.columns, **verdicts}


def _csv(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([writable(name) for name in header])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return writable(value) if isinstance(value, str) else value
