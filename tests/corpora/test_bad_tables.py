"""Every corpus in the table format that cannot be trusted is refused in one sentence that names what and where."""

import errno
import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import import_corpus
from lddu.corpora.untrusted import arrays
from lddu.errors import ConfigError, SourceError, StoreError
from tests.builders import clip_arrays, table_rows, write_csv, write_npz

Spoil = Callable[[Path], Any]


def lines(*texts: str) -> Spoil:
    return lambda corpus: (corpus / "clips.csv").write_text("\n".join(texts) + "\n", encoding="utf-8")


def raw(data: bytes) -> Spoil:
    return lambda corpus: (corpus / "clips.csv").write_bytes(data)


def array(values: Any) -> Spoil:
    return lambda corpus: write_npz(corpus / "audio.npz", {**clip_arrays(), "-c2": values})


def stacked(**arrays: Any) -> Spoil:
    return lambda corpus: write_npz(
        corpus / "audio.npz", {name: np.asanyarray(value) for name, value in arrays.items()}
    )


def member(name: str, data: bytes) -> Spoil:
    def spoil(corpus: Path) -> None:
        with zipfile.ZipFile(corpus / "audio.npz", "a") as archive:
            archive.writestr(name, data)

    return spoil


def npy(values: np.ndarray, cut: int = 0) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()[: -cut or None]


