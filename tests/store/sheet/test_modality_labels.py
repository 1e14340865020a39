"""Columns such as `joy@audio`: labels of one modality, read with the same strictness as those of the whole clip."""

from pathlib import Path

import numpy as np
import pytest

from lddu.corpora.importing import import_corpus
from lddu.errors import SourceError
from lddu.store.clip_table import ClipRow
from lddu.store.sheet.clip_sheet import read_sheet
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from tests.builders import table_folder
from tests.command_line import lddu

HEADER = "clip,split,joy,anger,joy@audio,anger@text\n"


def sheet(path: Path, lines: str, header: str = HEADER) -> Path:
    file = path / "clips.csv"
    file.write_text(header + lines, encoding="utf-8")
    return file


def test_they_belong_to_the_modality_and_are_no_emotions(tmp_path: Path) -> None:
    found = read_sheet(sheet(tmp_path, "a,train,1,0,0.25,\nb,valid,0,1,yes,2/3\n"), "clip")
    assert found.emotions == ("joy", "anger")
    assert found.clips[0].row.modality_shares == {"audio": [0.25, None], "text": [None, None]}
    assert found.clips[1].row.modality_shares == {"audio": [1.0, None], "text": [None, pytest.approx(2 / 3)]}


def test_they_go_with_a_column_that_names_the_emotions(tmp_path: Path) -> None:
    found = read_sheet(sheet(tmp_path, "a,joy,0\nb,anger,1\n", "clip,emotion,joy@audio\n"), "clip")
    assert found.emotions == ("anger", "joy")
    assert [clip.row.modality_shares["audio"] for clip in found.clips] == [[None, 0.0], [None, 1.0]]


@pytest.mark.parametrize(
    ("header", "line", "message"),
    [
        ("clip,joy,joi@audio\n", "a,1,1\n", r"'joi@audio' of .* one of the emotions joy, .*did you mean 'joy'.*call it '_joi@audio'"),
        ("clip,joy,joy@\n", "a,1,1\n", "named EMOTION@MODALITY"),
        ("clip,joy,@audio\n", "a,1,1\n", "named EMOTION@MODALITY"),
        ("clip,joy,joy@audio\n", "a,1,2\n", r"label 'joy@audio' of clip 'a' .* to lie in \[0, 1\], but got 2"),
        ("clip,joy,joy@audio\n", "a,1,loud\n", "label 'joy@audio' of clip 'a' .* a number in .* but got 'loud'"),
        ("clip,joy,joy@audio,joy@audio\n", "a,1,1,1\n", "'joy@audio' is there twice"),
        ("clip,joy@audio\n", "a,1\n", "Expected at least one emotion column"),
    ],
)  # fmt: skip
def test_what_is_no_label_of_a_modality_is_refused(tmp_path: Path, header: str, line: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_sheet(sheet(tmp_path, line, header), "clip")


def labelled_folder(path: Path, column: str = "joy@audio") -> Path:
    """Six clips with text and audio; a column of labels with a share, an absence and an unknown in it."""
    folder = table_folder(path)
    lines = (folder / "clips.csv").read_text().splitlines()
    cells = [column, "0.5", "0", "", "1", "1", "0"]
    (folder / "clips.csv").write_text(
        "\n".join(f"{line},{cell}" for line, cell in zip(lines, cells, strict=True)) + "\n"
    )
    return folder


def test_a_store_keeps_them_exactly_and_describe_says_how_often_they_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_corpus(labelled_folder(tmp_path / "corpus"), tmp_path / "store")
    store = FeatureStore(tmp_path / "store")
    assert list(store.table.modality_labels) == ["audio"] and "joy@audio" not in store.emotions
    e = store.emotions.index("joy")
    np.testing.assert_array_equal(store.table.modality_labels["audio"][:, e], [0.5, 0, np.nan, 1, 1, 0])
    others = np.delete(store.table.modality_labels["audio"], e, axis=1)
    assert np.isnan(others).all()
    shown = lddu(capsys, "data", "describe", tmp_path / "store").out
    assert "audio: " in shown and "of the pairs have a label of their own" in shown


def test_labels_of_a_modality_that_is_not_there_are_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = labelled_folder(tmp_path / "corpus", "joy@audoi")
    done = lddu(capsys, "data", "import", folder, "--out", tmp_path / "store")
    assert done.code == 1 and not (tmp_path / "store").exists()
    assert "labels of a modality out of" in " ".join(done.err.split()) and "did you mean 'audio'?" in done.err


def test_a_store_without_them_has_none(tmp_path: Path) -> None:
    import_corpus(table_folder(tmp_path / "corpus"), tmp_path / "store")
    assert FeatureStore(tmp_path / "store").table.modality_labels == {}


@pytest.mark.parametrize(
    ("emotions", "shares", "message"),
    [
        (("joy",), {"audio": [1.0, 0.0]}, "Expected 1 labels of audio for clip 'a', but got 2"),
        (("joy",), {"audio": [1.5]}, "label 'joy@audio' of clip 'a' to lie in"),
        (("joy@audio",), {}, "emotion names other than 'joy@audio'"),
    ],
)
def test_a_writer_takes_no_other_labels(
    tmp_path: Path, emotions: tuple[str, ...], shares: dict[str, list[float | None]], message: str
) -> None:
    with (
        pytest.raises(SourceError, match=message),
        writing_store(tmp_path / "store", StoreDescription(emotions, {"audio": "made-up"})) as writer,
    ):
        writer.add(ClipRow("a", "train", [1.0], modality_shares=shares), {"audio": np.ones((1, 2), np.float32)})
