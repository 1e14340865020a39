"""The mesh is MediaPipe's own, and the detector rests only where no face could have come."""

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.clips.face.detection_plan import EVERY, DetectionPlan
from lddu.clips.face.mesh import CONFIDENCE, MOST_FACES, FaceMesh, load_mesh, points_of
from lddu.clips.simulated.drawn_face import Expression, draw_face

SIDE, HEIGHT, WIDTH = 160, 240, 480


def film(seconds: float, arrives: float = 0.0) -> Iterator[np.ndarray]:
    """A talking face on an even ground, beside which another one comes in, 15 pictures a second with a little noise."""
    random = np.random.default_rng(0)
    for number in range(round(seconds * 15)):
        picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        picture[40 : 40 + SIDE, 20 : 20 + SIDE] = draw_face(SIDE, Expression(mouth_open=(number % 5) / 5))
        if number >= arrives * 15:
            picture[40 : 40 + SIDE, 300 : 300 + SIDE] = draw_face(SIDE, Expression(smile=1.0))
        noise = random.integers(-2, 3, picture.shape)
        yield np.clip(picture + noise, 0, 255).astype(np.uint8)


def solution(pictures: Iterator[np.ndarray]) -> list[list[np.ndarray]]:
    """What MediaPipe's own class finds, which lets the detector look at every picture."""
    import mediapipe

    mesh = mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=False, max_num_faces=MOST_FACES, refine_landmarks=True,
        min_detection_confidence=CONFIDENCE, min_tracking_confidence=CONFIDENCE,
    )  # fmt: skip
    found = []
    with mesh:
        mesh.process(np.zeros((64, 64, 3), np.uint8))
        for picture in pictures:
            faces = mesh.process(picture).multi_face_landmarks or []
            found.append([np.array([(mark.x, mark.y, mark.z) for mark in face.landmark]) for face in faces])
    return found


@pytest.mark.parametrize("arrives", [0.0, 0.7, 9.0])
def test_every_point_of_every_face_is_that_of_the_detector_that_looks_always(arrives: float) -> None:
    expected = solution(film(2.0, arrives))
    with FaceMesh() as mesh:
        found = [mesh.faces(picture) for picture in film(2.0, arrives)]
    assert [len(faces) for faces in found] == [len(faces) for faces in expected]
    assert max(map(len, found)) == (2 if arrives < 2 else 1)
    for own, other in zip(found, expected, strict=True):
        for points, same in zip(own, other, strict=True):
            np.testing.assert_array_equal(points, same)


def face_at(left: float, top: float, side: float) -> np.ndarray:
    return np.array([[left, top, 0.0], [left + side, top + side, 0.0]])


def looks(pictures: list[np.ndarray], faces: list[list[np.ndarray]]) -> list[bool]:
    plan, found = DetectionPlan(), []
    for picture, seen in zip(pictures, faces, strict=True):
        found.append(plan.due(picture))
        plan.seen(seen)
    return found


STILL = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
FACE = face_at(0.1, 0.2, 0.2)


def test_without_a_face_the_detector_looks_at_every_picture() -> None:
    assert looks([STILL] * 8, [[]] * 8) == [True] * 8


def test_a_still_picture_is_looked_at_again_after_a_third_of_a_second() -> None:
    assert looks([STILL] * (2 * EVERY + 1), [[FACE]] * (2 * EVERY + 1)) == [
        number % EVERY == 0 for number in range(2 * EVERY + 1)
    ]


def test_a_face_that_is_lost_is_looked_for_at_once() -> None:
    assert looks([STILL] * 4, [[FACE, FACE], [FACE], [FACE], [FACE]]) == [True, False, True, False]


def test_what_changes_beside_the_face_is_looked_at_and_what_changes_in_it_is_not() -> None:
    beside, within = STILL.copy(), STILL.copy()
    beside[96:160, 320:400] = 160
    within[60:90, 60:120] = 160
    assert looks([STILL, within, within], [[FACE]] * 3) == [True, False, False]
    assert looks([STILL, beside, beside], [[FACE]] * 3) == [True, True, False]


@given(st.integers(-96, 96), st.integers(-96, 96), st.integers(1, 16), st.integers(0, 6), st.integers(0, 12))
def test_a_face_hides_what_changes_in_it_alone_wherever_it_lies(
    left: int, top: int, side: int, row: int, column: int
) -> None:
    still = np.full((32 * 7, 32 * 13, 3), 100, np.uint8)
    moved = still.copy()
    moved[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = 160
    across = 13 * (left - side) < 64 * (column + 1) and 13 * (left + 5 * side) >= 64 * column
    down = 7 * (top - 2 * side) < 64 * (row + 1) and 7 * (top + 5 * side) >= 64 * row
    assert looks([still, moved], [[face_at(left / 64, top / 64, side / 16)]] * 2) == [True, not (across and down)]


@pytest.mark.parametrize("shape", [(8, 8, 3), (1, 700, 3), (24, 24, 3)])
def test_a_picture_too_small_to_compare_is_always_looked_at(shape: tuple[int, int, int]) -> None:
    assert looks([np.zeros(shape, np.uint8)] * 3, [[FACE]] * 3) == [True] * 3


def test_the_rest_of_the_package_is_loaded_when_somebody_asks_for_it() -> None:
    call = (
        "import sys; from lddu.clips.face.mesh import load_mesh; load_mesh(); import mediapipe\n"
        "loaded = [name for name in ('matplotlib', 'cv2', 'sounddevice') if name in sys.modules]\n"
        "print(loaded, mediapipe.solutions.face_mesh.FaceMesh.__name__, mediapipe.__version__, 'cv2' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=True).stdout
    assert found.split() == ["[]", "FaceMesh", "0.10.14", "True"]


def test_a_mesh_that_is_closed_is_freed() -> None:
    with FaceMesh() as mesh:
        mesh.faces(np.zeros((64, 64, 3), np.uint8))
    freed = weakref.ref(mesh)
    del mesh
    gc.collect()
    assert freed() is None


@given(st.lists(st.tuples(*[st.floats(-2, 2, width=32)] * 3), max_size=5), st.booleans())
def test_points_are_read_whatever_fields_their_message_has(points: list[tuple[float, ...]], visible: bool) -> None:
    load_mesh()
    from mediapipe.framework.formats.landmark_pb2 import NormalizedLandmarkList

    marks = NormalizedLandmarkList()
    for x, y, z in points:
        marks.landmark.add(x=x, y=y, z=z, **({"visibility": 0.5} if visible else {}))
    np.testing.assert_array_equal(points_of(marks.SerializeToString()), np.array(points).reshape(-1, 3))
