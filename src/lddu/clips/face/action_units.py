"""Face as action units that another tool has measured: tables of Py-Feat and of OpenFace, one beside each clip.

Neither tool runs here. Py-Feat fetches its weights from a hub; OpenFace is a program whose licence excludes products.
Who has one runs it first. What a table says is taken as it is, on the times of the clip's own pictures.
"""

import csv
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lddu.clips.face.measured_faces import PICTURE_RATE
from lddu.clips.face.pictures import FaceTrack
from lddu.clips.media import slot_of
from lddu.clips.steps import Steps
from lddu.errors import SourceError
from lddu.store import extraction_notes

_CLEARLY = 1.5
"""How much larger another face has to be before it is taken for the main speaker's."""

_FEW, _FEW_SHARE = 2, 0.02
"""Pictures, and share of them, that a table may leave out at its end without a note: tools drop last pictures, or skip some."""

_CLOSE, _END = 0.1, 0.5
"""Seconds by which a table's time of a picture, and the time of its last one, may differ from the clip's."""

_NO_NUMBER = re.compile(r"[-+]?(nan(\(\w*\))?|1\.#\w+)", re.IGNORECASE)
"""How programs write that there is no number, those on Windows as ``-nan(ind)`` or ``-1.#IND``."""


@dataclass(frozen=True)
class Tool:
    """What a tool's tables look like.

    Attributes:
        name: as the user names it.
        units: columns of action units, which become features in this order.
        pose: columns of the head's angles, features too.
        place: two columns of where the face is.
        reach: how far a face may move between two looks and still be the same, in the unit of `place`; NaN takes
            the column of its size.
        size: column of how large the face is.
        nearness: whether `size` is a distance, so that the smallest is the largest face.
        certain: column that says how sure the tool is of the face.
        least: below it no face was found.
        first: number of the first picture in the column ``frame``.
        clock: column with each picture's time since the first one; tables of old versions lack it.
        coarse: seconds by which that time is cut off.
    """

    name: str
    units: tuple[str, ...]
    pose: tuple[str, str, str]
    place: tuple[str, str]
    reach: float
    size: str
    nearness: bool
    certain: str
    least: float
    first: int
    clock: str
    coarse: float

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the numbers of a step."""
        return (*self.units, *self.pose)


def _numbered(numbers: str, ending: str = "") -> tuple[str, ...]:
    return tuple(f"AU{number}{ending}" for number in numbers.split())


PY_FEAT = Tool(
    "py-feat", _numbered("01 02 04 05 06 07 09 10 11 12 14 15 17 20 23 24 25 26 28 43"), ("Pitch", "Roll", "Yaw"),
    ("FaceRectX", "FaceRectY"), math.nan, "FaceRectWidth", False, "FaceScore", 0.5, 0, "approx_time", 1.0,
)  # fmt: skip
OPENFACE = Tool(
    "openface", _numbered("01 02 04 05 06 07 09 10 12 14 15 17 20 23 25 26 45", "_r"), ("pose_Rx", "pose_Ry", "pose_Rz"),
    ("pose_Tx", "pose_Ty"), 150.0, "pose_Tz", True, "success", 0.5, 1, "timestamp", 0.001,
)  # fmt: skip
TOOLS = {tool.name: tool for tool in (PY_FEAT, OPENFACE)}


def beside(media: Path) -> Path | None:
    """The table of a clip: under its name, with the suffix ``.csv``; None where there is none."""
    table = media.with_suffix(".csv")
    return table if table.is_file() else None


def specification(tool: Tool) -> dict[str, Any]:
    """All that is known of how the features were made; the tool's own version is not in its tables."""
    return {"face": tool.name, "version": 1, "picture_rate": PICTURE_RATE, "columns": list(tool.features)}


@dataclass(frozen=True)
class _Look:
    """A face in one picture."""

    size: float
    place: np.ndarray
    reach: float
    values: np.ndarray


