"""FER+ as cells: the geometry of a face, and what the expression network reads of it (out of fold for training photos)."""

import csv
import gzip
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from benchmarks.default_corpora import LEAST_SHARE, VOTES

ENLARGED = 192
"""Pixels of the side at which MediaPipe looks at a photo of 48."""


def faces(with_network: bool) -> Callable[[Path, Path], Iterable[Path]]:
    """Table of the photos in which a face was found, so that both cells have the same rows."""

    def make(data: Path, tables: Path) -> Iterable[Path]:
        folder = tables / ("faces_read" if with_network else "faces_geometry")
        if not (folder / "clips.csv").exists():
            _write(folder, data / "faces", tables.parent / "faces", with_network)
        return [folder]

    return make


def _write(folder: Path, data: Path, work: Path, with_network: bool) -> None:
    from benchmarks.cells import write_table

    with gzip.open(data / "votes.csv.gz", "rt", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    votes = np.array([[float(row[name]) for name in VOTES] for row in rows])
    votes[votes == 1] = 0
    if not (work / "geometry.npy").exists():
        np.save(work / "geometry.npy", geometry(np.load(data / "photos.npz")["photos"]))
    measured, read = np.load(work / "geometry.npy"), np.load(work / "out_of_fold.npz")
    chosen = [
        (place, row)
        for place, row in enumerate(read["rows"].tolist())
        if votes[row].sum() > 0 and np.isfinite(measured[row]).all()
    ]
    values, clips = {}, []
    for place, row in chosen:
        name = f"photo-{row:05d}"
        values[name] = measured[row].astype(np.float32)
        if with_network:
            logs = np.log(np.maximum(read["shares"][place], LEAST_SHARE))
            values[name] = np.concatenate([values[name], logs, read["embedding"][place]]).astype(np.float32)
        shares = votes[row] / votes[row].sum()
        labels = {emotion: f"{share:.4f}" for emotion, share in zip(VOTES, shares, strict=True)}
        clips.append({"clip": name, "split": rows[row]["split"], **labels})
    write_table(folder, clips, {"visual": values})


def geometry(photos: np.ndarray) -> np.ndarray:
    """[N, 36] of the largest face of each photo, as `lddu extract` measures it; NaN where none is found."""
    from PIL import Image

    from lddu.clips.face.geometry import COLUMNS
    from lddu.clips.face.measured_faces import faces_in
    from lddu.clips.face.mesh import FaceMesh
    from lddu.clips.media import Picture

    values = np.full((len(photos), len(COLUMNS)), np.nan, np.float32)
    mesh = FaceMesh(follows=False)
    for n, photo in enumerate(photos):
        grey = np.asarray(Image.fromarray(photo).resize((ENLARGED, ENLARGED), Image.Resampling.BICUBIC))
        faces_seen = faces_in(mesh, Picture(0.0, np.repeat(grey[:, :, None], 3, axis=2)))
        if faces_seen:
            values[n] = max(faces_seen, key=lambda face: face.size).values
    return values
