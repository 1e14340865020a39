"""A broken file is named in one sentence and never stops the others."""

import csv
import json
import os
import shutil
from pathlib import Path

import pytest

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extract import Extraction, extract
from lddu.commands.extract import extract as extract_command
from lddu.errors import ConfigError, RunError, SourceError, StoreError
from lddu.pages.clip_page import refuse_foreign_folder
from lddu.store.store import FeatureStore
from tests.clips.bad_files import BAD


@pytest.fixture(scope="module")
def bad_folder(tmp_path_factory: pytest.TempPathFactory, talking: Path) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    for name, bad in BAD.items():
        bad.make(folder / f"{name}{bad.suffix}", talking)
    (folder / "good.mp4").write_bytes(talking.read_bytes())
    (folder / "folder.mp4").mkdir()
    return folder


@pytest.fixture(scope="module")
def outcome(bad_folder: Path) -> Extraction:
    return extract([str(bad_folder)], bad_folder.parent / "bad_store", jobs=1)


def test_there_are_enough_bad_inputs() -> None:
    assert len(BAD) >= 25


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_in_one_sentence(name: str, outcome: Extraction) -> None:
    reasons = [failure.reason for failure in outcome.failures if Path(failure.file).stem == name]
    assert len(reasons) == 1, f"{name} was extracted"
    assert BAD[name].says in reasons[0]
    assert reasons[0].startswith("Expected ") and "\n" not in reasons[0] and name in reasons[0]


def test_the_good_file_among_the_bad_is_done_and_the_store_names_the_bad(outcome: Extraction) -> None:
    store = FeatureStore(outcome.store)
    assert store.table.clip.tolist() == ["good"]
    failed = store.manifest["source"]["failed"]
    assert {Path(entry["file"]).stem for entry in failed} == set(BAD)
    assert f"{len(BAD)} of {len(BAD) + 1} files could not be extracted" in store.manifest["warnings"][0]


def test_the_command_exits_1_when_a_file_failed_and_names_it(
    tmp_path: Path, talking: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"")
    assert extract_command([str(talking), str(broken)], out=tmp_path / "store", json=True) == 1
    told = capsys.readouterr()
    assert "it is empty (0 bytes)" in told.err
    assert json.loads(told.out)["clips"] == 1


def test_a_single_file_that_fails_is_named_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(SourceError, match="it is empty"):
        extract_command([str(tmp_path / "a.mp4")], out=tmp_path / "store")
    assert "it is empty" not in capsys.readouterr().err


