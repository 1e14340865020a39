"""Cues as people have them: shown too long, with blank lines, with times that cannot be, with marks."""

import math
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.errors import SourceError
from tests.clips.words.transcripts import Shown, clock, read, srt

WORDS = st.lists(st.text("abcdefgh", min_size=1, max_size=8), min_size=1, max_size=6)
many = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def unique(parts: list[list[str]]) -> list[list[str]]:
    """The words, each made unlike all others, so that nothing repeats."""
    return [[f"{word}{k}x{n}" for n, word in enumerate(words)] for k, words in enumerate(parts)]


def test_captions_that_stay_while_the_next_appear_are_said_one_after_the_other(tmp_path: Path) -> None:
    cues: list[Shown] = [
        (0.1, 5.5, "so this is my garden and these"),
        (3.2, 6.7, "are the beans that I told you"),
        (5.5, 9.3, "about in the last video"),
    ]
    found = read(tmp_path, srt(cues))
    assert found.text == "so this is my garden and these are the beans that I told you about in the last video"
    assert found.words[6].end == pytest.approx(3.2) and found.words[7].start == pytest.approx(3.2)
    assert found.notes == ("transcript: 2 cues: still shown when the next begins, words put before that",)


def test_a_sentence_in_two_cues_of_one_time_keeps_its_order(tmp_path: Path) -> None:
    found = read(tmp_path, srt([(1, 4, "Why have you come"), (1, 4, "to my house?")]))
    assert found.text == "Why have you come to my house?"
    assert (found.words[0].start, found.words[-1].end) == (1, 4)


def test_somebody_who_is_spoken_into_speaks_on(tmp_path: Path) -> None:
    found = read(tmp_path, srt([(1, 9, "ANN: so this is my garden"), (4, 5, "BEN: oh"), (9, 11, "ANN: and these")]))
    spoken = {who: [(word.start, word.end) for word in found.words if word.speaker == who] for who in ("ANN", "BEN")}
    assert spoken["BEN"] == [(4, 5)] and spoken["ANN"][0][0] == 1 and spoken["ANN"][-1][1] == 11
    assert all(one[1] == pytest.approx(other[0]) for one, other in pairwise(spoken["ANN"]))
    assert found.notes == ()


@many
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(2, 80), st.sampled_from(["Ann", "Ben"]), WORDS), max_size=12),
    st.sampled_from(["Ann", "Ben"]),
)
def test_when_somebody_speaks_does_not_depend_on_others_who_do(
    tmp_path: Path, drawn: list[tuple[int, int, str, list[str]]], who: str
) -> None:
    texts, lines, own, now = unique([words for *_, words in drawn]), ["WEBVTT\n"], ["WEBVTT\n"], 0
    for (gap, length, speaker, _), words in zip(drawn, texts, strict=True):
        now += gap
        cue = f"{clock(now / 10)} --> {clock((now + length) / 10)}\n<v {speaker}>{' '.join(words)}\n"
        lines.append(cue)
        own += [cue] if speaker == who else []
    if len(own) > 1:
        both, alone = (read(tmp_path, "\n".join(each), "talk.vtt", duration=200.0).words for each in (lines, own))
        assert [word for word in both if word.speaker == who] == list(alone)


@many
@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0.2, 8), WORDS), min_size=1, max_size=12))
def test_overlapping_cues_keep_their_order_and_every_word_its_cue(
    tmp_path: Path, drawn: list[tuple[float, float, list[str]]]
) -> None:
    texts, cues, now = unique([words for *_, words in drawn]), list[Shown](), 0.0
    for (gap, length, _), words in zip(drawn, texts, strict=True):
        now = round(now + gap, 3)
        cues.append((now, round(now + length, 3), " ".join(words)))
    found = read(tmp_path, srt(cues), duration=200.0)
    assert found.text == " ".join(text for *_, text in cues)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(found.words))
    said = iter(found.words)
    for number, (start, end, text) in enumerate(cues):
        later = [other for other, *_ in cues[number + 1 :] if other > start + 0.05]
        for _ in text.split():
            word = next(said)
            assert start - 0.051 <= word.start < word.end <= min([end, *later[:1]]) + 1e-9
    overlapping = any(end > later[0] + 0.1 for (_, end, _), later in pairwise(cues))
    assert bool(found.notes) or not overlapping


