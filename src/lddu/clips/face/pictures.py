"""Face: the main speaker's expression, head pose and motion, one step per picture in which the face is seen.

MediaPipe finds up to three faces and 478 points on each. Pictures without a face give no step: a gap stays a gap. The
geometry of a face comes from these points; what the expression network reads of its pixels is added on request.
On request all faces are measured, each as a track of its own.
"""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from lddu.clips.face import expression
from lddu.clips.face.closer_look import CloserLook, OtherFaces, faces_of_photo
from lddu.clips.face.everybody import MOST_PEOPLE, Everybody
from lddu.clips.face.expression import ExpressionReader
from lddu.clips.face.geometry import COLUMNS
from lddu.clips.face.graphs import Graphs
from lddu.clips.face.measured_faces import PICTURE_RATE, READING_RATE, MeasuredFaces, faces_of, reading
from lddu.clips.face.mesh import CONFIDENCE, MESH, MOST_FACES, load_mesh
from lddu.clips.face.mesh_per_part import MeshPerPart
from lddu.clips.face.speaker import SpeakerChoice
from lddu.clips.face.turned import SpreadPictures, around, turned_by
from lddu.clips.media import Picture
from lddu.clips.steps import Steps
from lddu.machine.read_ahead import read_ahead
from lddu.store import extraction_notes

_OFTEN = 0.1  # share of the pictures of a film with more than one face from which that is noted

_AHEAD = 4
"""Pictures whose faces are found while one is measured: enough for a core more, and few megabytes."""

_LYING = 45.0  # degrees of tilt, in half of the pictures with a face, from which that is noted

GEOMETRY = "geometry"
"""Name that selects the geometry alone."""


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
    return {**geometry, **read, "columns": dimension(reader), "reading_rate": READING_RATE, **reader.specification()}


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
        notes: what a reader should know of how it was made; mostly none.
        people: the steps of every face, in order of their first pictures; empty where only the main speaker's was wanted, or
            none was seen.
    """

    steps: Steps
    looked: np.ndarray
    several: np.ndarray
    notes: tuple[str, ...] = ()
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
        self._reader, self._everybody, self._graphs = reader, everybody, Graphs()
        load_mesh()

    @property
    def dimension(self) -> int:
        """Numbers per step."""
        return dimension(self._reader)

    def track(self, pictures: Iterable[Picture], watch: Callable[[float], None] = lambda _: None) -> FaceTrack:
        """Follow the main speaker, or everybody, through a file; faces are found in a thread while those before are measured.

        Args:
            pictures: in order of time.
            watch: called with the seconds of each picture that is measured.
        """
        looked, several = [], []
        choice, with_face, faceless = SpeakerChoice(), SpreadPictures(), SpreadPictures()
        most = MOST_PEOPLE if self._everybody else MOST_FACES
        with (
            self._graphs.mesh(True, most) as mesh,
            MeshPerPart(self._graphs, MOST_FACES) as sought,
            MeshPerPart(self._graphs, MOST_FACES, follows=False) as counted,
            MeshPerPart(self._graphs, MOST_PEOPLE) as parts,
            reading() as pool,
            self._graphs.detector() as detector,
            closing(read_ahead(((picture, mesh.faces(picture.pixels)) for picture in pictures), _AHEAD)) as seen,
        ):
            closer, others = CloserLook(sought), OtherFaces(counted, pool)
            everybody, measured = Everybody(parts, self._reader, pool), MeasuredFaces(self._reader, pool)
            for picture, points in seen:
                whole = faces_of(points, picture)
                faces = closer.faces(whole, picture)
                looked.append(picture.time)
                several.append(len(faces) > 1)
                face = choice.choose(faces, picture.time)
                if face is None:
                    faceless.add(picture)
                else:
                    measured.add(face, picture)
                    with_face.add(around(face, picture))
                if self._everybody:
                    everybody.add(faces, picture)
                else:
                    others.add(whole, picture)
                watch(picture.time)
            measured.finish()
            often = len(with_face) and len(with_face) >= _OFTEN * len(looked)
            turn = turned_by((with_face if often else faceless).kept, detector)
            steps = measured.steps()
            people, notes = everybody.tracks(len(looked))
            shared = max(sum(several) / max(1, len(looked)), others.share())
        if not self._everybody and shared >= _OFTEN:
            notes = (extraction_notes.several_faces(shared),)
        notes += _not_upright(steps, len(looked), turn)
        return FaceTrack(steps, np.array(looked, dtype=float), np.array(several, dtype=bool), notes, people)

    def photo(self, picture: Picture, larger: Callable[[], Picture]) -> FaceTrack:
        """The largest face of a photo, or everybody's.

        Args:
            picture: as small as those of a film.
            larger: the same with more pixels; asked where no face is found otherwise.
        """
        with self._graphs.mesh(False, MOST_PEOPLE) as mesh:
            faces, shown = faces_of_photo(mesh, picture, larger)
        with MeshPerPart(self._graphs, MOST_PEOPLE) as parts, reading() as pool:
            everybody = Everybody(parts, self._reader, pool)
            measured = MeasuredFaces(self._reader, pool)
            for face in faces[:1]:
                measured.add(face, shown)
            if self._everybody:
                everybody.add(faces, shown)
            people, notes = everybody.tracks(1)
            steps = measured.steps()
        if not self._everybody and len(faces) > 1:
            width = shown.pixels.shape[1]
            notes = (extraction_notes.faces_of_photo(len(faces), float(faces[0].centre[0]) / width),)
        with self._graphs.detector() as detector:
            turn = turned_by([around(faces[0], shown) if faces else picture], detector)
        notes += _not_upright(steps, 1, turn)
        return FaceTrack(steps, np.zeros(1), np.array([len(faces) > 1]), notes, people)


def _not_upright(steps: Steps, pictures: int, turn: int) -> tuple[str, ...]:
    """A note where pictures seem to be turned, by degrees, or the face mostly lies on its side.

    The points follow a face on its side, the expression network does not. What is found in hardly any of the pictures
    may be no face at all.
    """
    if turn:
        return (extraction_notes.turned(turn),)
    seen = len(steps) > 0 and len(steps) >= _OFTEN * pictures
    tilt = float(np.degrees(np.median(steps.values[:, COLUMNS.index("roll")]))) if seen else 0.0
    return (extraction_notes.lying(tilt),) if abs(tilt) > _LYING else ()
