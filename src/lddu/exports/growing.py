"""A table that grows file by file and outlives a kill: the rows of every file that was answered stand in it once.

A journal beside the table says which files are in it. A file is begun in the journal, its rows are appended, and it is done in
the journal, each step on disk before the next. What lies behind the last file that is done was never finished: it is cut off.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lddu.errors import ConfigError, RunError, parameter
from lddu.exports.answered import Answered
from lddu.exports.formats import format_of
from lddu.exports.tables import json_lines, long_csv, wide_csv
from lddu.sentences import listed

JOURNAL = ".watch"
"""Ending of the journal's name, after that of the table."""


@dataclass(frozen=True)
class Arrival:
    """A file as it was seen; another size or time makes it another arrival.

    Attributes:
        name: path below the folder.
        size: bytes.
        modified: nanoseconds since 1970.
    """

    name: str
    size: int
    modified: int


class GrowingTable:
    """A .csv, .long.csv or .jsonl to which one process appends.

    Attributes:
        path: of the table.
        cut: bytes of unfinished rows that were cut off when it was opened.
    """

    def __init__(
        self, path: Path, settings: Mapping[str, Any], columns: Sequence[str] = (), force: bool = False
    ) -> None:
        """Open a table, or begin one.

        Args:
            path: of the table.
            settings: with which files are answered, as JSON has them; those of a table that is there must be the same.
            columns: of a CSV that the first file may lack and later ones may have.
            force: begin anew where there is a table.

        Raises:
            ConfigError: where no rows can be appended to the format.
            RunError: where another process appends, the table was changed, or it was made with other settings.
        """
        self.path, self.cut = path, 0
        self._more, self._columns = columns, list[str]()
        self._write = format_of(path).write
        if self._write not in (wide_csv, long_csv, json_lines):
            raise ConfigError(f"Expected a table to which rows can be appended, but got {path}; name a .csv or .jsonl.")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._journal = path.with_name(path.name + JOURNAL)
        self._lock = FileLock(path.with_name(path.name + JOURNAL + ".lock"))
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise RunError(f"Expected {path} to be free, but another watch appends to it; stop that first.") from None
        try:
            if force:
                self._journal.unlink(missing_ok=True)
                path.unlink(missing_ok=True)
            self._recover(dict(settings))
        except BaseException:
            self._lock.release()
            raise

    def close(self) -> None:
        """Let another process append."""
        self._lock.release()

    def __contains__(self, arrival: Arrival) -> bool:
        return arrival in self._done

    def add(self, arrival: Arrival, answered: Answered) -> list[str]:
        """Append the rows of a file; they are on disk when this returns.

        Returns:
            names of columns with values for which the table has no place.
        """
        left_out: list[str] = []
        header = ""
        if self._write is not json_lines:
            known, answered = answered.columns, self._aligned(answered)
            left_out = [name for name in known if name not in self._columns and any(known[name])]
            header = str(self._write(answered.some([]), self.path))
        text = str(self._write(answered, self.path))
        rows = (text[len(header) :] if self._end else text).encode()
        self._log({"begun": astuple(arrival)})
        _append(self.path, rows)
        self._finish(arrival, self._end + len(rows), "")
        return left_out

    def add_failure(self, arrival: Arrival, sentence: str) -> None:
        """Keep in the journal that a file could not be answered, so that it is not tried again."""
        self._finish(arrival, self._end, sentence)

    def _finish(self, arrival: Arrival, end: int, failed: str) -> None:
        self._log({"done": astuple(arrival), "end": end, "failed": failed, "columns": self._columns})
        self._end = end
        self._done.add(arrival)

    def _log(self, entry: Mapping[str, Any]) -> None:
        _append(self._journal, json.dumps(entry).encode() + b"\n")

    def _recover(self, settings: dict[str, Any]) -> None:
        """Read the journal, and cut off what was not finished."""
        data = self._journal.read_bytes() if self._journal.exists() else b""
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            _cut(self._journal, whole)
        try:
            first, *entries = [json.loads(line) for line in data[:whole].splitlines()] or [None]
            done = [entry for entry in entries if "done" in entry]
            self._done = {Arrival(*entry["done"]) for entry in done}
            self._end = int(done[-1]["end"]) if done else 0
            self._columns = list(done[-1]["columns"]) if done else []
            made_with = None if first is None else dict(first["settings"])
        except (ValueError, KeyError, TypeError):
            raise RunError(
                f"Expected the journal {self._journal}, but it is damaged; begin anew with {parameter('force', True)}."
            ) from None
        self._refuse_other(made_with, json.loads(json.dumps(settings)))
        size = self.path.stat().st_size if self.path.exists() else 0
        unfinished = bool(entries) and "begun" in entries[-1]
        if size < self._end or (size > self._end and not unfinished):
            raise RunError(
                f"Expected {self.path} as a watch left it, {self._end} bytes long, but it has {size}; name another table, "
                f"or begin anew with {parameter('force', True)}."
            )
        if size > self._end:
            _cut(self.path, self._end)
            self.cut = size - self._end
        if made_with is None:
            self._log({"settings": settings})

    def _refuse_other(self, made_with: dict[str, Any] | None, settings: dict[str, Any]) -> None:
        if made_with is not None and made_with != settings:
            other = [name for name in {**made_with, **settings} if made_with.get(name) != settings.get(name)]
            raise RunError(
                f"Expected the settings of {self.path}, but {listed(other)} differ{'s' * (len(other) == 1)}; name another table, or "
                f"begin anew with {parameter('force', True)}."
            )

    def _aligned(self, answered: Answered) -> Answered:
        """With the columns of the table in their order; these are those of the first file and `columns`."""
        if not self._end:
            more = [name for name in self._more if name not in answered.columns]
            self._columns = [*answered.columns, *more]
        unknown = [None] * len(answered.clips)
        return replace(answered, columns={name: answered.columns.get(name, unknown) for name in self._columns})


def _append(path: Path, content: bytes) -> None:
    """Append, and return when it is on disk."""
    with path.open("ab") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _cut(path: Path, size: int) -> None:
    with path.open("r+b") as stream:
        stream.truncate(size)
        os.fsync(stream.fileno())