@dataclass(frozen=True)
class _Table:
    """What a table says: the faces of each picture, and the time since the first one where it is known, by number from 0."""

    looks: Mapping[int, Sequence[_Look]]
    clock: Mapping[int, float]

    @property
    def pictures(self) -> int:
        """How many there are at least."""
        return max(self.looks, default=-1) + 1


def read_track(
    table: Path, tool: Tool, times: np.ndarray, decoded: Callable[[], np.ndarray] | None = None
) -> FaceTrack:
    """The main speaker's face over a file, from a table with a line per picture and face.

    Args:
        table: the file.
        tool: which wrote it.
        times: [N] seconds of the clip's pictures, in order.
        decoded: gives the times of the pictures that a decoder really shows, where `times` were counted without one; asked
            for only where the table does not end with the last of `times`.

    Returns:
        At most 15 steps a second, as from pictures. Pictures without a face, or with numbers missing, give none. Of
        several faces the largest is followed until another is half as large again. Its note says where table and clip
        disagree.

    Raises:
        SourceError: where the table is of another kind, broken, or of another clip.
    """
    read = _read(table, tool)
    if decoded is not None and read.pictures != len(times):
        times = decoded()
    time_of, note = _times(table, tool, read, np.asarray(times, dtype=float))
    values, start, looked, several = [], [], [], []
    last, next_slot = None, -1
    for picture in sorted(read.looks):
        time, faces = time_of[picture], read.looks[picture]
        slot = slot_of(time, PICTURE_RATE)
        if slot < next_slot or time < 0:
            continue
        next_slot = slot + 1
        looked.append(time)
        several.append(len(faces) > 1)
        if faces:
            last = _followed(faces, last)
            values.append(last.values)
            start.append(time)
    begin = np.array(start, dtype=float)
    features = np.array(values, np.float32).reshape(-1, len(tool.features))
    steps = Steps(features, begin, begin + 1 / PICTURE_RATE)
    return FaceTrack(steps, np.array(looked, dtype=float), np.array(several, bool), (note,) if note else ())


def _times(table: Path, tool: Tool, read: _Table, times: np.ndarray) -> tuple[Mapping[int, float], str]:
    """Seconds of every picture that the table names, and what is to be noted where its clock and the file's disagree.

    A picture's number is trusted as long as the numbers end about where the clip's do, or the table's own times say the
    same; else the table was made of a copy with another rate of pictures, and only its own times can be right.
    """
    by_number = {picture: float(times[picture]) for picture in read.looks if picture < len(times)}
    complete = abs(read.pictures - len(times)) <= max(_FEW, _FEW_SHARE * len(times)) and read.pictures <= len(times)
    agree = _agree(tool, read, times)
    if complete or (agree and read.pictures <= len(times)):
        short = extraction_notes.table_ends(read.pictures, len(times)) if not complete else ""
        return by_number, short
    length = float(times[-1] - times[0]) if len(times) else 0.0
    if not agree and read.clock and tool.coarse < 1 and set(read.clock) >= set(read.looks):
        end = max(read.clock.values())
        if abs(end - length) <= _END + _FEW_SHARE * length:
            middle = float(times[0]) + tool.coarse / 2  # of what a cut off or rounded time may mean
            shifted = {picture: time + middle for picture, time in read.clock.items()}
            return shifted, extraction_notes.table_times(read.pictures, len(times))
    if read.pictures <= len(times) and not read.clock:
        return by_number, extraction_notes.table_ends(read.pictures, len(times))
    raise SourceError(
        f"Expected {table} to describe the {len(times)} pictures of its clip, but it names picture "
        f"{read.pictures - 1 + tool.first}{_claimed(tool, read)}; put the table of this clip beside it."
    )


def _agree(tool: Tool, read: _Table, times: np.ndarray) -> bool:
    """Whether the table's own times are those of the pictures with the same numbers."""
    known = [(time, float(times[picture] - times[0])) for picture, time in read.clock.items() if picture < len(times)]
    return bool(known) and all(
        -_CLOSE - 0.02 * ours < ours - time < tool.coarse + _CLOSE + 0.02 * ours for time, ours in known
    )


