"""Turns of speakers: nobody is given a moment in which somebody else speaks, and one who speaks throughout gets all of it."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.clips.segments import Span
from lddu.clips.words.turns import PAUSE, Turns, turns
from lddu.clips.words.word import Word

START, END = 1.0, 9.0
WORDS = st.lists(
    st.builds(
        lambda start, length, who: Word("so", start, start + length, who),
        st.floats(0, 10).map(lambda t: round(t, 2)),
        st.sampled_from([0.0, 0.02, 0.3, 1.5]),
        st.sampled_from(["Ann", "Ben", ""]),
    ),
    max_size=12,
)


def said(who: str, *spans: tuple[float, float]) -> list[Word]:
    return [Word("so", start, end, who) for start, end in spans]


def seconds(found: Turns) -> float:
    return sum(span.end - span.start for spans in found.alone.values() for span in spans)


@given(WORDS, st.randoms(use_true_random=False))
def test_the_order_of_words_changes_no_turn(words: list[Word], rng: random.Random) -> None:
    shuffled = rng.sample(words, len(words))
    assert turns(shuffled, START, END) == turns(words, START, END)


@given(WORDS)
def test_a_turn_is_one_speaker_s_alone(words: list[Word]) -> None:
    found = turns(words, START, END)
    every = sorted((span for spans in found.alone.values() for span in spans), key=lambda span: span.start)
    assert all(START <= span.start < span.end <= END for span in every)
    assert all(left.end <= right.start for left, right in pairwise(every))
    for who, spans in found.alone.items():
        for span in spans:
            others = [w for w in words if w.speaker != who and w.start < span.end and w.end > span.start]
            assert all(w.start == w.end for w in others)


@given(WORDS)
def test_seconds_alone_together_and_of_nobody_are_all_there_are(words: list[Word]) -> None:
    found = turns(words, START, END)
    assert 0 <= found.known <= END - START + 1e-9
    assert seconds(found) + found.together <= END - START + 1e-9
    named = seconds(Turns({who: s for who, s in found.alone.items() if who}, 0, 0))
    assert named <= found.known + 1e-9


@given(st.lists(st.floats(0.01, PAUSE - 0.01), min_size=1, max_size=20), st.sampled_from(["Ann", ""]))
def test_who_speaks_throughout_has_all_of_it(pauses: list[float], who: str) -> None:
    words, at = list[Word](), 0.0
    for pause in pauses:
        words.append(Word("so", at + pause, at + pause + 0.2, who))
        at += pause + 0.2
    assert turns(words, 0.0, at + 0.3).alone == {who: (Span(0.0, at + 0.3),)}


def test_what_is_said_at_once_is_nobody_s_and_counted() -> None:
    found = turns(said("Ann", (0, 5)) + said("Ben", (4, 8)), 0.0, 8.0)
    assert found.alone == {"Ann": (Span(0.0, 4),), "Ben": (Span(5, 8),)}
    assert found.together == 1.0 and found.known == 8.0


def test_a_word_between_parts_the_turn_around_it() -> None:
    found = turns(said("Ann", (0, 2), (2.6, 5)) + said("Ben", (2.2, 2.4)), 0.0, 5.0)
    assert [round(edge, 2) for span in found.alone["Ann"] for edge in (span.start, span.end)] == [0, 2.1, 2.5, 5]
    assert found.together == 0.0


def test_a_long_pause_is_nobody_s_but_for_a_breath() -> None:
    found = turns(said("Ann", (3, 4), (7, 8)), 0.0, 8.5)
    assert [edge for span in found.alone["Ann"] for edge in (span.start, span.end)] == pytest.approx(
        [2.9, 4.1, 6.9, 8.5]
    )
    assert found.known == pytest.approx(1.2 + 1.6)


def test_words_without_a_speaker_are_no_known_speaker_s() -> None:
    found = turns(said("", (0, 4)), 0.0, 4.0)
    assert found.alone == {"": (Span(0.0, 4),)} and found.known == 0.0
