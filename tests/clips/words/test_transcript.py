"""Transcripts of every kind become words with times."""

import json
import re
from pathlib import Path

import pytest

from lddu.clips.sources import listing_of
from lddu.clips.words.beside import Languages, beside, languages_beside, languages_in
from lddu.clips.words.transcript import Word, read_transcript, untimed
from lddu.errors import SourceError


def test_words_of_a_cue_share_its_time_by_their_length(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(
        "1\n00:00:01,000 --> 00:00:03,000\n<i>ab</i> ab\n\n2\n00:00:04,500 --> 00:00:05,000\n{\\an8}Go &amp; stop\n"
    )
    found = read_transcript(path, 6.0)
    assert found.timed and found.text == "ab ab Go & stop"
    assert found.words[:2] == (Word("ab", 1.0, 2.0), Word("ab", 2.0, 3.0))
    assert found.words[-1].end == pytest.approx(5.0)


def test_a_vtt_with_header_notes_and_short_times(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text("WEBVTT\n\nNOTE made by hand\n\n00:01.000 --> 00:02.000 align:start\nhello\nthere\n")
    assert [(w.text, w.start) for w in read_transcript(path, 2.0).words] == [("hello", 1.0), ("there", 1.5)]


def test_word_times_of_whisperx_and_a_word_it_could_not_place(tmp_path: Path) -> None:
    words = [{"word": "It", "start": 0.1, "end": 0.2}, {"word": "2014"}, {"word": "was", "start": 0.9, "end": 1.0}]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"segments": [{"start": 0.0, "end": 1.0, "text": "It 2014 was", "words": words}]}))
    assert read_transcript(path, 1.0).words == (Word("It", 0.1, 0.2), Word("2014", 0.2, 0.9), Word("was", 0.9, 1.0))


def test_a_segment_without_word_times_shares_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"segments": [{"start": 2.0, "end": 4.0, "text": " aa bb "}]}))
    assert [w.start for w in read_transcript(path, 5.0).words] == [2.0, 3.0]


def test_plain_text_is_spread_over_the_clip_and_says_so() -> None:
    found = untimed("aa bb cc dd", 8.0)
    assert not found.timed and [w.start for w in found.words] == [0.0, 2.0, 4.0, 6.0]
    assert untimed("  ", 8.0).words == ()


def test_the_most_precise_transcript_beside_a_clip_is_taken(tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    assert beside(clip) is None
    for suffix in (".txt", ".srt", ".json"):
        clip.with_suffix(suffix).write_text("{}" if suffix == ".json" else "")
        assert beside(clip) == clip.with_suffix(suffix)


def test_subtitles_that_name_their_language_are_taken_where_there_is_one(tmp_path: Path) -> None:
    clip = tmp_path / "a [x].b.mp4"
    for name in ("a [x].b.en-US.srt", "a [x].b.en-US.vtt", "a [x].b.en-US.json3", "a [x].b.info.json", "a [x].c.vtt"):
        (tmp_path / name).touch()
    assert beside(clip) == tmp_path / "a [x].b.en-US.vtt"
    (tmp_path / "a [x].b.de.srt").touch()
    assert beside(clip) is None
    assert set(languages_beside(clip)) == {"de", "en-US"}
    (tmp_path / "a [x].b.srt").touch()
    assert beside(clip) == tmp_path / "a [x].b.srt"


def test_a_listing_looks_for_transcripts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.mp4", "a.en.vtt", "b.mp4", "b.srt", "c.mp4", "d.mp4", "d.en.vtt", "d.de.vtt"):
        (tmp_path / name).touch()
    looked: list[Path] = []

    def spy(folder: Path) -> Languages:
        looked.append(folder)
        return languages_in(folder)

    monkeypatch.setattr("lddu.clips.sources.languages_in", spy)
    monkeypatch.setattr("lddu.clips.words.beside.languages_in", spy)
    sources = listing_of(tmp_path).sources
    assert [file and file.name for file in (source.transcript_file() for source in sources)] == [
        "a.en.vtt",
        "b.srt",
        None,
        None,
    ]
    assert len(looked) == 1


def test_subtitles_of_another_clip_are_left_to_it(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.de.mp4", "a.de.vtt"):
        (tmp_path / name).touch()
    assert beside(tmp_path / "a.mp4") is None
    assert beside(tmp_path / "a.de.mp4") == tmp_path / "a.de.vtt"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_say_what_they_are(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.txt").write_text("schön – да", encoding=encoding)
    assert read_transcript(tmp_path / "a.txt", 1.0).text == "schön – да"


@pytest.mark.parametrize(("content", "told"), [(b"sch\xf6n", "UTF-8"), (b"\xff\xfea\x00b", "UTF-16")])
def test_other_encodings_are_refused(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(SourceError, match=told):
        read_transcript(tmp_path / "a.txt", 1.0)


def test_the_empty_file_that_a_shell_makes_for_answers_is_no_transcript(tmp_path: Path) -> None:
    (tmp_path / "a.json").touch()  # lddu predict run a.mp4 --json > a.json
    assert beside(tmp_path / "a.mp4") is None


def test_an_empty_transcript_holds_no_words(tmp_path: Path) -> None:
    for name, content in (("a.txt", ""), ("a.vtt", "WEBVTT\n"), ("a.srt", "\ufeff"), ("a.json", '{"segments": []}')):
        (tmp_path / name).write_text(content)
        assert read_transcript(tmp_path / name, 1.0).words == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("00:00:63,000 --> 00:01:10,000", "'00:00:63,000 --> 00:01:10,000' ends at 70.0 s"),
        ("00:xx:01,000 --> 00:00:0x", "Expected times such as 00:01:02,500 around '-->'"),
    ],
)
def test_a_file_whose_cues_cannot_be_is_refused_by_the_line_as_it_is_written(
    tmp_path: Path, line: str, said: str
) -> None:
    path = tmp_path / "a.srt"
    path.write_text(f"1\n{line}\nsome words\n\n2\n00:00:02,000 --> 00:00:03,000\n\n")
    with pytest.raises(SourceError, match=re.escape(said)) as told:
        read_transcript(path, 6.0)
    assert f"line 2 of {path}" in str(told.value)


def test_times_of_a_cue_in_which_nothing_is_said_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nwords\n\n2\n00:01:00,000 --> 00:01:01,000\n\n")
    assert read_transcript(path, 6.0).text == "words"


def test_a_word_that_cannot_be_is_named_by_its_segment(tmp_path: Path) -> None:
    words = [{"word": "late", "start": 8.0, "end": 9.5}]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"segments": [{"start": 0.0, "end": 1.0, "text": "late", "words": words}]}))
    with pytest.raises(SourceError, match=r"segment 0 of .*'late' ends at 9\.5 s"):
        read_transcript(path, 6.0)


