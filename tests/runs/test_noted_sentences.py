"""What extraction noted of clips, in sentences beside answers: notes of one kind are told once, and none is lost."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import cast

from lddu.runs.missing_modalities import noted_sentences
from lddu.store import extraction_notes
from lddu.store.provenance import MADE_BY
from lddu.store.store import FeatureStore


def sentences(*files: tuple[str, Mapping[str, Sequence[str]]]) -> list[str]:
    written = [{"file": file, "clips": list(notes), "notes": notes} for file, notes in files]
    manifest = {"source": {"made_by": MADE_BY, "files": written}}
    return noted_sentences(cast("FeatureStore", SimpleNamespace(manifest=manifest)))


def test_notes_that_differ_in_numbers_alone_are_one_sentence() -> None:
    short = [(f"{name}.mp4", {name: [extraction_notes.cut_short(n + 9.5, n)]}) for n, name in enumerate("abcdefgh", 1)]
    assert sentences(*short) == [
        "a.mp4: its header promises 10.5 s, but it ends at 1.0 s: it may be cut short (likewise in b.mp4, c.mp4, d.mp4 and 4 more)"
    ]


def test_every_kind_of_note_is_told_however_many_there_are() -> None:
    kinds = [extraction_notes.MUTE, extraction_notes.HARDLY_VOICED, extraction_notes.TILTED,
             extraction_notes.FACES_OF_TABLE, extraction_notes.UNNAMED_SPEAKERS, extraction_notes.UNTIMED_SPEAKERS,
             extraction_notes.beside_zero(0.2), extraction_notes.subtitles(2)]  # fmt: skip
    told = sentences(("talk.mp4", {"talk": kinds}))
    assert told == [f"talk.mp4: {kind}" for kind in kinds[1:]]  # the first says why a modality is missing


def test_of_words_that_were_typed_the_clip_is_named() -> None:
    note = extraction_notes.unsaid_words("[Music]")
    assert sentences(("", {"text#001": [note], "text#002": []})) == [f"text#001: {note}"]
    assert sentences(("", {"text": [note]})) == [f"text: {note}"]


def test_clips_of_one_file_that_were_left_out_are_named_or_counted() -> None:
    left_out = [extraction_notes.clip_left_out(clip, "no words") for clip in "bcdefg"]
    assert sentences(("lines.txt", {"a": left_out})) == [f"lines.txt: {'; '.join(left_out[:3])} (likewise 3 more)"]
    assert sentences(("lines.txt", {"a": left_out[:2]})) == [f"lines.txt: {'; '.join(left_out[:2])}"]
