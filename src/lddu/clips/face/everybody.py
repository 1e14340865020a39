"""Every face of a file, also those too small in the picture for the detector: it is given parts of wide and high pictures too."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lddu.clips.face.expression import ExpressionReader
from lddu.clips.face.geometry import Face
from lddu.clips.face.identity import Identities
from lddu.clips.face.looks import look_of
from lddu.clips.face.measured_faces import MeasuredFaces
from lddu.clips.face.mesh_per_part import MeshPerPart
from lddu.clips.face.parts import once_each
from lddu.clips.media import Picture
from lddu.clips.steps import Steps
from lddu.store import extraction_notes

MOST_PEOPLE = 6
"""Faces that are followed at once in a picture, and in each part of it."""

_BRIEFEST = 8  # pictures; a face that is seen in fewer of a film is left out


class Everybody:
    """Follows every face of a file.

    Args:
        parts: what follows the faces in parts of its pictures.
        reader: what reads the pixels of a face; None measures the geometry alone.
        pool: in which it reads.
    """

    def __init__(self, parts: MeshPerPart, reader: ExpressionReader | None, pool: ThreadPoolExecutor) -> None:
        self._parts, self._identities, self._crowded = parts, Identities(), 0
        self._measured = defaultdict[int, MeasuredFaces](lambda: MeasuredFaces(reader, pool))

    def add(self, faces: Sequence[Face], picture: Picture) -> None:
        """The next picture.

        Args:
            faces: that are found in it as a whole.
            picture: in which more are looked for.
        """
        all_faces = once_each([*faces, *self._parts.faces(picture)])
        self._crowded += len(all_faces) >= MOST_PEOPLE
        for identified in self._identities.see([(face, look_of(picture.pixels, face.box)) for face in all_faces]):
            self._measured[identified.number].add(identified.face, picture)

    def tracks(self, looked: int) -> tuple[tuple[Steps, ...], tuple[str, ...]]:
        """The steps of each face that is seen long enough, in order of their first pictures, and what a reader should know.

        Args:
            looked: pictures that were looked at.
        """
        least = min(_BRIEFEST, max(1, looked // 2))
        tracks = tuple(faces.steps() for faces in self._measured.values() if len(faces) >= least)
        notes = [extraction_notes.brief_faces(len(self._measured) - len(tracks))] * (len(tracks) < len(self._measured))
        notes += [extraction_notes.crowded(self._crowded, MOST_PEOPLE)] * bool(self._crowded)
        return tracks, tuple(notes)
