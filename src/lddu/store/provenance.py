"""What `lddu extract` wrote into the manifest of a store: its files, and those that failed."""

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
    """What was written of each file: its name, key, clips and their notes; nothing of a store that was made otherwise."""
    source = store.manifest["source"]
    return list(source["files"]) if source.get("made_by") == MADE_BY else []
