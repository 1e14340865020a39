"""WebVTT as a browser reads it: 151 files with the cues that the authors of a browser's reader expect."""

import html
import json
import re
from pathlib import Path

import pytest

from lddu.clips.words.transcript import read_transcript

KEEPS_MORE = {
    "cue-times__fraction-digits.vtt": "two digits of a fraction: a browser drops the cue",
    "cue-times__incorrect-delimiter.vtt": "full stops for colons: a browser drops the cue, here its time is mended",
    "cue-times__min-mid-digits.vtt": "three digits of seconds: a browser drops the cue",
    "cuetext__format__double-line-break.vtt": "a blank line within a cue: a browser drops what follows it",
    "integration__id.vtt": "an identifier '-->': a browser drops its cue",
}
"""Broken files of which more is kept here -> why."""

MINUTES = "cue-times__minimum-spots-over-sixty.vtt"
"""120:00.000, which that reader takes for hours and minutes; here it is 120 minutes, as other tools write them."""


@pytest.fixture(scope="module")
def conformance(shared_data: Path) -> Path:
    folder = shared_data / "webvtt_conformance"
    if not folder.is_dir():
        pytest.skip(f"no conformance files in {folder}")
    return folder


def test_words_are_those_of_a_browser_but_for_five_broken_files_of_which_more_is_kept(conformance: Path) -> None:
    expected = json.loads((conformance / "expected.json").read_text())
    others = {}
    for name, cues in expected.items():
        plain = html.unescape(re.sub(r"<[^>]*>", "", " ".join(cue["text"] for cue in cues))).split()
        words = read_transcript(conformance / name, 1e6).text.split()
        if words != plain:
            others[name] = (plain, words)
    assert len(expected) == 151
    assert others.keys() == KEEPS_MORE.keys()
    for plain, words in others.values():
        left = iter(words)
        assert all(word in left for word in plain), "a browser's words are all there, in order"


def test_words_lie_within_the_cues_of_a_browser(conformance: Path) -> None:
    expected = json.loads((conformance / "expected.json").read_text())
    for name, cues in expected.items():
        found = read_transcript(conformance / name, 1e6)
        if name in (*KEEPS_MORE, MINUTES) or not found.words or any("impossible" in note for note in found.notes):
            continue
        assert found.words[0].start >= min(cue["start"] for cue in cues) - 1e-9, name
        assert found.words[-1].end <= max(cue["end"] for cue in cues) + 1e-9, name
