"""Which file is written where: by the name, one per recording where asked, never over what is there or would be read back."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lddu.clips.face import action_units
from lddu.clips.words.beside import beside
from lddu.errors import ConfigError, MismatchError, RunError
from lddu.exports.answered import Answered
from lddu.exports.formats import FORMATS, format_of
from lddu.exports.writing import check_export, write_export
from tests.exports.made_up import talk, with_table

TIMED = [kind.ending for kind in FORMATS if kind.timed]
ONE_MEDIUM = [kind.ending for kind in FORMATS if kind.one_medium]
ALL = pytest.mark.parametrize("ending", [kind.ending for kind in FORMATS])


def together(*parts: Answered) -> Answered:
    return with_table(("joy", "fear"), [clip for part in parts for clip in part.clips])


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("talk.eaf", ".eaf"), ("talk.TEXTGRID", ".TextGrid"), ("a.b.SRT", ".srt"), ("all.csv", ".csv"), ("all.wide.csv", ".wide.csv"),
        ("all_long.csv", ".long.csv"), ("long.csv", ".long.csv"), ("belong.csv", ".csv"), ("sub-01_events.tsv", ".events.tsv"),
        ("talk.boris.csv", ".boris.csv"),
    ],
)  # fmt: skip
def test_the_name_says_the_format(name: str, ending: str) -> None:
    assert format_of(Path(name)).ending == ending


@pytest.mark.parametrize("name", ["talk", "talk.txt", "talk.tsv", "talk-srt", "talk.xlsx"])
def test_a_name_that_says_none_is_refused_with_those_that_exist(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"ends in \.srt, .* or \.jsonl, but got {name}; rename it"):
        format_of(Path(name))


@ALL
def test_a_file_is_written_whole_and_replaced_only_if_asked(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "new" / f"x{ending}"
    assert write_export(talk("a"), path).files == (path,)
    before = path.read_bytes()
    with pytest.raises(RunError, match="to be free, but it exists; choose another or add `force=True`"):
        write_export(talk("a", "b"), path)
    assert path.read_bytes() == before
    write_export(talk("a", "b", "c"), path, force=True)
    assert path.read_bytes() != before and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("ending", ONE_MEDIUM)
def test_several_recordings_in_a_file_of_one_are_refused_with_the_way_to_have_them(tmp_path: Path, ending: str) -> None:
    both = together(talk("a", file="a/x.mp4"), talk("b", file="y.wav"))
    with pytest.raises(ConfigError) as fault:
        write_export(both, tmp_path / f"all{ending}")
    assert f"write a file for each, as {tmp_path / ('{name}' + ending)} does" in str(fault.value)
    found = write_export(both, tmp_path / ("{name}" + ending))
    assert found.files == (tmp_path / f"x{ending}", tmp_path / f"y{ending}") and found.left_out == ()


def test_recordings_of_one_name_get_files_of_their_own(tmp_path: Path) -> None:
    every = together(*(talk("a", file=file) for file in ("a/x.mp4", "b/X.mp4", "c/x.wav", "d/x.mp4")))
    names = [file.name for file in write_export(every, tmp_path / "{name}.long.csv").files]
    assert names == ["x.long.csv", "X.mp4.long.csv", "x.wav.long.csv", "x.mp4-2.long.csv"]
    assert (
        "b/X.mp4" in (tmp_path / "X.mp4.long.csv").read_text()
        and "a/x.mp4" not in (tmp_path / "X.mp4.long.csv").read_text()
    )


@pytest.mark.parametrize("ending", TIMED)
@pytest.mark.parametrize("odd", [{"start": math.nan}, {"end": 0.0}], ids=["unknown", "photo"])
def test_clips_without_a_time_are_left_out_and_counted(tmp_path: Path, ending: str, odd: dict[str, Any]) -> None:
    timeless = replace(talk("b").clips[0], clip="still", **odd)
    words = replace(talk("c", file="notes.txt").clips[0], clip="notes")
    mixed = with_table(("joy", "fear"), [*talk("a").clips, timeless, words])
    found = write_export(mixed, tmp_path / f"x{ending}")
    assert found.left_out == ("still", "notes")
    assert found.notes == [
        f"2 clips without a known time in a recording are not in {tmp_path / f'x{ending}'}: still, notes"
    ]
    text = (tmp_path / f"x{ending}").read_text()
    assert "notes" not in text and "still" not in text


@pytest.mark.parametrize("ending", TIMED)
def test_words_alone_have_no_time_and_are_refused_in_one_sentence(tmp_path: Path, ending: str) -> None:
    with pytest.raises(MismatchError, match=r"a time in a video or sound for .* but none has one; export \.csv"):
        write_export(talk("a", file="notes.txt"), tmp_path / f"x{ending}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [kind.ending for kind in FORMATS if not kind.timed])
def test_a_table_needs_no_times(tmp_path: Path, ending: str) -> None:
    assert write_export(talk("a", file="notes.txt"), tmp_path / f"x{ending}").left_out == ()


READ_BACK = [
    "talk.srt", "talk.VTT", "talk.mp4.vtt", "talk.en.srt", "talk.emo.vtt", "talk.csv", "clips.csv", "clips.parquet",
]  # fmt: skip


@pytest.mark.parametrize("name", READ_BACK)
def test_a_name_under_which_the_answers_would_be_read_as_input_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=rf"would be read as .*; call it {Path(name).stem}\.emotions"):
        check_export(tmp_path / name, True, [str(tmp_path / "talk.mp4")])


@ALL
def test_a_name_that_is_taken_is_read_as_no_input(tmp_path: Path, ending: str) -> None:
    media = tmp_path / "talk.mp4"
    media.touch()
    write_export(talk("a", file=str(media)), tmp_path / f"talk.emotions{ending}")
    assert beside(media) is None and action_units.beside(media) is None


@pytest.mark.parametrize("name", [name for name in READ_BACK if not name.startswith("clips")])
def test_what_is_refused_would_have_been_read(tmp_path: Path, name: str) -> None:
    media = tmp_path / "talk.mp4"
    media.touch()
    (tmp_path / name).write_text("x")
    seen = beside(media) or action_units.beside(media)
    assert seen == tmp_path / name or name == "talk.VTT"  # a file system may tell cases apart


def test_places_that_cannot_be_written_are_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "x.eaf").mkdir()
    with pytest.raises(RunError, match="file is a file, not a folder"):
        check_export(tmp_path / "file" / "x.eaf", False)
    with pytest.raises(RunError, match="but it is a folder"):
        check_export(tmp_path / "x.eaf", True)
    with pytest.raises(ConfigError, match="in the name of the file alone"):
        check_export(tmp_path / "{name}" / "x.eaf", False)
    (tmp_path / "talk.srt").touch()
    with pytest.raises(RunError, match="to be free"):
        check_export(tmp_path / "{name}.srt", False, ["elsewhere/talk.mp4"])


def test_a_name_per_recording_needs_known_files(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match=r"known files for .*; leave \{name\} out"):
        write_export(talk("a", file=""), tmp_path / "{name}.csv")
