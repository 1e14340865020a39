"""A `.txt` is what is in it: lines with times are read at their times, or refused; words alone stay words."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.clips.words.transcript import read_transcript
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
    "NIST's segments": lambda n, a, b, text: f"talk 1 spk{n} {a:.2f} {b:.2f} <o,f0,male> {text}",
    "seconds with their unit": lambda n, a, b, text: f"{a:.1f}s-{b:.1f}s: {text}",
    "times in pictures": lambda n, a, b, text: f"{clock(a)[:8]}:00 - {clock(b)[:8]}:00\n{text}\n",
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


SHEETS = {
    "whisper": ("start\tend\ttext", "{a_ms}\t{b_ms}\t{text}"),
    "tabs and speakers": (
        "Speaker\tBegin Time - hh:mm:ss.ms\tEnd Time - hh:mm:ss.ms\tAnnotation",
        "A\t{a_clock}\t{b_clock}\t{text}",
    ),
    "commas": ("start,end,speaker,text", '{a:.3f},{b:.3f},A,"{text}, so"'),
    "semicolons and decimal commas": ("Start (s);End (s);Text", "{a_comma};{b_comma};{text}"),
    "Praat": ("tmin\ttier\ttext\ttmax", "{a:.3f}\tA\t{text}\t{b:.3f}"),
}


@pytest.mark.parametrize("form", SHEETS)
@many
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9), TEXT), min_size=2, max_size=6))
def test_tables_with_names_above_their_columns_are_read(
    tmp_path: Path, form: str, drawn: list[tuple[int, int, str]]
) -> None:
    header, row = SHEETS[form]
    lines, starts, now = [header], list[float](), 0
    for gap, length, text in drawn:
        a, b = now + gap, now + gap + length
        lines.append(
            row.format(a=a, b=b, text=text, a_ms=1000 * a, b_ms=1000 * b, a_clock=clock(a), b_clock=clock(b),
                       a_comma=f"{a:.3f}".replace(".", ","), b_comma=f"{b:.3f}".replace(".", ","))
        )  # fmt: skip
        starts.append(float(a))
        now = b
    found = read(tmp_path, "\n".join(lines), "talk.txt", duration=now + 1.0)
    said = " ".join(f"{text}, so" if form == "commas" else text for *_, text in drawn)
    assert found.text == said and found.timed
    first = np.cumsum([0, *(len(text.split()) + (form == "commas") for *_, text in drawn)])[:-1]
    assert [found.words[n].start for n in first] == pytest.approx(starts, abs=1e-3)
    assert {word.speaker for word in found.words} == {"A" if "peaker" in header or "tier" in header else ""}


MEETINGS = {
    "Zoom": "[Anna Berg] 00:00:01\nGood day all.\n\n[Ben Roth] 00:00:05\nThank you.\n",
    "Meet": "Our meeting\n\n00:00:01\n\nAnna Berg: Good day all.\n\n00:00:05\n\nBen Roth: Thank you.\n",
    "Otter": "Anna Berg  0:01\nGood day all.\n\nBen Roth  0:05\nThank you.\n\nTranscribed by https://otter.ai\n",
    "Rev, with ends": "Anna Berg (00:00:01 - 00:00:03)\nGood day all.\n\nBen Roth (00:00:05 - 00:00:06)\nThank you.\n",
    "Sonix": "Anna Berg: [00:00:01] Good day all.\n\nBen Roth: [00:00:05] Thank you.\n",
    "a list": "- 0:01 ANNA BERG: Good day all.\n- 0:05 BEN ROTH: Thank you.\n",
    "Markdown": "**0:01** **Anna Berg:** Good day all.\n**0:05** **Ben Roth:** Thank you.\n",
    "Rev": "Anna Berg (00:01):\nGood day all.\nBen Roth (00:05):\nThank you.\n",
    "Trint": "[00:00:01.00] Anna Berg: Good day all.\n[00:00:05.00] Ben Roth: Thank you.\n",
}


@pytest.mark.parametrize("form", MEETINGS)
def test_transcripts_of_meetings_keep_who_speaks_when(tmp_path: Path, form: str) -> None:
    found = read(tmp_path, MEETINGS[form], "talk.txt", duration=20.0)
    assert [(w.text, w.speaker.title()) for w in found.words] == [
        ("Good", "Anna Berg"), ("day", "Anna Berg"), ("all.", "Anna Berg"), ("Thank", "Ben Roth"), ("you.", "Ben Roth"),
    ]  # fmt: skip
    assert (found.words[0].start, found.words[3].start) == (1.0, 5.0)


def test_speakers_in_lines_of_their_own_are_no_words(tmp_path: Path) -> None:
    lines = "".join(f"{clock(2 * n)} - {clock(2 * n + 1)}\nSpeaker {n % 2 + 1}\nso it is\n\n" for n in range(4))
    found = read(tmp_path, lines, "talk.txt")
    assert found.text == " ".join(["so it is"] * 4) and {w.speaker for w in found.words} == {"Speaker 1", "Speaker 2"}
    names = "".join(f"{n + 1}\n{clock(2 * n)} --> {clock(2 * n + 1)}\nAnna\nso it is\n\n" for n in range(4))
    assert read(tmp_path, names).words[0].speaker == "Anna"
    once = f"{clock(1)} --> {clock(2)}\nHello\nthere Anna\n\n{clock(3)} --> {clock(4)}\nGood\nbye\n"
    assert read(tmp_path, once).text == "Hello there Anna Good bye"


def test_what_stands_between_lines_with_times_is_not_said(tmp_path: Path) -> None:
    lyrics = (
        "[ti:A song]\n[ar:Nobody]\n[00:01.00]so it begins\n[00:02.00][00:06.00]and again\n[00:04.00]in the middle\n"
    )
    assert read(tmp_path, lyrics, "talk.txt").text == "so it begins and again in the middle and again"
    labels = "0.400000\t3.600000\tgood day\n\\\t100.0\t200.0\n3.600000\t7.100000\tto you\n"
    assert read(tmp_path, labels, "talk.txt").text == "good day to you"
    titles = "[INFORMATION]\n[TITLE]x\n[END INFORMATION]\n[SUBTITLE]\n00:00:01.00,00:00:02.00\ngood\n\n00:00:03.00,00:00:04.00\nday\n"
    assert read(tmp_path, titles, "talk.txt").text == "good day"
    assert read(tmp_path, "0:01 good day 0:04 to you 0:07 all", "talk.txt").text == "good day to you all"
    assert read(tmp_path, "0 seconds\ngood day\n1 minute, 3 seconds\nto you\n", "talk.txt", 90.0).words[2].start == 63.0


@pytest.mark.parametrize(
    "content",
    [
        "SPEAKER talk 1 0.40 3.20 <NA> <NA> anna <NA> <NA>\nSPEAKER talk 1 3.60 2.00 <NA> <NA> ben <NA> <NA>\n",
        "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n[6.29 - 8.23]\tSes_F000\tneu\t[2.5, 2.5, 2.5]\nC-E2:\tNeutral;\t()\n",
        "@UTF8\n@Begin\n*DAD:\thello there . \x15400_3600\x15\n@End\n",
        "4000000 9000000 hello\n10000000 14000000 day\n", "6400 14400 hello\n16000 22400 day\n",
        "Hello there [00:00:01] everyone good day [00:00:05] to you\n", "0___0.4___3.6___hello\n1___3.6___5___day\n",
        "{25}{50}Hello there\n{75}{100}Good|bye\n", "[10][20]Hello there\n[30][40]Good|bye\n",
        "Ann\t\t00:00:00.400\t0.4\t00:00:03.600\t3.6\thello\nBen\t\t00:00:03.600\t3.6\t00:00:07.100\t7.1\tgood day\n",
        "start=0.4s stop=3.6s speaker_SPEAKER_00\nstart=3.6s stop=5.0s speaker_SPEAKER_01\n", "PK\x03\x04\x14\x00\x06\x00",
    ],
)  # fmt: skip
def test_what_holds_times_in_another_form_is_refused_and_becomes_no_words(tmp_path: Path, content: str) -> None:
    with pytest.raises(SourceError, match=r"Expected .* (?:save the words alone|save it as plain text)"):
        read(tmp_path, content, "talk.txt")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("wide", [False, True])
def test_encodings_and_east_asian_signs_change_no_word(tmp_path: Path, encoding: str, wide: bool) -> None:
    content = "1\n00:00:01,000 --> 00:00:02,000\nna so was\n\n2\n00:00:03,000 --> 00:00:04,000\n3:4 und 5,6\n"
    if wide:
        content = content.replace("00:00:0", "00：00：0").replace(",000", "，000")
    found = read(tmp_path, content.encode(encoding))
    assert found.text == "na so was 3:4 und 5,6" and found.words[3].start == 3.0


@given(st.integers(0, 24), st.integers(0, 24))
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_times_in_pictures_are_seconds_and_noted(tmp_path: Path, first: int, last: int) -> None:
    found = read(tmp_path, f"1\n00:00:01:{first:02d} --> 00:00:03:{last:02d}\nHello\n")
    assert (found.words[0].start, found.words[0].end) == pytest.approx((1 + first / 25, 3 + last / 25), abs=2e-3)
    assert "times counted in pictures" in found.notes[0]


def test_a_book_in_one_line_is_words(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("so glad " * 20_000)
    assert len(read_transcript(tmp_path / "book.txt", 10.0).words) == 40_000
