"""Every face of a file, also those too small in the picture for the detector: it is given parts of wide and high pictures too."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from types import TracebackType
from typing import Self

import numpy as np

from lddu.clips.face.expression import ExpressionReader
from lddu.clips.face.geometry import Face
from lddu.clips.face.identity import Identities
from lddu.clips.face.looks import look_of
from lddu.clips.face.measured_faces import MeasuredFaces, faces_in
from lddu.clips.face.mesh import FaceMesh
from lddu.clips.media import Picture
from lddu.clips.steps import Steps
from lddu.store import extraction_notes

MOST_PEOPLE = 6
"""Faces that are followed at once in a picture, and in each part of it."""

_BRIEFEST = 8  # pictures; a face that is seen in fewer of a film is nobody's
_WIDE = 1.5  # longer over shorter side from which parts are looked at as well
_SAME_FACE = 0.5  # eye distances between two finds of one face
_EDGE = 2.0  # pixels: a face that reaches the edge of its part is cut off there

Part = tuple[slice, slice]
"""Rows and columns of a picture."""


class Everybody:
    """Follows every face of a file; a context manager, one per file.

    Args:
        reader: what reads the pixels of a face; None measures the geometry alone.
        pool: in which it reads.
    """

    def __init__(self, reader: ExpressionReader | None, pool: ThreadPoolExecutor) -> None:
        self._identities, self._crowded = Identities(), 0
        self._measured = defaultdict[int, MeasuredFaces](lambda: MeasuredFaces(reader, pool))
        self._meshes: list[FaceMesh] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for mesh in self._meshes:
            mesh.__exit__(kind, fault, trace)

    def add(self, faces: Sequence[Face], picture: Picture) -> None:
        """The next picture.

        Args:
            faces: that are found in it as a whole.
            picture: in which more are looked for.
        """
        detected = list(faces)
        for part, mesh in self._parts(picture):
            detected += [face for face in faces_in(mesh, picture, part) if _whole(face, part, picture)]
        detected = _once_each(detected)
        self._crowded += len(detected) >= MOST_PEOPLE
        for identity in self._identities.see([(face, look_of(picture.pixels, face.box)) for face in detected]):
            self._measured[identity.number].add(identity.face, picture)

    def tracks(self, looked: int) -> tuple[tuple[Steps, ...], str]:
        """The steps of each face that is seen long enough, in order of their first pictures, and what a reader should know.

        Args:
            looked: pictures that were looked at.
        """
        least = min(_BRIEFEST, max(1, looked // 2))
        tracks = tuple(measured.steps() for measured in self._measured.values() if len(measured) >= least)
        notes = [extraction_notes.brief_faces(len(self._measured) - len(tracks))] * (len(tracks) < len(self._measured))
        notes += [extraction_notes.crowded(self._crowded, MOST_PEOPLE)] * bool(self._crowded)
        return tracks, "; ".join(notes)

    def _parts(self, picture: Picture) -> list[tuple[Part, FaceMesh]]:
        parts = parts_of(*picture.pixels.shape[:2])
        self._meshes += [FaceMesh(most=MOST_PEOPLE) for _ in parts[len(self._meshes) :]]
        return list(zip(parts, self._meshes, strict=False))


def parts_of(height: int, width: int) -> list[Part]:
    """The squares that cover a wide or high picture; none of one that is nearly square."""
    short, long = sorted((height, width))
    if long < _WIDE * short:
        return []
    corners = np.linspace(0, long - short, ceil(long / short)).astype(int).tolist()
    slices = [slice(corner, corner + short) for corner in corners]
    return [(slice(0, short), along) if width > height else (along, slice(0, short)) for along in slices]


def _whole(face: Face, part: Part, picture: Picture) -> bool:
    """Whether a face is not cut off by an edge of the part that lies within the picture."""
    (rows, columns), (height, width) = part, picture.pixels.shape[:2]
    left, top, right, bottom = face.box
    return all(
        outer or inside
        for outer, inside in (
            (columns.start == 0, left > columns.start + _EDGE),
            (rows.start == 0, top > rows.start + _EDGE),
            (columns.stop == width, right < columns.stop - _EDGE),
            (rows.stop == height, bottom < rows.stop - _EDGE),
        )
    )


def _once_each(faces: Sequence[Face]) -> list[Face]:
    """Without faces that were found twice; the first find, which is that in the whole picture, stays."""
    distinct: list[Face] = []
    for face in faces:
        if all(np.linalg.norm(face.centre - other.centre) > _SAME_FACE * other.size for other in distinct):
            distinct.append(face)
    return distinct
