"""A folder that is watched: what arrives in it is answered once it is whole, each file once."""

import os
import stat
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from lddu.clips.media import MEDIA_SUFFIXES, PHOTO_SUFFIXES
from lddu.clips.sources import is_page
from lddu.clips.spans import WORDS_SUFFIX
from lddu.errors import SourceError
from lddu.exports.answered import Answered
from lddu.exports.growing import Arrival, GrowingTable
from lddu.sentences import counted

Answer = Callable[[Path, str], Answered]
"""Answers a file, which gets this clip id; raises SourceError where it is broken."""


def watch_folder(
    folder: Path,
    table: GrowingTable,
    answer: Answer,
    every: float,
    note: Callable[[str], None],
    pause: Callable[[float], None] = time.sleep,
) -> NoReturn:
    """Answer what lies in a folder and what arrives in it, until interrupted.

    A file is answered when it and the files of its stem beside it (its transcript) are the same in two looks, in size and time. A
    file that changes while it is answered, or later, is answered as it then is. Hidden files are passed over.

    Args:
        folder: with the folders in it.
        table: gets the rows, and knows which files it has.
        answer: the predictor.
        every: seconds between two looks.
        note: called with a sentence for each file.
        pause: waits so many seconds.

    Raises:
        SourceError: where the folder is not there.
    """
    before: Mapping[str, Arrival] = {}
    while True:
        now = look(folder)
        for arrival in ready(before, now):
            if arrival not in table:
                _answer_one(folder, arrival, table, answer, note)
        before = now
        pause(every)


def look(folder: Path) -> dict[str, Arrival]:
    """Name below the folder -> the file as it is now.

    Raises:
        SourceError: where the folder is not there.
    """
    if not folder.is_dir():
        raise SourceError(f"Expected the folder {folder}, but it is not there; check the path.")
    arrivals: dict[str, Arrival] = {}
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not is_page(Path(place, name)))
        for name in sorted(name for name in names if not name.startswith(".")):
            arrival = _seen(folder, Path(place, name).relative_to(folder).as_posix())
            if arrival is not None:
                arrivals[arrival.name] = arrival
    return arrivals


def ready(before: Mapping[str, Arrival], now: Mapping[str, Arrival]) -> list[Arrival]:
    """The clips that are whole: neither they nor the files of their stem changed between two looks."""
    changing = {_stem(name) for name in {*before, *now} if before.get(name) != now.get(name)}
    kinds: dict[str, set[str]] = defaultdict(set)
    for name in now:
        kinds[_stem(name)].add(Path(name).suffix.lower())
    return [
        arrival
        for name, arrival in now.items()
        if _stem(name) not in changing and _is_clip(Path(name).suffix.lower(), kinds[_stem(name)])
    ]


def _is_clip(suffix: str, beside: set[str]) -> bool:
    """Whether a file is a clip; words beside a clip are its transcript."""
    media = MEDIA_SUFFIXES | PHOTO_SUFFIXES
    return suffix in media or (suffix == WORDS_SUFFIX and not beside & media)


def _stem(name: str) -> str:
    return Path(name).with_suffix("").as_posix()


def _seen(folder: Path, name: str) -> Arrival | None:
    """The file as it is now; None where it is gone, or no file."""
    try:
        status = (folder / name).stat()
    except OSError:
        return None
    return Arrival(name, status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def _answer_one(
    folder: Path, arrival: Arrival, table: GrowingTable, answer: Answer, note: Callable[[str], None]
) -> None:
    broken, answered = "", None
    try:
        answered = answer(folder / arrival.name, arrival.name)
    except SourceError as fault:
        broken = str(fault)
    if _seen(folder, arrival.name) != arrival:
        note(f"{arrival.name}: changed while it was answered; waited for again")
    elif answered is None:
        table.add_failure(arrival, broken)
        note(f"{arrival.name}: not answered. {broken}")
    else:
        left_out = table.add(arrival, answered)
        without = f"; no column in the table for {', '.join(left_out)}" if left_out else ""
        note(f"{arrival.name}: {counted(len(answered.clips), 'clip')}{without}")
