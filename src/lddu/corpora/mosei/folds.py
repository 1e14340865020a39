"""Which video of CMU-MOSEI belongs to which split: from a file the user names, or from the SDK where it is installed."""

import ast
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lddu.errors import SourceError, parameter
from lddu.labels import split_named, splits_said
from lddu.store.sheet.lines import read_lines

LARGEST_LISTS = 2**20
"""Bytes of a .py or .json of folds; the SDK's has 46 KB."""

LARGEST_TABLE = 2**24
"""Bytes of a table of folds; the real segment list has 1 MB."""

TABLES = (".csv", ".tsv")

_NUMBERS = {"0": "train", "1": "valid", "2": "test", "3": "unused"}
"""How the segment list of MMSA and its relatives counts splits."""

_VIDEO_COLUMNS = ("video", "video_id", "file", "clip", "id")
_SEGMENT_COLUMNS = ("index", "segment")
"""Row of a segment among the labels of its video. A ``clip_id`` is MMSA's number, which is another: see `mosei_labels`."""

_SPLIT_COLUMNS = ("split", "mode", "fold")
_SDK_FILE = "mmdatasdk/dataset/standard_datasets/CMU_MOSEI/cmu_mosei_std_folds.py"


@dataclass(frozen=True)
class Folds:
    """Splits by video, and by single segment where the file says so.

    Attributes:
        source: where they come from.
        videos: video -> split.
        segments: ``VIDEO[k]`` -> split.
    """

    source: str
    videos: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)

    def split(self, video: str, segment: str) -> str | None:
        """The split of a segment; None where the folds do not know it."""
        return self.segments.get(segment) or self.videos.get(video)


def fold_named(name: object) -> str | None:
    """The split for a name (`split_named`) or a number of these files; None for others."""
    return _NUMBERS.get(str(name).strip()) or split_named(name)


def read_folds(path: Path | None) -> Folds:
    """The folds of a file, or those of the SDK where no file is named.

    Args:
        path: ``.json`` ({split: [videos]}), the SDK's ``.py`` (lists are read, nothing is run), or ``.csv`` (``.tsv``) with a
            video column, a split column and, where splits go by segment, an index column.

    Raises:
        SourceError: where there is no file and no SDK, or the file cannot be understood.
    """
    if path is None:
        path = _sdk_file()
    try:
        kind = path.suffix.lower()
        largest = LARGEST_TABLE if kind in TABLES else LARGEST_LISTS
        if path.stat().st_size > largest:
            raise ValueError(f"it is larger than {largest:,} bytes")
        if kind in TABLES:
            return _from_rows(path)
        text = path.read_text(encoding="utf-8-sig")
        return _from_lists(path, json.loads(text) if kind == ".json" else _lists_in(text))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError) as fault:
        raise SourceError(
            f"Expected {path} to list the videos of each split as .json, .csv or the SDK's .py, "
            f"but it cannot be read ({str(fault).splitlines()[0][:240] if str(fault) else type(fault).__name__})."
        ) from None


def _sdk_file() -> Path:
    spec = importlib.util.find_spec("mmsdk")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (Path(folder) / _SDK_FILE).is_file():
            return Path(folder) / _SDK_FILE
    raise SourceError(
        f"Expected {parameter('folds')} with the videos of each split, since the CMU Multimodal SDK is not installed; "
        "name its cmu_mosei_std_folds.py, or a .json {split: [videos]}, or a .csv with the columns video and split."
    )


def _lists_in(text: str) -> dict[str, Any]:
    """Lists of strings that a Python file assigns; read as text, never run."""
    lists: dict[str, Any] = {}
    for statement in ast.parse(text).body:
        if (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
        ):
            name = statement.targets[0].id.lower().replace("standard_", "").replace("_fold", "")
            if fold_named(name):
                lists[name] = ast.literal_eval(statement.value)
    return lists


def _from_lists(path: Path, lists: Any) -> Folds:
    videos: dict[str, str] = {}
    if not isinstance(lists, dict) or not lists:
        raise ValueError("it names no splits")
    for name, members in lists.items():
        split = fold_named(name)
        if split is None or not isinstance(members, list | tuple) or not all(isinstance(v, str) for v in members):
            raise ValueError(
                f"expected lists of videos by {splits_said(name)}"
                if split is None
                else f"{str(name)[:40]!r} is no split with a list of videos"
            )
        for video in members:
            _assign(path, videos, video, split)
    return Folds(str(path), videos)


def _from_rows(path: Path) -> Folds:
    videos: dict[str, str] = {}
    segments: dict[str, str] = {}
    header, lines = read_lines(path)
    for number, cells in lines:
        row = dict(zip(header, map(str, cells), strict=True))
        video = next((row[name] for name in _VIDEO_COLUMNS if row.get(name)), None)
        index = next((row[name] for name in _SEGMENT_COLUMNS if row.get(name)), None)
        split_name = next((row[name] for name in _SPLIT_COLUMNS if row.get(name)), None)
        split = fold_named(split_name)
        if not video or split is None:
            why = (
                f"line {number} has no video"
                if not video
                else f"the split of line {number} has to be {splits_said(split_name)}"
            )
            raise ValueError(why)
        if index is not None:
            _assign(path, segments, f"{video}[{index}]", split)
        else:
            _assign(path, segments if video.endswith("]") else videos, video, split)
    if not videos and not segments:
        raise ValueError("it has no rows")
    return Folds(str(path), videos, segments)


def _assign(path: Path, known: dict[str, str], name: str, split: str) -> None:
    if known.setdefault(name, split) != split:
        raise SourceError(f"Expected {name!r} in one split of {path}, but got {known[name]} and {split}; keep one.")
