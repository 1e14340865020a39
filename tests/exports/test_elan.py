"""ELAN documents, read back by pympi, and held against the rules of EAFv3.0.xsd that a writer can break."""

import re
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pympi
import pytest
from hypothesis import given

from lddu.exports.answered import Answered
from lddu.exports.elan import eaf
from lddu.exports.text import one_line
from lddu.exports.timing import lines
from tests.exports.made_up import answered, talk


def read(document: str) -> pympi.Elan.Eaf:
    with tempfile.NamedTemporaryFile("w", suffix=".eaf", encoding="utf-8") as stream:
        stream.write(document)
        stream.flush()
        return pympi.Elan.Eaf(stream.name)


def on(found: pympi.Elan.Eaf, tier: str) -> list[tuple[int, int, str]]:
    """Start, end and value, of a tier on the axis of time."""
    return sorted(found.get_annotation_data_for_tier(tier))


def test_a_document_has_a_tier_per_emotion_one_for_words_and_one_for_clips() -> None:
    found = read(eaf(talk("hello", "", "more"), Path("talk.eaf")))
    assert list(found.get_tier_names()) == ["clip", "words", "joy", "fear", "joy probability", "fear probability"]
    assert on(found, "clip") == [(0, 2000, "talk#000"), (2000, 4000, "talk#001"), (4000, 6000, "talk#002")]
    assert on(found, "words") == [(0, 2000, "hello"), (4000, 6000, "more")]
    assert on(found, "joy") == [(0, 2000, "present"), (4000, 6000, "can't tell")] and on(found, "fear") == []
    attached = found.get_ref_annotation_data_for_tier("joy probability")
    assert sorted((start, end, value) for start, end, value, *_ in attached) == [
        (0, 2000, "0.750"), (2000, 4000, "0.750"), (4000, 6000, "0.750"),
    ]  # fmt: skip


@given(answered())
def test_a_document_is_read_back(found: Answered) -> None:
    document = read(eaf(found, Path("talk.eaf")))
    every = lines(found.clips)
    names = iter(document.get_tier_names())
    for line in every:
        assert on(document, next(names)) == [(one.start, one.end, one.clip.clip) for one in line]
    kinds = [("words", lambda clip: one_line(clip.words))] + [
        (one_line(e), lambda clip, e=e: clip.verdict[e].replace("absent", "")) for e in found.emotions
    ]
    for name, label in kinds:
        for number, line in enumerate(every):
            told = [(one.start, one.end, label(one.clip)) for one in line if label(one.clip)]
            if told or number == 0:
                tier = next(names)
                assert tier.startswith(name) and on(document, tier) == told
    for emotion in found.emotions:
        for line in every:
            values = [value for _, _, value, *_ in document.get_ref_annotation_data_for_tier(next(names))]
            assert sorted(values) == sorted(f"{one.clip.probability[emotion]:.3f}" for one in line)
    assert next(names, None) is None


@given(answered())
def test_a_document_keeps_the_rules_of_the_format(found: Answered) -> None:
    root = ET.fromstring(eaf(found, Path("talk.eaf")))
    order = ["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "CONSTRAINT"]
    assert [tag for tag, after in pairwise([*(child.tag for child in root), ""]) if tag != after] == order
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", root.attrib["DATE"])
    slots = {slot.attrib["TIME_SLOT_ID"]: int(slot.attrib["TIME_VALUE"]) for slot in root.iter("TIME_SLOT")}
    notes = [a for kind in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION") for a in root.iter(kind)]
    ids = [note.attrib["ANNOTATION_ID"] for note in notes]
    assert len({*ids, *slots}) == len(ids) + len(slots)
    kinds = {kind.attrib["LINGUISTIC_TYPE_ID"] for kind in root.iter("LINGUISTIC_TYPE")}
    tiers = [tier.attrib["TIER_ID"] for tier in root.iter("TIER")]
    assert len({*tiers}) == len(tiers) and all(tiers)
    for tier in root.iter("TIER"):
        assert tier.attrib["LINGUISTIC_TYPE_REF"] in kinds and tier.get("PARENT_REF", tiers[0]) in tiers
        timed = [
            (slots[a.attrib["TIME_SLOT_REF1"]], slots[a.attrib["TIME_SLOT_REF2"]])
            for a in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        assert all(start < end for start, end in timed)
        assert all(before[1] <= after[0] for before, after in pairwise(timed))
        assert all(a.attrib["ANNOTATION_REF"] in ids for a in tier.iter("REF_ANNOTATION"))
    assert all(len(note) == 1 and note[0].tag == "ANNOTATION_VALUE" for note in notes)


@pytest.mark.parametrize(
    ("file", "target", "relative"),
    [
        ("/data/my talk.mp4", "/data/my talk.eaf", "./my talk.mp4"),
        ("/data/Ärger & Co.mp4", "/data/elan/x.eaf", "../Ärger & Co.mp4"),
        ("/data/a/100%.mp4", "/other/x.eaf", "../data/a/100%.mp4"),
    ],
)
def test_the_media_is_linked_as_elan_links_it(file: str, target: str, relative: str) -> None:
    [media] = read(eaf(talk("a", file=file), Path(target))).get_linked_files()
    assert media["MEDIA_URL"] == f"file://{file}" and media["RELATIVE_MEDIA_URL"] == relative
    assert media["MIME_TYPE"] == "video/mp4"


def test_notes_are_properties() -> None:
    assert ("note", "made up <&> --> here") in read(eaf(talk("a"), Path("talk.eaf"))).get_properties()


def test_each_person_has_tiers_of_their_own() -> None:
    both = talk("hello", "hi")
    clips = [
        replace(clip, start=0.0, end=2.0, person=name) for clip, name in zip(both.clips, ("Ann", "Ben"), strict=True)
    ]
    found = read(eaf(replace(both, clips=clips), Path("talk.eaf")))
    assert on(found, "words Ann") == [(0, 2000, "hello")] and on(found, "words Ben") == [(0, 2000, "hi")]
    assert {"clip Ann", "joy Ben", "fear probability Ann"} <= set(found.get_tier_names())
