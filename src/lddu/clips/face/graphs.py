"""Graphs that serve one file after the other: to start one takes as long as to look at six pictures."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from lddu.clips.face.mesh import FaceDetector, FaceMesh, PictureGraph

Graph = TypeVar("Graph", bound=PictureGraph)


class Graphs:
    """Lends graphs; of each kind one is kept when it comes back (20 MB), and lent again. Threads may borrow at once."""

    def __init__(self) -> None:
        self._meshes: dict[tuple[bool, int], list[FaceMesh]] = {}
        self._detectors: list[FaceDetector] = []

    @contextmanager
    def mesh(self, follows: bool, most: int) -> Iterator[FaceMesh]:
        """A mesh that has seen no picture, as `FaceMesh` makes it."""
        idle = self._meshes.setdefault((follows, most), [])
        mesh = _taken(idle, lambda: FaceMesh(follows, most))
        yield mesh
        if not idle and mesh.forget():
            idle.append(mesh)

    @contextmanager
    def detector(self) -> Iterator[FaceDetector]:
        """A detector."""
        detector = _taken(self._detectors, FaceDetector)
        yield detector
        if not self._detectors:
            self._detectors.append(detector)


def _taken(idle: list[Graph], make: Callable[[], Graph]) -> Graph:
    try:
        return idle.pop()
    except IndexError:
        return make()
