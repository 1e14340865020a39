"""The same value in other spellings: of spreadsheets, of scripts, of countries, of systems. Read, counted, or refused with the cure."""

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.clips.sources import listing_of
from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import import_corpus
from lddu.errors import SourceError
from lddu.store.sheet.clip_sheet import ClipSheet, read_sheet
from tests.builders import write_npz
from tests.store.sheet.test_clip_sheet import Rows, write_sheet

RUN_OFTEN = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def sheet(tmp_path: Path, rows: Rows, delimiter: str = ",", before: str = "") -> ClipSheet:
    return read_sheet(write_sheet(tmp_path / "clips.csv", rows, delimiter, before), "clip")


def shares(found: ClipSheet) -> list[Any]:
    return [list(clip.row.shares) for clip in found.clips]


SPELLINGS = {
    "": lambda n: f"{n / 100}",
    "decimal_commas": lambda n: f"{n // 100},{n % 100:02d}",
    "percentages": lambda n: f"{n} %" if n % 2 else f"{n}%",
    "fractions": lambda n: f"{n}/100",
}


@RUN_OFTEN
@given(
    n=st.integers(0, 100),
    kind=st.sampled_from(sorted(SPELLINGS)),
    delimiter=st.sampled_from(",;\t|"),
    sep=st.booleans(),
)
def test_a_share_is_the_same_however_it_is_spelt_and_separated(
    tmp_path: Path, n: int, kind: str, delimiter: str, sep: bool
) -> None:
    before = f"sep={delimiter}\r\n" if sep else ""
    found = sheet(tmp_path, [["clip", "joy", "anger"], ["a", SPELLINGS[kind](n), "1"]], delimiter, before)
    assert shares(found) == [[pytest.approx(n / 100), 1.0]]
    assert dict(found.repairs) == ({(kind, "joy"): 1} if kind else {})


@RUN_OFTEN
@given(present=st.booleans(), word=st.sampled_from([("true", "false"), ("yes", "no"), ("y", "n"), ("ja", "nein"), ("wahr", "falsch"), ("vrai", "faux")]), case=st.sampled_from(["lower", "upper", "title"]))  # fmt: skip
def test_true_and_false_are_1_and_0_as_in_parquet(
    tmp_path: Path, present: bool, word: tuple[str, str], case: str
) -> None:
    cell = getattr(word[not present], case)()
    found = sheet(tmp_path, [["clip", "joy"], ["a", cell]])
    assert shares(found) == [[float(present)]] and dict(found.repairs) == {("truth_words", "joy"): 1}
    parquet = write_sheet(tmp_path / "clips.parquet", [["clip", "joy"], ["a", present]])
    assert read_sheet(parquet, "clip").clips[0].row.shares == [float(present)]


@pytest.mark.parametrize("cell", ["NA", "#N/A", "null", "None", "n/a", "-", "?"])
def test_words_for_nothing_are_unknown_and_counted(tmp_path: Path, cell: str) -> None:
    found = sheet(tmp_path, [["clip", "start", "joy"], ["a", cell, cell]])
    assert shares(found) == [[None]] and found.clips[0].row.start is None
    assert dict(found.repairs) == {("unknown_words", "joy"): 1, ("unknown_words", "start"): 1}


@pytest.mark.parametrize(("cell", "seconds"), [("62,5", 62.5), ("1:02.5", 62.5), ("0:01:02,5", 62.5), ("62.5", 62.5)])
def test_a_time_is_seconds_or_a_clock(tmp_path: Path, cell: str, seconds: float) -> None:
    found = sheet(tmp_path, [["clip", "start", "joy"], ["a", cell, "1"]], ";")
    assert found.clips[0].row.start == seconds


def test_a_comma_that_may_stand_between_thousands_is_refused_unless_the_table_shows_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=r"start of clip 'a' \(line 2 .*'1,500' may have a decimal comma or be thousands"
    ):
        sheet(tmp_path, [["clip", "start", "joy"], ["a", "1,500", "1"]], ";")
    found = sheet(tmp_path, [["clip", "start", "joy", "_noise"], ["a", "1,500", "0,67", "0,25"]], ";")
    assert (found.clips[0].row.start, found.clips[0].row.carried["_noise"]) == (1.5, 0.25)
    assert found.repairs["decimal_commas", "_noise"] == 1


