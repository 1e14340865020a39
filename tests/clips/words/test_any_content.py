"""Files from strangers: whatever is in a transcript, it is read or refused in one sentence."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.errors import SourceError
from tests.clips.words.transcripts import read

many = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

PIECES = st.sampled_from([
    "WEBVTT", "\n", "\n", "\n", "\r\r\n", " ", "\t", "1", "2", "-->", " --> ", "->", "00:01.000", "00:00:02,500", "-0:03", "0:04", "9.5",
    "1e999", "NOTE", "STYLE", "<v Ann>", "</v>", "<c>", "<00:01.500>", "<", ">", "[", "]", "{\\i1}", "{\\r}", "&lt;", "&#xZZ;", "♪", "Anna:",
    "ANNA: ", "[SPEAKER_01]:", ">>", "___", "[0.4 - 2.5]", "hello", "No!", "née", "\x00", "\u2028", "(", ")", "::", "：",
])  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10**9),
    st.floats(),
    st.sampled_from(["hi", " ", "1.5", "00:01", "1s", "[x]", ""]),
)
KEYS = st.sampled_from(
    [
        "segments",
        "words",
        "word",
        "text",
        "start",
        "end",
        "speaker",
        "chunks",
        "timestamp",
        "results",
        "alternatives",
        "type",
        "result",
    ]
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)


def read_or_refused(folder: Path, content: str, name: str) -> None:
    try:
        found = read(folder, content.encode(errors="surrogatepass"), name, duration=10.0)
    except SourceError as refused:
        assert "\n" not in str(refused) and str(refused).startswith("Expected ")
        return
    for word in found.words:
        assert math.isfinite(word.start) and 0 <= word.start <= word.end <= 10.0 and word.text.strip()
    assert all(note.startswith("transcript: ") for note in found.notes)


@pytest.mark.parametrize("name", ["talk.srt", "talk.vtt", "talk.txt"])
@many
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text_is_read_or_refused(tmp_path: Path, name: str, content: str) -> None:
    read_or_refused(tmp_path, content, name)


@many
@given(DOCUMENTS)
def test_any_json_is_read_or_refused(tmp_path: Path, document: Any) -> None:
    read_or_refused(tmp_path, json.dumps(document), "talk.json")


ITEMS = st.fixed_dictionaries(
    {}, optional={"word": st.sampled_from(["hi", "so.", ""]), "start": SCALARS, "end": SCALARS, "speaker": SCALARS}
)


@many
@given(
    st.lists(
        st.fixed_dictionaries(
            {}, optional={"start": SCALARS, "end": SCALARS, "text": SCALARS, "words": st.lists(ITEMS, max_size=5)}
        ),
        max_size=5,
    )
)
def test_any_segments_are_read_or_refused(tmp_path: Path, segments: list[dict[str, Any]]) -> None:
    read_or_refused(tmp_path, json.dumps({"segments": segments}), "talk.json")
