"""Subtitles as pysubs2 and webvtt-py write and read them, where they are right: the same words at the same times."""

from pathlib import Path

import pysubs2
import pytest
import webvtt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clips.words.transcripts import read

WORD = st.text("abcdefgäßñ'’", min_size=1, max_size=8).filter(lambda word: word[0] not in "'’")
CUES = st.lists(
    st.tuples(st.integers(0, 3000), st.integers(200, 6000), st.lists(WORD, min_size=1, max_size=5), st.booleans()),
    min_size=1, max_size=12,
)  # fmt: skip
STYLES = ["{}", "<i>{}</i>", "<b>{}</b>", "<u>{}</u>", "<i><b>{}</b></i>"]
many = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def subtitles(drawn: list[tuple[int, int, list[str], bool]], style: str) -> pysubs2.SSAFile:
    """Cues that follow on one another, in two lines where that is drawn; no two hold the same words."""
    found, now = pysubs2.SSAFile(), 0
    for number, (gap, length, words, broken) in enumerate(drawn):
        texts = [f"{word}{number}x{place}" for place, word in enumerate(words)]
        text = ("\\N" if broken else " ").join((" ".join(texts[:1]), " ".join(texts[1:]))).strip("\\N ")
        event = pysubs2.SSAEvent(start=now + gap, end=now + gap + length)
        event.plaintext = text.replace("\\N", "\n")
        event.text = (
            style.format(event.text).replace("<i>", "{\\i1}").replace("</i>", "{\\i0}").replace("<b>", "{\\b1}")
        )
        event.text = event.text.replace("</b>", "{\\b0}").replace("<u>", "{\\u1}").replace("</u>", "{\\u0}")
        found.append(event)
        now += gap + length
    return found


@pytest.mark.parametrize("kind", ["srt", "vtt"])
@many
@given(drawn=CUES, style=st.sampled_from(STYLES))
def test_what_pysubs2_writes_is_read_with_its_words_and_times(
    tmp_path: Path, kind: str, drawn: list[tuple[int, int, list[str], bool]], style: str
) -> None:
    written = subtitles(drawn, style)
    found = read(tmp_path, written.to_string(kind), f"talk.{kind}", duration=200.0)
    assert [word.text for word in found.words] == [word for event in written for word in event.plaintext.split()]
    at = 0
    for event in written:
        own = found.words[at : at + len(event.plaintext.split())]
        assert own[0].start == pytest.approx(event.start / 1000) and own[-1].end == pytest.approx(event.end / 1000)
        at += len(own)
    assert found.notes == ()


@many
@given(drawn=CUES, names=st.booleans(), settings_line=st.sampled_from(["", " align:start position:0%", " line:84%"]))
def test_webvtt_py_reads_the_same_cues_of_a_file(
    tmp_path: Path, drawn: list[tuple[int, int, list[str], bool]], names: bool, settings_line: str
) -> None:
    cues = subtitles(drawn, "{}")
    lines = ["WEBVTT", "", "NOTE written by a test", "", "STYLE", "::cue { color: red }", ""]
    for number, event in enumerate(cues):
        lines += [f"cue {number}"] if names else []
        stamps = (
            webvtt.models.Timestamp.from_string(f"00:{t // 60000:02d}:{t // 1000 % 60:02d}.{t % 1000:03d}")
            for t in (event.start, event.end)
        )
        lines += [" --> ".join(map(str, stamps)) + settings_line, *event.plaintext.split("\n"), ""]
    content = "\n".join(lines)
    found = read(tmp_path, content, "talk.vtt", duration=200.0)
    theirs = webvtt.from_string(content)
    assert found.text == " ".join(" ".join(caption.text.split()) for caption in theirs.captions)
    assert found.words[0].start == pytest.approx(theirs.captions[0].start_in_seconds, abs=1.0)
