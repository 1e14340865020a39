"""A run in a .zip: unpacked into a folder of its own, and only after every name in the archive was checked.

The archive may come from a stranger. Links, absolute names and names that climb out of the folder refuse it as a whole;
of the rest only the files that a run has are written, and no more of them than `MOST_BYTES`.
"""

import re
import stat
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from lddu.errors import RunError

MOST_BYTES = 2**31
"""Of all files of a run together; those of the largest preset take a few megabytes."""

MOST_ENTRIES = 10_000
"""Names in an archive; one with more is refused."""

RUN_FILES = (
    "config.json", "model.safetensors", "decision.json", "metrics.json", "predictions.parquet", "latent_map.json",
    "log.jsonl", "report.html", "about.json", "familiarity.json",
)  # fmt: skip
"""What a run folder holds, and each member of an ensemble; docs/run_folder.md."""

_MEMBER = re.compile(r"(?:member-\d{1,4}/)?([^/]+)")
_PIECE = 1 << 20


def is_run_file(name: str) -> bool:
    """Whether a name below a run's folder is that of one of its files, or of one of a member."""
    match = _MEMBER.fullmatch(name)
    return match is not None and match[1] in RUN_FILES


def unpack_run(archive: Path, folder: Path) -> None:
    """Write the files of a run into a folder.

    The run lies at the top of the archive, or in its one folder with a config.json. What is no file of a run, such as what
    macOS adds, is left out.

    Args:
        archive: a .zip.
        folder: empty.

    Raises:
        RunError: where it is no whole .zip of one run, or holds what could reach beyond the folder.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            _refuse_unsafe(archive, entries)
            files = _run_files(archive, entries)
            _refuse_large(archive, sum(entry.file_size for entry in files.values()), MOST_BYTES)
            left = MOST_BYTES
            for name, entry in files.items():
                target = folder / name
                target.parent.mkdir(exist_ok=True)
                with opened.open(entry) as source, target.open("xb") as written:
                    left -= _copied(archive, source, written, left)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as fault:
        raise RunError(
            f"Expected {archive} to be a whole .zip of a run folder, but it cannot be unpacked ({_first_line(fault)}); "
            "pack it again, without a password."
        ) from None


def is_archive(path: Path) -> bool:
    """Whether a file is named as an archive is."""
    return path.suffix.lower() == ".zip" and path.is_file()


def without_a_run(archive: Path) -> bool:
    """Whether an archive can be read and holds no config.json: clips, perhaps, rather than a run."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return not any(_name(entry).split("/")[-1] == "config.json" for entry in opened.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry; some programs write the separators of Windows, which a zip should not have."""
    return entry.filename.replace("\\", "/")


def _refuse_unsafe(archive: Path, entries: Sequence[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise RunError(
            f"Expected {archive} to be a .zip of one run folder, but it holds {len(entries)} files; pack the run alone."
        )
    seen = set[str]()
    for entry in entries:
        name, kind = _name(entry), stat.S_IFMT(entry.external_attr >> 16)
        why = ""
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            why = "is a link or a device"
        elif name.startswith("/") or ":" in name or "\0" in name or ".." in name.split("/"):
            why = "leads out of its folder"
        elif name in seen:
            why = "is there twice"
        if why:
            raise RunError(
                f"Expected {archive} to hold plain files of a run, but {name[:80]!r} {why}; nothing was unpacked: pack the run "
                "folder again."
            )
        seen.add(name)


def _run_files(archive: Path, entries: Sequence[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Name below the run's folder -> entry, of the files that a run has."""
    names = {_name(entry): entry for entry in entries if not _name(entry).endswith("/")}
    above = ""
    if "config.json" not in names:
        runs = sorted(name.split("/")[0] for name in names if re.fullmatch(r"[^/]+/config\.json", name))
        if len(runs) != 1:
            reason = f"it holds {len(runs)}: {', '.join(runs[:4])}" if runs else "it holds none"
            raise RunError(
                f"Expected {archive} to hold one run, with config.json at its top or in its one folder, but {reason}; pack one run "
                "folder."
            )
        above = f"{runs[0]}/"
    below = {name.removeprefix(above): entry for name, entry in names.items() if name.startswith(above)}
    return {name: entry for name, entry in below.items() if is_run_file(name)}


def _copied(archive: Path, source: IO[bytes], target: IO[bytes], most: int) -> int:
    """Bytes copied; whatever the archive says of their number, not more than `most`."""
    copied = 0
    while piece := source.read(_PIECE):
        copied += len(piece)
        _refuse_large(archive, copied, most)
        target.write(piece)
    return copied


def _refuse_large(archive: Path, size: int, most: int) -> None:
    if size > most:
        raise RunError(
            f"Expected the run in {archive} to take at most {MOST_BYTES / 2**30:.3g} GiB, but it takes more; unpack it yourself and "
            "name the folder."
        )


def _first_line(fault: Exception) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0][:120]
