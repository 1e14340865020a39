"""Face as action units that another tool has measured: tables of Py-Feat and of OpenFace, one beside each clip.

Neither tool runs here. Py-Feat fetches its weights from a hub; OpenFace is a program whose licence excludes products.
Who has one runs it first. What a table says is taken as it is, on the times of the clip's own pictures.
"""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lddu.clips.face.pictures import PICTURE_RATE, FaceTrack
from lddu.clips.steps import Steps
from lddu.errors import SourceError

_CLEARLY = 1.5
"""How much larger another face has to be before it is taken for the main speaker's."""


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

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the numbers of a step."""
        return (*self.units, *self.pose)


def _numbered(numbers: str, ending: str = "") -> tuple[str, ...]:
    return tuple(f"AU{number}{ending}" for number in numbers.split())


PY_FEAT = Tool(
    "py-feat", _numbered("01 02 04 05 06 07 09 10 11 12 14 15 17 20 23 24 25 26 28 43"), ("Pitch", "Roll", "Yaw"),
    ("FaceRectX", "FaceRectY"), math.nan, "FaceRectWidth", False, "FaceScore", 0.5, 0,
)  # fmt: skip
OPENFACE = Tool(
    "openface", _numbered("01 02 04 05 06 07 09 10 12 14 15 17 20 23 25 26 45", "_r"), ("pose_Rx", "pose_Ry", "pose_Rz"),
    ("pose_Tx", "pose_Ty"), 150.0, "pose_Tz", True, "success", 0.5, 1,
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


def read_track(table: Path, tool: Tool, times: Sequence[float] | np.ndarray) -> FaceTrack:
    """The main speaker's face over a file, from a table with a line per picture and face.

    Args:
        table: the file.
        tool: which wrote it.
        times: [N] seconds of the clip's pictures, in order.

    Returns:
        At most 15 steps a second, as from pictures. Pictures without a face, or with numbers missing, give none. Of
        several faces the largest is followed until another is half as large again.

    Raises:
        SourceError: where the table is of another kind, broken, or of another clip.
    """
    looks: dict[int, list[_Look]] = {}
    for picture, look in _looks(table, tool):
        if picture >= len(times):
            raise SourceError(
                f"Expected {table} to describe the {len(times)} pictures of its clip, but it names picture "
                f"{picture + tool.first}; put the table of this clip beside it."
            )
        looks.setdefault(picture, []).extend([] if look is None else [look])
    values, start, looked, several = [], [], [], []
    last, next_slot = None, -1
    for picture in sorted(looks):
        time, faces = float(times[picture]), looks[picture]
        slot = math.floor(time * PICTURE_RATE + 1e-6)
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
    found = np.array(values, np.float32).reshape(-1, len(tool.features))
    return FaceTrack(
        Steps(found, begin, begin + 1 / PICTURE_RATE), np.array(looked, dtype=float), np.array(several, bool)
    )


def _followed(faces: Sequence[_Look], last: _Look | None) -> _Look:
    largest = max(faces, key=lambda face: face.size)
    if last is None:
        return largest
    near = min(faces, key=lambda face: float(np.linalg.norm(face.place - last.place)))
    same = float(np.linalg.norm(near.place - last.place)) <= near.reach
    return near if same and largest.size <= _CLEARLY * near.size else largest


def _looks(table: Path, tool: Tool) -> Iterator[tuple[int, _Look | None]]:
    """Number of the picture from 0, and the face; None where the line says that there is none."""
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
    wanted = ["frame", *tool.features, *tool.place, tool.size, tool.certain]
    missing = [name for name in wanted if name not in header]
    if missing:
        other = next((kind for kind in TOOLS.values() if kind is not tool and set(kind.units) <= set(header)), None)
        cure = f"name {other.name} as the face model" if other else f"write it with {tool.name}'s newest version"
        raise SourceError(
            f"Expected {table} to be a table of {tool.name}, but it has no column {', '.join(missing[:3])}"
            f"{' and others' if len(missing) > 3 else ''}; {cure}."
        )
    return {name: header.index(name) for name in wanted}


def _look(row: Sequence[str], columns: Mapping[str, int], tool: Tool, where: str) -> tuple[int, _Look | None]:
    def number(name: str) -> float:
        text = row[columns[name]].strip()
        try:
            return float(text) if text else math.nan
        except ValueError:
            raise SourceError(f"Expected a number in column {name!r} of {where}, but got {text!r}.") from None

    frame = number("frame")
    if not frame.is_integer() or frame < tool.first:
        raise SourceError(
            f"Expected the number of a picture, from {tool.first}, in column 'frame' of {where}, but got {frame:g}."
        )
    picture, size, values = int(frame) - tool.first, number(tool.size), np.array([number(n) for n in tool.features])
    if not (number(tool.certain) >= tool.least and size > 0 and np.isfinite(values).all()):
        return picture, None
    place = np.array([number(name) for name in tool.place])
    reach = size if math.isnan(tool.reach) else tool.reach
    return picture, _Look(1 / size if tool.nearness else size, place, reach, values)
