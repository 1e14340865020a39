"""Speakers that a transcript names are kept beside its words, and are no words themselves."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.clips.words.transcript import speakers
from tests.clips.words.transcripts import read, read_json, srt

many = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

STYLES = {
    "[SPEAKER_01]:": ["[SPEAKER_00]: {}", "[SPEAKER_01]: {}"],
    "[SPEAKER_01] alone": ["[SPEAKER_00] {}", "[SPEAKER_01] {}"],
    "Speaker 1:": ["Speaker 1: {}", "Speaker 2: {}"],
    "a name in brackets": ["[Anna]: {}", "(Ben): {}"],
    "capitals": ["ANNA: {}", ">> DR. ROTH: {}"],
    "names": ["Anna Berg: {}", "Ben: {}"],
    "another script": ["安娜：{}", "本：{}"],
}
NAMES = {
    "[SPEAKER_01]:": ("SPEAKER_00", "SPEAKER_01"),
    "[SPEAKER_01] alone": ("SPEAKER_00", "SPEAKER_01"),
    "Speaker 1:": ("Speaker 1", "Speaker 2"),
    "a name in brackets": ("Anna", "Ben"),
    "capitals": ("ANNA", "DR. ROTH"),
    "names": ("Anna Berg", "Ben"),
    "another script": ("安娜", "本"),
}


@pytest.mark.parametrize("style", STYLES)
@many
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from(["good day", "yes.", "is it 10:30 yet?"])), min_size=2, max_size=8
    )
)
def test_speakers_are_kept_apart_from_words(tmp_path: Path, style: str, drawn: list[tuple[int, str]]) -> None:
    cues = [(2.0 * n, 2.0 * n + 1, STYLES[style][who].format(text)) for n, (who, text) in enumerate(drawn)]
    found = read(tmp_path, srt(cues))
    assert found.text == " ".join(text for _, text in drawn)
    said = [NAMES[style][who] for who, text in drawn for _ in text.split()]
    assert [word.speaker for word in found.words] == said
    assert speakers(found.words) == ", ".join(dict.fromkeys(said))


@many
@given(
    st.lists(
        st.sampled_from(["We went home", "Look: it snows", "Remember: be nice", "It was 10:30"]), min_size=1, max_size=9
    )
)
def test_a_colon_makes_no_speaker(tmp_path: Path, texts: list[str]) -> None:
    found = read(tmp_path, srt([(2.0 * n, 2.0 * n + 1, text) for n, text in enumerate(texts)]))
    assert found.text == " ".join(texts) and not speakers(found.words)


def test_a_word_before_a_colon_now_and_then_is_no_name(tmp_path: Path) -> None:
    texts = ["we went home", "Rain: it never stopped", *["and so on"] * 5]
    assert "Rain:" in read(tmp_path, srt([(2.0 * n, 2.0 * n + 1, text) for n, text in enumerate(texts)])).text


def test_voices_of_webvtt_speak_until_the_next_or_the_end_of_the_cue(tmp_path: Path) -> None:
    content = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v.loud Ann Lee>Come in</v> <v Ben>thanks\n\n00:03.000 --> 00:04.000\nmusic plays\n"
    found = read(tmp_path, content, "talk.vtt")
    assert [(word.text, word.speaker) for word in found.words] == [
        ("Come", "Ann Lee"), ("in", "Ann Lee"), ("thanks", "Ben"), ("music", ""), ("plays", ""),
    ]  # fmt: skip


def test_two_speakers_in_the_lines_of_one_cue(tmp_path: Path) -> None:
    found = read(tmp_path, srt([(1, 3, "ANNA: Come in,\nplease.\nBEN: Thanks.")]))
    assert [(w.text, w.speaker) for w in found.words] == [
        ("Come", "ANNA"),
        ("in,", "ANNA"),
        ("please.", "ANNA"),
        ("Thanks.", "BEN"),
    ]


def test_plain_text_names_speakers_too(tmp_path: Path) -> None:
    found = read(tmp_path, "Anna: Come in.\nSit down.\nBen: Thanks.\n", "talk.txt")
    assert not found.timed and found.text == "Come in. Sit down. Thanks."
    assert [word.speaker for word in found.words] == ["Anna"] * 4 + ["Ben"]


def test_a_recogniser_names_them_per_word_or_per_segment(tmp_path: Path) -> None:
    words = [{"word": "Come", "start": 0, "end": 1, "speaker": "A"}, {"word": "in", "start": 1, "end": 2}]
    document = [
        {"start": 0, "end": 2, "speaker": "B", "words": words},
        {"start": 2, "end": 3, "text": "thanks", "speaker": "C"},
    ]
    found = read_json(tmp_path, {"segments": document})
    assert [word.speaker for word in found.words] == ["A", "B", "C"]
