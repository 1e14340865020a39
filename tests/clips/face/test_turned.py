"""Pictures that are turned by quarters without saying so are told, and upright ones never."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from lddu.clips.face.geometry import COLUMNS, Face
from lddu.clips.face.mesh import FaceDetector
from lddu.clips.face.pictures import FaceMeter
from lddu.clips.face.turned import SpreadPictures, around, best_turn, turned_by
from lddu.clips.media import Picture
from lddu.clips.simulated.drawn_face import Expression, draw_face
from lddu.store import extraction_notes
from tests.clips.ffmpeg import ffmpeg, needs_ffmpeg

BLANK = np.full((240, 320, 3), 100, np.uint8)


@pytest.fixture(scope="module")
def meter() -> FaceMeter:
    return FaceMeter()


def picture(turn: int, side: int = 200, time: float = 0.0) -> Picture:
    """A drawn face on grey ground, turned by quarters clockwise."""
    shown = BLANK.copy()
    shown[20 : 20 + side, 60 : 60 + side] = draw_face(side, Expression(mouth_open=time % 0.3))
    return Picture(time, np.ascontiguousarray(np.rot90(shown, -turn)))


def notes_of(degrees: int) -> tuple[str, ...]:
    return (extraction_notes.turned(degrees),) if degrees else ()


@pytest.mark.parametrize("turn", range(4))
def test_a_turned_film_and_a_turned_photo_are_said_and_upright_ones_are_not(meter: FaceMeter, turn: int) -> None:
    film = meter.track(picture(turn, time=number / 15) for number in range(10))
    photo = meter.photo(picture(turn), lambda: picture(turn))
    assert film.notes == photo.notes == notes_of(90 * turn)


def test_a_film_in_which_no_face_is_found_is_looked_at_too(meter: FaceMeter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lddu.clips.face.pictures.faces_of", lambda *_: [])
    track = meter.track(picture(2, time=number / 15) for number in range(10))
    assert not len(track.steps) and track.notes == notes_of(180)


@pytest.mark.parametrize(("score", "looks"), [(0.96, 3), (0.9, 6 + 3 * 7), (0.0, 6 + 6 * 7)])
def test_no_more_turns_are_tried_than_it_takes_to_know(
    score: float, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = list[float]()

    def scored(*_: object) -> float:
        scores.append(score)
        return score

    monkeypatch.setattr(FaceDetector, "score", scored)
    with FaceDetector() as detector:
        assert turned_by([picture(0)] * 6, detector) == 0
    assert len(scores) == looks + 1  # one starts the detector


def test_a_picture_that_is_sure_at_once_is_asked_before_others_are_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = list[float]()

    def scored(_: FaceDetector, pixels: np.ndarray) -> float:
        looks.append(float(pixels.mean()))
        return 0.97 if pixels.mean() > 60 else 0.6

    monkeypatch.setattr(FaceDetector, "score", scored)
    dark, light = (Picture(0.0, np.full((64, 64, 3), grey, np.uint8)) for grey in (50, 100))
    with FaceDetector() as detector:
        looks.clear()
        assert turned_by([dark, dark, dark, light, light, light], detector) == 0
    assert looks == [50, 50, 50, 100, 100, 100]


@given(arrays(float, (5, 4), elements=st.sampled_from([0.0, 0.5, 2.0, 4.0])))
def test_half_of_the_pictures_upright_are_enough_to_know(sureness: np.ndarray) -> None:
    upright = [odds[0] > 0 and odds.argmax() == 0 for odds in sureness]
    assert not (2 * sum(upright) >= len(sureness) and best_turn(list(sureness)))


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 640, 3), (640, 2, 3)])
def test_a_picture_too_small_for_a_face_is_not_turned(shape: tuple[int, int, int]) -> None:
    with FaceDetector() as detector:
        assert turned_by([Picture(0.0, np.zeros(shape, np.uint8))], detector) == 0 == turned_by([], detector)


@given(st.integers(-400, 700), st.integers(-400, 700), st.integers(8, 500))
def test_what_lies_around_a_face_is_in_its_picture_wherever_the_face_is(left: int, top: int, side: int) -> None:
    values, box = np.zeros(len(COLUMNS), np.float32), (float(left), float(top), float(left + side), float(top + side))
    height, width = around(Face(0.0, np.zeros(2), 8.0, values, box), Picture(0.0, BLANK)).pixels.shape[:2]
    assert 0 < height <= min(240, 4 * side + 2) and 0 < width <= min(320, 4 * side + 2)


@needs_ffmpeg
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_what_is_noted_turns_the_pictures_upright(tmp_path: Path, turn: int) -> None:
    Image.fromarray(picture(turn).pixels).save(tmp_path / "turned.png")
    asked = extraction_notes.turned(90 * turn).split(" -vf ")[1].split(" ")[0]
    ffmpeg("-i", tmp_path / "turned.png", "-vf", asked, tmp_path / "upright.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "upright.png")), picture(0).pixels)


@given(st.integers(0, 3), st.integers(1, 8), st.data())
def test_a_turn_that_most_pictures_show_clearly_is_taken(turn: int, count: int, data: st.DataObject) -> None:
    others = st.lists(st.floats(0, 1.9), min_size=4, max_size=4)
    sureness = [np.array(data.draw(others)) for _ in range(count)]
    for odds in sureness:
        odds[turn] = data.draw(st.floats(2.5, 5.0))
    assert best_turn(sureness) == turn
    unseen = [np.zeros(4)] * count
    assert best_turn(sureness + unseen[1:]) == turn and best_turn(sureness + unseen) == 0


@pytest.mark.parametrize(
    "sureness",
    [
        [],
        [[0, 0, 0, 0]],
        [[0, 0, 1.4, 0]] * 6,  # no face for certain
        [[2.2, 0, 2.6, 0]] * 6,  # hardly better than as it is
        [[0, 3, 0, 0], [0, 0, 3, 0], [0, 0, 0, 3]],  # no turn of most
        [[0, 0, 9, 0], [2, 0, 0, 0], [2, 0, 0, 0]],  # of one picture alone
    ],
)
def test_what_is_not_clear_is_not_said(sureness: list[list[float]]) -> None:
    assert best_turn([np.array(odds, dtype=float) for odds in sureness]) == 0


@given(st.integers(1, 200))
def test_a_few_pictures_are_kept_evenly_over_however_many_there_are(count: int) -> None:
    spread = SpreadPictures()
    for number in range(count):
        spread.add(Picture(float(number), BLANK))
    times = [kept.time for kept in spread.kept]
    assert len(spread) == count and min(count, 4) <= len(times) <= 6
    gaps = {after - before for before, after in pairwise(times)}
    assert times[0] == 0 and len(gaps) <= 1 and count - times[-1] <= max(gaps, default=1.0)
