"""How much memory a process that begins now may take."""

import os
from pathlib import Path

CONTROL_GROUP = Path("/sys/fs/cgroup")
"""Where Linux keeps the memory limit and use of a container."""

MEMINFO = Path("/proc/meminfo")


def available_gib() -> float | None:
    """Memory that the system, and the container that this process lives in, have left; None where neither is known."""
    left = [free for free in (_of_system(), _of_container()) if free is not None]
    return min(left) / 2**30 if left else None


def _of_system() -> int | None:
    try:
        lines = MEMINFO.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return _physical()


def _physical() -> int | None:
    """All memory of the machine, for systems that do not report what is free."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _of_container() -> int | None:
    try:
        most, used = ((CONTROL_GROUP / f"memory.{name}").read_text().strip() for name in ("max", "current"))
        return int(most) - int(used) if most.isdecimal() else None
    except (OSError, ValueError):
        return None