def test_where_no_bar_is_seen_finished_files_are_lines(
    tmp_path: Path, talking: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "wordless.mp4"
    clip.write_bytes(talking.read_bytes())
    assert extract_command([str(clip)], out=tmp_path / "store") == 0
    told = capsys.readouterr()
    assert f"extracted 1 of 1: {clip}" in told.err
    assert "noted: no transcript (1 clip)" in told.out


def test_a_clip_that_a_manifest_ends_after_its_file_ends_with_the_file(tmp_path: Path, talking: Path) -> None:
    (tmp_path / "clips.csv").write_text(f"file,start,end\n{talking},0.5,99\n")
    store = FeatureStore(extract([str(tmp_path)], tmp_path / "store").store)
    [file] = store.manifest["source"]["files"]
    end = float(store.table.end[0])
    assert end < 10 and f"ends with its file at {end:.1f} s, not at 99 s" in next(iter(file["notes"].values()))


def test_a_name_that_is_no_text_costs_its_file_alone(tmp_path: Path, talking: Path) -> None:
    shutil.copy(talking, tmp_path / "good.mp4")
    shutil.copy(talking, tmp_path / os.fsdecode(b"bad\xff.mp4"))
    result = extract([str(tmp_path)], tmp_path / "store")
    assert result.clips == 1 and [Path(failure.file).name for failure in result.failures] == ["bad?.mp4"]
    assert "Expected a file name in UTF-8" in result.failures[0].reason


def test_when_all_files_fail_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(SourceError, match="it is empty"):
        extract([str(tmp_path / "a.mp4")], tmp_path / "store")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4"]


MANIFESTS = {
    "no file column": ("clip,happy\na,1\n", "a column 'file'"),
    "a comma in a cell": ("file,transcript\na.mp4,hello, world\n", "2 cells in line 2"),
    "a cell too few": ("file,split,happy\na.mp4,train\n", "3 cells in line 2"),
    "no lines": ("file,happy\n", "at least one clip"),
    "empty file": ("file,happy\n,1\n", "a file in column 'file' of line 2"),
    "label too large": ("file,happy\na.mp4,3\n", "to lie in [0, 1], but got 3"),
    "label no number": ("file,happy\na.mp4,loud\n", "number in [0, 1] or empty, but got 'loud'"),
    "unknown split": ("file,split\na.mp4,learn\n", "to be one of train, valid"),
    "clip twice": ("file,clip\na.mp4,x\nb.mp4,x\n", "'x' stands in lines 2 and 3"),
    "column twice": ("file,happy,happy\na.mp4,1,1\n", "'happy' is there twice"),
    "start no number": ("file,start\na.mp4,soon\n", "the start of clip 'a' (line 2"),
    "start infinite": ("file,start\na.mp4,inf\n", "to be seconds or empty, but got inf"),
    "not there": ("file\nnowhere.mp4\n", "it is not there"),
    "ends before it begins": ("file,start,end\ntalk.mp4,1.0,0.5\n", "it goes from 1 to 0.5 s"),
    "begins after the end": ("file,start\ntalk.mp4,99\n", "to lie within"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_wrong_manifest_is_refused_with_the_line(name: str, tmp_path: Path, talking: Path) -> None:
    content, says = MANIFESTS[name]
    (tmp_path / "talk.mp4").write_bytes(talking.read_bytes())
    (tmp_path / "clips.csv").write_text(content)
    with pytest.raises(SourceError) as told:
        extract([str(tmp_path)], tmp_path / "store")
    assert says in str(told.value)


def test_a_manifest_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_bytes("file\nfröhlich.mp4\n".encode("latin-1"))
    with pytest.raises(SourceError, match="UTF-8"):
        extract([str(tmp_path)], tmp_path / "store")


def test_inputs_that_mean_no_clip_are_refused(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(SourceError, match="found none"):
        extract([str(tmp_path)], tmp_path / "store")
    with pytest.raises(SourceError, match="at least one clip"):
        extract([], tmp_path / "store")
    with pytest.raises(SourceError, match=r"Expected the manifest .* alone"):
        extract([str(corpus), str(tmp_path)], tmp_path / "store")
    with pytest.raises(SourceError, match="it is not there"):
        extract([str(tmp_path / "none.csv")], tmp_path / "store")


def test_settings_out_of_range_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`longest`"):
        ExtractorConfig(longest=0.1)
    with pytest.raises(ConfigError, match="--jobs"):
        extract_command(["a.mp4"], out=tmp_path / "store", jobs=0)
    with pytest.raises(ConfigError, match="--update or --force"):
        extract_command(["a.mp4"], out=tmp_path / "store", update=True, force=True)


def test_a_place_that_is_taken_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    with pytest.raises(StoreError, match="to be free"):
        extract(["nowhere.mp4"], tmp_path / "store")


def test_a_place_below_a_file_is_refused_and_not_blamed_on_the_clips(tmp_path: Path, talking: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(RunError, match=r"a place for .*taken/store, but .*taken is a file, not a folder"):
        extract([str(talking)], tmp_path / "taken" / "store")


def test_files_that_a_manifest_does_not_name_are_said(
    tmp_path: Path, talking: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.mp4").write_bytes(talking.read_bytes())
    (tmp_path / "clips.csv").write_text("file\na.mp4\n")
    assert extract_command([str(tmp_path)], out=tmp_path / "store") == 0
    told = f"warning: the manifest does not name 1 media file of its folder: {tmp_path / 'b.mp4'}; left out"
    assert told in capsys.readouterr().err
    assert extract_command([str(tmp_path / "clips.csv")], out=tmp_path / "again") == 0
    assert "does not name" not in capsys.readouterr().err


def test_a_named_clip_in_a_manifest_that_shows_nothing_fails_by_name(tmp_path: Path, talking: Path) -> None:
    BAD["silent_and_dark"].make(tmp_path / "dark.mp4", talking)
    (tmp_path / "talk.mp4").write_bytes(talking.read_bytes())
    with (tmp_path / "clips.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["file", "clip"], ["dark.mp4", "night"], ["talk.mp4", "day"]])
    result = extract([str(tmp_path)], tmp_path / "store")
    assert result.clips == 1
    assert "'night'" in result.failures[0].reason


def test_a_place_for_the_page_below_a_file_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"a place for .*page, but .*file is a file, not a folder"):
        refuse_foreign_folder(tmp_path / "file" / "page", force=False)
