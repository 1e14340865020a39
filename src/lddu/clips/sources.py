"""What the user names -> the files to extract: files, folders, a manifest with labels, or a list on stdin."""

import math
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from lddu.clips.media import MEDIA_SUFFIXES, PHOTO_SUFFIXES
from lddu.clips.spans import WORDS_SUFFIX, NamedSpan, Source
from lddu.clips.words.beside import SUFFIXES, beside, is_named_after, languages_in
from lddu.clips.words_alone import TYPED, sources_of_texts, texts_in_lines, typed_texts
from lddu.errors import SourceError
from lddu.sentences import counted, listed, some
from lddu.store.clip_table import ClipRow
from lddu.store.sheet.cells import composed
from lddu.store.sheet.clip_sheet import ClipSheet, SheetClip, read_sheet
from lddu.store.sheet.columns import PATH_COLUMNS
from lddu.store.sheet.lines import SHEET_SUFFIXES, sheet_in


@dataclass(frozen=True)
class Listing:
    """Files to extract and what is known of their clips.

    Attributes:
        sources: the files, in order.
        emotions: columns of labels; none where nothing is labelled.
        rows: clip id -> its line of the manifest: split, group, labels and what is carried along.
        unlisted: media files of a folder that its manifest does not name.
        repairs: (kind, column) -> how often the manifest was mended.
        warnings: sentences about the manifest.
        simulated: whether the manifest says that any clip is made up.
        left_out: sentences on what is no clip, such as lines without words.
    """

    sources: tuple[Source, ...]
    emotions: tuple[str, ...] = ()
    rows: Mapping[str, ClipRow] = field(default_factory=dict)
    unlisted: tuple[Path, ...] = ()
    repairs: Mapping[tuple[str, str], int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    simulated: bool = False
    left_out: tuple[str, ...] = ()


def listing_of(inputs: str | Path | Sequence[str | Path], lines: bool = False) -> Listing:
    """The files that the inputs mean.

    Args:
        inputs: media files, folders (searched through, or led by a `clips.csv`, .tsv or .parquet in them), one manifest, or ``-`` for
            names on stdin, one a line.
        lines: the inputs are text files, or ``-`` for stdin, of which every line is a clip of words alone.

    Raises:
        SourceError: where an input is absent, a folder holds no clip, or a manifest is wrong.
    """
    entries = [str(entry) for entry in ([inputs] if isinstance(inputs, str | Path) else inputs)]
    if not all(entries):
        raise SourceError(
            "Expected the name of a file or folder, but got an empty word; write . for the folder that you are in."
        )
    if lines:
        return _by_lines(list(dict.fromkeys(entries)))
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
    files = [(path, root) for name in names for path, root in _files(Path(name))]
    files = _without_transcripts(files)
    unique = list({path.absolute(): (path, root) for path, root in reversed(files)}.values())[::-1]
    ids = _ids(unique)
    sources = _with_transcripts([Source(path, clip) for (path, _), clip in zip(unique, ids, strict=True)])
    folders = [Path(name) for name in names if Path(name).is_dir()]
    sentences = [sentence for folder in folders for sentence in (_passed_over(folder, sources), _closed_in(folder))]
    return Listing(sources, left_out=tuple(sentence for sentence in sentences if sentence))


def listing_of_texts(texts: Sequence[str]) -> Listing:
    """Texts that were typed, each a clip of words alone.

    Raises:
        SourceError: where there is none, or one has no words.
    """
    return Listing(typed_texts(texts))


def _by_lines(names: Sequence[str]) -> Listing:
    """A clip for every line of text files."""
    if not names:
        raise SourceError("Expected at least one text file, but got none; name one.")
    ids = _ids([(Path(name), Path(name).parent) for name in names])
    read = [texts_in_lines(Path(name), TYPED if name == "-" else clip) for name, clip in zip(names, ids, strict=True)]
    sources = tuple(source for file_sources, _ in read for source in file_sources)
    return Listing(sources, left_out=tuple(sentence for _, sentence in read if sentence))


def _without_transcripts(files: Sequence[tuple[Path, Path]]) -> list[tuple[Path, Path]]:
    """Without the transcripts of clips among them, which lie beside these under their names."""
    clips = [path for path, _ in files if path.suffix.lower() not in SUFFIXES]
    by_name = {path.parent / name: path for path in clips for name in (path.name, path.stem)}

    def is_transcript(path: Path) -> bool:
        whole = path.with_suffix("")
        beside_it = (by_name.get(place) for place in (whole, whole.with_suffix("")))
        return any(clip is not None and is_named_after(path, clip) for clip in beside_it)

    return [(path, root) for path, root in files if not is_transcript(path)]


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


def _passed_over(folder: Path, sources: Sequence[Source]) -> str:
    """What a reader should know of photos and texts of a folder that are clips only where they are named; else empty."""
    known = {path.absolute() for source in sources for path in (source.path, source.path.with_suffix(""))}
    rest = [
        file
        for file in _media_in(folder, PHOTO_SUFFIXES | {WORDS_SUFFIX})
        if not {file.absolute(), file.absolute().with_suffix("")} & known
    ]
    texts = sum(file.suffix.lower() == WORDS_SUFFIX for file in rest)
    numbers = [counted(n, noun) for n, noun in ((len(rest) - texts, "photo"), (texts, "text")) if n]
    sep = ", such as " if len(rest) > 1 else ", "
    return f"not read in {folder}: {listed(numbers)}{sep}{rest[0].name}; name what is a clip of its own" if rest else ""


def _closed_in(folder: Path) -> str:
    """What a reader should know of folders in a folder that cannot be looked into, so that their clips are missing; else empty."""
    closed: list[OSError] = []
    for _, folders, _ in os.walk(folder, onerror=closed.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
    if not closed:
        return ""
    where = some(sorted(str(fault.filename) for fault in closed))
    return f"not looked into: {where} ({closed[0].strerror}); the clips in there are missing, check the permissions"


def read_manifest(path: Path) -> Listing:
    """Clips from a table, of which several may lie in one file.

    Columns: `file`, optionally `clip`, `start`, `end` (seconds), `split`, `group`, `transcript`, `transcript_file`, `face_file` (a
    table of action units);
    columns that begin with ``_`` are carried along; every other column is an emotion in [0, 1]. A table with a column `transcript`
    and no `file` is one of words alone; its lines without words are left out.

    Raises:
        SourceError: where the table is absent or a line is wrong.
    """
    if not path.is_file():
        raise SourceError(f"Expected the manifest {path}, but it is not there; check the path.")
    sheet = read_sheet(path, "file")
    if sheet.key == "transcript":
        return _words_of(path, sheet)
    folder = _NamedFolder(path.parent)
    spans: dict[tuple[Path | None, ...], list[NamedSpan]] = {}
    for clip in sheet.clips:
        files = tuple(folder.file(clip.files.get(column)) for column in PATH_COLUMNS)
        spans.setdefault(files, []).append(_span(clip))
    sources = [
        Source(file, named[0].clip, words, tuple(named), face)
        for (file, words, face), named in spans.items()
        if file is not None
    ]
    repairs = sheet.repairs + Counter({("recomposed_names", "file"): folder.recomposed})
    return Listing(
        _with_transcripts(sources), sheet.emotions, {clip.row.clip: clip.row for clip in sheet.clips},
        repairs=repairs, warnings=tuple(sheet.warnings), simulated=sheet.simulated,
    )  # fmt: skip


def _words_of(path: Path, sheet: ClipSheet) -> Listing:
    """The rows of a table as clips of words alone."""
    spoken = [clip for clip in sheet.clips if clip.row.transcript.split()]
    if not spoken:
        raise SourceError(
            f"Expected words in the column 'transcript' of {path}, but every line lacks them; fill it in."
        )
    blank = len(sheet.clips) - len(spoken)
    left_out = [f"{counted(blank, 'line')} of {path} without words {'was' if blank == 1 else 'were'} left out"] * bool(
        blank
    )
    if any(clip.row.start is not None or clip.row.end is not None for clip in spoken):
        left_out.append(f"the times in {path} were left out: without a column 'file' its clips are words alone")
    spans = [NamedSpan(clip.row.clip, transcript=clip.row.transcript) for clip in spoken]
    return Listing(
        tuple(sources_of_texts(path, "", spans)), sheet.emotions, {clip.row.clip: clip.row for clip in spoken},
        repairs=sheet.repairs, warnings=tuple(sheet.warnings), simulated=sheet.simulated, left_out=tuple(left_out),
    )  # fmt: skip


class _NamedFolder:
    """Files by their names in a manifest, however the letters of the names are composed on disk (NFC, NFD).

    Attributes:
        recomposed: how many names have another Unicode form on disk.
    """

    def __init__(self, path: Path) -> None:
        self.recomposed = 0
        self._path = path
        self._entries: dict[Path, dict[str, Path]] = {}

    def file(self, name: str | None) -> Path | None:
        """The file of that name; the name itself below the folder where there is none."""
        if not name:
            return None
        path = self._path / name
        if path.exists() or name.isascii():
            return path
        actual = self._path
        for part in Path(name).parts:
            actual = actual / part if (actual / part).exists() else self._other(actual, part)
        self.recomposed += actual.exists()
        return actual

    def _other(self, folder: Path, part: str) -> Path:
        if folder not in self._entries:
            there = folder.iterdir() if folder.is_dir() else ()
            self._entries[folder] = {composed(entry.name): entry for entry in there}
        return self._entries[folder].get(composed(part), folder / part)


def _span(clip: SheetClip) -> NamedSpan:
    """The stretch of its file that a line names."""
    row = clip.row
    for name, value in (("start", row.start), ("end", row.end)):
        if value is not None and math.isinf(value):
            raise SourceError(f"Expected the {name} {clip.at} to be seconds or empty, but got {value:g}.")
    return NamedSpan(row.clip, row.start, row.end, row.transcript.strip())


def _stdin_names() -> list[str]:
    return [line.rstrip("\n") for line in sys.stdin if line.strip()]


def _manifest_of(name: str) -> Path | None:
    path = Path(name)
    if path.is_dir():
        return sheet_in(path)
    return path if path.suffix.lower() in SHEET_SUFFIXES else None


def _files(path: Path) -> Iterator[tuple[Path, Path]]:
    """The media files of an input, each with the folder its id is relative to."""
    if not path.is_dir():
        yield path, path.parent
        return
    files = _media_in(path) or _media_in(path, PHOTO_SUFFIXES)
    if not files:
        raise SourceError(
            f"Expected video or audio files, or photos, in the folder {path}, but found none; "
            "name texts (.txt) and files with another suffix themselves."
        )
    yield from ((file, path) for file in files)


PAGE_MARK = '<meta name="generator" content="lddu predict">'
"""By this line of its index.html a folder is known to be a page of answers, whose media are copies of clips."""


def is_page(folder: Path) -> bool:
    """Whether a folder is a page of answers, so that what lies in it is no clip."""
    page = folder / "index.html"
    return page.is_file() and PAGE_MARK in page.read_text(encoding="utf-8", errors="replace")


def _media_in(folder: Path, suffixes: Set[str] = MEDIA_SUFFIXES) -> list[Path]:
    """The files of a folder and those below it with these suffixes, but for copies on pages of answers."""
    found = [file for file in folder.rglob("*") if file.suffix.lower() in suffixes and not _skipped(file, folder)]
    pages = {place for place in {above for file in found for above in _below(file, folder)} if is_page(place)}
    return sorted(file for file in found if pages.isdisjoint(_below(file, folder)))


def _below(file: Path, root: Path) -> list[Path]:
    """The folders between a file and a root."""
    return [above for above in file.parents if root in above.parents]


def _skipped(file: Path, root: Path) -> bool:
    return file.is_dir() or any(part.startswith(".") for part in file.relative_to(root).parts)


_PART = re.compile(r"(.+)#\d{3,}")
"""What a part of a file is called (`lddu.clips.spans`), as the file of a part that was saved may be too."""


def _ids(files: Sequence[tuple[Path, Path]]) -> list[str]:
    """Ids from the shortest of stem, name and whole path that is unique for every file; a stem also if it is no part of another file."""
    stems = [path.relative_to(root).with_suffix("").as_posix() for path, root in files]
    names = [path.relative_to(root).as_posix() for path, root in files]
    parts, whole = map(_PART.fullmatch, stems), set(stems)
    stems = [name if part and part[1] in whole else stem for stem, name, part in zip(stems, names, parts, strict=True)]
    for ids in (stems, names):
        if len(set(ids)) == len(ids):
            return ids
    return [path.as_posix() for path, _ in files]
