"""Where a store lies: a folder of this machine, or a URL (`lddu.store.remote`)."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from lddu.errors import StoreError
from lddu.store.stream import StoreFiles

_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


class Place(StoreFiles, Protocol):
    """What both kinds of place have.

    Attributes:
        path: the folder on this machine that holds the manifest, and every file that is here.
        name: as the user called the store.
    """

    path: Path
    name: str


class Folder:
    """The files of a store on this machine.

    Attributes:
        path: the folder.
        name: as the user called it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    def local(self, name: str, sha256: str) -> Path:
        """The file; its checksum is looked at on request only (`FeatureStore.verify`)."""
        return self.path / name

    def size(self, name: str) -> int:
        """Bytes of the file."""
        return (self.path / name).stat().st_size

    def some(self, name: str, start: int, length: int) -> bytes:
        """Some bytes of the file."""
        with (self.path / name).open("rb") as stream:
            stream.seek(start)
            return stream.read(length)

    def shown(self, name: str) -> str:
        """The file's path."""
        return str(self.path / name)


def is_url(place: str | Path) -> bool:
    """Whether this names something elsewhere, such as ``s3://bucket/store``; ``file://`` counts too."""
    return bool(_URL.match(str(place)))


def place_of(place: str | Path) -> Place:
    """The files at a path or URL.

    Raises:
        StoreError: where a URL cannot be read.
    """
    if not is_url(place):
        return Folder(Path(place))
    from lddu.store.remote import RemoteFolder

    return RemoteFolder(str(place))


def features_place(files: Place, manifest: Mapping[str, Any]) -> Place:
    """Where the features of a store lie: beside its manifest, or in the store whose clips it splits anew (`lddu.store.resplit`).

    Raises:
        StoreError: where that other store is not there or has changed, or the manifest is damaged.
    """
    if "features" not in manifest:
        return files
    link = manifest["features"]
    if not isinstance(link, dict) or not all(isinstance(link.get(key), str) for key in ("store", "manifest_sha256")):
        raise StoreError(
            f"Expected {files.shown('manifest.json')} to say where its features lie, but it is damaged; make it again."
        )
    if is_url(files.name):
        raise StoreError(
            f"Expected the features of {files.name} beside its manifest, but it points to {link['store']}; upload that store, and split it "
            "here."
        )
    place = place_of(link["store"])
    file = place.path / "manifest.json"
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != link["manifest_sha256"]:
        what = "another store is there" if file.is_file() else "nothing is there"
        raise StoreError(
            f"Expected the features of {files.name} in the store {link['store']}, but {what}; put back the store that was split, or "
            "split it again."
        )
    return place
