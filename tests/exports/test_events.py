"""Tables of events, read back by pandas: only what is present or in doubt, under names that nobody takes for one another."""

import io
from pathlib import Path

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.exports.answered import Answered
from lddu.exports.events import BORIS, PLAIN, boris_events, plain_events
from lddu.exports.text import one_line
from lddu.exports.timing import intervals
from tests.exports.made_up import answered, talk, with_table

TEXT = dict.fromkeys(("trial_type", "emotion", "clip", "Behavior", "Subject", "Comment start"), str)
SEPARATORS = pytest.mark.parametrize("separator", [",", "\t"])


def read(written: str, separator: str) -> pandas.DataFrame:
    return pandas.read_csv(io.StringIO(written), sep=separator, keep_default_na=False, dtype=TEXT)


@SEPARATORS
def test_what_cannot_be_told_is_a_behaviour_of_its_own(separator: str) -> None:
    plain = read(plain_events(separator)(talk("a", "b", "c"), Path()), separator)
    assert plain["trial_type"].tolist() == ["joy", "can't tell joy"]
    assert plain[["onset", "duration"]].to_numpy().tolist() == [[0, 2], [4, 2]]
    boris = read(boris_events(separator)(talk("a", "b", "c"), Path()), separator)
    assert boris["Behavior"].tolist() == ["joy", "can't tell joy"] and set(boris["Behavior type"]) == {"STATE"}
    assert boris[["Start (s)", "Stop (s)", "Duration (s)"]].to_numpy().tolist() == [[0, 2, 2], [4, 6, 2]]
    assert boris["Comment start"].tolist() == ["talk#000: probability 0.750", "talk#002: probability 0.750"]
    assert set(boris["Media file name"]) == {"talk.mp4"} and set(boris["Subject"]) == {"No focal subject"}


@SEPARATORS
@given(found=answered())
def test_events_are_read_back(separator: str, found: Answered) -> None:
    plain, boris = (read(write(separator)(found, Path()), separator) for write in (plain_events, boris_events))
    told = sorted(
        (one.start, one.end, one_line(emotion if verdict == "present" else f"can't tell {emotion}"), one.clip.clip)
        for one in intervals(found.clips)
        for emotion, verdict in one.clip.verdict.items()
        if verdict != "absent"
    )
    onset, length = (plain[name].astype(float) * 1000 for name in ("onset", "duration"))
    ends = (onset + length).round().astype(int)
    assert (
        sorted(zip(onset.round().astype(int), ends, plain["trial_type"].astype(str), plain["clip"], strict=True))
        == told
    )
    start, stop = ((boris[name].astype(float) * 1000).round().astype(int) for name in ("Start (s)", "Stop (s)"))
    clips = boris["Comment start"].astype(str).str.split(":").str[0]
    assert sorted(zip(start, stop, boris["Behavior"].astype(str), clips, strict=True)) == told


def test_a_table_without_events_has_its_header() -> None:
    nothing = with_table(("joy",), [])
    assert plain_events("\t")(nothing, Path()) == "\t".join(PLAIN) + "\n"
    assert boris_events(",")(nothing, Path()) == ",".join(BORIS) + "\n"


@given(st.permutations(["b.mp4", "a.mp4"]))
def test_events_of_several_recordings_are_by_recording(order: list[str]) -> None:
    parts = [talk("x", "y", "z", file=file).clips for file in order]
    found = read(
        plain_events(",")(with_table(("joy", "fear"), [c for pair in zip(*parts, strict=True) for c in pair]), Path()),
        ",",
    )
    assert found["file"].tolist() == [order[0]] * 2 + [order[1]] * 2
    assert found["onset"].tolist() == [0, 4, 0, 4]


def test_a_speaker_is_the_subject() -> None:
    [clip] = talk("a").clips
    spoken = type(clip)(**{**vars(clip), "speaker": "Ann"})
    assert read(boris_events(",")(with_table(("joy", "fear"), [spoken]), Path()), ",")["Subject"].tolist() == ["Ann"]
