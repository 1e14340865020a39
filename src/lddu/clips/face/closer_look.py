"""A closer look at pictures: the detector sees them made small, and small faces are lost in that.

Where no face is found in pictures as a whole, it changes which faces are found, never how a face is measured. Where one is found,
it changes nothing: it counts whether that face is alone.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from lddu.clips.face.geometry import Face
from lddu.clips.face.measured_faces import faces_in
from lddu.clips.face.mesh import FaceMesh
from lddu.clips.face.mesh_per_part import MeshPerPart
from lddu.clips.face.parts import once_each, parts_of, tiles_of, whole
from lddu.clips.media import Picture

_EVERY = 5  # of so many pictures of a film without any face, one is looked at in parts
_COUNTED_EVERY = 45  # of so many pictures of a film with one face, others are counted in one: every three seconds
_AS_LARGE = 0.5  # of the largest face: who is smaller stands in the background
_SHARES = (2, 4)  # tiles of a photo in which nothing is found otherwise: how often one goes into its shorter side


def faces_of_photo(mesh: FaceMesh, picture: Picture, larger: Callable[[], Picture]) -> tuple[list[Face], Picture]:
    """The faces of a photo, the largest first, and the picture in which they are placed.

    Args:
        mesh: that follows nothing.
        picture: as small as those of a film.
        larger: the same with more pixels; called where no face is found otherwise.
    """
    faces = faces_in(mesh, picture)
    # a wide or high one: squares that overlap, since a face may lie on an edge
    if parts_of(*picture.pixels.shape[:2]):
        faces += _in_tiles(mesh, picture, 1)
    if not faces:
        picture = larger()
        faces = [face for share in _SHARES for face in _in_tiles(mesh, picture, share)]
    return sorted(once_each(faces), key=lambda face: -face.size), picture


def _in_tiles(mesh: FaceMesh, picture: Picture, share: int) -> list[Face]:
    height, width = picture.pixels.shape[:2]
    tiles = tiles_of(height, width, share)
    return [face for tile in tiles for face in faces_in(mesh, picture, tile) if whole(face, tile, picture)]


class CloserLook:
    """Looks for faces in parts of the wide or high pictures of a film until one is found in a picture as a whole.

    Args:
        parts: what follows the faces in them.
    """

    def __init__(self, parts: MeshPerPart) -> None:
        self._parts, self._pictures, self._following, self._needed = parts, 0, False, True

    def faces(self, faces: list[Face], picture: Picture) -> list[Face]:
        """The faces of the next picture: those that are found in it as a whole; else those in parts of it, if none ever was.

        Args:
            faces: found in it as a whole.
            picture: of the film.
        """
        self._needed = self._needed and not faces
        if not self._needed:
            return faces
        self._pictures += 1
        if self._following or self._pictures % _EVERY == 1:
            faces = self._parts.faces(picture)
        self._following = bool(faces)
        return once_each(faces)


class OtherFaces:
    """Counts the wide or high pictures with a second face about as large as that found in the picture as a whole; a few are looked at.

    Args:
        parts: what finds the faces in them; it sees no other pictures.
        pool: a thread in which it looks.
    """

    def __init__(self, parts: MeshPerPart, pool: ThreadPoolExecutor) -> None:
        self._parts, self._pool, self._passed = parts, pool, 0
        self._several: list[Future[bool]] = []

    def share(self) -> float:
        """Of the pictures that were looked at, those with several faces; 0 where none was."""
        return sum(several.result() for several in self._several) / max(1, len(self._several))

    def add(self, faces: list[Face], picture: Picture) -> None:
        """The next picture.

        Args:
            faces: found in it as a whole.
            picture: of the film.
        """
        if not faces:
            return
        self._passed += 1
        if self._passed % _COUNTED_EVERY == 1:
            self._several.append(self._pool.submit(self._are_several, faces, picture))

    def _are_several(self, faces: list[Face], picture: Picture) -> bool:
        if len(faces) == 1:
            faces = once_each([*faces, *self._parts.faces(picture)])
        largest = max(face.size for face in faces)
        return sum(face.size >= _AS_LARGE * largest for face in faces) > 1
