"""Face: the main speaker's expression, head pose and motion, one step per picture in which the face is seen.

MediaPipe finds up to three faces and 478 points on each. Pictures without a face give no step: a gap stays a gap. The
geometry of a face comes from these points; what the expression network reads of its pixels stands beside it if wanted.
Where everybody is wanted, all faces are measured, each as a track of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from lddu.clips.face import expression
from lddu.clips.face.crop import face_photo
from lddu.clips.face.expression import ExpressionReader
from lddu.clips.face.geometry import COLUMNS, Face, face_of
from lddu.clips.face.identity import Identities
from lddu.clips.face.looks import look_of
from lddu.clips.face.mesh import CONFIDENCE, MESH, MOST_FACES, FaceMesh, load_mesh
from lddu.clips.face.speaker import SpeakerChoice
from lddu.clips.media import Picture
from lddu.clips.steps import Steps
from lddu.store import extraction_notes

GEOMETRY = "geometry"
"""Name under which the geometry alone is asked for."""

PICTURE_RATE = 15.0
"""Pictures looked at per second, at most: the first of every fifteenth of a second."""

_SMALLEST_FACE = 8.0  # pixels between the outer eye corners; below, expressions cannot be told
_AT_ONCE = 32  # faces that the network reads together
_BRIEFEST = 8  # pictures; a face that is seen in fewer of a film is nobody's
MOST_PEOPLE = 6
"""Faces that are followed at once where everybody is wanted."""


def specification(reader: ExpressionReader | None = None) -> dict[str, Any]:
    """All that a face feature depends on; kept in the store so that features made otherwise are refused.

    That of the geometry alone is to the letter what it was before there was a network: stores and runs hold it.

    Args:
        reader: what reads the pixels of a face; None measures the geometry alone.
    """
    from importlib.metadata import version

    geometry = {
        "face": MESH,
        "version": 2,
        "package": version(MESH),
        "picture_rate": PICTURE_RATE,
        "most_faces": MOST_FACES,
        "confidence": CONFIDENCE,
        "columns": len(COLUMNS),
    }
    if reader is None:
        return geometry
    read = {"face": expression.EXPRESSION, "version": 1, "package": f"{MESH} {version(MESH)}"}
    return {**geometry, **read, "columns": dimension(reader), **reader.specification()}


def dimension(reader: ExpressionReader | None = None) -> int:
    """Numbers per step."""
    return len(COLUMNS) + (len(expression.COLUMNS) if reader is not None else 0)


@dataclass(frozen=True)
class FaceTrack:
    """The main speaker's face over a file.

    Attributes:
        steps: [T, len(COLUMNS)] one per picture with the face.
        looked: [N] seconds of all pictures that were looked at.
        several: [N] whether more than one face was in that picture.
        note: what a reader should know of how it was made; mostly empty.
        people: the steps of every face, in order of their first pictures; empty where only the main speaker's was wanted, or
            none was seen.
    """

    steps: Steps
    looked: np.ndarray
    several: np.ndarray
    note: str = ""
    people: tuple[Steps, ...] = ()

    def share(self, start: float, end: float) -> float:
        """Share of the looked-at pictures between two times that show the face; NaN where none was looked at."""
        looked = int(((self.looked >= start) & (self.looked < end)).sum())
        seen = int(((self.steps.start >= start) & (self.steps.start < end)).sum())
        return seen / looked if looked else float("nan")

    @staticmethod
    def none(dimension: int) -> "FaceTrack":
        """Of a file without pictures."""
        return FaceTrack(Steps.none(dimension), np.zeros(0), np.zeros(0, bool))


class FaceMeter:
    """Face features of a stream of pictures; loads its packages once.

    Args:
        reader: what reads the pixels of a face; None measures the geometry alone.
        everybody: follow every face too, not the main speaker's alone.

    Raises:
        ConfigError: where mediapipe is not installed.
    """

    def __init__(self, reader: ExpressionReader | None = None, everybody: bool = False) -> None:
        self._reader, self._everybody = reader, everybody
        load_mesh()

    @property
    def dimension(self) -> int:
        """Numbers per step."""
        return dimension(self._reader)

    def track(self, pictures: Iterable[Picture]) -> FaceTrack:
        """Follow the main speaker, or everybody, through a file.

        Args:
            pictures: in order of time.
        """
        looked, several = [], []
        choice = SpeakerChoice()
        with FaceMesh(most=MOST_PEOPLE if self._everybody else MOST_FACES) as mesh, _reading() as pool:
            measured, people = _Measured(self._reader, pool), _People(self._reader, pool)
            for picture in pictures:
                faces = faces_in(mesh, picture)
                looked.append(picture.time)
                several.append(len(faces) > 1)
                face = choice.choose(faces, picture.time)
                if face is not None:
                    measured.add(face, picture)
                if self._everybody:
                    people.add(faces, picture)
            steps = measured.steps()
            tracks, note = people.tracks(len(looked))
        return FaceTrack(steps, np.array(looked, dtype=float), np.array(several, dtype=bool), note, tracks)


@contextmanager
def _reading() -> Iterator[ThreadPoolExecutor]:
    """The thread in which the network reads."""
    pool = ThreadPoolExecutor(1, "lddu-faces")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _Measured:
    """The chosen faces of a file in numbers; the network reads some at once, in a thread beside the search for the next."""

    def __init__(self, reader: ExpressionReader | None, pool: ThreadPoolExecutor) -> None:
        self._reader, self._pool = reader, pool
        self._times: list[float] = []
        self._geometry: list[np.ndarray] = []
        self._photos: list[np.ndarray] = []
        self._read: list[Future[np.ndarray]] = []

    def __len__(self) -> int:
        return len(self._times)

    def add(self, face: Face, picture: Picture) -> None:
        self._times.append(face.time)
        self._geometry.append(face.values)
        if self._reader is not None:
            self._photos.append(face_photo(picture.pixels, face.box))
            if len(self._photos) == _AT_ONCE:
                self._read_photos(self._reader)

    def steps(self) -> Steps:
        values = np.array(self._geometry, np.float32).reshape(-1, len(COLUMNS))
        if self._reader is not None:
            self._read_photos(self._reader)
            read = np.concatenate([part.result() for part in self._read])
            values = np.concatenate([values, read], axis=1)
        start = np.array(self._times, dtype=float)
        return Steps(values, start, start + 1 / PICTURE_RATE)

    def _read_photos(self, reader: ExpressionReader) -> None:
        self._read.append(self._pool.submit(reader.read, self._photos))
        self._photos = []


class _People:
    """Every face of a file in numbers."""

    def __init__(self, reader: ExpressionReader | None, pool: ThreadPoolExecutor) -> None:
        self._identities, self._crowded = Identities(), 0
        self._measured = defaultdict[int, _Measured](lambda: _Measured(reader, pool))

    def add(self, faces: list[Face], picture: Picture) -> None:
        self._crowded += len(faces) >= MOST_PEOPLE
        for one in self._identities.see([(face, look_of(picture.pixels, face.box)) for face in faces]):
            self._measured[one.number].add(one.face, picture)

    def tracks(self, looked: int) -> tuple[tuple[Steps, ...], str]:
        """The steps of each face that is seen long enough, and what a reader should know.

        Args:
            looked: pictures that were looked at.
        """
        least = min(_BRIEFEST, max(1, looked // 2))
        kept = tuple(own.steps() for own in self._measured.values() if len(own) >= least)
        notes = [extraction_notes.brief_faces(len(self._measured) - len(kept))] * (len(kept) < len(self._measured))
        notes += [extraction_notes.crowded(self._crowded, MOST_PEOPLE)] * bool(self._crowded)
        return kept, "; ".join(notes)


def faces_in(mesh: FaceMesh, picture: Picture) -> list[Face]:
    """The faces of a picture that are large enough to be measured."""
    height, width = picture.pixels.shape[:2]
    faces = []
    for points in mesh.faces(picture.pixels):
        face = face_of(points * (width, height, width), picture.time, height)
        if face.size >= _SMALLEST_FACE and np.isfinite(face.values).all():
            faces.append(face)
    return faces
