"""Faces in the parts of a film's wide or high pictures, each part followed by a mesh of its own."""

from contextlib import ExitStack
from itertools import cycle
from types import TracebackType
from typing import Self

from lddu.clips.face.geometry import Face
from lddu.clips.face.graphs import Graphs
from lddu.clips.face.measured_faces import faces_in
from lddu.clips.face.mesh import FaceMesh
from lddu.clips.face.parts import parts_of, whole
from lddu.clips.media import Picture


class MeshPerPart:
    """Follows faces in each part of wide or high pictures; a context manager, one per file. Borrows a mesh when its part is first looked at.

    Args:
        graphs: that lend the meshes.
        most: faces that are followed at once in each part.
        follows: whether the pictures are a film; otherwise each is looked at for itself.
    """

    def __init__(self, graphs: Graphs, most: int, follows: bool = True) -> None:
        self._graphs, self._most, self._follows = graphs, most, follows
        self._meshes, self._open = list[FaceMesh](), ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, fault, trace)

    def faces(self, picture: Picture) -> list[Face]:
        """The faces in each part of the next picture that no inner edge of their part cuts off; none of a picture that is nearly square."""
        parts = parts_of(*picture.pixels.shape[:2])
        needed = len(parts) if self._follows else min(1, len(parts))  # one that follows nothing serves all parts
        while len(self._meshes) < needed:
            self._meshes.append(self._open.enter_context(self._graphs.mesh(self._follows, self._most)))
        return [
            face
            for part, mesh in zip(parts, self._meshes if self._follows else cycle(self._meshes), strict=False)
            for face in faces_in(mesh, picture, part)
            if whole(face, part, picture)
        ]
