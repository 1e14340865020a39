"""The store that a run was trained on, as far as it is still there."""

from pathlib import Path

from lddu.errors import StoreError
from lddu.runs.run_folder import RunFolder
from lddu.store.place import is_url
from lddu.store.store import FeatureStore, StoreLike, opened_store


def store_of(run: RunFolder, named: StoreLike | None = None) -> FeatureStore:
    """The store that is named, or that of the run where none is.

    Raises:
        StoreError: where it is not there, or damaged.
    """
    if named is not None:
        return opened_store(named)
    place = str(run.description.store.get("path", ""))
    if not is_url(place) and not (Path(place) / "manifest.json").is_file():
        raise StoreError(
            f"Expected the store that {run.place} was trained on at {place}, but it is not there; name the place where it is now."
        )
    return FeatureStore(place)
