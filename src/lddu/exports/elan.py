"""ELAN (.eaf, format 3.0): a tier per emotion, one for words, one for the clips, and probabilities below it.

An emotion's tier has an annotation where the emotion is present, and one where the run can't tell. Where the tier ``clip`` has an
annotation and the emotion's tier has none, the emotion is absent. Each probability belongs to an annotation of ``clip``.
"""

import mimetypes
import os
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from lddu.exports.answered import Answered, AnsweredClip
from lddu.exports.text import one_line, writable
from lddu.exports.tiers import Tier, tiers_of

_SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"
_TIMED, _ATTACHED, _ASSOCIATION = "default-lt", "probability", "Symbolic_Association"


def eaf(answered: Answered, target: Path) -> str:
    """The document, with links to the media file from the root and from where the document is written."""
    tiers = tiers_of(answered, _verdict)
    writer = _Writer()
    parents = [writer.add_timed(tier) for tier in tiers.clips]
    for tier in (*tiers.words, *tiers.emotions):
        writer.add_timed(tier)
    for emotion in answered.emotions:
        for tier, annotations in zip(tiers.clips, parents, strict=True):
            values = [f"{interval.clip.probability[emotion]:.3f}" for interval, _ in tier.entries]
            name = f"{emotion} probability{tier.name.removeprefix('clip')}"
            writer.add_attached(tiers.names.unused(name), tier.name, annotations, values)
    document = ET.Element("ANNOTATION_DOCUMENT", {
        "AUTHOR": "lddu", "DATE": datetime.now().astimezone().isoformat(timespec="seconds"), "FORMAT": "3.0", "VERSION": "3.0",
        _SCHEMA: "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
    })  # fmt: skip
    document.append(_header(answered, target, writer.annotations))
    document.extend([writer.times, *writer.tiers, *_types()])
    ET.indent(document)
    return ET.tostring(document, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )


def _verdict(clip: AnsweredClip, emotion: str) -> str:
    return "" if clip.verdict[emotion] == "absent" else clip.verdict[emotion]


class _Writer:
    """The parts of a document, with numbers that are given once."""

    def __init__(self) -> None:
        self.times = ET.Element("TIME_ORDER")
        self.tiers = list[ET.Element]()
        self.annotations = 0

    def add_timed(self, tier: Tier) -> list[str]:
        """A tier on the axis of time; returns the ids of its annotations."""
        element = self._tier(tier.name, _TIMED)
        return [
            self._annotation(element, "ALIGNABLE_ANNOTATION", text, {
                "TIME_SLOT_REF1": self._time(interval.start), "TIME_SLOT_REF2": self._time(interval.end),
            })
            for interval, text in tier.entries
        ]  # fmt: skip

    def add_attached(self, name: str, parent: str, annotations: list[str], values: list[str]) -> None:
        """A tier with a value for each annotation of another."""
        element = self._tier(name, _ATTACHED, {"PARENT_REF": parent})
        for annotation, value in zip(annotations, values, strict=True):
            self._annotation(element, "REF_ANNOTATION", value, {"ANNOTATION_REF": annotation})

    def _tier(self, name: str, kind: str, more: dict[str, str] | None = None) -> ET.Element:
        element = ET.Element("TIER", {"LINGUISTIC_TYPE_REF": kind, "TIER_ID": name, **(more or {})})
        self.tiers.append(element)
        return element

    def _annotation(self, tier: ET.Element, kind: str, text: str, place: dict[str, str]) -> str:
        self.annotations += 1
        name = f"a{self.annotations}"
        annotation = ET.SubElement(ET.SubElement(tier, "ANNOTATION"), kind, {"ANNOTATION_ID": name, **place})
        ET.SubElement(annotation, "ANNOTATION_VALUE").text = text
        return name

    def _time(self, milliseconds: int) -> str:
        name = f"ts{len(self.times) + 1}"
        ET.SubElement(self.times, "TIME_SLOT", {"TIME_SLOT_ID": name, "TIME_VALUE": str(milliseconds)})
        return name


def _header(answered: Answered, target: Path, annotations: int) -> ET.Element:
    header = ET.Element("HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    file = answered.clips[0].file
    links = {"MEDIA_URL": _address(Path(file).absolute())}
    if relative := _relative(Path(file), target):
        links["RELATIVE_MEDIA_URL"] = relative
    kind = mimetypes.guess_type(Path(file).name)[0] or "unknown"
    ET.SubElement(header, "MEDIA_DESCRIPTOR", {**links, "MIME_TYPE": kind})
    properties = [("lastUsedAnnotationId", str(annotations)), *(("note", one_line(note)) for note in answered.notes)]
    for name, value in properties:
        ET.SubElement(header, "PROPERTY", {"NAME": name}).text = value
    return header


def _address(path: Path) -> str:
    """As ELAN writes and reads it: nothing in it is percent-encoded."""
    return writable(f"file:///{path.as_posix().lstrip('/')}")


def _relative(file: Path, target: Path) -> str:
    """Empty where there is no way, as between drives of Windows."""
    try:
        way = Path(os.path.relpath(file.absolute(), target.absolute().parent)).as_posix()
    except ValueError:
        return ""
    return writable(way if way.startswith("../") else f"./{way}")


def _types() -> list[ET.Element]:
    graphic = {"GRAPHIC_REFERENCES": "false"}
    return [
        ET.Element("LINGUISTIC_TYPE", {**graphic, "LINGUISTIC_TYPE_ID": _TIMED, "TIME_ALIGNABLE": "true"}),
        ET.Element("LINGUISTIC_TYPE", {
            **graphic, "LINGUISTIC_TYPE_ID": _ATTACHED, "TIME_ALIGNABLE": "false", "CONSTRAINTS": _ASSOCIATION,
        }),
        ET.Element("CONSTRAINT", {
            "STEREOTYPE": _ASSOCIATION, "DESCRIPTION": "1-1 association with a parent annotation",
        }),
    ]  # fmt: skip