@many
@given(
    st.lists(WORDS, min_size=1, max_size=6),
    st.data(),
    st.sampled_from(["\n", "\r\n", "\r", "\r\r\n"]),
    st.booleans(),
)
def test_blank_lines_anywhere_cost_no_word(
    tmp_path: Path, parts: list[list[str]], data: st.DataObject, line_end: str, webvtt: bool
) -> None:
    texts = unique(parts)
    lines = ["WEBVTT", ""] if webvtt else []
    blanks = st.integers(0, 2)
    for number, words in enumerate(texts):
        lines += [str(number + 1), *[""] * data.draw(blanks), f"{clock(2 * number)} --> {clock(2 * number + 1.5)}"]
        for word in words:
            lines += [*[""] * data.draw(blanks), word]
        lines += [""] * (1 + data.draw(blanks))
    found = read(tmp_path, line_end.join(lines), "talk.vtt" if webvtt else "talk.srt")
    assert [word.text for word in found.words] == [word for words in texts for word in words]
    starts = {word.text: word.start for word in found.words}
    assert [starts[words[0]] for words in texts] == [2.0 * number for number in range(len(texts))]


def test_a_number_that_is_said_is_a_word_and_one_that_counts_cues_is_none(tmp_path: Path) -> None:
    numbered = "1\n00:01.000 --> 00:02.000\nin\n\n1984\n\n2\n\n00:03.000 --> 00:04.000\n7\n\n"
    assert read(tmp_path, numbered).text == "in 1984 7"
    bare = "00:01.000 --> 00:02.000\nin\n1984\n\n00:03.000 --> 00:04.000\nI was\n7\n00:05.000 --> 00:06.000\nyears old"
    assert read(tmp_path, bare).text == "in 1984 I was 7 years old"


def test_names_and_notes_between_cues_of_webvtt_are_no_words(tmp_path: Path) -> None:
    content = (
        "WEBVTT - made by hand\nKind: captions\n\nNOTE seen\nand checked\n\nSTYLE\n::cue { color: red }\n\n"
        "opening\n00:01.000 --> 00:02.000 line:0\nCome in\n\nNOTE she waves\n\nthe answer\n00:03.000 --> 00:04.000\nThank you\n\nREGION\nid:a\n"
    )
    assert read(tmp_path, content, "talk.vtt").text == "Come in Thank you"


def test_marks_go_before_entities_are_read(tmp_path: Path) -> None:
    line = "I &lt;3 <b>you</b> &amp; un<i>believ</i>able {\\an8}cakes &gt;3<br>times"
    assert read(tmp_path, srt([(1, 2, line)])).text == "I <3 you & unbelievable cakes >3 times"


def test_words_with_times_of_their_own_keep_them(tmp_path: Path) -> None:
    content = "WEBVTT\n\n00:01.000 --> 00:04.000\nso<00:02.000><c> good</c><00:02.500><c> to see</c>\n"
    found = read(tmp_path, content, "talk.vtt")
    assert [(w.text, round(w.start, 3), round(w.end, 3)) for w in found.words] == [
        ("so", 1.0, 2.0),
        ("good", 2.0, 2.5),
        ("to", 2.5, 3.143),
        ("see", 3.143, 4.0),
    ]


