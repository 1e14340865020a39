"""A store with the clips of another in other splits; its features stay where they are."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lddu.errors import MismatchError, parameter
from lddu.machine.atomic import replaced_folder, write_text
from lddu.store.clip_table import write_table
from lddu.store.split_warnings import of_splits
from lddu.store.store import FeatureStore, file_sha256


def resplit(
    store: FeatureStore, out: Path, split: np.ndarray, group: np.ndarray, warnings: Sequence[str] = ()
) -> FeatureStore:
    """Write a clip table and a manifest that names the store of the features; one that is there already is taken.

    Args:
        store: with the clips.
        out: the folder.
        split: [N] of each clip.
        group: [N] of each clip.
        warnings: sentences that every run on it says.

    Raises:
        MismatchError: where `out` holds other splits, or those of another store.
    """
    features = store.manifest.get("features") or {"store": store.address, "manifest_sha256": store.manifest_sha256}
    if (out / "manifest.json").is_file():
        old = FeatureStore(out)
        same = old.manifest.get("features", {}).get("manifest_sha256") == features["manifest_sha256"]
        if not same or not np.array_equal(old.table.split, split) or not np.array_equal(old.table.group, group):
            raise MismatchError(
                f"Expected {out} to hold the same splits of {store.place}, but it does not; choose another {parameter('out')}."
            )
        return old
    with replaced_folder(out) as folder:
        table = replace(store.table, split=split, group=group)
        write_table(folder / "clips.parquet", table)
        manifest = {
            **store.manifest,
            "features": features,
            "splits": table.split_counts(),
            "warnings": [*(known for known in store.manifest.get("warnings", ()) if not of_splits(known)), *warnings],
            "sha256": {"clips.parquet": file_sha256(folder / "clips.parquet")},
        }
        write_text(folder / "manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return FeatureStore(out)
