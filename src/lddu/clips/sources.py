"""What the user names -> the files to extract: files, folders, a manifest with labels, or a list on stdin."""

import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lddu.clips.extractor import NamedSpan, Source
from lddu.clips.media import MEDIA_SUFFIXES
from lddu.clips.words.transcript import beside, languages_in
from lddu.errors import SourceError
from lddu.labels import SPLITS
from lddu.sentences import counted
from lddu.store.sheet_lines import read_lines

MANIFEST = "clips.csv"
SIMULATED = "_simulated"
"""A carried column; where it is 1 in any line, the store and every result on it say that they are not about people."""

_FIXED = ("file", "clip", "split", "group", "start", "end", "transcript", "transcript_file", "face_file")


@dataclass(frozen=True)
class Labels:
    """What a manifest says of a clip beside its place: see `lddu.store.clip_table.ClipRow`."""

    split: str = ""
    group: str = ""
    shares: tuple[float | None, ...] = ()
    carried: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    """Files to extract and what is known of their clips.

    Attributes:
        sources: the files, in order.
        emotions: columns of labels; none where nothing is labelled.
        labels: clip id -> labels, for the clips of a manifest.
        unlisted: media files of a folder that its manifest does not name.
    """

    sources: tuple[Source, ...]
    emotions: tuple[str, ...] = ()
    labels: Mapping[str, Labels] = field(default_factory=dict)
    unlisted: tuple[Path, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether the manifest says that any clip is made up."""
        return any(known.carried.get(SIMULATED) for known in self.labels.values())


def listing_of(inputs: str | Path | Sequence[str | Path]) -> Listing:
    """The files that the inputs mean.

    Args:
        inputs: media files, folders (searched through, or led by a `clips.csv` in them), one manifest, or ``-`` for
            names on stdin, one a line.

    Raises:
        SourceError: where an input is absent, a folder holds no clip, or a manifest is wrong.
    """
    entries = [str(entry) for entry in ([inputs] if isinstance(inputs, str | Path) else inputs)]
    names = [name for entry in entries for name in (_stdin_names() if entry == "-" else [entry])]
    if not names:
        raise SourceError("Expected at least one clip, folder or manifest, but got none; name one.")
    manifests = [path for path in map(_manifest_of, names) if path is not None]
    if manifests:
        if len(names) > 1:
            raise SourceError(
                f"Expected the manifest {manifests[0]} alone, but got {len(names)} inputs; extract them one by one."
            )
        listing, folder = read_manifest(manifests[0]), Path(names[0])
        named = {source.path.resolve() for source in listing.sources}
        there = _media_in(folder) if folder.is_dir() else []
        return replace(listing, unlisted=tuple(file for file in there if file.resolve() not in named))
    found = [(path, root) for name in names for path, root in _files(Path(name))]
    unique = list({path.absolute(): (path, root) for path, root in reversed(found)}.values())[::-1]
    ids = _ids(unique)
    return Listing(_with_transcripts([Source(path, clip) for (path, _), clip in zip(unique, ids, strict=True)]))


def _with_transcripts(sources: Sequence[Source]) -> tuple[Source, ...]:
    """The sources with the transcripts that lie beside them; every folder is looked through once."""
    languages = {folder: languages_in(folder) for folder in {source.path.parent for source in sources}}
    return tuple(
        replace(source, transcript=source.transcript or beside(source.path, languages[source.path.parent]), sought=True)
        for source in sources
    )


def unlisted_sentence(files: Sequence[str]) -> str:
    """What a reader should know of files that a manifest leaves out."""
    rest = f", such as {files[0]}" if len(files) > 1 else f": {files[0]}"
    return f"the manifest does not name {counted(len(files), 'media file')} of its folder{rest}; left out"


def read_manifest(path: Path) -> Listing:
    """Clips from a table, of which several may lie in one file.

    Columns: `file`, optionally `clip`, `start`, `end` (seconds), `split`, `group`, `transcript`, `transcript_file`, `face_file` (a
    table of action units);
    columns that begin with ``_`` are carried along; every other column is an emotion in [0, 1].

    Raises:
        SourceError: naming the first line that is wrong.
    """
    rows, columns = _rows(path)
    emotions = tuple(c for c in columns if c not in _FIXED and not c.startswith("_"))
    labels: dict[str, Labels] = {}
    spans: dict[tuple[Path, Path | None, Path | None], list[NamedSpan]] = {}
    uses = Counter(row["file"] for _, row in rows)
    for number, (line, row) in enumerate(rows, start=1):
        where = f"line {line} of {path}"
        if not row["file"]:
            raise SourceError(f"Expected a file in {where}, but the column 'file' is empty.")
        stem = Path(row["file"]).with_suffix("").as_posix()
        clip = row.get("clip") or (stem if uses[row["file"]] == 1 else f"{stem}#{number:03d}")
        if clip in labels:
            raise SourceError(f"Expected unique clip ids, but {clip!r} in {where} comes twice; add a column 'clip'.")
        labels[clip] = _labels(row, emotions, where)
        words, face = (path.parent / row[c] if row.get(c) else None for c in ("transcript_file", "face_file"))
        start, end = (_number(row.get(name, ""), name, where) for name in ("start", "end"))
        span = NamedSpan(clip, start, end, row.get("transcript", ""))
        spans.setdefault((path.parent / row["file"], words, face), []).append(span)
    sources = [Source(file, named[0].clip, words, tuple(named), face) for (file, words, face), named in spans.items()]
    return Listing(_with_transcripts(sources), emotions, labels)


def _rows(path: Path) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    if not path.is_file():
        raise SourceError(f"Expected the manifest {path}, but it is not there; check the path.")
    columns, lines = read_lines(path)
    if "file" not in columns:
        raise SourceError(
            f"Expected a column 'file' in {path}, but got {', '.join(columns) or 'nothing'}; "
            "a table of features is for 'lddu data import'."
        )
    double = [name for name, count in Counter(columns).items() if count > 1]
    if double:
        raise SourceError(f"Expected every column of {path} once, but {', '.join(map(repr, double))} comes twice.")
    rows = [(number, dict(zip(columns, (cell.strip() for cell in cells), strict=True))) for number, cells in lines]
    if not rows:
        raise SourceError(f"Expected at least one clip in {path}, but it has no lines.")
    return rows, columns


def _labels(row: Mapping[str, str], emotions: Sequence[str], where: str) -> Labels:
    split = row.get("split", "")
    if split and split not in SPLITS:
        raise SourceError(f"Expected a split out of {', '.join(SPLITS)} in {where}, but got {split!r}.")
    shares = tuple(_number(row.get(emotion, ""), emotion, where) for emotion in emotions)
    for emotion, share in zip(emotions, shares, strict=True):
        if share is not None and not 0 <= share <= 1:
            raise SourceError(f"Expected {emotion!r} in {where} to be from 0 to 1 or empty, but got {share:g}.")
    carried = {name: _number(row[name], name, where) for name in row if name.startswith("_")}
    kept = {name: value for name, value in carried.items() if value is not None}
    return Labels(split, row.get("group", ""), shares, kept)


def _number(text: str, column: str, where: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        cure = (
            "write seconds"
            if column in ("start", "end")
            else "an emotion is a share from 0 to 1, other columns begin with '_'"
        )
        raise SourceError(f"Expected a number in column {column!r} of {where}, but got {text!r}; {cure}.")
    return value


def _stdin_names() -> list[str]:
    return [line.rstrip("\n") for line in sys.stdin if line.strip()]


def _manifest_of(name: str) -> Path | None:
    path = Path(name)
    if path.is_dir() and (path / MANIFEST).is_file():
        return path / MANIFEST
    return path if path.suffix.lower() == ".csv" else None


def _files(path: Path) -> Iterator[tuple[Path, Path]]:
    """The media files of an input, each with the folder its id is relative to."""
    if not path.is_dir():
        yield path, path.parent
        return
    found = _media_in(path)
    if not found:
        raise SourceError(
            f"Expected video or audio files in the folder {path}, but found none; "
            "name files with another suffix themselves."
        )
    yield from ((file, path) for file in found)


def _media_in(folder: Path) -> list[Path]:
    return sorted(
        file for file in folder.rglob("*") if file.suffix.lower() in MEDIA_SUFFIXES and not _skipped(file, folder)
    )


def _skipped(file: Path, root: Path) -> bool:
    return file.is_dir() or any(part.startswith(".") for part in file.relative_to(root).parts)


def _ids(found: Sequence[tuple[Path, Path]]) -> list[str]:
    """Ids from the shortest of stem, name and whole path that tells every file from the others."""
    stems = [path.relative_to(root).with_suffix("").as_posix() for path, root in found]
    names = [path.relative_to(root).as_posix() for path, root in found]
    for ids in (stems, names):
        if len(set(ids)) == len(ids):
            return ids
    return [path.as_posix() for path, _ in found]
