"""A graph that has served one file serves the next as a new one would."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from lddu.clips.face.graphs import Graphs
from lddu.clips.face.mesh import MOST_FACES, FaceMesh
from lddu.clips.face.pictures import FaceMeter
from lddu.clips.media import Picture
from lddu.clips.simulated.drawn_face import Expression, draw_face


def film(left: int, faces: int) -> Iterator[np.ndarray]:
    """Some pictures of faces side by side, the first one so far from the left edge."""
    for number in range(8):
        pixels = np.full((240, 480, 3), 90, np.uint8)
        for face in range(faces):
            drawn = draw_face(160, Expression(mouth_open=(number + face) % 3 / 3))
            pixels[40:200, left + 200 * face : left + 200 * face + 160] = drawn
        yield pixels


def followed(mesh: FaceMesh, pictures: Iterable[np.ndarray]) -> list[np.ndarray]:
    return [points for picture in pictures for points in mesh.faces(picture)]


@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_mesh_that_is_lent_again_finds_what_a_new_one_finds(before: int) -> None:
    graphs = Graphs()
    with graphs.mesh(True, MOST_FACES) as first:
        assert len(followed(first, film(20, before))) == 8 * before
    with graphs.mesh(True, MOST_FACES) as again:
        assert again is first
        found = followed(again, film(60, 1))
    with FaceMesh() as new:
        expected = followed(new, film(60, 1))
    assert len(found) == 8
    np.testing.assert_array_equal(found, expected)


def test_a_film_after_others_has_the_features_of_one_alone() -> None:
    meter = FaceMeter()
    for left, faces in ((20, 2), (250, 1), (20, 0)):
        meter.track(Picture(number / 15, pixels) for number, pixels in enumerate(film(left, faces)))
    after, alone = (
        one.track(Picture(number / 15, pixels) for number, pixels in enumerate(film(60, 1)))
        for one in (meter, FaceMeter())
    )
    assert len(alone.steps) == 8 and after.notes == alone.notes
    np.testing.assert_array_equal(after.steps.values, alone.steps.values)


def test_graphs_lent_at_once_are_two_and_one_is_kept() -> None:
    graphs = Graphs()
    with graphs.mesh(False, 1) as first, graphs.mesh(False, 1) as second:
        assert first is not second
    with graphs.mesh(False, 1) as third, graphs.mesh(False, 1) as fourth, graphs.mesh(False, 2) as other:
        assert third is second and fourth not in (first, second) and other not in (first, second)


def test_a_mesh_that_met_a_fault_is_not_lent_again() -> None:
    graphs = Graphs()
    with pytest.raises(ValueError, match="broken"), graphs.mesh(True, 1) as first:
        raise ValueError("broken")
    with graphs.mesh(True, 1) as second:
        assert second is not first


def test_a_mesh_that_still_follows_a_face_is_not_lent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = Graphs()
    with graphs.mesh(True, 1) as first:
        monkeypatch.setattr(FaceMesh, "read", lambda *_, **__: [b""])
    monkeypatch.undo()
    with graphs.mesh(True, 1) as second:
        assert second is not first
