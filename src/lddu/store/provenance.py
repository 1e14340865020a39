"""What `lddu extract` wrote into the manifest of a store: its files, and those that failed."""

import json
from dataclasses import dataclass
from typing import Any

from lddu.store.store import FeatureStore

MADE_BY = "lddu extract"


@dataclass(frozen=True)
class Failure:
    """A file that could not be extracted, and the sentence that says why."""

    file: str
    reason: str


def extracted_files(store: FeatureStore) -> list[dict[str, Any]]:
    """What was written of each file: its name, key, clips and their notes; empty for a store that `lddu extract` did not make."""
    source = store.manifest["source"]
    return list(source["files"]) if source.get("made_by") == MADE_BY else []


ALIKE = {("face", "mediapipe"): {1, 2}}
"""Kind of features -> versions that give the same numbers where both are right: 2 sees wide pixels and mirrored pictures as
players show them, which 1 did not, and all others alike."""


def made_alike(feature: str, other: str) -> bool:
    """Whether two descriptions of features, as a store and a run hold them, stand for the same numbers."""
    if feature == other:
        return True
    try:
        first, second = json.loads(feature), json.loads(other)
    except ValueError:
        return False
    if not isinstance(first, dict) or not isinstance(second, dict):
        return False
    versions = {first.pop("version", None), second.pop("version", None)}
    return first == second and any(first.get(key) == kind and versions <= known for (key, kind), known in ALIKE.items())
