"""Clips of words alone: a text file, its lines, rows of a table without files, sentences that are typed."""

import csv
import errno
import io
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.clips import words_alone
from lddu.clips.extract import ExtractionProgress, extract
from lddu.clips.extractor import ClipExtractor
from lddu.clips.sources import PAGE_MARK, listing_of, listing_of_texts
from lddu.clips.spans import NamedSpan, Source
from lddu.clips.words.text import WordEncoder
from lddu.clips.words.transcript import untimed
from lddu.clips.words_alone import SaidWords, features_of_words, sources_of_texts
from lddu.commands.predict import predict
from lddu.errors import ConfigError, SourceError
from lddu.runs.explained import ClipAnswers
from lddu.runs.predictor import Predictor
from lddu.runs.watch_folder import look
from lddu.store import extraction_notes
from lddu.store.store import FeatureStore
from tests.command_line import lddu as typed

SENTENCE = "I am so glad that you came."


@pytest.fixture(scope="session")
def encoder(extractor: ClipExtractor) -> WordEncoder:
    return extractor._words


def write_table(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    return path


def test_a_text_file_is_a_clip_of_its_words_without_times(tmp_path: Path, extractor: ClipExtractor) -> None:
    (tmp_path / "notes.txt").write_text("I am so glad\nthat you came.\n", encoding="utf-8")
    (clip,) = extractor.extract(Source(tmp_path / "notes.txt", "notes"))
    assert list(clip.modalities) == ["text"] and clip.transcript == SENTENCE
    assert np.isnan([clip.start, clip.end]).all() and clip.modalities["text"].times is None
    assert clip.notes == ("words alone",)


@pytest.mark.parametrize("content", [b"", b" \n\n", b"fr\xf6hlich", "\u200b".encode()])
def test_a_text_file_without_readable_words_is_refused(
    tmp_path: Path, extractor: ClipExtractor, content: bytes
) -> None:
    (tmp_path / "notes.txt").write_bytes(content)
    with pytest.raises(SourceError, match=r"^Expected .*notes"):
        extractor.extract(Source(tmp_path / "notes.txt", "notes"))


def test_a_text_file_beside_a_clip_of_its_name_stays_its_transcript(tmp_path: Path) -> None:
    for name in ("talk.mp4", "talk.txt", "notes.txt"):
        (tmp_path / name).write_bytes(b"hello")
    found = listing_of([tmp_path / "talk.mp4", tmp_path / "talk.txt", tmp_path / "notes.txt"]).sources
    assert [source.path.name for source in found] == ["talk.mp4", "notes.txt"]


def test_the_transcripts_of_clips_are_no_clips_of_their_own_whatever_their_kind(tmp_path: Path) -> None:
    """As a shell names them all: lddu predict recordings/*."""
    kinds = ("srt", "SRT", "vtt", "json", "sbv", "lrc", "txt", "en.vtt", "de.srt", "mp4.srt")
    names = [
        "talk.mp4",
        *(f"talk.{kind}" for kind in kinds),
        "talk.de.mp4",
        "other.srt",
        "talkative.txt",
        "talk.en.txt",
    ]
    for name in names:
        (tmp_path / name).write_bytes(b"hello")
    found = listing_of([tmp_path / name for name in names]).sources
    own = ["talk.mp4", "talk.de.mp4", "other.srt", "talkative.txt", "talk.en.txt"]
    assert [source.path.name for source in found] == own


@pytest.mark.parametrize(
    ("name", "cure"), [("talk.srt", "copy it to a .txt"), ("talk.json", "copy it to a .txt"), ("talk.eaf", "as .srt")]
)
def test_a_transcript_in_place_of_its_clip_is_refused_with_what_to_do(
    tmp_path: Path, extractor: ClipExtractor, name: str, cure: str
) -> None:
    (tmp_path / name).write_text("1\n00:00:00,000 --> 00:00:01,000\nGood day\n")
    with pytest.raises(SourceError, match=rf"^Expected a clip, but .*{name} is named like the transcript.*{cure}"):
        extractor.extract(Source(tmp_path / name, "talk"))


WORDS = st.lists(
    st.sampled_from(["glad", "so", "Donaudampfschiff", "!", "it's", "sad", "🙂", "ﷺ"]), min_size=1, max_size=9
)


@settings(max_examples=15, deadline=None)
@given(texts=st.lists(WORDS, min_size=1, max_size=6), more=st.integers(0, 400))
def test_what_lies_beside_a_text_does_not_change_its_states(
    encoder: WordEncoder, texts: list[list[str]], more: int
) -> None:
    texts = [*texts, ["on"] * more] if more else texts  # longer than the model reads at once
    for words, states in zip(texts, encoder.states(texts), strict=True):
        alone = encoder.steps(untimed(" ".join(words), 1.0).words).values
        np.testing.assert_allclose(states, alone, atol=2e-5)


@pytest.mark.parametrize("words", [3, 300, 900])
def test_what_lies_behind_the_tokens_that_are_read_does_not_change_their_states(
    encoder: WordEncoder, words: int
) -> None:
    text = (f"{SENTENCE} Unbelievably heartbreaking \u200b news ".split() * words)[:words]
    whole, few = (encoder.states([text, ["short"]], most) for most in (None, 100))
    for one, other in zip(whole, few, strict=True):
        np.testing.assert_allclose(other, one[:100], atol=1e-5)
    begun = [sum(encoder._model.pieces(text[:n])) < 100 for n in range(1, min(words, 101))]
    assert encoder.words_within(text, 100) == (3 if words == 3 else begun.index(False) + 1)


def test_of_a_text_that_is_too_long_the_words_that_are_read_are_counted(encoder: WordEncoder) -> None:
    said = [SaidWords("long", SENTENCE.split() * 500), SaidWords("short", SENTENCE.split())]
    long, short = features_of_words(said, encoder, 70)
    note = (
        "only its first 62 of 3,500 words were read: the run looks no further (model.max_steps); ask line by line, "
        "or about its parts"
    )
    assert (len(long.modalities["text"]), long.notes, short.notes) == (70, ("words alone", note), ("words alone",))
    assert len(long.transcript.split()) == 3500 and features_of_words(said[:1], encoder)[0].notes == ("words alone",)


def test_a_book_is_read_no_further_than_the_run_looks(
    tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = list[int | None]()
    states = WordEncoder.states

    def watched(self: WordEncoder, texts: list[list[str]], most: int | None = None) -> list[np.ndarray]:
        read.append(most)
        return states(self, texts, most)

    monkeypatch.setattr(WordEncoder, "states", watched)
    (tmp_path / "book.txt").write_text(f"{SENTENCE} " * 2000, encoding="utf-8")
    predictor = Predictor(run)
    found = predictor(tmp_path / "book.txt")
    assert read == [predictor.description.config.model.max_steps] and isinstance(found, ClipAnswers)
    assert [warning for warning in found.warnings if "of 14,000 words were read" in warning]
    assert not [warning for warning in found.warnings if "was cut to its first" in warning]


@pytest.mark.parametrize("unknown", ["\u200b", "😀", "😀😀😭", "a" * 101])
def test_a_text_without_a_known_word_is_left_out_and_noted(encoder: WordEncoder, unknown: str) -> None:
    clips = [SaidWords("a", [unknown]), SaidWords("b", ["glad"]), SaidWords("c", ["sad"])]
    found = features_of_words(clips, encoder)
    assert [clip.clip for clip in found] == ["b", "c"] and found[1].notes == ("words alone",)
    assert found[0].notes[1:] == ("clip 'a' of this file was left out: the language model knows no word of it",)


def test_words_that_the_language_model_does_not_know_are_noted(encoder: WordEncoder) -> None:
    """An emoji that touches a word does not cost the word."""
    [clip] = features_of_words([SaidWords("a", ["I", "am", "so", "glad😀", ",", "really", "😀"])], encoder)
    note = "the language model does not know 1 of its 7 words, such as '😀': it sees only that they are there"
    assert clip.notes == ("words alone", note)


def test_what_was_mended_in_a_text_with_cues_is_noted(tmp_path: Path, extractor: ClipExtractor) -> None:
    cues = "1\n00:00:00,000 --> 00:00:01,000\nI am so glad\n\n2\n00:00:02,000 --> 00:00:01,000\nthat you came\n"
    (tmp_path / "talk.txt").write_text(cues)
    [clip] = extractor.extract(Source(tmp_path / "talk.txt", "talk"))
    assert clip.transcript == "I am so glad that you came"
    assert [note for note in clip.notes if note.startswith("transcript: 1 cue")]


def test_words_in_brackets_are_noted_where_they_are_read(encoder: WordEncoder) -> None:
    """A text without times is read as it is; in a cue, such a sound is no word."""
    music, plain, open_one = features_of_words(
        [
            SaidWords("a", ["[soft", "music]", "I", "am", "glad", "[laughs]"]),
            SaidWords("b", ["glad"]),
            SaidWords("c", ["[glad"]),
        ],
        encoder,
    )
    assert music.notes[1:] == (
        "words in brackets, such as '[soft music]', were read as if they were said: leave out what nobody says",
    )
    assert plain.notes == open_one.notes == ("words alone",)


@pytest.mark.parametrize(
    ("text", "noted"), [("... !!! ???", True), ("—", True), ("ok!", False), ("7", False), ("はい。", False)]
)
def test_signs_alone_are_noted(text: str, noted: bool, encoder: WordEncoder) -> None:
    [clip] = features_of_words([SaidWords("a", text.split())], encoder)
    assert (extraction_notes.SIGNS_ALONE in clip.notes) == noted


@pytest.mark.parametrize("mark", ["&#39;", "&amp;", "&#x1F600;", "&hearts;", "<br />", "</i>", '<a href="x">'])
def test_html_in_a_text_is_noted(mark: str, encoder: WordEncoder) -> None:
    plain = ["R&D;", "<3", "5", "<", "6", "&", "7;", "&nosuch;", "<ann>", "a<b"]
    noted, other = features_of_words(
        [SaidWords("a", [*plain, "it" + mark, "is", "&quot;"]), SaidWords("b", plain)], encoder
    )
    note = f"HTML, such as {mark!r}, was read as if it were said: write the signs that it stands for"
    assert [each for each in noted.notes if "HTML" in each] == [note]
    assert not [each for each in other.notes if "HTML" in each]


TABLE = [
    ["clip", "split", "transcript", "joy", "_votes"],
    ["a", "train", SENTENCE, "1", "3"],
    ["b", "valid", "Never again, please.", "0", "4"],
    ["c", "test", " ", "1", "5"],
    ["d", "test", SENTENCE, "", "6"],
]


def test_a_table_of_words_becomes_a_labelled_store_of_text(tmp_path: Path) -> None:
    done = extract(write_table(tmp_path / "comments.csv", TABLE), tmp_path / "store")
    store = FeatureStore(done.store)
    assert store.table.clip.tolist() == ["a", "b", "d"] and store.table.split_counts() == {
        "train": 1,
        "valid": 1,
        "test": 1,
    }
    assert list(store.modalities) == ["text"] and store.emotions == ("joy",) and np.isnan(store.table.labels[2, 0])
    assert np.isnan(store.table.start).all() and store.times("text", 0) is None and set(store.table.group) == {""}
    assert store.table.carried["_votes"].tolist() == [3, 4, 6] and store.table.transcript[0] == SENTENCE
    left_out = f"1 line of {tmp_path / 'comments.csv'} without words was left out"
    assert done.left_out == (left_out,) and left_out in store.manifest["warnings"]
    assert done.missing == {"text": 0, "audio": 3, "visual": 3} and (done.files, done.media_seconds) == (1, 0)
    np.testing.assert_array_equal(store.steps("text", 0), store.steps("text", 2))


def test_texts_and_photos_of_a_folder_of_clips_are_left_out_and_counted(tmp_path: Path) -> None:
    for name in ("talk.mp4", "talk.txt", "talk.jpg", "voice.wav"):
        (tmp_path / name).touch()
    assert listing_of(tmp_path).left_out == ()
    (tmp_path / "note.txt").touch()
    assert listing_of(tmp_path).left_out == (
        f"not read in {tmp_path}: 1 text, note.txt; name what is a clip of its own",
    )
    (tmp_path / "face.png").touch()
    found = listing_of(tmp_path)
    assert "1 photo and 1 text" in found.left_out[0] and "face.png" in found.left_out[0]
    assert [source.path.name for source in found.sources] == ["talk.mp4", "voice.wav"]


def test_a_folder_that_cannot_be_looked_into_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is closed by hand: the root user of a container may look into every folder."""
    (tmp_path / "closed").mkdir()
    (tmp_path / "talk.mp4").touch()
    scan = os.scandir

    def refusing(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = listing_of(tmp_path)
    assert len(found.sources) == 1
    assert found.left_out == (
        f"not looked into: {tmp_path / 'closed'} (Permission denied); the clips in there are missing, check the permissions",
    )


def test_the_media_of_a_page_of_answers_are_no_clips(tmp_path: Path) -> None:
    """A page that is written into a folder of clips holds copies of them."""
    media = tmp_path / "page" / "media"
    media.mkdir(parents=True)
    for file in (tmp_path / "talk.mp4", media / "001.mp4", tmp_path / "page" / "mine.mp4"):
        file.touch()
    (tmp_path / "page" / "index.html").write_text("<title>holiday</title>")
    assert len(listing_of(tmp_path).sources) == 3
    (tmp_path / "page" / "index.html").write_text(f"<head>{PAGE_MARK}</head>")
    assert [source.path.name for source in listing_of(tmp_path).sources] == ["talk.mp4"]
    assert list(look(tmp_path)) == ["talk.mp4"]
    assert len(listing_of(tmp_path / "page").sources) == 2  # what is named itself is read


def test_without_ids_equal_texts_of_a_table_are_as_many_clips(tmp_path: Path) -> None:
    path = write_table(tmp_path / "c.csv", [["transcript", "joy"], ["lol", "1"], ["lol", "1"], ["hm, well\nthen", "0"]])
    assert list(listing_of(path).rows) == ["c#002", "c#003", "c#005"]


def test_times_of_a_table_without_files_mean_nothing_and_it_is_said(tmp_path: Path) -> None:
    path = write_table(tmp_path / "c.csv", [["transcript", "start", "end"], ["lol", "1", "2"]])
    assert "the times in" in listing_of(path).left_out[0]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [["transcript", "joy"], ["", "1"]],
            "Expected words in the column 'transcript' of .*, but every line lacks them",
        ),
        ([["transcript", "joy"]], "but it has a header only"),
        ([["transcript", "File"], ["lol", "a.mp4"]], "rename 'File' to 'file'"),
        ([["transcript", "joy"], ["lol", "glad"]], "Expected .*joy"),
        ([["clip", "transcript"], ["a", "lol"], ["a", "rofl"]], "once, but 'a' stands in lines 2 and 3"),
    ],
)
def test_a_wrong_table_of_words_is_refused(rows: list[list[str]], said: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=said):
        listing_of(write_table(tmp_path / "c.csv", rows))


def test_a_stopped_extraction_of_texts_goes_on_behind_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words_alone, "AT_ONCE", 2)
    path = write_table(tmp_path / "c.csv", [["transcript"], *[[f"number {n}"] for n in range(7)]])
    met: list[int] = []

    def stop(now: ExtractionProgress) -> None:
        met.append(now.done)
        if now.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(path, tmp_path / "store", advance=stop)
    done = extract(path, tmp_path / "store", advance=lambda now: met.append(now.done))
    assert met == [0, 1, 2, 2, 3, 4] and done.clips == 7
    again = extract(path, tmp_path / "store", existing="update")
    assert again.reused == 1 and again.clips == 7 and FeatureStore(done.store).verify() == []


def test_the_lines_of_a_file_are_clips_named_by_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("so glad\n\n  \nanna: sad\n", encoding="utf-8")
    found = listing_of(tmp_path / "notes.txt", lines=True)
    (source,) = found.sources
    assert [(span.clip, span.transcript) for span in source.spans] == [
        ("notes#001", "so glad"),
        ("notes#004", "anna: sad"),
    ]
    assert found.left_out == (f"2 lines of {tmp_path / 'notes.txt'} without words were left out",)


def test_lines_come_from_stdin_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("so glad\nso sad\n"))
    (source,) = listing_of("-", lines=True).sources
    assert [span.clip for span in source.spans] == ["text#001", "text#002"]


@pytest.mark.parametrize("name", ["talk.mp4", "face.jpg", "clips.csv", "blank.txt", "absent.txt", "latin.txt"])
def test_what_has_no_lines_of_words_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").write_bytes(b"x")
    (tmp_path / "blank.txt").write_bytes(b"\n \n")
    (tmp_path / "latin.txt").write_bytes(b"fr\xf6hlich")
    with pytest.raises(SourceError, match=f"^Expected .*{name}"):
        listing_of(tmp_path / name, lines=True)


def test_many_texts_are_several_sources_and_each_has_a_key_of_its_words(tmp_path: Path) -> None:
    spans = [NamedSpan(str(n), transcript="lol") for n in range(2 * words_alone.AT_ONCE + 1)]
    sizes = [len(source.spans) for source in sources_of_texts(tmp_path, "", spans)]
    assert sizes == [words_alone.AT_ONCE, words_alone.AT_ONCE, 1]


@pytest.mark.parametrize("texts", [[], [""], ["glad", " \n"]])
def test_a_typed_text_needs_words(texts: list[str]) -> None:
    with pytest.raises(SourceError, match=r"^Expected .*text"):
        listing_of_texts(texts)


def test_every_way_to_words_gives_the_same_answer(tmp_path: Path, run: Path) -> None:
    (tmp_path / "notes.txt").write_text(SENTENCE, encoding="utf-8")
    predictor = Predictor(run)
    answers = [predictor(tmp_path / "notes.txt"), predictor(text=SENTENCE), predictor(text=[SENTENCE, "Go away."])]
    answers.append(predictor(write_table(tmp_path / "t.csv", [["transcript"], [SENTENCE]])))
    assert [[one.clip for one in found] for found in answers] == [
        ["notes"], ["text"], ["text#001", "text#002"], ["t#002"],
    ]  # fmt: skip
    for found in answers:
        assert isinstance(found, ClipAnswers)
        np.testing.assert_allclose(found.probability[0], answers[0].probability[0], atol=1e-5)
        assert found[0].missing == ("audio", "visual") and np.isnan(found[0].start)


def test_a_predictor_takes_either_inputs_or_text(run: Path) -> None:
    predictor = Predictor(run)
    with pytest.raises(ConfigError, match="either `inputs` or `text`, but got neither"):
        predictor()
    with pytest.raises(ConfigError, match="but got both"):
        predictor("talk.mp4", text="glad")


def test_words_are_answered_without_seconds_in_every_form(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text(f"{SENTENCE}\n\nGo away.\n", encoding="utf-8")
    asked = ["predict", str(run), str(tmp_path / "notes.txt"), "--lines"]
    table = typed(capsys, *asked)
    assert table.code == 0 and SENTENCE in table.out and " - " in table.out and "0.0-" not in table.out
    assert (
        "audio and visual are missing in 2 of 2 clips (words alone)" in table.err
        and "without words was left out" in table.err
    )
    found = json.loads(typed(capsys, *asked, "--json").out)["clips"]
    assert [(clip["clip"], clip["start"], clip["end"]) for clip in found] == [
        ("notes#001", None, None), ("notes#003", None, None),
    ]  # fmt: skip
    assert found[0]["file"] == str(tmp_path / "notes.txt") and found[0]["missing"] == ["audio", "visual"]
    for idle in (asked, ["extract", *asked[2:], "--out", str(tmp_path / "store")]):
        refused = typed(capsys, *idle, "--cut", "window")
        assert refused.code == 2 and "Expected --cut only for video and audio, but got words alone" in refused.err
    line = found[1]["timeline"]
    assert line["seconds_per_step"] is None and len(line["modalities"]["text"]["happy"]) == 3  # go, away, full stop
    rows = list(csv.DictReader(io.StringIO(typed(capsys, *asked, "--csv").out)))
    assert [(row["transcript"], row["start"]) for row in rows] == [(SENTENCE, ""), ("Go away.", "")]


def test_typed_words_stand_on_a_page_without_a_player(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page"
    found = typed(capsys, "predict", run, "--text", SENTENCE, "--text", "-- <Go> away.", "--html", page, "--json")
    assert found.code == 0, found.err
    assert [(clip["clip"], clip["file"]) for clip in json.loads(found.out)["clips"]] == [
        ("text#001", ""),
        ("text#002", ""),
    ]
    shown = (page / "index.html").read_text(encoding="utf-8")
    assert SENTENCE in shown and "-- &lt;Go&gt; away." in shown and not (page / "media").exists()
    assert not any(tag in shown for tag in ("<video", "<audio", "<img", "0:00"))


def test_words_beside_a_clip_stand_on_one_page(tmp_path: Path, run: Path, talking: Path) -> None:
    (tmp_path / "notes.txt").write_text(SENTENCE, encoding="utf-8")
    assert predict(run, [str(talking), str(tmp_path / "notes.txt")], html=tmp_path / "page") == 0
    shown = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert "2 files: " in shown
    assert shown.count("<video") == 1 and shown.count('<section class="file"') == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("{run} talk.mp4 --text glad", 2, "Expected --text in place of other inputs, but got talk.mp4 too"),
        ("{run} --lines --text glad", 2, "but got --lines too"),
        ("{run}", 2, "Expected clips or a store for the run .*, but got none; name some, or write --text"),
        ("{run} --text=", 1, "Expected words in every text, but text has none"),
        ("{run} nope.txt", 1, "Expected words in nope.txt, but it is absent"),
        ("{run} nope.txt --lines", 1, "Expected the transcript nope.txt, but it is not there"),
    ],
)
def test_wrongly_asked_words_are_one_sentence(
    words: str, code: int, said: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = typed(capsys, "predict", *words.format(run=run).split())
    assert found.code == code and re.search(said, found.err) and found.out == "", found.err


def test_lines_become_a_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("so glad\n\nso sad\n", encoding="utf-8")
    found = typed(capsys, "extract", tmp_path / "notes.txt", "--lines", "--out", tmp_path / "store")
    said = " ".join(found.out.split())
    assert (
        found.code == 0 and "2 clips from 1 file in" in said and "clips a second" in said and "1 line of" in found.err
    )
    assert FeatureStore(tmp_path / "store").table.clip.tolist() == ["notes#001", "notes#003"]
