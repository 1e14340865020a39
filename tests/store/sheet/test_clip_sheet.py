"""The one reader of clip tables: the same table says the same behind every door, in every form and spelling."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.clips.sources import listing_of
from lddu.corpora.mosei.folds import read_folds
from lddu.errors import SourceError
from lddu.store.sheet.clip_sheet import ClipSheet, read_sheet

SPLIT_WORDS = {
    "train": ("train", "training"),
    "valid": ("valid", "val", "dev", "devel", "development", "validation"),
    "test": ("test", "testing"),
    "unused": ("unused",),
}
KINDS = [".csv", ".tsv", ".parquet"]
Rows = Sequence[Sequence[Any]]


def write_sheet(path: Path, rows: Rows, delimiter: str = "", before: str = "") -> Path:
    """A table whose first row is its header, in the form that the suffix says."""
    if path.suffix == ".parquet":
        columns = list(zip(*rows[1:], strict=True))
        pq.write_table(pa.table({name: list(columns[i]) for i, name in enumerate(rows[0])}), path)
        return path
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter or {".csv": ",", ".tsv": "\t"}[path.suffix]).writerows(rows)
    path.write_text(before + stream.getvalue(), encoding="utf-8")
    return path


def label_of(tmp_path: Path, cell: Any, suffix: str = ".csv", delimiter: str = "") -> float | None:
    """What the reader makes of one cell of an emotion."""
    path = write_sheet(tmp_path / f"clips{suffix}", [["clip", "joy"], ["a", cell]], delimiter)
    return read_sheet(path, "clip").clips[0].row.shares[0]


def said(sheet: ClipSheet) -> list[Any]:
    return [vars(clip.row) for clip in sheet.clips]


TABLE: Rows = [
    ["file", "clip", "split", "group", "start", "end", "transcript", "joy", "anger", "_language", "_age"],
    ["a.mp4", "-a", "Dev", "anna", "0", "1.5", "So, well", "1", "", "de", "31"],
    ["b.wav", "b", "TRAIN", "ben", "", "", "", "0.25", "0", "", ""],
]


@pytest.mark.parametrize("suffix", KINDS)
def test_a_table_says_the_same_behind_both_doors_and_in_every_form(tmp_path: Path, suffix: str) -> None:
    path = write_sheet(tmp_path / f"clips{suffix}", TABLE)
    imported, extracted = read_sheet(path, "clip"), listing_of(path)
    assert imported.emotions == extracted.emotions == ("joy", "anger")
    assert [clip.row for clip in imported.clips] == list(extracted.rows.values())
    assert dict(imported.repairs) == {("renamed_splits", "Dev"): 1, ("renamed_splits", "TRAIN"): 1}
    first = imported.clips[0].row
    assert (first.clip, first.split, first.group, first.end) == ("-a", "valid", "anna", 1.5)
    assert first.shares == [1.0, None] and first.carried == {"_language": "de", "_age": 31.0}
    assert listing_of(tmp_path).sources == extracted.sources


@given(split=st.sampled_from(sorted(SPLIT_WORDS)), number=st.integers(0, 9), upper=st.lists(st.booleans(), min_size=12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_word_for_a_split_means_the_same_behind_every_door(
    tmp_path: Path, split: str, number: int, upper: list[bool]
) -> None:
    word = SPLIT_WORDS[split][number % len(SPLIT_WORDS[split])]
    word = "".join(c.upper() if big else c for c, big in zip(word, upper, strict=False))
    path = write_sheet(tmp_path / "clips.csv", [["file", "clip", "split", "joy"], ["a.mp4", "a", word, "1"]])
    (tmp_path / "folds.json").write_text(json.dumps({word: ["video"]}))
    folds = write_sheet(tmp_path / "folds.tsv", [["video", "split"], ["video", word]])
    assert read_sheet(path, "clip").clips[0].row.split == split
    assert listing_of(path).rows["a"].split == split
    assert read_folds(tmp_path / "folds.json").videos == read_folds(folds).videos == {"video": split}


def test_a_word_that_is_no_split_is_refused_with_clip_and_line(tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "clips.csv", [["clip", "split", "joy"], ["a", "train", "1"], ["b", "held out", "1"]])
    with pytest.raises(SourceError, match=r"split of clip 'b' \(line 3 of .* but got 'held out'"):
        read_sheet(path, "clip")


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (["de", ""], ["de", ""]),
        (["0.5", ""], [0.5, float("nan")]),
        (["0.5", "NaN"], [0.5, float("nan")]),
        (["007", "12"], ["007", "12"]),
        (["12345678901234567890", "1"], ["12345678901234567890", "1"]),
        (["1,5", "2,5"], ["1,5", "2,5"]),
        (["NA", "1"], ["NA", "1"]),
        (["True", "False"], ["True", "False"]),
        (["1_0", "2"], ["1_0", "2"]),
    ],
    ids=[
        "words",
        "numbers",
        "nan",
        "leading zeros",
        "long ids",
        "commas",
        "a word among numbers",
        "truth",
        "underscores",
    ],
)
def test_a_carried_column_is_numbers_where_all_cells_are_and_words_as_written_elsewhere(
    tmp_path: Path, cells: list[str], kept: list[Any]
) -> None:
    rows = [["clip", "joy", "_x"], *([f"c{i}", "1", cell] for i, cell in enumerate(cells))]
    found = [clip.row.carried["_x"] for clip in read_sheet(write_sheet(tmp_path / "clips.csv", rows), "clip").clips]
    assert found == pytest.approx(kept, nan_ok=True) if isinstance(kept[0], float) else found == kept


def test_a_corpus_that_says_it_is_made_up_says_so_behind_both_doors(tmp_path: Path) -> None:
    rows = [["file", "clip", "joy", "_simulated"], ["a.mp4", "a", "1", "0"], ["b.mp4", "b", "1", "1"]]
    assert read_sheet(write_sheet(tmp_path / "clips.csv", rows), "clip").simulated
    assert listing_of(tmp_path / "clips.csv").simulated
    assert not read_sheet(write_sheet(tmp_path / "clips.csv", rows[:2]), "clip").simulated


def test_identical_lines_of_a_manifest_are_one_clip_and_counted(tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "clips.csv", [["file", "joy"], ["a.mp4", "1"], ["a.mp4", "1"]])
    assert list(listing_of(path).rows) == ["a"]
    assert dict(listing_of(path).repairs) == {("duplicate_rows", "clips.csv"): 1}


@pytest.mark.parametrize(
    ("key", "header", "cure"),
    [
        ("file", "clip,joy", "'lddu data import'"),
        ("file", "File,joy", "rename 'File' to 'file'"),
        ("file", "video,joy", "name each video or sound in a column 'file'"),
        ("clip", "file,joy", "'lddu extract'"),
        ("clip", "Clip,joy", "rename 'Clip' to 'clip'"),
    ],
)
def test_a_table_for_the_other_door_is_sent_there(tmp_path: Path, key: Any, header: str, cure: str) -> None:
    (tmp_path / "clips.csv").write_text(f"{header}\na,1\n")
    with pytest.raises(SourceError, match=cure):
        read_sheet(tmp_path / "clips.csv", key)


OTHER_KINDS = {
    "book.xlsx": (b"PK\x03\x04\x14\x00\x06\x00", "it is a workbook .*save its sheet as CSV UTF-8"),
    "renamed.csv": (b"PK\x03\x04\x14\x00\x06\x00", "it is a workbook .*save its sheet as CSV UTF-8"),
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "workbook of old Excel"),
    "parquet.csv": (b"PAR1\x15\x04\x15", "it is a parquet file; let its name end in .parquet"),
    "unmarked.csv": ("clip,joy\na,1\n".encode("utf-16-le"), "it holds zero bytes"),
    "latin.csv": ("clip,joy\n\xe9,1\n".encode("latin-1"), "byte 9 is not"),
}


@pytest.mark.parametrize("name", OTHER_KINDS)
def test_a_file_of_another_kind_is_named_whatever_its_ending(tmp_path: Path, name: str) -> None:
    content, sentence = OTHER_KINDS[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        read_sheet(tmp_path / name, "clip")


@pytest.mark.parametrize("name", ["nothing.csv", "nothing.parquet", "."])
def test_a_table_that_is_not_there_is_refused_as_one(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=r"to be a table .*check the path"):
        read_sheet(tmp_path / name, "clip")