def claiming(shape: tuple[int, ...]) -> bytes:
    """A .npy whose header claims more than follows."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return stream.getvalue() + b"1234"


def cut_archive(corpus: Path) -> None:
    whole = (corpus / "audio.npz").read_bytes()
    (corpus / "audio.npz").write_bytes(whole[: len(whole) // 2])


def flip_byte(corpus: Path) -> None:
    whole = bytearray((corpus / "audio.npz").read_bytes())
    whole[60] ^= 0xFF
    (corpus / "audio.npz").write_bytes(whole)


def doubled(corpus: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        member("-c1.npy", npy(np.ones((1, 4))))(corpus)


def both_tables(corpus: Path) -> None:
    (corpus / "clips.parquet").write_bytes(b"PAR1")


def broken_parquet(corpus: Path) -> None:
    (corpus / "clips.csv").unlink()
    (corpus / "clips.parquet").write_bytes(b"PAR1 and then nothing")


def both_forms(corpus: Path) -> None:
    (corpus / "audio").mkdir()
    np.save(corpus / "audio" / "-c0.npy", np.ones(4))


def npy_folder(data: bytes) -> Spoil:
    def spoil(corpus: Path) -> None:
        (corpus / "text").mkdir()
        (corpus / "text" / "-c1.npy").write_bytes(data)

    return spoil


def contradicting_rows(corpus: Path) -> None:
    rows = table_rows()
    write_csv(corpus / "clips.csv", [*rows, {**rows[2], "joy": "0.25"}])


def widths_apart(corpus: Path) -> None:
    write_npz(corpus / "audio.npz", {f"-c{i}": np.ones((4, 2 + i)) for i in range(6)})


HEAD = "clip,split,joy"
TABLES = {
    "no clip column": (lines("id,split,joy", "a,train,1"), r"column 'clip' in .*clips.csv, but got columns 'id'"),
    "clip column in capitals": (lines("Clip,split,joy", "a,train,1"), "rename 'Clip' to 'clip'"),
    "an empty file": (raw(b""), "an empty file"),
    "a header only": (lines(HEAD), "has a header only"),
    "no emotion": (lines("clip,split,_noise", "-c0,train,1"), "at least one emotion column"),
    "a column twice": (lines("clip,joy,joy", "-c0,1,1"), "'joy' is there twice"),
    "a column without a name": (lines(",clip,joy", "0,-c0,1"), r"column 1 has none.*index=False"),
    "too few cells": (lines(HEAD, "-c0,train"), r"3 cells in line 2 .*but got 2"),
    "too many cells": (lines(HEAD, "-c0,train,1,2"), r"3 cells in line 2 .*but got 4"),
    "an open quote": (lines(HEAD, '-c0,train,"1'), "check its quotes"),
    "no utf-8": (raw("clip,joy\nä,1\n".encode("latin-1")), "save it as CSV UTF-8"),
    "an empty id": (lines(HEAD, " ,train,1"), "id in column 'clip' of line 2"),
    "a label above 1": (lines(HEAD, "-c0,train,1.5"), r"'joy' of clip '-c0' \(line 2 .*\[0, 1\], but got 1.5"),
    "a label below 0": (lines(HEAD, "-c0,train,-1"), r"lie in \[0, 1\], but got -1"),
    "an infinite label": (lines(HEAD, "-c0,train,inf"), r"lie in \[0, 1\], but got inf"),
    "a label in words": (lines(HEAD, "-c0,train,loud"), "number in .0, 1. or empty, but got 'loud'"),
    "digits with an underscore": (lines(HEAD, "-c0,train,1_0"), "but got '1_0'"),
    "a point and a comma": (lines(HEAD, '-c0,train,"0.000,5"'), "but got '0.000,5'"),
    "an unknown split": (lines(HEAD, "-c0,learn,1"), r"split of clip '-c0' \(line 2 .*but got 'learn'"),
    "a start in words": (lines("clip,start,joy", "-c0,soon,1"), "start of clip '-c0'.*but got 'soon'"),
    "contradicting rows": (contradicting_rows, r"'-c2' stands in lines 4 and 8 with different content"),
    "two tables": (both_tables, "clips.csv and clips.parquet are there; remove all but one"),
    "a broken parquet": (broken_parquet, "parquet table, but it cannot be read"),
}
ARRAYS = {
    "no modality": (lambda corpus: (corpus / "audio.npz").unlink(), "there is none"),
    "a modality in two forms": (both_forms, "'audio' is both a file and a folder"),
    "no clip in common": (stacked(x=np.ones(3)), "such as '-c0', but it has 'x'"),
    "an empty archive": (stacked(), "but it has nothing"),
    "not a zip": (lambda corpus: (corpus / "audio.npz").write_bytes(b"hello"), "sound NumPy file"),
    "a cut zip": (cut_archive, "sound NumPy file"),
    "a flipped byte": (flip_byte, "'-c0' in .*cannot be read"),
    "a name twice": (doubled, "'-c1.npy' is there twice"),
    "not a .npy": (lambda corpus: (stacked(x=1)(corpus), member("-c0.npy", b"hello")(corpus)), "'-c0' in .*cannot be"),
    "a cut array": (npy_folder(npy(np.ones((2, 3)), cut=5)), r"-c1.npy to hold 48 bytes .* holds 43"),
    "an array that claims too much": (npy_folder(claiming((10**9, 10**6))), "to hold 4,000,000,000,000,000 bytes"),
    "a negative shape": (npy_folder(claiming((-1, -1))), "damaged or not what it claims"),
    "an absurd header": (npy_folder(b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 70000), "cannot be read"),
    "an object array": (array(np.array([{"a": 1}], dtype=object)), "'-c2' in .*Python objects, which are never read"),
    "complex numbers": (array(np.ones((2, 4), complex)), "real numbers, but its type is complex128"),
    "words": (array(np.array([["a", "b"]])), "real numbers, but its type is <U1"),
    "dates": (array(np.array(["2020-01-01"], "M8[D]")), "real numbers, but its type is datetime64"),
    "records": (array(np.zeros(2, [("a", "f4")])), "real numbers"),
    "three axes": (array(np.ones((2, 3, 4))), r"'-c2' in .*shape is \(2, 3, 4\)"),
    "no axis": (array(np.float32(3)), r"'-c2' in .*shape is \(\)"),
    "no common width": (widths_apart, "6 widths .*transpose them"),
    "stacked objects": (stacked(clip=np.array(["a"], object), values=np.ones((1, 2))), "'clip' in .*Python objects"),
    "stacked in three axes": (stacked(clip=["-c0"], values=np.ones((1, 2, 3))), r"'values' .*shape is \(1, 2, 3\)"),
    "ids in two axes": (stacked(clip=[["-c0"]], values=np.ones((1, 2))), "a list of ids"),
    "ids that are no text": (stacked(clip=np.array([b"\xff"]), values=np.ones((1, 2))), "UTF-8"),
    "ids that are fractions": (stacked(clip=[0.5], values=np.ones((1, 2))), "array of text, but its type is float64"),
    "rows without offsets": (stacked(clip=["-c0"], values=np.ones((3, 2))), "3 rows and no 'offsets'"),
    "too few offsets": (stacked(clip=["-c0"], values=np.ones((3, 2)), offsets=[3]), r"'offsets' has shape \(1,\)"),
    "falling offsets": (
        stacked(clip=["-c0", "-c1"], values=np.ones((3, 2)), offsets=[0, 4, 3]),
        r"clip '-c1' \(4 to 3\)",
    ),
    "offsets beyond the end": (
        stacked(clip=["-c0", "-c1"], values=np.ones((3, 2)), offsets=[0, 2, 9]),
        "they run from 0 to 9",
    ),
    "fractional offsets": (stacked(clip=["-c0"], values=np.ones((1, 2)), offsets=[0.0, 1]), "array of whole numbers"),
    "contradicting arrays": (stacked(clip=["-c0", "-c0"], values=[[1.0], [2]]), "'-c0' is there twice with different"),
    "zeros everywhere": (stacked(**{"-c0": np.zeros((2, 3))}), "every clip lacks all"),
}


@pytest.mark.parametrize(("spoil", "message"), [*TABLES.values(), *ARRAYS.values()], ids=[*TABLES, *ARRAYS])
def test_it_is_refused_in_one_sentence_and_nothing_is_written(corpus: Path, spoil: Spoil, message: str) -> None:
    spoil(corpus)
    with pytest.raises(SourceError, match=message) as caught:
        import_corpus(corpus, corpus.parent / "out" / "store", "table")
    sentence = str(caught.value)
    assert sentence.startswith("Expected ") and ", but " in sentence and "\n" not in sentence
    assert sentence.endswith(".") and len(sentence) < 500
    assert list((corpus.parent / "out").glob("**/*")) == []


class Hostile:
    """Unpickling this writes a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.target,))


