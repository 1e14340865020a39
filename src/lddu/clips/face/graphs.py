"""Graphs that serve one file after the other: to start one takes as long as to look at six pictures."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from lddu.clips.face.mesh import FaceDetector, FaceMesh, PictureGraph

Graph = TypeVar("Graph", bound=PictureGraph)


class Graphs:
    """Lends graphs; of each kind one is kept when it comes back (20 MB), and lent again. Threads may borrow at once."""

    def __init__(self) -> None:
        self._meshes: dict[tuple[bool, int], list[FaceMesh]] = {}
        self._detectors: list[FaceDetector] = []

    def mesh(self, follows: bool, most: int) -> AbstractContextManager[FaceMesh]:
        """A mesh that has seen no picture, as `FaceMesh` makes it."""
        return _lent(self._meshes.setdefault((follows, most), []), lambda: FaceMesh(follows, most))

    def detector(self) -> AbstractContextManager[FaceDetector]:
        """A detector."""
        return _lent(self._detectors, FaceDetector)


@contextmanager
def _lent(idle: list[Graph], make: Callable[[], Graph]) -> Iterator[Graph]:
    """One of those that are idle, or a new one; after a fault it is not lent again."""
    try:
        graph = idle.pop()
    except IndexError:
        graph = make()
    yield graph
    if not idle and graph.forget():
        idle.append(graph)
