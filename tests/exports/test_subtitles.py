"""Subtitles, read back by pysubs2 and webvtt-py: the named emotions, those in doubt, and the times."""

from dataclasses import replace
from html import unescape
from pathlib import Path

import pysubs2
import webvtt
from hypothesis import given

from lddu.exports.answered import Answered, AnsweredClip
from lddu.exports.subtitles import srt, vtt
from lddu.exports.text import one_line
from lddu.exports.timing import intervals
from tests.exports.made_up import answered, talk

HERE = Path("talk.srt")
LOOKS = str.maketrans("<>{}", "‹›()")


def expected(clip: AnsweredClip) -> list[str]:
    """Lines of the cue, made anew."""
    named, unsure = (
        ", ".join(f"{one_line(e)} {clip.probability[e]:.2f}" for e in clip.emotions(verdict))
        for verdict in ("present", "can't tell")
    )
    return [line for line in (named or ("" if unsure else "no emotion"), unsure and f"can't tell: {unsure}") if line]


def test_a_cue_of_none_of_the_emotions_has_the_run_s_own_word() -> None:
    absent = talk("a", "b").clips[1]
    calm = replace(talk("a", "b"), clips=[replace(absent, none_means="neutral")])
    assert srt(calm, HERE) == "1\n00:00:02,000 --> 00:00:04,000\nneutral\n"


def test_a_cue_tells_present_from_in_doubt_and_from_absent() -> None:
    found = talk("a", "b", "c")
    assert srt(found, HERE) == (
        "1\n00:00:00,000 --> 00:00:02,000\njoy 0.75\n\n"
        "2\n00:00:02,000 --> 00:00:04,000\nno emotion\n\n"
        "3\n00:00:04,000 --> 00:00:06,000\ncan't tell: joy 0.75\n"
    )
    assert vtt(found, HERE).splitlines()[:8] == [
        "WEBVTT", "", "NOTE probability of each emotion", "", "NOTE made up <&> -> here", "", "talk#000",
        "00:00:00.000 --> 00:00:02.000",
    ]  # fmt: skip


@given(answered())
def test_srt_is_read_back(found: Answered) -> None:
    read = pysubs2.SSAFile.from_string(srt(found, HERE), format_="srt", keep_unknown_html_tags=True)
    shown = [(event.start, event.end, event.text) for event in read]
    told = [
        (one.start, one.end, "\\N".join(line.translate(LOOKS) for line in expected(one.clip)))
        for one in intervals(found.clips)
    ]
    assert shown == told


@given(answered())
def test_vtt_is_read_back(found: Answered) -> None:
    read = [
        (
            cue.identifier,
            _milliseconds(cue.start),
            _milliseconds(cue.end),
            unescape(cue.text),
        )  # webvtt-py leaves &lt; as it is
        for cue in webvtt.from_string(vtt(found, HERE)).captions
    ]
    told = [(one.clip.clip, one.start, one.end, "\n".join(expected(one.clip))) for one in intervals(found.clips)]
    assert read == told


def _milliseconds(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)