@pytest.mark.parametrize("form", ["keyed", "stacked ids", "stacked values", "folder", "bare pickle"])
def test_a_hostile_array_runs_no_code(corpus: Path, tmp_path: Path, form: str) -> None:
    target = tmp_path / "executed"
    hostile = np.array([Hostile(target)], dtype=object)
    assert pickle.loads(pickle.dumps(Path("still"))) == Path("still")
    if form == "keyed":
        array(hostile)(corpus)
    elif form == "stacked ids":
        stacked(clip=hostile, values=np.ones((1, 2)))(corpus)
    elif form == "stacked values":
        stacked(clip=["-c0"], values=hostile)(corpus)
    else:
        npy_folder(npy(hostile) if form == "folder" else pickle.dumps(Hostile(target)))(corpus)
    with pytest.raises(SourceError):
        import_corpus(corpus, tmp_path / "store")
    assert not target.exists()


def test_the_hostile_array_of_these_tests_would_run_code(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([Hostile(tmp_path / "executed")], dtype=object))
    np.load(tmp_path / "a.npy", allow_pickle=True)
    assert (tmp_path / "executed").exists()


def test_an_archive_that_unpacks_to_far_too_much_is_refused(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "UNSUSPICIOUS_BYTES", 10**5)
    write_npz(corpus / "audio.npz", {"-c0": np.zeros((10**5, 4), np.float32)})
    with pytest.raises(SourceError, match=r"unpack to at most 100 times its size, but it declares 1,600,\d+ bytes"):
        import_corpus(corpus, corpus.parent / "store")


def test_one_clip_of_absurd_size_is_refused(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "LARGEST_ARRAY", 1000)
    array(np.ones((100, 4)))(corpus)
    with pytest.raises(SourceError, match=r"'-c2' in .* one clip of at most 1,000 bytes, but it declares 3,200"):
        import_corpus(corpus, corpus.parent / "store")


def test_a_source_that_is_nothing_known(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(SourceError, match="nothing is there"):
        import_corpus(tmp_path / "nowhere", tmp_path / "store")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=r"a folder with clips.csv .*but it is an empty folder"):
        import_corpus(tmp_path / "empty", tmp_path / "store")
    for name in ("votes.xlsx", "Folder/data.csv"):
        table = tmp_path / name
        table.parent.mkdir(exist_ok=True)
        table.touch()
        for place in {table, table.parent if "/" in name else table}:
            with pytest.raises(SourceError, match=rf"as clips.csv, .*but got .*{table.name}; save it"):
                import_corpus(place, tmp_path / "store")
    (tmp_path / "a.mp3").touch()
    with pytest.raises(SourceError, match="another kind of file"):
        import_corpus(tmp_path / "a.mp3", tmp_path / "store")
    with pytest.raises(SourceError, match=r"`format` to be one of .*table.*, but got 'excel'"):
        import_corpus(corpus, tmp_path / "store", "excel")
    with pytest.raises(ConfigError, match="but got `hue`"):
        import_corpus(corpus, tmp_path / "store", options=ImportOptions(extra={"hue": 1}))
    with pytest.raises(ConfigError, match=r"`present_at` to lie in \(0, 1\], but got 2"):
        import_corpus(corpus, tmp_path / "store", options=ImportOptions(present_at=2))


def test_a_store_is_no_corpus_and_is_not_overwritten_unasked(corpus: Path, tmp_path: Path) -> None:
    store = import_corpus(corpus, tmp_path / "store")
    with pytest.raises(SourceError, match="is a feature store already"):
        import_corpus(store.path, tmp_path / "other")
    with pytest.raises(StoreError, match="add `force=True` to replace it"):
        import_corpus(corpus, tmp_path / "store")
    with pytest.raises(StoreError, match="is something else; remove it yourself"):
        import_corpus(corpus, corpus, options=ImportOptions(force=True))


@pytest.mark.parametrize("closed", ["audio", "audio/part"])
def test_a_folder_of_arrays_that_cannot_be_looked_into_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    """Its clips would count as clips without the modality. It is closed by hand: root may look into every folder."""
    write_csv(tmp_path / "clips.csv", table_rows())
    write_npz(tmp_path / "text.npz", clip_arrays())
    (tmp_path / "audio" / "part").mkdir(parents=True)
    np.save(tmp_path / "audio" / "-c0.npy", np.ones((1, 2), np.float32))
    scan = os.scandir

    def refusing(path: Any) -> Any:
        if Path(path) == tmp_path / closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(SourceError, match=r"look into every folder.*cannot be read \(Permission denied\); check its"):
        import_corpus(tmp_path, tmp_path / "store", options=ImportOptions())
