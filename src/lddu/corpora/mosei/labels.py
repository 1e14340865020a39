"""Emotions for clips that come without: joined from a Labels `.csd` or from a CSV, by id, and never by guess.

The row number of a segment in the `.csd` is not the number in an MMSA id. The rows of a video stand in the order of
the original numbers *as words* ("10", "13", "2", "3"), of which some are missing; the real segment list shows it:
1,318 of 3,293 videos are out of time order, every one in just this way. So `-3g5yACwYnA$_$10` is row 0 of its video.
The sentiment, which both files have, proves every pair; a clip without proof stays without emotions and is counted.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lddu.corpora.mosei.csd_file import opened_csd
from lddu.corpora.mosei.folds import fold_named
from lddu.corpora.mosei.segments import Segment, carried_ratings, presence, read_segments
from lddu.corpora.token_labels import shares_of_tokens, tokens_in
from lddu.errors import SourceError
from lddu.labels import MOSEI_EMOTIONS
from lddu.store.sheet.lines import read_lines

SAME_SENTIMENT = 1e-3
LARGEST_FILE = 2**25
"""Bytes of a .csv of labels; with all transcripts of CMU-MOSEI it has 4 MB."""

Line = tuple[int, Mapping[str, str]]
"""The number of a line in a .csv, and its cells by column."""


@dataclass(frozen=True)
class UnlabelledClip:
    """A clip as MMSA names it.

    Attributes:
        clip: ``VIDEO[k]`` with the original number k.
        split: of the file.
        place: row within the split.
        sentiment: -3 to 3.
    """

    clip: str
    split: str
    place: int
    sentiment: float

    @property
    def video(self) -> str:
        """The video."""
        return self.clip.rpartition("[")[0]

    @property
    def number(self) -> str:
        """The original number, as a word."""
        return self.clip.rpartition("[")[2].rstrip("]")


@dataclass(frozen=True)
class Emotions:
    """The emotions of one clip: shares in the order of `MOSEI_EMOTIONS`, and the ratings behind them."""

    shares: Sequence[float | None]
    carried: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Joined:
    """The outcome of a join.

    Attributes:
        emotions: (split, place) -> emotions; clips that did not match are absent.
        unused: labels that no clip took.
        how: what was matched by what, in words.
    """

    emotions: Mapping[tuple[str, int], Emotions]
    unused: int
    how: str


def join_emotions(path: Path, clips: Sequence[UnlabelledClip]) -> Joined:
    """The emotions of clips from a ``.csd`` or ``.csv`` file.

    Raises:
        SourceError: where the file cannot be understood, or belongs to other clips.
    """
    joined = _from_csd(path, clips) if path.suffix.lower() in (".csd", ".h5", ".hdf5") else _from_csv(path, clips)
    if not joined.emotions:
        raise SourceError(
            f"Expected {path} to label clips such as {clips[0].clip!r}, but none of {len(clips):,} clips matches; "
            "is it the label file of this corpus?"
        )
    return joined


def _from_csd(path: Path, clips: Sequence[UnlabelledClip]) -> Joined:
    with opened_csd(path) as file:
        segments = read_segments(file)
        numbered = any("[" in key for keys in file.entries.values() for key in keys)
    if not numbered and all(np.isnan(segment.sentiment) for segment in segments):
        raise SourceError(
            f"Expected the sentiment beside the emotions in {path}, since it proves which row belongs to which clip, "
            "but there is none; name the SDK's CMU_MOSEI_Labels.csd, whose labels have 7 columns."
        )
    rows: dict[str, list[Segment]] = {}
    for segment in segments:
        rows.setdefault(segment.video, []).append(segment)
    asked: dict[str, list[UnlabelledClip]] = {}
    for clip in clips:
        asked.setdefault(clip.video, []).append(clip)
    pairs = [
        pair for video, wanted in asked.items() for pair in _pairs(wanted, rows.get(video, []), numbered)
    ]  # fmt: skip
    emotions = {
        (clip.split, clip.place): Emotions(
            presence(row.intensities), carried_ratings(row.sentiment, row.intensities)
        )
        for clip, row in pairs
    }  # fmt: skip
    how = "id" if numbered else "order of ids within the video"
    return Joined(emotions, len(segments) - len({row.clip for _, row in pairs}), f"by {how}, proved by the sentiment")


def _pairs(
    clips: Sequence[UnlabelledClip], rows: Sequence[Segment], numbered: bool
) -> list[tuple[UnlabelledClip, Segment]]:
    """The clips of one video with their rows; those without proof are left out."""
    if numbered:
        by_id = {row.clip: row for row in rows}
        found = [(clip, by_id[clip.clip]) for clip in clips if clip.clip in by_id]
        return [(clip, row) for clip, row in found if math.isnan(row.sentiment) or _agree(clip, row)]
    in_order = sorted({clip.clip: clip for clip in clips}.values(), key=lambda clip: clip.number)
    first = _embedded(in_order, rows)
    last = _embedded(in_order[::-1], rows[::-1])
    if first is None or last is None:
        return []
    backwards = [len(rows) - 1 - place for place in last][::-1]
    places = zip(in_order, first, backwards, strict=True)
    chosen = {clip.clip: rows[a] for clip, a, b in places if a == b}
    return [(clip, chosen[clip.clip]) for clip in clips if clip.clip in chosen]


def _embedded(clips: Sequence[UnlabelledClip], rows: Sequence[Segment]) -> list[int] | None:
    """The earliest rows that agree with the clips, in order; None where there are none.

    Where the earliest and the latest such rows are the same, no other assignment exists.
    """
    places: list[int] = []
    at = 0
    for clip in clips:
        while at < len(rows) and not _agree(clip, rows[at]):
            at += 1
        if at == len(rows):
            return None
        places.append(at)
        at += 1
    return places


def _agree(clip: UnlabelledClip, row: Segment) -> bool:
    return abs(clip.sentiment - row.sentiment) <= SAME_SENTIMENT


def _from_csv(path: Path, clips: Sequence[UnlabelledClip]) -> Joined:
    header, lines = _table(path)
    columns = set(header)
    if {"mode", "tgt"} <= columns and not _id_columns(columns):
        return _by_place(path, lines, clips)
    if not _id_columns(columns) or not ({"tgt"} <= columns or set(MOSEI_EMOTIONS) <= columns):
        raise SourceError(
            f"Expected the columns mode and tgt in {path}, or an id (clip, id, or video_id and clip_id) and "
            f"{', '.join(MOSEI_EMOTIONS)}, but got {', '.join(sorted(columns))[:200]}."
        )
    by_id: dict[str, Emotions] = {}
    for number, line in lines:
        clip = plain_id("$_$".join(line[name] for name in _id_columns(columns)))
        emotions = _emotions_of(line, f"line {number} of {path}")
        if by_id.setdefault(clip, emotions) != emotions:
            raise SourceError(f"Expected {clip!r} once in {path}, but line {number} labels it differently; keep one.")
    if not by_id:
        raise SourceError(f"Expected labels in {path}, but it has no rows.")
    found = {(clip.split, clip.place): by_id[clip.clip] for clip in clips if clip.clip in by_id}
    return Joined(found, len(by_id) - len({clip.clip for clip in clips} & set(by_id)), "by id")


def plain_id(told: str) -> str:
    """``VIDEO[k]`` for the id of MMSA (``VIDEO$_$k``); other ids as they are."""
    video, mark, number = told.rpartition("$_$")
    return f"{video}[{number}]" if mark else told


def _id_columns(columns: set[str]) -> tuple[str, ...]:
    for names in (("video_id", "clip_id"), ("clip",), ("id",)):
        if set(names) <= columns:
            return names
    return ()


def _by_place(path: Path, lines: Iterable[Line], clips: Sequence[UnlabelledClip]) -> Joined:
    """LDDU's own form: no ids, rows in the order of each split."""
    rows: dict[str, list[Emotions]] = {}
    for number, line in lines:
        split = fold_named(line["mode"])
        if split is None:
            raise SourceError(
                f"Expected train, valid or test as mode in line {number} of {path}, but got {line['mode']!r}."
            )
        rows.setdefault(split, []).append(_emotions_of(line, f"line {number} of {path}"))
    for split in dict.fromkeys(clip.split for clip in clips):
        count = sum(clip.split == split for clip in clips)
        if len(rows.get(split, [])) != count:
            raise SourceError(
                f"Expected {count:,} rows of {split} in {path}, one for each clip in the same order, "
                f"but got {len(rows.get(split, [])):,}; without ids nothing else can be matched."
            )
    found = {(clip.split, clip.place): rows[clip.split][clip.place] for clip in clips}
    unused = sum(map(len, rows.values())) - len(found)
    return Joined(found, unused, "by order of rows, since the file has no ids")


def _emotions_of(line: Mapping[str, str], where: str) -> Emotions:
    if line.get("tgt"):
        return Emotions(shares_of_tokens(tokens_in(line["tgt"], where), MOSEI_EMOTIONS, where))
    try:
        values = [float(line[name]) if line.get(name) else None for name in MOSEI_EMOTIONS]
    except ValueError:
        raise SourceError(f"Expected numbers for {', '.join(MOSEI_EMOTIONS)} in {where}, but got others.") from None
    return Emotions([None if value is None or not value >= 0 else float(value > 0) for value in values])


def _table(path: Path) -> tuple[list[str], Iterator[Line]]:
    """The header, and every line with its number."""
    if path.stat().st_size > LARGEST_FILE:
        raise SourceError(
            f"Expected {path} to be a .csd or .csv of labels, but it is larger than {LARGEST_FILE:,} bytes."
        )
    header, lines = read_lines(path)
    return header, (
        (number, {name: "" if cell is None else str(cell) for name, cell in zip(header, cells, strict=True)})
        for number, cells in lines
    )