@pytest.mark.parametrize("empty", ["", " "])
def test_empty_columns_that_a_spreadsheet_leaves_are_no_columns(tmp_path: Path, empty: str) -> None:
    found = sheet(tmp_path, [["clip", "", "joy", "", ""], ["a", "", "1", empty, ""], ["b", "", "0", "", ""]])
    assert (found.emotions, shares(found)) == (("joy",), [[1.0], [0.0]])
    assert dict(found.repairs) == {("empty_columns", "clips.csv"): 3}


def test_decimal_commas_between_commas_are_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("clip,joy,anger\na,0,5,1\n")
    with pytest.raises(
        SourceError, match=r"3 cells in line 2 .* but got 4; quote cells that hold ',', and write decimals"
    ):
        read_sheet(tmp_path / "clips.csv", "clip")


def test_votes_are_refused_with_the_number_of_raters(tmp_path: Path) -> None:
    votes = [["clip", "joy", "anger"], ["a", "9", "1"], ["b", "4", "6"]]
    with pytest.raises(SourceError, match=r"'joy' of clip 'a' .*but got 9; .* votes of 10 raters: divide by 10"):
        sheet(tmp_path, votes)
    with pytest.raises(SourceError, match="divide votes by the number of raters that saw the clip, and ratings by"):
        sheet(tmp_path, [*votes, ["c", "3", "3"]])
    with pytest.raises(SourceError, match=r"but got 1.5; divide ratings by their largest possible value"):
        sheet(tmp_path, [["clip", "joy"], ["a", "1.5"]])


NAMES = ("joy", "anger", "Überraschung", "mixed feelings", "fear")


@RUN_OFTEN
@given(
    told=st.lists(st.lists(st.sampled_from(NAMES), unique=True, min_size=1), min_size=1, max_size=5),
    column=st.sampled_from(["emotion", "Emotions", "label", "labels"]),
    form=st.sampled_from(["a,b", "a, b", "a;b", "a|b", "['a', 'b']", '["a", "b"]', "parquet"]),
)
def test_one_column_that_names_emotions_is_a_column_for_each(
    tmp_path: Path, told: list[list[str]], column: str, form: str
) -> None:
    quote = form[1] if form[0] == "[" else ""
    between = form[form.index("a") + 1 + len(quote) : form.index("b") - len(quote)] if form != "parquet" else ""
    cells = [
        names
        if form == "parquet"
        else f"{'[' if quote else ''}{between.join(f'{quote}{n}{quote}' for n in names)}{']' if quote else ''}"
        for names in told
    ]
    rows: Rows = [["clip", column], *([f"c{i}", cell] for i, cell in enumerate(cells))]
    found = read_sheet(write_sheet(tmp_path / f"clips.{'parquet' if form == 'parquet' else 'csv'}", rows), "clip")
    emotions = sorted({name for names in told for name in names})
    assert found.emotions == tuple(emotions)
    assert shares(found) == [[float(e in names) for e in emotions] for names in told]
    assert found.repairs["named_emotions", column] == len(told)
    assert any(f"The column {column!r} names the emotions of each clip" in warning for warning in found.warnings)


def test_an_empty_name_is_unknown_an_empty_list_is_none_and_the_case_of_names_does_not_count(tmp_path: Path) -> None:
    rows = [["clip", "emotion"], ["a", "joy"], ["b", ""], ["c", "[]"], ["d", "Joy"], ["e", "joy;anger"]]
    found = sheet(tmp_path, rows)
    assert found.emotions == ("anger", "joy")
    assert shares(found) == [[0, 1], [None, None], [0, 0], [0, 1], [1, 1]]
    assert found.repairs["respelt_emotions", "emotion"] == 1


@pytest.mark.parametrize("word", ["NA", "n/a", "NULL", "-", "?"])
def test_a_word_for_an_empty_cell_is_no_emotion_and_is_counted(tmp_path: Path, word: str) -> None:
    found = sheet(tmp_path, [["clip", "emotion"], ["a", "joy"], ["b", word], ["c", "none"]])
    assert found.emotions == ("joy", "none")
    assert shares(found) == [[1, 0], [None, None], [0, 1]]
    assert found.repairs["unknown_words", "emotion"] == 1


