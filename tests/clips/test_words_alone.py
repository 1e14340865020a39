"""A text file is a clip of words alone."""

import json
from pathlib import Path

import pytest

from lddu.clips.extractor import ClipExtractor
from lddu.clips.sources import listing_of
from lddu.clips.spans import Source
from lddu.commands.predict import predict
from lddu.errors import SourceError


def test_a_text_file_is_a_clip_of_its_words(tmp_path: Path, extractor: ClipExtractor) -> None:
    (tmp_path / "notes.txt").write_text("I am so glad\nthat you came.\n", encoding="utf-8")
    (clip,) = extractor.extract(Source(tmp_path / "notes.txt", "notes"))
    assert list(clip.modalities) == ["text"] and clip.transcript == "I am so glad that you came."
    assert clip.modalities["text"].end[-1] <= clip.end == pytest.approx(7 * 0.4)
    assert clip.notes == ("no audio track", "no video track")


@pytest.mark.parametrize("content", [b"", b" \n\n", b"fr\xf6hlich"])
def test_a_text_file_without_readable_words_is_refused(
    tmp_path: Path, extractor: ClipExtractor, content: bytes
) -> None:
    (tmp_path / "notes.txt").write_bytes(content)
    with pytest.raises(SourceError, match=r"^Expected .*notes\.txt"):
        extractor.extract(Source(tmp_path / "notes.txt", "notes"))


def test_a_text_file_beside_a_clip_of_its_name_stays_its_transcript(tmp_path: Path) -> None:
    for name in ("talk.mp4", "talk.txt", "notes.txt"):
        (tmp_path / name).write_bytes(b"hello")
    found = listing_of([tmp_path / "talk.mp4", tmp_path / "talk.txt", tmp_path / "notes.txt"]).sources
    assert [source.path.name for source in found] == ["talk.mp4", "notes.txt"]


def test_words_alone_are_answered_by_a_run_and_stand_on_the_page(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("I am so glad that you came.", encoding="utf-8")
    assert predict(run, [str(tmp_path / "notes.txt")], html=tmp_path / "page", json=True) == 0
    assert [clip["clip"] for clip in json.loads(capsys.readouterr().out)["clips"]] == ["notes"]
    assert "I am so glad that you came." in (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