@pytest.mark.parametrize(
    ("times", "start", "end", "note"),
    [
        ("00:00:03,200 --> 00:00:03,190", 3.2, 3.5, "impossible times, put between the neighbours"),
        ("-00:00:01,000 --> 00:00:03,000", 0.0, 2.0, "beginning before the file, taken from 0 s on"),
        ("00:00:03,200 --> 00:00:0x", 3.2, 3.5, "impossible times, put between the neighbours"),
        ("00:00:0y --> 00:00:03,400", 3.0, 3.4, "impossible times, put between the neighbours"),
        ("00:00:0y --> 00:00:0x", 3.0, 3.5, "impossible times, put between the neighbours"),
        ("00:00:09,000 --> 00:00:03,400", 3.0, 3.4, "impossible times, put between the neighbours"),
        ("00:00:07,000 --> 00:00:40,000", 7.0, 10.0, "lasting beyond the file, cut off at its end"),
        ("00:00:30,000 --> 00:00:40,000", None, None, "outside the file, left out"),
        ("00:00:30,000 --> 00:00:01,000", None, None, "impossible times, left out"),
    ],
)
def test_an_odd_cue_is_mended_or_left_out_and_counted_and_all_others_stay(
    tmp_path: Path, times: str, start: float | None, end: float | None, note: str
) -> None:
    content = (
        f"1\n00:00:02,000 --> 00:00:03,000\nfirst\n\n2\n{times}\nwelcome\n\n3\n00:00:03,500 --> 00:00:05,000\nlast\n"
    )
    found = read(tmp_path, content, duration=10.0)
    odd = [word for word in found.words if word.text == "welcome"]
    assert {word.text for word in found.words} >= {"first", "last"}
    assert f"transcript: 1 cue: {note}" in found.notes
    if start is None:
        assert not odd
    else:
        assert odd[0].start == pytest.approx(start) and odd[0].end == pytest.approx(end)


@many
@given(st.lists(st.tuples(st.floats(-50, 150), st.floats(-50, 150), WORDS), min_size=1, max_size=8))
def test_whatever_the_times_every_word_is_in_the_file_in_order_and_what_is_lost_is_counted(
    tmp_path: Path, drawn: list[tuple[float, float, list[str]]]
) -> None:
    def stamp(time: float) -> str:
        return f"{'-' if time < 0 else ''}{clock(abs(time))}"

    texts = unique([words for *_, words in drawn])
    content = "".join(
        f"{stamp(start)} --> {stamp(end)}\n{' '.join(words)}\n\n"
        for (start, end, _), words in zip(drawn, texts, strict=True)
    )
    try:
        found = read(tmp_path, content, duration=100.0)
    except SourceError as refused:
        assert "belongs to another video" in str(refused)
        return
    assert all(0 <= word.start <= word.end <= 100 and math.isfinite(word.end) for word in found.words)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(found.words))
    kept = {word.text for word in found.words}
    lost = sum(not kept.issuperset(words) for words in texts)
    assert lost == sum(int(note.split()[1]) for note in found.notes if "left out" in note)


def test_other_arrows_and_times_are_read(tmp_path: Path) -> None:
    content = "1 00:00:01,000 --> 00:00:02,000\none\n\n00:00:02,000 -> 00:00:03,000\ntwo\n\n00:00:03:500 –> 00:00:04:000\nthree --> 3\n"
    found = read(tmp_path, content)
    assert [(word.text, word.start) for word in found.words][:3] == [("one", 1.0), ("two", 2.0), ("three", 3.5)]


def test_a_file_of_headers_alone_holds_no_words_and_text_without_times_is_refused(tmp_path: Path) -> None:
    assert read(tmp_path, "WEBVTT\nKind: captions\nLanguage: en\n\nNOTE nothing was said\n\n", "talk.vtt").words == ()
    with pytest.raises(SourceError, match="found none"):
        read(tmp_path, "WEBVTT\n\nGood morning to you all\n", "talk.vtt")


def test_text_behind_the_times_is_said_and_settings_are_not(tmp_path: Path) -> None:
    behind = "00:00:01,000 --> 00:00:02,000 Good day\n\n00:00:03,000 --> 00:00:04,000 X1:40 X2:600\nto you\n\n"
    found = read(tmp_path, behind + "00:00:05,000 --> 00:00:06,000 line:0\n\n")
    assert [(found.text, found.words[0].start, found.words[2].start)] == [("Good day to you", 1.0, 3.0)]


def test_a_minus_within_a_time_costs_no_cue(tmp_path: Path) -> None:
    found = read(tmp_path, "1\n00:00:00,500 --> 00:00:01,000\nHello\n\n2\n00:00:-1,000 --> 00:00:02,000\nbye\n")
    assert found.text == "Hello bye" and found.words[1].end == 2.0
