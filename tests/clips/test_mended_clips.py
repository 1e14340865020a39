"""What is odd in a transcript or a manifest costs no voice, no face and no other clip, and is noted."""

import shutil
from pathlib import Path

import pytest

from lddu.clips.extract import extract
from lddu.clips.extractor import ClipExtractor
from lddu.clips.spans import NamedSpan, Source
from lddu.errors import SourceError
from lddu.store.provenance import extracted_files
from lddu.store.store import FeatureStore


@pytest.fixture
def talk(tmp_path: Path, talking: Path) -> Path:
    """A simulated talking clip of some seconds without a transcript."""
    return Path(shutil.copy(talking, tmp_path / "talk.mp4"))


def test_a_transcript_without_cues_costs_the_words_alone(talk: Path, extractor: ClipExtractor) -> None:
    talk.with_suffix(".vtt").write_text("WEBVTT\nKind: captions\nLanguage: en\n\n")
    [clip] = extractor.extract(Source(talk, "talk"))
    assert set(clip.modalities) == {"audio", "visual"}
    assert clip.notes == ("no words in its transcript",)


def test_a_transcript_of_nothing_that_the_language_model_knows_costs_the_words_alone(
    talk: Path, extractor: ClipExtractor
) -> None:
    talk.with_suffix(".txt").write_text("😀😀 😭", encoding="utf-8")
    [clip] = extractor.extract(Source(talk, "talk"))
    assert set(clip.modalities) == {"audio", "visual"} and clip.transcript == "😀😀 😭"
    assert clip.notes == ("no word that the language model knows",)


def test_what_was_mended_is_noted_with_the_clip_in_the_summary_and_in_the_manifest(tmp_path: Path, talk: Path) -> None:
    talk.with_suffix(".srt").write_text(
        "1\n-00:00:00,500 --> 00:00:01,000\nANNA: Good day\n\n2\n00:00:01,200 --> 00:00:01,100\nto you\n"
    )
    found = extract([str(talk)], tmp_path / "store")
    notes = (
        "transcript: 1 cue: beginning before the file, taken from 0 s on",
        "transcript: 1 cue: impossible times, put between the neighbours",
    )
    assert found.notes == dict.fromkeys(notes, 1)
    store = FeatureStore(found.store)
    assert store.table.transcript.tolist() == ["Good day to you"]
    assert extracted_files(store)[0]["notes"] == {"talk": list(notes)}


def test_the_speaker_of_a_clip_is_in_a_column_of_its_own_also_after_an_update(tmp_path: Path, talk: Path) -> None:
    talk.with_suffix(".srt").write_text("1\n00:00:00,500 --> 00:00:01,000\n[SPEAKER_01]: Good day\n")
    for existing in ("refuse", "update"):
        store = FeatureStore(extract([str(talk)], tmp_path / "store", existing=existing).store)
        assert store.table.transcript.tolist() == ["Good day"]
        assert store.table.carried["_speaker"].tolist() == ["SPEAKER_01"]
    (tmp_path / "clips.csv").write_text("file,_speaker\ntalk.mp4,7\n")
    store = FeatureStore(extract([str(tmp_path / "clips.csv")], tmp_path / "labelled").store)
    assert store.table.carried["_speaker"].tolist() == [7.0]


def test_a_clip_that_begins_before_its_file_begins_with_it(talk: Path, extractor: ClipExtractor) -> None:
    spans = (NamedSpan("first", -0.48, 1.0), NamedSpan("second", 1.0, 1.5))
    first, second = extractor.extract(Source(talk, "talk", spans=spans))
    assert (first.start, first.end) == (0.0, 1.0)
    assert "begins with its file at 0 s, not at -0.48 s" in first.notes
    assert all("begins" not in note for note in second.notes)


def test_clips_outside_their_file_are_left_out_and_noted_with_those_that_remain(
    talk: Path, extractor: ClipExtractor
) -> None:
    spans = (NamedSpan("good", 0.0, 1.0), NamedSpan("late", 90.0, 91.0), NamedSpan("early", -2.0, -1.0))
    [clip] = extractor.extract(Source(talk, "talk", spans=spans))
    assert clip.clip == "good"
    assert {note for note in clip.notes if "left out" in note} == {
        "clip 'late' of this file was left out: it goes from 90 to 91 s",
        "clip 'early' of this file was left out: it goes from -2 to -1 s",
    }
    with pytest.raises(SourceError, match="clip 'late' to lie within"):
        extractor.extract(Source(talk, "talk", spans=spans[1:]))
