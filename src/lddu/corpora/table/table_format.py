"""The table format, "bring your own features": `clips.csv` (.tsv, .parquet) and one file or folder of arrays per modality."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lddu.corpora.clip_intake import sound_times
from lddu.corpora.corpus_format import CorpusFormat, ImportOptions
from lddu.corpora.repair import repaired
from lddu.corpora.table.clip_arrays import ClipArrays, files_below, open_arrays, usual_width
from lddu.errors import SourceError
from lddu.sentences import some
from lddu.store.sheet.cells import composed
from lddu.store.sheet.clip_sheet import ClipSheet, read_sheet
from lddu.store.sheet.columns import PATH_COLUMNS
from lddu.store.sheet.lines import SHEET_NAMES, sheet_path
from lddu.store.writer import StoreDescription, StoreWriter, writing_store

OTHER_FEATURES = {
    *(".npy", ".npz", ".pkl", ".pt", ".pth", ".h5", ".hdf5", ".csd", ".mat", ".safetensors", ".feather", ".arff"),
    *(".csv", ".tsv", ".parquet", ".xlsx"),
}
"""Endings of files that someone may have meant as features, in lower case; they are warned of, not read."""


def recognises_table(path: Path) -> bool:
    """Whether a path is a folder with a clip table, or the table itself."""
    folder = _folder(path)
    return any((folder / name).is_file() for name in SHEET_NAMES)


def import_table(source: Path, out: Path, options: ImportOptions) -> None:
    """Write a folder in the table format to a store.

    Raises:
        SourceError: where the folder cannot be understood or trusted.
        StoreError: where `out` is taken.
    """
    folder = _folder(source)
    sheet = read_sheet(sheet_path(folder), "clip")
    with ExitStack() as opened:
        streams = [_stream(path, sheet, opened) for path in modality_paths(folder)]
        description = StoreDescription(
            emotions=sheet.emotions,
            modalities={stream.name: f"{stream.name} as given" for stream in streams},
            present_at=options.present_at,
            source={"format": "table", "path": str(folder)},
            simulated=sheet.simulated,
        )
        with writing_store(out, description, options.force) as writer:
            _note_sheet(writer, folder, sheet)
            for stream in streams:
                _note_stream(writer, stream)
            _add_clips(writer, sheet, streams, options)


TABLE = CorpusFormat(
    name="table",
    looks_like="a folder with clips.csv (.tsv, .parquet) and NAME.npz (or a folder NAME of .npy) per modality",
    recognises=recognises_table,
    write=import_table,
)


def modality_paths(folder: Path) -> list[Path]:
    """The .npz files and .npy folders of a corpus folder, by name.

    Raises:
        SourceError: where there is none, a folder cannot be looked into, or one modality is there in both forms.
    """
    visible = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    files = [path for path in visible if path.suffix == ".npz" and path.is_file()]
    folders = [path for path in visible if path.is_dir() and any(file.suffix == ".npy" for file in files_below(path))]
    if not files and not folders:
        raise SourceError(
            f"Expected NAME.npz or a folder NAME of .npy files for each modality in {folder}, but there is none."
        )
    both = sorted({path.stem for path in files} & {path.name for path in folders})
    if both:
        raise SourceError(
            f"Expected one form per modality in {folder}, but {both[0]!r} is both a file and a folder; remove one."
        )
    return sorted([*files, *folders], key=_modality_name)


@dataclass(frozen=True)
class _Stream:
    """One modality of the source, looked through: how wide it is and which clips are of another width.

    Attributes:
        name: of the modality.
        arrays: clip id -> array, as in the file.
        key_of: clip of the table -> its id in the file, for the clips that are there.
        width: numbers per step.
        odd: id in the file -> its width, of those with another one.
    """

    name: str
    arrays: ClipArrays
    key_of: Mapping[str, str]
    width: int
    odd: Mapping[str, int]

    @property
    def unknown(self) -> list[str]:
        """Ids in the file that no clip of the table has."""
        used = set(self.key_of.values())
        return [clip for clip in self.arrays.clips if clip not in used]


def _stream(path: Path, sheet: ClipSheet, opened: ExitStack) -> _Stream:
    arrays = open_arrays(path, opened)
    key_of = _keys(arrays.clips, [clip.row.clip for clip in sheet.clips])
    if not key_of:
        ids = ", ".join(map(repr, list(arrays.clips)[:3])) or "nothing"
        raise SourceError(
            f"Expected arrays in {path} for clips of the table, such as {sheet.clips[0].row.clip!r}, but it has {ids}; "
            "use the ids of the column 'clip' as keys."
        )
    width, odd = usual_width(arrays, list(key_of.values()))
    return _Stream(_modality_name(path), arrays, key_of, width, odd)


def _keys(ids: Collection[str], clips: Collection[str]) -> dict[str, str]:
    """Clip -> the same id, or else the one id that differs only in how its letters are composed (NFC, NFD)."""
    key_of = {clip: clip for clip in clips if clip in ids}
    others: dict[str, list[str]] = {}
    for key in ids:
        if key not in key_of:
            others.setdefault(composed(key), []).append(key)
    for clip in clips:
        if clip not in key_of and len(others.get(composed(clip), ())) == 1:
            key_of[clip] = others[composed(clip)].pop()
    return key_of


def _note_sheet(writer: StoreWriter, folder: Path, sheet: ClipSheet) -> None:
    for (kind, column), times in sheet.repairs.items():
        writer.count(kind, column, times)
    writer.warnings.extend(sheet.warnings)
    paths = sorted({name for clip in sheet.clips for name in clip.files}, key=PATH_COLUMNS.index)
    if paths:
        writer.warnings.append(
            f"Left out, since only 'lddu extract' reads the files that they name: {some([f'column {p}' for p in paths])}."
        )
    if unread := _unread(folder):
        writer.warnings.append(f"Left out, since features are NAME.npz or a folder NAME of .npy: {some(unread)}.")


def _unread(folder: Path) -> list[str]:
    """Names of the files that may be features and are not read, and of the folders that hold nothing else."""
    read = {*modality_paths(folder), sheet_path(folder)}
    others = sorted(path for path in folder.iterdir() if path not in read and not path.name.startswith("."))
    return [
        path.name
        for path in others
        if any(file.suffix.lower() in OTHER_FEATURES for file in (files_below(path) if path.is_dir() else (path,)))
    ]


def _note_stream(writer: StoreWriter, stream: _Stream) -> None:
    name, arrays = stream.name, stream.arrays
    writer.count("odd_widths", name, len(stream.odd))
    writer.count("recomposed_names", name, sum(clip != key for clip, key in stream.key_of.items()))
    writer.count("unknown_clips", name, len(stream.unknown))
    writer.count("duplicate_arrays", name, arrays.duplicates)
    writer.count("ignored_files", name, len(arrays.strangers))
    if stream.odd:
        odd = [f"{clip} ({width})" for clip, width in stream.odd.items()]
        writer.warnings.append(
            f"{name}: clips that do not have {stream.width} numbers per step like the others are left without {name} "
            f"({len(stream.odd)}): {some(odd)}."
        )
    if stream.unknown:
        writer.warnings.append(
            f"{name}: arrays that belong to no clip of the table are left out ({len(stream.unknown)}): "
            f"{some(stream.unknown)}."
        )
    if arrays.strangers:
        writer.warnings.append(f"{name}: left out what is no .npy: {some(arrays.strangers)}.")


def _add_clips(writer: StoreWriter, sheet: ClipSheet, streams: Sequence[_Stream], options: ImportOptions) -> None:
    present = {stream.name: 0 for stream in streams}
    in_train = dict(present)
    rows = [sound_times(writer, clip.row) for clip in sheet.clips]
    for done, row in enumerate(rows, start=1):
        features = {stream.name: _features(writer, stream, row.clip, options.keep_zero_rows) for stream in streams}
        available = {name: values for name, values in features.items() if values is not None}
        writer.add(row, available)
        writer.count("clips_without_any_modality", "clips", not available)
        for name in available:
            present[name] += 1
            in_train[name] += row.split == "train"
        options.report(done, len(rows))
    trained = any(row.split == "train" for row in rows)
    for name in present:
        if not present[name]:
            writer.warnings.append(f"{name}: no clip has it; it is left out of the store.")
        elif trained and not in_train[name]:
            writer.warnings.append(f"{name}: no train clip has it; training ignores it.")


def _features(writer: StoreWriter, stream: _Stream, clip: str, keep_zero_rows: bool) -> np.ndarray | None:
    key = stream.key_of.get(clip)
    if key is None or key in stream.odd:
        return None
    values = stream.arrays.array(key)
    if values.ndim == 1:
        values = values[None]
    return repaired(values, stream.name, writer.count, keep_zero_rows)


def _folder(path: Path) -> Path:
    return path.parent if path.name in SHEET_NAMES and path.is_file() else path


def _modality_name(path: Path) -> str:
    return path.stem if path.suffix == ".npz" else path.name
