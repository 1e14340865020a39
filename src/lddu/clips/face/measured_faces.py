"""Faces of pictures in numbers, and those of one face over a file as steps."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from lddu.clips.face.crop import face_photo
from lddu.clips.face.expression import ExpressionReader
from lddu.clips.face.geometry import COLUMNS, Face, face_of
from lddu.clips.face.mesh import FaceMesh
from lddu.clips.face.speaker import is_same
from lddu.clips.media import Picture, slot_of
from lddu.clips.steps import Steps

PICTURE_RATE = 15.0
"""Pictures looked at per second, at most: the first of every fifteenth of a second."""

READING_RATE = PICTURE_RATE / 2
"""Times a second that the network reads a face, at most; between them its numbers are interpolated."""

_SMALLEST_FACE = 8.0  # pixels between the outer eye corners; below, expressions cannot be recognised
_AT_ONCE = 32  # faces that the network reads together


@contextmanager
def reading() -> Iterator[ThreadPoolExecutor]:
    """The thread in which the network reads."""
    pool = ThreadPoolExecutor(1, "lddu-faces")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class MeasuredFaces:
    """The pictures of one face in numbers; the network reads some at once, in a thread beside the search for the next.

    It reads the first picture of every 1 / `READING_RATE` seconds, and the first that shows a face elsewhere: an expression
    changes little from one picture to the next.

    Args:
        reader: what reads the pixels of a face; None measures the geometry alone.
        pool: in which it reads.
    """

    def __init__(self, reader: ExpressionReader | None, pool: ThreadPoolExecutor) -> None:
        self._reader, self._pool = reader, pool
        self._times: list[float] = []
        self._last: Face | None = None
        self._read_at: list[float] = []
        self._other: list[bool] = []
        self._geometry: list[np.ndarray] = []
        self._photos: list[np.ndarray] = []
        self._read: list[Future[np.ndarray]] = []

    def __len__(self) -> int:
        return len(self._times)

    def add(self, face: Face, picture: Picture) -> None:
        """The face in the next picture."""
        self._times.append(face.time)
        self._geometry.append(face.values)
        if self._reader is not None:
            self._add_photo(face, picture, self._reader)

    def finish(self) -> None:
        """No picture comes any more: the network begins with the last ones."""
        if self._reader is not None and self._photos:
            self._read_photos(self._reader)

    def steps(self) -> Steps:
        """A step per picture."""
        values = np.array(self._geometry, np.float32).reshape(-1, len(COLUMNS))
        if self._reader is not None:
            self.finish()
            read = np.concatenate([part.result() for part in self._read] or [self._reader.read([])])
            values = np.concatenate([values, between(read, self._read_at, self._other, self._times)], axis=1)
        start = np.array(self._times, dtype=float)
        return Steps(values, start, start + 1 / PICTURE_RATE)

    def _add_photo(self, face: Face, picture: Picture, reader: ExpressionReader) -> None:
        other = self._last is None or not is_same(self._last, face)
        self._last = face
        if other or slot_of(face.time, READING_RATE) > slot_of(self._read_at[-1], READING_RATE):
            self._read_at.append(face.time)
            self._other.append(other)
            self._photos.append(face_photo(picture.pixels, face.box))
            if len(self._photos) == _AT_ONCE:
                self._read_photos(reader)

    def _read_photos(self, reader: ExpressionReader) -> None:
        self._read.append(self._pool.submit(reader.read, self._photos))
        self._photos = []


def between(read: np.ndarray, at: Sequence[float], other: Sequence[bool], times: Sequence[float]) -> np.ndarray:
    """Rows at other times: linear between those that were read of one face, else those of the last reading.

    Args:
        read: float32 [R, D].
        at: [R] seconds, rising.
        other: [R] whether the reading is of another face than the one before, or of the same after a gap.
        times: [T] seconds, rising, none before the first of `at`.

    Returns:
        float32 [T, D]; at the times of `at` to the bit what was read.
    """
    if not len(read):
        return np.zeros((len(times), read.shape[1]), np.float32)
    places = np.interp(times, at, np.arange(len(at)))
    before = places.astype(int)
    after = np.minimum(before + 1, len(at) - 1)
    share = np.where(np.asarray(other)[after], 0, places - before).astype(np.float32)[:, None]
    return np.asarray((1 - share) * read[before] + share * read[after], np.float32)


def faces_in(mesh: FaceMesh, picture: Picture, part: tuple[slice, slice] | None = None) -> list[Face]:
    """The faces of a picture that are large enough to be measured.

    Args:
        mesh: that follows faces through such pictures.
        picture: in which the faces are placed.
        part: rows and columns that are looked at; None is all of it.
    """
    return faces_of(mesh.faces(picture.pixels if part is None else picture.pixels[part]), picture, part)


def faces_of(meshes: Sequence[np.ndarray], picture: Picture, part: tuple[slice, slice] | None = None) -> list[Face]:
    """Those faces of a picture that are large enough to be measured.

    Args:
        meshes: [478, 3] points of each, as `FaceMesh.faces` gives them.
        picture: in which the faces are placed.
        part: rows and columns that the mesh has seen; None is all of it.
    """
    corner = (0, 0, 0) if part is None else (part[1].start, part[0].start, 0)
    height, width = (picture.pixels if part is None else picture.pixels[part]).shape[:2]
    faces = []
    for points in meshes:
        face = face_of(points * (width, height, width) + corner, picture.time, picture.pixels.shape[0])
        if face.size >= _SMALLEST_FACE and np.isfinite(face.values).all():
            faces.append(face)
    return faces
