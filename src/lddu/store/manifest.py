"""The manifest of a store: read and checked before anything else of the store is opened."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lddu.errors import StoreError
from lddu.store.place import Place
from lddu.store.stream import Modality, StorePart

FORMAT = "lddu-feature-store"
VERSION = 1

_SAFE_NAME = re.compile(r"[\w-]+\.safetensors")


@dataclass(frozen=True)
class Manifest:
    """The content of a manifest, each part of the right type.

    Attributes:
        content: all of it, as JSON gives it.
        emotions: names, in order.
        present_at: share of raters from which an emotion counts as present.
        modalities: name -> dimension and parts.
        simulated: whether the data is made up.
        clips: split -> how many.
        table_sha256: checksum of the clip table.
    """

    content: dict[str, Any]
    emotions: tuple[str, ...]
    present_at: float
    modalities: dict[str, Modality]
    simulated: bool
    clips: dict[str, int]
    table_sha256: str

    @staticmethod
    def of(content: dict[str, Any], file: str) -> "Manifest":
        """From a manifest's JSON.

        Args:
            content: the JSON.
            file: how a user calls it.

        Raises:
            StoreError: where something is missing, of another kind, or contradicts the rest.
        """
        try:
            manifest = Manifest(
                content,
                tuple(content["emotions"]),
                float(content["present_at"]),
                {name: _modality(name, entry) for name, entry in content["modalities"].items()},
                bool(content.get("simulated", False)),
                {name: int(count) for name, count in content["splits"].items()},
                str(content["sha256"]["clips.parquet"]),
            )
            fault = next(_faults(manifest), "")
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as wrong:
            fault = repr(wrong)
        if fault:
            raise StoreError(
                f"Expected {file} to describe a store, but it is damaged ({fault}); import the corpus again."
            )
        return manifest


def read_manifest(place: Place) -> Manifest:
    """The manifest of a store.

    Raises:
        StoreError: where there is none, it is damaged, or a newer version wrote it.
    """
    path, file = place.path, place.shown("manifest.json")
    if not (path / "manifest.json").is_file():
        problem = "nothing is there" if not path.exists() else "it holds no manifest.json"
        cure = (
            "run 'lddu data import' on it first"
            if any((path / name).is_file() for name in ("clips.csv", "clips.tsv")) or path.is_file()
            else "check the path, or make a store with 'lddu data import' or 'lddu data simulate'"
        )
        raise StoreError(f"Expected {path} to be a feature store, but {problem}; {cure}.")
    try:
        content = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as fault:
        raise StoreError(f"Expected {file} to be JSON, but it is damaged ({fault}); import the corpus again.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise StoreError(
            f"Expected {file} to be the manifest of an {FORMAT}, but it is something else; check the path."
        )
    if content.get("version") != VERSION:
        raise StoreError(
            f"Expected store format version {VERSION} in {file}, but got {content.get('version')!r}; "
            "update lddu, or import the corpus again."
        )
    return Manifest.of(content, file)


def _modality(name: str, entry: dict[str, Any]) -> Modality:
    parts = tuple(StorePart(str(p["file"]), int(p["clips"]), int(p["steps"]), str(p["sha256"])) for p in entry["parts"])
    if not all(_SAFE_NAME.fullmatch(part.file) for part in parts):
        raise ValueError(f"a part of {name} lies outside the store")
    return Modality(name, int(entry["dimension"]), str(entry["feature"]), parts)


def _faults(manifest: Manifest) -> Iterator[str]:
    """What is impossible in the manifest."""
    content, total = manifest.content, sum(manifest.clips.values())
    names = content["emotions"]
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names) or len(set(names)) != len(names):
        yield f"its emotions are {names!r}"
    if not 0 < manifest.present_at <= 1:
        yield f"its present_at is {manifest.present_at:g}"
    if min(manifest.clips.values(), default=0) < 0 or not total:
        yield f"its splits are {manifest.clips}"
    for name, modality in manifest.modalities.items():
        held = sum(part.clips for part in modality.parts)
        if held != total:
            yield f"the parts of {name} hold {held} clips, the splits {total}"
        if modality.dimension < 1 or any(min(part.clips, part.steps) < 0 for part in modality.parts):
            yield f"{name} has {modality.dimension} numbers a step, and parts of {[p.steps for p in modality.parts]} steps"
    warnings, repairs = content.get("warnings", []), content.get("repairs", {})
    if not isinstance(warnings, list) or not all(isinstance(sentence, str) for sentence in warnings):
        yield "its warnings are no list of sentences"
    if not isinstance(content.get("source", {}), dict) or not _are_counts(repairs):
        yield "its source or its repairs are no tables"


def _are_counts(repairs: Any) -> bool:
    """Whether these are kind -> place -> count."""
    return isinstance(repairs, Mapping) and all(
        isinstance(counts, Mapping) and all(isinstance(count, int) for count in counts.values())
        for counts in repairs.values()
    )
