"""Tables and JSON Lines, read back by pandas, pyarrow and json: every number in full, words as they are."""

import io
import json
import math
from pathlib import Path

import pandas
import pyarrow.parquet
import pytest
from hypothesis import given

from lddu.exports.answered import Answered
from lddu.exports.tables import json_lines, long_csv, parquet, wide_csv
from lddu.exports.text import writable
from tests.exports.made_up import answered, talk, with_table


def read(written: str) -> pandas.DataFrame:
    return pandas.read_csv(
        io.StringIO(written), keep_default_na=False, na_values={"noise": [""]}, dtype={"emotion": str}
    )


@given(answered())
def test_the_wide_table_is_read_back(found: Answered) -> None:
    table = read(wide_csv(found, Path()))
    assert len(table) == len(found.clips) and list(table["clip"]) == [clip.clip for clip in found.clips]
    assert list(table["start"].astype(float)) == [clip.start for clip in found.clips]
    for emotion in found.emotions:
        told = [clip.verdict[emotion] for clip in found.clips]
        assert list(table[writable(f"verdict_{emotion}")]) == told
        assert list(table[writable(f"label_{emotion}")]) == [int(verdict == "present") for verdict in told]
        assert list(table[writable(f"probability_{emotion}")]) == [clip.probability[emotion] for clip in found.clips]
        assert list(table[writable(f"present_{emotion}")]) == [""] * len(told)


@given(answered())
def test_the_long_table_is_read_back(found: Answered) -> None:
    table = read(long_csv(found, Path()))
    told = [(clip, emotion) for clip in found.clips for emotion in found.emotions]
    assert list(table.columns) == [
        "file", "start", "end", "transcript", "clip", "noise", "emotion", "verdict", "probability", "label", "present",
    ]  # fmt: skip
    assert list(table["clip"]) == [clip.clip for clip, _ in told]
    assert list(table["emotion"].astype(str)) == [writable(emotion) for _, emotion in told]
    assert list(table["verdict"]) == [clip.verdict[emotion] for clip, emotion in told]
    assert list(table["probability"]) == [clip.probability[emotion] for clip, emotion in told]


@given(answered())
def test_words_are_in_a_cell_as_they_are(found: Answered) -> None:
    text = pandas.read_csv(io.StringIO(wide_csv(found, Path())), keep_default_na=False, dtype=str)
    assert list(text["transcript"]) == [writable(clip.words) for clip in found.clips]


@given(answered())
def test_parquet_is_read_back(found: Answered) -> None:
    table = pyarrow.parquet.read_table(io.BytesIO(parquet(found, Path())))
    for name, values in found.columns.items():
        assert table[writable(name)].to_pylist() == list(values)
    for emotion in found.emotions:
        assert table[writable(f"verdict_{emotion}")].to_pylist() == [clip.verdict[emotion] for clip in found.clips]
        assert str(table.schema.field(writable(f"present_{emotion}")).type) == "double"
    assert json.loads(table.schema.metadata[b"emotions"]) == list(found.emotions)
    assert json.loads(table.schema.metadata[b"notes"]) == list(found.notes)


@given(answered())
def test_json_lines_are_the_json_of_predict(found: Answered) -> None:
    written = json_lines(found, Path())
    assert [json.loads(line) for line in written.split("\n")[:-1]] == found.records and written.endswith("\n")


def test_what_json_lacks_is_null() -> None:
    found = talk("a")
    odd = with_table((), []).__class__(
        found.emotions, found.clips, found.columns, (), [{"start": math.nan, "bytes": "\udcff"}]
    )
    assert json_lines(odd, Path()) == '{"start": null, "bytes": "?"}\n'


@pytest.mark.parametrize("write", [wide_csv, long_csv])
def test_numbers_that_are_unknown_are_empty_cells(write: object) -> None:
    assert callable(write)
    table = read(write(talk("a", "b"), Path()))
    assert table["noise"].isna().tolist() == [n // (len(table) // 2) == 1 for n in range(len(table))]
