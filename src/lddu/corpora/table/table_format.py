"""The table format, "bring your own features": `clips.csv` and one file or folder of arrays per modality."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lddu.corpora.corpus_format import CorpusFormat, ImportOptions
from lddu.corpora.repair import repaired
from lddu.corpora.table.clip_arrays import ClipArrays, open_arrays, usual_width
from lddu.errors import SourceError
from lddu.sentences import some
from lddu.store.clip_sheet import ClipSheet, read_sheet
from lddu.store.writer import StoreDescription, StoreWriter, writing_store

OTHER_FEATURES = {".npy", ".pkl", ".pt", ".pth", ".h5", ".hdf5", ".csd", ".mat", ".safetensors"}
"""Endings of files that someone may have meant as features; they are warned of, not read."""


def recognises_table(path: Path) -> bool:
    """Whether a path is a folder with a clip table, or the table itself."""
    folder = _folder(path)
    return any((folder / name).is_file() for name in ("clips.csv", "clips.parquet"))


def import_table(source: Path, out: Path, options: ImportOptions) -> None:
    """Write a folder in the table format to a store.

    Raises:
        SourceError: where the folder cannot be understood or trusted.
        StoreError: where `out` is taken.
    """
    folder = _folder(source)
    sheet = read_sheet(folder)
    with ExitStack() as opened:
        streams = [_stream(path, sheet, opened) for path in modality_paths(folder)]
        description = StoreDescription(
            emotions=sheet.emotions,
            modalities={stream.name: f"{stream.name} as given" for stream in streams},
            present_at=options.present_at,
            source={"format": "table", "path": str(folder)},
        )
        with writing_store(out, description, options.force) as writer:
            _note_sheet(writer, folder, sheet)
            for stream in streams:
                _note_stream(writer, stream)
            _add_clips(writer, sheet, streams, options)


TABLE = CorpusFormat(
    name="table",
    looks_like="a folder with clips.csv or clips.parquet and NAME.npz (or a folder NAME of .npy) per modality",
    recognises=recognises_table,
    write=import_table,
)


def modality_paths(folder: Path) -> list[Path]:
    """The .npz files and .npy folders of a corpus folder, by name.

    Raises:
        SourceError: where there is none, or one modality is there in both forms.
    """
    shown = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    files = [path for path in shown if path.suffix == ".npz" and path.is_file()]
    folders = [path for path in shown if path.is_dir() and any(path.rglob("*.npy"))]
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
    """One modality of the source, looked through: how wide it is and which clips are of another width."""

    name: str
    arrays: ClipArrays
    width: int
    odd: Mapping[str, int]
    unknown: Sequence[str]


def _stream(path: Path, sheet: ClipSheet, opened: ExitStack) -> _Stream:
    arrays = open_arrays(path, opened)
    wanted = {row.clip for row in sheet.rows}
    known = [clip for clip in arrays.clips if clip in wanted]
    if not known:
        ids = ", ".join(map(repr, list(arrays.clips)[:3])) or "nothing"
        raise SourceError(
            f"Expected arrays in {path} for clips of the table, such as {sheet.rows[0].clip!r}, but it has {ids}; "
            "use the ids of the column 'clip' as keys."
        )
    width, odd = usual_width(arrays, known)
    return _Stream(_modality_name(path), arrays, width, odd, [clip for clip in arrays.clips if clip not in wanted])


def _note_sheet(writer: StoreWriter, folder: Path, sheet: ClipSheet) -> None:
    for (kind, column), times in sheet.repairs.items():
        writer.count(kind, column, times)
    writer.warnings.extend(sheet.warnings)
    other = [path.name for path in sorted(folder.iterdir()) if path.suffix.lower() in OTHER_FEATURES]
    if other:
        writer.warnings.append(f"Left out, since features are NAME.npz or a folder NAME of .npy: {some(other)}.")


def _note_stream(writer: StoreWriter, stream: _Stream) -> None:
    name, arrays = stream.name, stream.arrays
    writer.count("odd_widths", name, len(stream.odd))
    writer.count("unknown_clips", name, len(stream.unknown))
    writer.count("duplicate_arrays", name, arrays.duplicates)
    writer.count("ignored_files", name, len(arrays.strangers))
    if stream.odd:
        found = [f"{clip} ({width})" for clip, width in stream.odd.items()]
        writer.warnings.append(
            f"{name}: clips that do not have {stream.width} numbers per step like the others are left without {name} "
            f"({len(stream.odd)}): {some(found)}."
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
    for done, row in enumerate(sheet.rows, start=1):
        features = {stream.name: _features(writer, stream, row.clip, options.keep_zero_rows) for stream in streams}
        kept = {name: values for name, values in features.items() if values is not None}
        writer.add(row, kept)
        writer.count("clips_without_any_modality", "clips", not kept)
        for name in kept:
            present[name] += 1
            in_train[name] += row.split == "train"
        options.report(done, len(sheet.rows))
    trained = any(row.split == "train" for row in sheet.rows)
    for name in present:
        if not present[name]:
            writer.warnings.append(f"{name}: no clip has it; it is left out of the store.")
        elif trained and not in_train[name]:
            writer.warnings.append(f"{name}: no train clip has it; training ignores it.")


def _features(writer: StoreWriter, stream: _Stream, clip: str, keep_zero_rows: bool) -> np.ndarray | None:
    if clip not in stream.arrays.clips or clip in stream.odd:
        return None
    values = stream.arrays.array(clip)
    if values.ndim == 1:
        values = values[None]
    return repaired(values, stream.name, writer.count, keep_zero_rows)


def _folder(path: Path) -> Path:
    return path.parent if path.name in ("clips.csv", "clips.parquet") and path.is_file() else path


def _modality_name(path: Path) -> str:
    return path.stem if path.suffix == ".npz" else path.name
