"""A folder in which one process works at a time; what a killed process held is free again."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lddu.errors import LdduError

if TYPE_CHECKING:
    from filelock import FileLock


@contextmanager
def held(folder: Path, refusal: type[LdduError]) -> Iterator[None]:
    """Keep other processes from working in a folder that may not exist yet, while the block lasts.

    Two that work in one folder would write over each other's files, each sure of having finished. Where the system has no locks, as
    on some network drives, or takes no file beside the folder, nothing is held.

    Args:
        folder: that is written.
        refusal: raised where another process holds it.

    Raises:
        LdduError: `refusal`, at once.
    """
    from filelock import FileLock

    place = folder.absolute()
    lock = FileLock(place.with_name(f".{place.name}.lock"))
    if _taken(lock):
        raise refusal(
            f"Expected {folder} to be at rest, but another process is writing it; wait until that has ended, or choose another place."
        )
    try:
        yield
    finally:
        if lock.is_locked:
            with suppress(OSError):
                Path(lock.lock_file).unlink()
            lock.release()


def _taken(lock: "FileLock") -> bool:
    """Take a lock; whether another process has it. One that cannot be taken at all, nobody has."""
    from filelock import Timeout

    place = Path(lock.lock_file)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        return place.exists()  # one that cannot be made counts as taken there
    except (OSError, NotImplementedError):
        return False
    return False