def test_numbers_of_classes_are_refused_and_never_taken_for_decimals(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="but got 3; an emotion's number is ambiguous: write its name"):
        sheet(tmp_path, [["clip", "label"], ["a", "0"], ["b", "3"]])
    with pytest.raises(SourceError, match="but got '0,3'; name the emotions, such as joy,anger"):
        sheet(tmp_path, [["clip", "labels"], ["a", "0,3"], ["b", "1"]])
    assert shares(sheet(tmp_path, [["clip", "label"], ["a", "0.5"], ["b", "1"]])) == [[0.5], [1.0]]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("joy;joy;anger", "name each emotion once, but 'joy' is there 2 times, as votes"),
        ("['anger', 'joy', 'Anger']", "name each emotion once, but 'anger' is there 2 times, as votes"),
        ("{'joy': 0.7, 'anger': 0.3}", "to name emotions, but got .*; write a column per emotion"),
        ("joy:0.7;anger:0.3", "to name emotions, but got 'joy:0.7;anger:0.3'; write a column per emotion"),
        ("joy (2), anger (1)", "to name emotions, but got"),
        ("joy=70 %|anger=30 %", "to name emotions, but got"),
        ("0", "to name emotions, but got '0'; write a column per emotion"),
    ],
)
def test_votes_and_numbers_beside_names_are_refused_instead_of_lost(tmp_path: Path, cell: str, message: str) -> None:
    for column in ("emotion", "labels"):
        with pytest.raises(SourceError, match=rf"Expected the cell '{column}' of clip 'b' \(line 3 of .*{message}"):
            sheet(tmp_path, [["clip", column], ["a", "joy"], ["b", cell]], "\t")


def test_a_mapping_of_names_in_parquet_is_refused(tmp_path: Path) -> None:
    parquet = write_sheet(tmp_path / "clips.parquet", [["clip", "emotion"], ["a", {"joy": 1, "anger": 0}]])
    with pytest.raises(SourceError, match=r"'emotion' of clip 'a' .* to name emotions, but got .*'joy': 1"):
        read_sheet(parquet, "clip")


def test_one_emotion_that_every_rater_named_is_that_emotion(tmp_path: Path) -> None:
    found = sheet(tmp_path, [["clip", "emotion"], ["a", "joy;Joy;joy"], ["b", "anger"]])
    assert (found.emotions, shares(found)) == (("anger", "joy"), [[0, 1], [1, 0]])


def test_a_word_for_an_empty_cell_in_a_list_of_names_is_no_emotion(tmp_path: Path) -> None:
    found = sheet(tmp_path, [["clip", "emotion"], ["a", "joy;nan"], ["b", "joy;anger"], ["c", "nan;nan"], ["d", "[]"]])
    assert (found.emotions, shares(found)) == (("anger", "joy"), [[0, 1], [1, 1], [None, None], [0, 0]])


def test_a_number_that_is_no_share_may_be_of_no_emotion(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"but got 34; .*; if the column is no emotion, call it '_age'"):
        sheet(tmp_path, [["clip", "joy", "age"], ["a", "1", "34"]])


@pytest.mark.parametrize("column", ["Group", "START", "Split", "Transcript"])
def test_a_known_column_in_capitals_is_no_emotion(tmp_path: Path, column: str) -> None:
    with pytest.raises(SourceError, match=f"but got '{column}'; rename it to '{column.lower()}' where that is meant"):
        sheet(tmp_path, [["clip", "joy", column], ["a", "1", "0"]])


def test_a_column_of_sentences_is_no_column_of_emotions(tmp_path: Path) -> None:
    rows = [["clip", "label"], *([f"c{i}", f"sentence {i}"] for i in range(101))]
    with pytest.raises(
        SourceError, match=r"at most 100 emotions, but it holds 101 different words; .* call it '_label'"
    ):
        sheet(tmp_path, rows)


ACCENTED = st.text(st.sampled_from("abéöñçşğ가각한ệų_"), min_size=1, max_size=6)
FORMS = st.sampled_from(["NFC", "NFD"])


@RUN_OFTEN
@given(ids=st.lists(ACCENTED, min_size=2, max_size=5, unique_by=lambda s: unicodedata.normalize("NFC", s)), table=FORMS, arrays=FORMS, folder=st.booleans())  # fmt: skip
def test_arrays_are_found_however_the_letters_of_ids_are_composed(
    tmp_path: Path, ids: list[str], table: Any, arrays: Any, folder: bool
) -> None:
    corpus = tmp_path / "corpus"
    for file in (corpus / "audio").glob("*") if (corpus / "audio").is_dir() else ():
        file.unlink()
    (corpus / "audio.npz").unlink(missing_ok=True)
    (corpus / "audio").mkdir(parents=True, exist_ok=True)
    written, keys = ([unicodedata.normalize(form, clip) for clip in ids] for form in (table, arrays))
    write_sheet(corpus / "clips.csv", [["clip", "split", "joy"], *([clip, "train", "1"] for clip in written)])
    values = {key: np.full((1, 2), i + 1.0) for i, key in enumerate(keys)}
    if folder:
        for key, value in values.items():
            np.save(corpus / "audio" / f"{key}.npy", value)
    else:
        (corpus / "audio").rmdir()
        write_npz(corpus / "audio.npz", values)
    store = import_corpus(corpus, tmp_path / "store", "table", ImportOptions(force=True))
    assert store.table.clip.tolist() == written
    assert [store.steps("audio", i)[0, 0] for i in range(len(ids))] == [i + 1.0 for i in range(len(ids))]
    differ = sum(a != b for a, b in zip(written, keys, strict=True))
    assert store.manifest["repairs"] == ({"recomposed_names": {"audio": differ}} if differ else {})


