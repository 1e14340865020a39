"""A store behind a URL, read through fsspec: files are fetched whole into a cache when they are first needed.

The cache is addressed by content: its folder is named by the checksum of the manifest, and the manifest holds the
checksum of every file. A store that changes gets a new folder, copies of one store share one, and a file that arrives
cut short or altered never takes its name. That, and several processes that fetch at once, is why fsspec's own caches,
which trust what they find under a name, are not used.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lddu.errors import PackageError, StoreError
from lddu.machine.atomic import replaced_file
from lddu.machine.cache import cache_folder


class RemoteFolder:
    """The files of a store behind a URL; a `lddu.store.place.Place`.

    Args:
        url: such as ``s3://bucket/store``, ``gs://``, ``hf://datasets/...``, ``https://``, ``file://``. Who may read it is
            configured in the protocol's own package, by its environment variables or files.

    Raises:
        StoreError: where there is no store, or it cannot be reached.
        PackageError: where fsspec or the package of the protocol is not installed.
    """

    def __init__(self, url: str) -> None:
        self.name = url.rstrip("/")
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise PackageError.missing("fsspec", f"the remote store {url}", "lddu[remote]") from None
        with self._reached("manifest.json"):
            self._system, self._root = url_to_fs(self.name)
            manifest = self._system.cat_file(f"{self._root}/manifest.json")
        self.path = cache_folder("stores") / hashlib.sha256(manifest).hexdigest()
        if not (self.path / "manifest.json").is_file():
            with replaced_file(self.path / "manifest.json") as temporary:
                temporary.write_bytes(manifest)

    def local(self, name: str, sha256: str) -> Path:
        """The file in the cache; fetched and checked first where it is not there."""
        target = self.path / name
        if not target.is_file():
            from filelock import FileLock

            with FileLock(self.path / f".{name}.lock"):  # one process fetches, the others wait for it
                if not target.is_file():
                    self._fetch(name, target, sha256)
        return target

    def size(self, name: str) -> int:
        """Bytes of the file."""
        if (self.path / name).is_file():
            return (self.path / name).stat().st_size
        with self._reached(name):
            return int(self._system.info(f"{self._root}/{name}")["size"])

    def some(self, name: str, start: int, length: int) -> bytes:
        """Some bytes of the file, from the cache or, without the rest, from afar."""
        here = self.path / name
        if here.is_file():
            with here.open("rb") as stream:
                stream.seek(start)
                return stream.read(length)
        with self._reached(name):
            found = bytes(self._system.cat_file(f"{self._root}/{name}", start=start, end=start + length))
        # some web servers send all of a file, whatever is asked
        return found if len(found) <= length else found[start : start + length]

    def shown(self, name: str) -> str:
        """The file's URL."""
        return f"{self.name}/{name}"

    def _fetch(self, name: str, target: Path, sha256: str) -> None:
        with replaced_file(target) as temporary:
            with self._reached(name):
                self._system.get_file(f"{self._root}/{name}", str(temporary))
            with temporary.open("rb") as stream:
                checksum = hashlib.file_digest(stream, "sha256").hexdigest()
            if checksum != sha256:
                raise StoreError(
                    f"Expected {self.shown(name)} to have the checksum that the manifest says, but it arrived with "
                    "another; try again, or upload the store again."
                )

    @contextmanager
    def _reached(self, name: str) -> Iterator[None]:
        """Every protocol has errors of its own; all of them become one sentence."""
        try:
            yield
        except FileNotFoundError:
            raise StoreError(
                f"Expected {self.shown(name)}, but it is not there; check the URL, or upload the store again."
            ) from None
        except ImportError as fault:
            raise PackageError(
                f"Expected a package that can read {self.name}, but it is not installed ({fault}); install it."
            ) from None
        except StoreError:
            raise
        except Exception as fault:
            reason = (str(fault).splitlines() or [type(fault).__name__])[0][:200]
            raise StoreError(
                f"Expected to read {self.shown(name)}, but that failed ({reason}); check the URL and your access to it."
            ) from None
