"""A `.txt` is what is in it: lines with times are read at their times, or refused; words alone stay words."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.errors import SourceError
from tests.clips.words.transcripts import clock, read

Line = Callable[[int, float, float, str], str]

FORMS: dict[str, Line] = {
    "whisper": lambda n, a, b, text: f"[{clock(a)[3:]} --> {clock(b)[3:]}]  {text}",
    "whisper, an hour": lambda n, a, b, text: f"[{clock(a)} --> {clock(b)}]   {text}",
    "faster-whisper": lambda n, a, b, text: f"[{a:.2f}s -> {b:.2f}s] {text}",
    "bracketed seconds": lambda n, a, b, text: f"({a:.2f} - {b:.2f}) {text}",
    "iemocap": lambda n, a, b, text: f"Ses03M_script01_1_F{n:03d} [{a:08.4f}-{b:08.4f}]: {text}",
    "mosei": lambda n, a, b, text: f"x-_9Y w1Q___{n}___{a:.4f}___{b:.4f}___{text}".replace(" ", "", 1),
    "label track": lambda n, a, b, text: f"{a:.6f}\t{b:.6f}\t{text}",
    "seconds": lambda n, a, b, text: f"{a:.3f} {b:.3f} {text}",
    "utterance and seconds": lambda n, a, b, text: f"utt_{n} {a:.3f} {b:.3f} {text}",
    "clocks": lambda n, a, b, text: f"{clock(a)} - {clock(b)} {text}",
    "sbv": lambda n, a, b, text: f"{clock(a)[1:]},{clock(b)[1:]}\n{text}\n",
    "panel": lambda n, a, b, text: f"{int(a) // 60}:{int(a) % 60:02d}\n{text}",
    "panel in a line": lambda n, a, b, text: f"{int(a) // 60}:{int(a) % 60:02d} {text}",
    "lyrics": lambda n, a, b, text: f"[{clock(a)[3:8]}.00]{text}",
}
TEXT = st.lists(st.text("abcdefgh", min_size=2, max_size=8), min_size=1, max_size=6).map(" ".join)
many = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("form", FORMS)
@many
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9), TEXT), min_size=2, max_size=8))
def test_lines_with_times_are_read_at_their_times(tmp_path: Path, form: str, drawn: list[tuple[int, int, str]]) -> None:
    lines, expected, now = list[str](), list[tuple[str, float]](), 0
    for n, (gap, length, text) in enumerate(drawn):
        lines.append(FORMS[form](n, now + gap, now + gap + length, text))
        expected.append((text.split()[0], float(now + gap)))
        now += gap + length
    found = read(tmp_path, "\n".join(lines) + "\n", "talk.txt", duration=200.0)
    assert found.timed
    assert found.text == " ".join(text for *_, text in drawn)
    starts, at = [word.start for word in found.words], 0
    for (_, start), (*_, text) in zip(expected, drawn, strict=True):
        assert starts[at] == pytest.approx(start, abs=1e-3)
        at += len(text.split())
    assert any("no end" in note for note in found.notes) == (form in ("panel", "panel in a line", "lyrics"))


def test_whole_numbers_that_can_only_be_milliseconds_are_and_that_is_noted(tmp_path: Path) -> None:
    found = read(tmp_path, "start\tend\ttext\n400\t3600\tGood day\n3600\t7100\tto you\n", "talk.txt", duration=8.0)
    assert [(word.text, word.start) for word in found.words][::2] == [("Good", 0.4), ("to", 3.6)]
    assert "transcript: 2 lines: times taken for milliseconds" in found.notes


def test_words_that_nist_counts_by_length_are_read(tmp_path: Path) -> None:
    found = read(tmp_path, "talk 1 0.40 0.30 good 0.93\ntalk 1 0.80 0.20 day 0.71\n", "talk.txt")
    assert [(word.text, word.start, round(word.end, 3)) for word in found.words] == [
        ("good", 0.4, 0.7),
        ("day", 0.8, 1.0),
    ]


def test_times_behind_the_names_of_speakers_are_read(tmp_path: Path) -> None:
    found = read(tmp_path, "Anna Berg  0:01\nGood day.\nHow are you?\n\nSpeaker 2 (00:05):\nFine.\n", "talk.txt")
    assert [(w.text, w.speaker) for w in found.words] == [
        *[(text, "Anna Berg") for text in ("Good", "day.", "How", "are", "you?")],
        ("Fine.", "Speaker 2"),
    ]
    assert [found.words[0].start, found.words[-1].start] == [1.0, 5.0]


@pytest.mark.parametrize(
    "text",
    [
        "10:30 we met\n11:45 we left\n",
        "We met at 10:30\nWe left at 11:45\nand that was it",
        "10:30 we met at the station, and at 11:45 we left.",
        "I was born in 1990.\nIn 2014 I moved, 3.5 years later I came back.",
        "Remember: be nice.\nAnd (as he said) 2 - 3 times a day, to 5.",
        "[laughs] Well, 12 of them - or 13?",
    ],
)
def test_words_alone_stay_words(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text, "talk.txt")
    assert not found.timed and found.text == " ".join(text.split())


@pytest.mark.parametrize(
    "content",
    [
        "[Script Info]\nTitle: x\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,Hello\n",
        '<?xml version="1.0"?>\n<tt><p begin="1s" end="2s">Hello</p></tt>\n',
        'File type = "ooTextFile"\nObject class = "TextGrid"\nxmin = 0\n',
        "{\\rtf1 Hello}",
        "Title\nmore\nabout\nit\nat (00:01.0 --> 00:02.0) Hello\n",
    ],
)
def test_files_of_another_kind_are_refused_in_a_sentence(tmp_path: Path, content: str) -> None:
    with pytest.raises(SourceError, match=r"Expected .*talk\.txt to hold plain words, .* of another kind"):
        read(tmp_path, content, "talk.txt")


def test_what_is_in_a_file_decides_whatever_it_is_called(tmp_path: Path) -> None:
    inside = '{"segments": [{"start": 1, "end": 3, "text": "good day"}]}'
    for name, content in (
        ("talk.txt", inside),
        ("talk.srt", inside),
        ("talk.vtt", "1\n00:00:01,000 --> 00:00:03,000\ngood day\n"),
        ("talk.srt", "WEBVTT\n\n00:01.000 --> 00:03.000\ngood day\n"),
        ("talk.srt", "[00:01.000 --> 00:03.000] good day\n"),
    ):
        found = read(tmp_path, content, name)
        assert (found.text, found.words[0].start, found.words[-1].end) == ("good day", 1.0, 3.0)