@RUN_OFTEN
@given(st.lists(st.tuples(st.sampled_from(["Zoë", "Ben"]), FORMS, st.sampled_from(["", " ", "\u00a0"])), min_size=1))
def test_a_carried_word_and_a_group_are_one_however_they_are_composed_and_padded(
    tmp_path: Path, cells: list[tuple[str, Any, str]]
) -> None:
    spelt = [unicodedata.normalize(form, name) + space for name, form, space in cells]
    rows = [[f"c{n}", cell, cell, "1"] for n, cell in enumerate(spelt)]
    found = sheet(tmp_path, [["clip", "group", "_speaker", "joy"], *rows])
    names = [name for name, _, _ in cells]
    assert [clip.row.group for clip in found.clips] == names
    assert [clip.row.carried["_speaker"] for clip in found.clips] == names
    differ = sum(form == "NFD" and name == "Zoë" for name, form, _ in cells)
    assert found.repairs["recomposed_names", "_speaker"] == found.repairs["recomposed_names", "group"] == differ


@pytest.mark.parametrize(("named", "on_disk"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFC", "NFC")])
def test_files_of_a_manifest_are_found_however_their_names_are_composed(
    tmp_path: Path, named: Any, on_disk: Any
) -> None:
    name = "Müller/Zoë é.mp4"
    file = tmp_path / unicodedata.normalize(on_disk, name)
    file.parent.mkdir()
    file.touch()
    (tmp_path / "clips.csv").write_text(f"file\n{unicodedata.normalize(named, name)}\n", encoding="utf-8")
    listing = listing_of(tmp_path / "clips.csv")
    assert [source.path for source in listing.sources] == [file]
    assert listing.repairs.get(("recomposed_names", "file"), 0) == (named != on_disk)


@pytest.mark.parametrize("word", ["NA", "#N/A", "null", "?"])
def test_clips_whose_group_is_not_known_are_no_group(tmp_path: Path, word: str) -> None:
    found = sheet(tmp_path, [["clip", "group", "joy"], ["a", word, "1"], ["b", word, "1"], ["c", "Nadia", "0"]])
    assert [clip.row.group for clip in found.clips] == ["", "", "Nadia"]
    assert found.repairs["unknown_words", "group"] == 2


def test_a_group_that_is_composed_in_two_ways_is_one_group(tmp_path: Path) -> None:
    forms = [unicodedata.normalize(form, "Zoë") for form in ("NFC", "NFD")]
    found = sheet(tmp_path, [["clip", "group", "joy"], ["a", forms[0], "1"], ["b", forms[1], "1"]])
    assert {clip.row.group for clip in found.clips} == {"Zoë"}
    assert found.repairs["recomposed_names", "group"] == 1


def test_what_was_read_otherwise_is_in_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    rows = [["clip", "split", "joy"], ["a", "train", "0,67"], ["b", "train", "True"]]
    write_sheet(tmp_path / "c" / "clips.csv", rows, ";", "sep=;\n")
    write_npz(tmp_path / "c" / "audio.npz", {"a": np.ones((1, 2)), "b": np.ones((1, 2))})
    store = import_corpus(tmp_path / "c", tmp_path / "store")
    assert store.table.labels[:, 0].tolist() == pytest.approx([0.67, 1])
    assert store.manifest["repairs"] == {"decimal_commas": {"joy": 1}, "truth_words": {"joy": 1}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_the_same_in_every_encoding_that_excel_saves(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "clips.csv"
    path.write_bytes("clip\tjoy\tärger\na\t1\t0\n".encode(encoding))
    found = read_sheet(path, "clip")
    assert shares(found) == [[1.0, 0.0]] and list(found.emotions) == ["joy", "ärger"]
