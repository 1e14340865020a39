"""Who is in a file: a face is a speaker's where it can be nobody else's, and what is not known is counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.clips.face.pictures import FaceTrack
from lddu.clips.people import parts_of, people_in
from lddu.clips.segments import Span
from lddu.clips.spans import NamedSpan
from lddu.clips.steps import Steps
from lddu.clips.words.transcript import Transcript
from lddu.clips.words.word import Word
from lddu.store.extraction_notes import UNKNOWN

LOOKED = np.arange(0, 10, 0.1)


def spoken(*said: tuple[str, float, float, str], timed: bool = True) -> Transcript:
    return Transcript(tuple(Word(*one) for one in said), timed)


def faces(*shown: tuple[float, float]) -> FaceTrack:
    """A track for each, seen between two times."""
    times = [LOOKED[(start <= LOOKED) & (end > LOOKED)] for start, end in shown]
    people = tuple(Steps(np.full((len(t), 2), n, np.float32), t, t + 0.1) for n, t in enumerate(times))
    main = people[0] if people else Steps.none(2)
    return FaceTrack(main, LOOKED, np.full(len(LOOKED), len(shown) > 1), (), people)


DIALOGUE = spoken(("hello", 0, 5, "Ann"), ("hi", 5, 10, "Ben"))


def names(transcript: Transcript, face: FaceTrack, sound: bool = True) -> dict[str, bool]:
    """Name -> whether a face is theirs."""
    found = people_in([transcript], face, 10.0, sound)
    return {person.name: person.face is not None for person in found.persons}


def test_the_only_face_of_the_only_speaker_is_theirs() -> None:
    assert names(spoken(("hello", 0, 10, "Ann")), faces((0, 10))) == {"Ann": True}


def test_a_face_that_is_seen_while_one_of_two_speaks_is_theirs() -> None:
    assert names(DIALOGUE, faces((0, 5))) == {"Ann": True, "Ben": False}


@pytest.mark.parametrize("shown", [[(0, 10)], [(0, 2)], [(3, 8)], [(0, 5), (5, 10)], [(0, 10), (0, 10)]])
def test_a_face_that_may_be_another_s_is_a_person_of_its_own(shown: list[tuple[float, float]]) -> None:
    expected = {"Ann": False, "Ben": False} | {f"face {n + 1}": True for n in range(len(shown))}
    assert names(DIALOGUE, faces(*shown)) == expected


def test_a_voice_over_footage_of_somebody_has_no_face() -> None:
    assert names(spoken(("hello", 0, 10, "Ann")), faces((0, 3))) == {"Ann": False, "face 1": True}


def test_where_nobody_is_named_one_face_is_that_of_whoever_it_is() -> None:
    assert names(spoken(("hello", 0, 10, "")), faces((0, 10))) == {UNKNOWN: True}
    assert names(spoken(), faces((0, 10))) == {UNKNOWN: True}
    assert names(spoken(), faces((0, 10)), sound=False) == {"face 1": True}
    assert names(spoken(("hello", 0, 10, "")), faces((0, 10), (0, 10))) == {
        UNKNOWN: False,
        "face 1": True,
        "face 2": True,
    }


def test_names_that_say_nothing_are_none_and_faces_have_names_of_their_own() -> None:
    found = names(
        spoken(("a", 0, 3, "Unknown Speaker"), ("b", 3, 6, "face 1"), ("c", 6, 9, "?")), faces((0, 9), (0, 9))
    )
    assert list(found) == ["face 1", UNKNOWN, "face 2", "face 3"]


def test_seconds_and_words_of_nobody_are_counted() -> None:
    transcript = spoken(("so", 0, 4, "Ann"), ("oh", 3, 5, "Ben"), ("what", 7, 8, ""))
    assert people_in([transcript], faces(), 10.0, True).notes == (
        "1 of 3 words without a speaker",
        "4.9 of 10.0 s without a known speaker",
        "several people speak at once for 1.0 s, which is left out of their voices",
    )


def test_names_without_times_give_words_and_no_voice() -> None:
    found = people_in([spoken(("a", 0, 5, "Ann"), ("b", 5, 10, "Ben"), timed=False)], faces(), 10.0, True)
    assert found.turns(0.0, 10.0) == {} and "no times" in found.notes[-1]
    alone = people_in([spoken(("a", 0, 10, "Ann"), timed=False)], faces(), 10.0, True)
    assert alone.turns(0.0, 10.0) == {"Ann": (Span(0.0, 10.0),)}


@given(
    st.lists(
        st.tuples(st.floats(0, 9), st.floats(0.02, 1), st.sampled_from(["Ann", "Ben", "Cy", "", "?"])), max_size=9
    ),
    st.lists(st.floats(0, 10), min_size=1, max_size=3).map(sorted),
)
def test_every_word_of_a_clip_is_one_person_s(said: list[tuple[float, float, str]], cuts: list[float]) -> None:
    transcript = spoken(*((f"w{n}", start, start + long, who) for n, (start, long, who) in enumerate(said)))
    people = people_in([transcript], faces((0, 10)), 10.0, True)
    spans = [
        NamedSpan(f"c{n}", a, b) for n, (a, b) in enumerate(zip([0.0, *cuts], [*cuts, 11.0], strict=True)) if a < b
    ]
    parts = parts_of(people, [(span, transcript) for span in spans])
    assert sorted(word.text for part in parts for word in part.words) == sorted(w.text for w in transcript.words)
    assert len({people.clip(part) for part in parts}) == len(parts)
    for part in parts:
        start, end = part.clip.placed()
        assert all(start <= turn.start < turn.end <= end for turn in part.turns)
