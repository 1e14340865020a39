"""Where a store lies: a folder of this machine, or a URL (`lddu.store.remote`)."""

import re
from pathlib import Path
from typing import Protocol

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