def test_captions_that_roll_up_are_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text(
        "WEBVTT\nKind: captions\n\n"
        "00:00:00.000 --> 00:00:02.000 align:start position:0%\n \nI<00:00:00.320><c> am</c><00:00:00.480><c> glad</c>\n\n"
        "00:00:02.000 --> 00:00:02.010 align:start position:0%\nI am glad\n \n\n"
        "00:00:02.010 --> 00:00:04.000 align:start position:0%\nI am glad\nthat<00:00:02.500><c> you</c><00:00:03.000><c> came</c>\n\n"
        "00:00:04.000 --> 00:00:04.010 align:start position:0%\nthat you came\n \n"
    )
    found = read_transcript(path, 5.0)
    assert found.text == "I am glad that you came"
    assert [word.start for word in found.words][3] == pytest.approx(2.01)


def cues(path: Path, content: str, duration: float = 10.0) -> list[tuple[str, float, float]]:
    path.write_text(content)
    return [(word.text, word.start, word.end) for word in read_transcript(path, duration).words]


def test_a_forgotten_blank_line_ends_a_cue(tmp_path: Path) -> None:
    numbered = "1\n00:00:01,000 --> 00:00:02,000\nfirst\n2\n00:00:03,000 --> 00:00:04,000\n1984\nthird\n"
    bare = "00:00:01,000 --> 00:00:02,000\nfirst\n00:00:03,000 --> 00:00:04,000\n1984\nthird\n"
    for content in (numbered, bare):
        assert [word for word, *_ in cues(tmp_path / "a.srt", content)] == ["first", "1984", "third"]


def test_words_of_a_cue_that_outlasts_the_clip_are_within_it(tmp_path: Path) -> None:
    content = "1\n00:00:08,500 --> 00:00:12,000\nBye now\n"
    word, start, end = cues(tmp_path / "a.srt", content)[-1]
    assert word == "now" and start == pytest.approx(9.25) and end == 10.0


def test_cues_in_a_file_called_txt_are_cues(tmp_path: Path) -> None:
    content = "1\n00:00:01,000 --> 00:00:02,000\nhello\n"
    assert cues(tmp_path / "a.txt", content) == [("hello", 1.0, 2.0)]


def test_sounds_are_not_words(tmp_path: Path) -> None:
    content = "1\n00:00:00,000 --> 00:00:01,000\n[Music]\n\n2\n00:00:01,000 --> 00:00:02,000\n♪ la [applause] la ♪\n"
    assert [word for word, *_ in cues(tmp_path / "a.srt", content)] == ["la", "la"]


@pytest.mark.parametrize("name", ["a.SRT", "a.mp4.srt"])
def test_other_names_that_leave_no_doubt_are_taken(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert beside(tmp_path / "a.mp4") == tmp_path / name


def test_what_is_said_again_later_is_said_again(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nNo!\n\n2\n00:00:01,500 --> 00:00:02,000\nNo!\n")
    assert read_transcript(path, 5.0).text == "No! No!"
