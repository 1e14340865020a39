"""Write to a temporary name beside the target and rename: a reader sees the old thing or the new, never half a one."""

import ctypes
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from safetensors import SafetensorError

from lddu.errors import RunError


def write_text(path: Path, text: str) -> None:
    """Replace the file by `text` (UTF-8) in one step."""
    with replaced_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def refuse_unwritable(path: Path) -> None:
    """Make sure, before long work, that a file or folder may be written to `path` after it.

    Raises:
        RunError: where a file stands in place of a folder above.
        OSError: where the system takes no files in the nearest folder that is there.
    """
    above = next(place for place in path.absolute().parents if place.exists())
    if not above.is_dir():
        raise RunError(f"Expected a place for {path}, but {above} is a file, not a folder; choose another.")
    with _blamed_on(path), tempfile.TemporaryFile(dir=above):
        pass


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """A temporary path to write to; it becomes `path` when the block ends well and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _blamed_on(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        with _system_errors(path):
            yield temporary
        _to_disk(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """A temporary folder to fill; it takes the place of `path` when the block ends well and vanishes when not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _blamed_on(path):
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    try:
        with _system_errors(path):
            yield temporary
        for file in temporary.rglob("*"):
            if file.is_file():
                _to_disk(file)
        temporary.chmod(0o777 & ~_umask())
        _take_place(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _blamed_on(path: Path) -> Iterator[None]:
    """An error of the system names what the user has named, not the temporary file beside it."""
    try:
        yield
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, str(path)) from None


@contextmanager
def _system_errors(path: Path) -> Iterator[None]:
    """What safetensors cannot write, such as for a full disk, is an error of the system, as for any other file."""
    try:
        yield
    except SafetensorError as fault:
        raise OSError(f"{path}: {fault}") from None


@cache
def _umask() -> int:
    """The user's umask; it can only be read by setting it, so it is read once."""
    withheld = os.umask(0o077)
    os.umask(withheld)
    return withheld


def _to_disk(file: Path) -> None:
    with file.open("rb") as stream:
        os.fsync(stream.fileno())


def _take_place(new: Path, path: Path) -> None:
    """Put the folder `new` at `path`; what was there is gone or left at `new`, for the caller to remove."""
    if not path.exists():
        new.rename(path)
    elif not _exchange(new, path):
        old = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".old", dir=path.parent))
        path.rename(old / path.name)  # a kill between these two lines leaves the old folder here
        new.rename(path)
        shutil.rmtree(old)


def _exchange(first: Path, second: Path) -> bool:
    """Swap two folders in one step, so that no kill can come in between; False where the system cannot (not Linux)."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of <linux/fs.h>
    return bool(renameat2(here, os.fsencode(first), here, os.fsencode(second), exchange) == 0)
