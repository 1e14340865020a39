"""What a person showed over a whole recording is the sum of what is said of their clips, by length."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.commands.answer_table import show_people
from lddu.runs.explained import ClipAnswers
from tests.runs.test_per_clip import EMOTIONS, answers

CLIPS = st.lists(
    st.tuples(st.sampled_from(["a.mp4", "b.mp4"]), st.sampled_from(["Ann", "face 1"]), st.integers(1, 5)),
    min_size=1,
    max_size=8,
)


def of_people(clips: list[tuple[str, str, int]]) -> ClipAnswers:
    """One clip each: its file, whom it is about, and seconds, one after another."""
    edges = np.cumsum([0, *(seconds for *_, seconds in clips)]).astype(float).tolist()
    files, persons, _ = map(list, zip(*clips, strict=True))
    starts, ends = map(list, zip(*pairwise(edges), strict=True))
    return replace(answers(len(clips)), file=files, start=starts, end=ends, person=persons)


@given(CLIPS)
def test_each_person_of_each_file_is_counted_by_the_length_of_their_clips(clips: list[tuple[str, str, int]]) -> None:
    found = of_people(clips)
    assert [(one.file, one.person) for one in found.people()] == list(dict.fromkeys(clip[:2] for clip in clips))
    for one in found.people():
        rows = [n for n, clip in enumerate(clips) if clip[:2] == (one.file, one.person)]
        # a second at a time, as if each were a clip of its own
        seconds = [n for n in rows for _ in range(clips[n][2])]
        assert (one.clips, one.seconds) == (len(rows), len(seconds))
        assert list(one.present.values()) == pytest.approx(found.label[seconds].mean(axis=0).tolist())
        assert list(one.probability.values()) == pytest.approx(found.probability[seconds].mean(axis=0).tolist())


def test_what_the_run_cannot_tell_counts_for_nothing() -> None:
    found = of_people([("a.mp4", "Ann", 1), ("a.mp4", "Ann", 3)])
    label, silent = (
        np.array([[True, True, True], [False, False, False]]),
        np.array([[False, True, False], [True, True, False]]),
    )
    [one] = replace(found, predictions=replace(found.predictions, label=label, abstained=silent)).people()
    assert one.present == {"joy": 1.0, "anger": None, "fear": 0.25}


def test_without_times_every_clip_counts_the_same() -> None:
    found = replace(
        of_people([("chat.txt", "Ann", 1), ("chat.txt", "Ann", 3)]), start=[math.nan] * 2, end=[math.nan] * 2
    )
    [one] = found.people()
    assert one.seconds is None and list(one.present.values()) == found.label.mean(axis=0).tolist()


def test_nobody_is_summed_up_where_clips_are_about_no_person() -> None:
    assert answers(3).people() == ()


def test_a_line_per_person_is_printed_where_somebody_has_several_clips(capsys: pytest.CaptureFixture[str]) -> None:
    show_people(of_people([("a.mp4", "[b]Ann", 1), ("a.mp4", "Ben", 1)]).people(), EMOTIONS)
    assert capsys.readouterr().out == ""
    found = of_people([("a.mp4", "[b]Ann", 1), ("a.mp4", "Ben", 1), ("a.mp4", "Ben", 3)]).people()
    show_people(found, EMOTIONS)
    _, head, ann, ben = capsys.readouterr().out.splitlines()
    assert head.split() == ["person", "clips", "seconds", *EMOTIONS]
    assert ann.split()[:3] == ["[b]Ann", "1", "1.0"] and ben.split()[:3] == ["Ben", "2", "4.0"]
    assert ben.count("%") == 3