def _claimed(tool: Tool, read: _Table) -> str:
    """Where the table itself puts its last picture, where it does."""
    time = read.clock.get(read.pictures - 1)
    return "" if time is None else f" as the last, at {time:.{3 if tool.coarse < 1 else 0}f} s"


def _followed(faces: Sequence[_Look], last: _Look | None) -> _Look:
    largest = max(faces, key=lambda face: face.size)
    if last is None:
        return largest
    near = min(faces, key=lambda face: float(np.linalg.norm(face.place - last.place)))
    same = float(np.linalg.norm(near.place - last.place)) <= near.reach
    return near if same and largest.size <= _CLEARLY * near.size else largest


def _read(table: Path, tool: Tool) -> _Table:
    looks: dict[int, list[_Look]] = {}
    clock: dict[int, float] = {}
    for picture, time, look in _lines(table, tool):
        looks.setdefault(picture, []).extend([] if look is None else [look])
        if math.isfinite(time):
            clock[picture] = time
    return _Table(looks, clock)


def _lines(table: Path, tool: Tool) -> Iterator[tuple[int, float, _Look | None]]:
    """Number of the picture from 0, its time or NaN, and the face; None where the line says that there is none."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.reader(stream)
            header = [name.strip() for name in next(rows, [])]
            columns = _columns(table, tool, header)
            for line, row in enumerate(rows, start=2):
                if len(row) not in (0, len(header)):
                    raise SourceError(
                        f"Expected {len(header)} cells in line {line} of {table}, as in its header, but got {len(row)}; "
                        f"the table is damaged or breaks off: run {tool.name} again."
                    )
                if row:
                    yield _look(row, columns, tool, f"line {line} of {table}")
    except FileNotFoundError:
        raise SourceError(f"Expected action units in {table}, but the file is not there; check its name.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise SourceError(f"Expected {table} to be a UTF-8 CSV table, but it cannot be read ({fault}).") from None


def _columns(table: Path, tool: Tool, header: Sequence[str]) -> dict[str, int]:
    required = ["frame", *tool.features, *tool.place, tool.size, tool.certain]
    missing = [name for name in required if name not in header]
    if missing:
        other_tool = next(
            (kind for kind in TOOLS.values() if kind is not tool and set(kind.units) <= set(header)), None
        )
        cure = (
            f"name {other_tool.name} as the face model" if other_tool else f"write it with {tool.name}'s newest version"
        )
        raise SourceError(
            f"Expected {table} to be a table of {tool.name}, but it has no column {', '.join(missing[:3])}"
            f"{' and others' if len(missing) > 3 else ''}; {cure}."
        )
    return {name: header.index(name) for name in (*required, tool.clock) if name in header}


def _look(row: Sequence[str], columns: Mapping[str, int], tool: Tool, where: str) -> tuple[int, float, _Look | None]:
    def number(name: str) -> float:
        text = row[columns[name]].strip()
        try:
            return math.nan if not text or _NO_NUMBER.fullmatch(text) else float(text)
        except ValueError:
            raise SourceError(f"Expected a number in column {name!r} of {where}, but got {text!r}.") from None

    frame = number("frame")
    if not frame.is_integer() or frame < tool.first:
        raise SourceError(
            f"Expected the number of a picture, from {tool.first}, in column 'frame' of {where}, but got {frame:g}."
        )
    time = _seconds(row[columns[tool.clock]].strip()) if tool.clock in columns else math.nan
    picture, size, values = int(frame) - tool.first, number(tool.size), np.array([number(n) for n in tool.features])
    if not (number(tool.certain) >= tool.least and size > 0 and np.isfinite(values).all()):
        return picture, time, None
    place = np.array([number(name) for name in tool.place])
    reach = size if math.isnan(tool.reach) else tool.reach
    return picture, time, _Look(1 / size if tool.nearness else size, place, reach, values)


def _seconds(text: str) -> float:
    """Seconds of ``7.933`` or ``01:02``; NaN of anything else."""
    try:
        return sum(60.0**power * float(part) for power, part in enumerate(reversed(text.split(":"))))
    except ValueError:
        return math.nan
