"""Emotions of CMU-MOSEI's clips in a .csv: by id, or LDDU's own form of rows in the order of the clips."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from lddu.corpora.mosei.folds import fold_named
from lddu.corpora.mosei.joined import Emotions, Joined, UnlabelledClip, plain_id
from lddu.corpora.mosei.segments import presence, sound_intensities
from lddu.corpora.token_labels import shares_of_tokens, tokens_in
from lddu.errors import SourceError
from lddu.labels import MOSEI_EMOTIONS
from lddu.store.sheet.cells import number as number_in
from lddu.store.sheet.lines import read_lines

LARGEST_FILE = 2**25
"""Bytes of a .csv of labels; with all transcripts of CMU-MOSEI it has 4 MB."""

Line = tuple[int, Mapping[str, str]]
"""The number of a line in a .csv, and its cells by column."""


def emotions_of_table(path: Path, clips: Sequence[UnlabelledClip]) -> Joined:
    """The emotions of clips from a ``.csv`` with ids, or with a row for each clip in order.

    Raises:
        SourceError: where the file cannot be understood.
    """
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
    matched = {(clip.split, clip.place): by_id[clip.clip] for clip in clips if clip.clip in by_id}
    return Joined(matched, len(by_id) - len({clip.clip for clip in clips} & set(by_id)), "by id")


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
    matched = {(clip.split, clip.place): rows[clip.split][clip.place] for clip in clips}
    unused = sum(map(len, rows.values())) - len(matched)
    return Joined(matched, unused, "by order of rows, since the file has no ids")


def _emotions_of(line: Mapping[str, str], where: str) -> Emotions:
    if line.get("tgt"):
        return Emotions(shares_of_tokens(tokens_in(line["tgt"], where), MOSEI_EMOTIONS, where))
    try:
        values = [number_in(line.get(name))[0] for name in MOSEI_EMOTIONS]
    except ValueError as fault:
        raise SourceError(f"Expected numbers for {', '.join(MOSEI_EMOTIONS)} in {where}, but {fault}.") from None
    intensities, outside = sound_intensities([math.nan if value is None else value for value in values])
    return Emotions(presence(intensities), outside=outside)


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
