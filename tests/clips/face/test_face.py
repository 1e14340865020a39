"""The drawn face is found, and each of its movements is measured in the right column."""

import os
import re
import threading
from pathlib import Path

import numpy as np
import pytest

from lddu.clips.face.geometry import COLUMNS, Face, face_of, moving
from lddu.clips.face.mesh import quiet
from lddu.clips.face.pictures import FaceMeter
from lddu.clips.face.speaker import SpeakerChoice
from lddu.clips.media import Picture
from lddu.clips.simulated.drawn_face import Expression, draw_face

AT_REST = Expression()


@pytest.fixture(scope="module")
def meter() -> FaceMeter:
    return FaceMeter()


def seen(meter: FaceMeter, expression: Expression) -> dict[str, float]:
    pixels = draw_face(256, expression)
    track = meter.track(Picture(number / 15, pixels) for number in range(4))
    assert track.share(0.0, 1.0) == 1.0
    return dict(zip(COLUMNS, track.steps.values[-1].tolist(), strict=True))


@pytest.mark.parametrize(
    ("expression", "column", "least"),
    [
        (Expression(mouth_open=1.0), "mouth_open", 0.1),
        (Expression(mouth_open=1.0), "jaw_drop", 0.05),
        (Expression(smile=1.0), "corner_up_right", 0.03),
        (Expression(smile=1.0), "corner_up_left", 0.03),
        (Expression(smile=1.0), "mouth_width", 0.03),
        (Expression(smile=-1.0), "corner_up_left", -0.02),
        (Expression(brow_raise=1.0), "brow_inner_left", 0.03),
        (Expression(brow_raise=1.0), "brow_outer_right", 0.03),
        (Expression(brow_raise=-1.0), "brow_middle_right", -0.02),
        (Expression(frown=1.0), "brow_inner_right", -0.02),
        (Expression(eyes_closed=1.0), "blink", 1.0),
        (Expression(eyes_closed=1.0), "eye_open_left", -0.1),
        (Expression(tilt=10.0), "roll", -0.1),
    ],
)
def test_a_movement_is_measured_where_it_belongs(
    meter: FaceMeter, expression: Expression, column: str, least: float
) -> None:
    change = seen(meter, expression)[column] - seen(meter, AT_REST)[column]
    assert change * np.sign(least) >= abs(least)


def test_tilting_the_head_changes_the_pose_and_hardly_the_expression(meter: FaceMeter) -> None:
    rest, tilted = seen(meter, AT_REST), seen(meter, Expression(tilt=12.0))
    expression = [name for name in COLUMNS[: COLUMNS.index("yaw")] if name not in ("blink", "gaze_x", "gaze_y")]
    assert max(abs(rest[name] - tilted[name]) for name in expression) < 0.06
    assert abs(rest["roll"] - tilted["roll"]) == pytest.approx(np.radians(12), abs=0.05)


def test_where_no_face_is_seen_there_is_no_step(meter: FaceMeter) -> None:
    face, nothing = draw_face(256, AT_REST), np.full((256, 256, 3), 90, np.uint8)
    pictures = [Picture(n / 15, nothing if 10 <= n < 20 else face) for n in range(30)]
    track = meter.track(pictures)
    assert not ((track.steps.start >= 11 / 15) & (track.steps.start < 20 / 15)).any()
    assert len(track.looked) == 30 and 0.6 <= track.share(0, 2) <= 0.72


@pytest.mark.parametrize("light", [0.0, 0.02])
def test_in_the_dark_nothing_is_made_up(meter: FaceMeter, light: float) -> None:
    track = meter.track(Picture(n / 15, draw_face(256, AT_REST, light)) for n in range(5))
    assert len(track.steps) == 0 and track.share(0, 1) == 0.0


def test_the_caller_is_called_from_its_own_thread_and_may_stop_all_others(meter: FaceMeter) -> None:
    callers = list[int]()
    pictures = [Picture(number / 15, draw_face(256, AT_REST)) for number in range(30)]
    meter.track(pictures, lambda _: callers.append(threading.get_ident()))
    assert callers == [threading.get_ident()] * 30

    def stop(time: float) -> None:
        if time > 0.5:
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        meter.track(pictures, stop)
    assert threading.active_count() == before


def test_graphs_that_start_in_several_threads_give_stderr_back(capfd: pytest.CaptureFixture[str]) -> None:
    def start() -> None:
        for _ in range(5):
            with quiet():
                os.write(2, b"native noise")

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"said")
    assert capfd.readouterr().err == "said"


def test_of_two_faces_the_one_that_talks_is_chosen(meter: FaceMeter) -> None:
    silent = draw_face(256, AT_REST)
    pictures = []
    for number in range(45):
        talking = draw_face(256, Expression(mouth_open=0.9 * (number // 2 % 2)))
        pictures.append(Picture(number / 15, np.concatenate([silent, talking], axis=1)))
    track = meter.track(pictures)
    assert track.several[5:].mean() > 0.9
    late = track.steps.values[track.steps.start > 1.5]
    assert late[:, COLUMNS.index("mouth_open")].std() > 0.03


def wide(*faces: tuple[int, int]) -> np.ndarray:
    """A picture of 640 x 160 with drawn faces: side in pixels, and the place of the left edge."""
    shown = np.full((160, 640, 3), 120, np.uint8)
    for side, left in faces:
        shown[20 : 20 + side, left : left + side] = draw_face(side, Expression(smile=1.0))
    return shown


def test_small_faces_of_a_wide_film_are_seen_and_that_there_are_several_is_said(meter: FaceMeter) -> None:
    """The detector sees 640 x 160 as 128 x 32, in which a face of 90 pixels is one of 18."""
    track = meter.track(Picture(number / 15, wide((90, 35), (90, 515))) for number in range(6))
    assert len(track.steps) == 6 and track.several.all()
    assert track.notes == (
        "several faces in 100 % of its pictures: the large one whose mouth moves was followed (each can be answered per person)",
    )


def test_a_face_beside_the_one_that_is_found_is_said_and_changes_no_step(meter: FaceMeter) -> None:
    """In the whole picture only the large face is found: the other is too small there."""
    film = [wide((140, 250), (90, 515))] * 6
    track = meter.track(Picture(number / 15, pixels) for number, pixels in enumerate(film))
    alone = meter.track(Picture(number / 15, wide((140, 250))) for number in range(6))
    assert not track.several.any() and track.notes[0].startswith("several faces in 100 % of its pictures")
    assert not alone.notes and len(alone.steps) == len(track.steps) == 6


def test_parts_of_a_film_are_looked_at_until_a_face_is_found_in_the_whole(meter: FaceMeter) -> None:
    """A face in the background does not take the place of one that was lost."""
    film = [wide((140, 250), (60, 560))] * 3 + [wide((60, 560))] * 12
    track = meter.track(Picture(number / 15, pixels) for number, pixels in enumerate(film))
    assert len(track.steps) == 3 and not track.several.any() and not track.notes


def test_a_face_that_lies_slanted_is_said(meter: FaceMeter) -> None:
    upright, slanted = draw_face(256, AT_REST), draw_face(256, Expression(tilt=50.0))
    lying = meter.track(Picture(number / 15, slanted) for number in range(6))
    assert len(lying.steps) and len(lying.notes) == 1
    assert re.match(r"its face is tilted by \d+ degrees.*turn the picture", lying.notes[0])
    assert not meter.track(Picture(number / 15, upright) for number in range(6)).notes
    both = np.concatenate([slanted] * 2, axis=1)
    two = meter.track(Picture(number / 15, both) for number in range(6)).notes
    assert [note.split(" ")[0] for note in two] == [
        "several",
        "its",
    ]  # each for itself, so that files are counted with either
    blank = np.zeros_like(upright)
    shown = [slanted] * 4 + [blank] * 60
    short = meter.track(Picture(number / 15, pixels) for number, pixels in enumerate(shown))
    assert 0 < len(short.steps) < 6 and not short.notes


def test_a_wide_film_without_a_face_has_none(meter: FaceMeter) -> None:
    track = meter.track(Picture(number / 15, wide()) for number in range(6))
    assert len(track.looked) == 6 and not len(track.steps) and not track.notes


def face_at(time: float, x: float, size: float, mouth_speed: float = 0.0) -> Face:
    values = np.zeros(len(COLUMNS), np.float32)
    values[COLUMNS.index("mouth_open")] = mouth_speed * time
    return Face(time, np.array([x, 100.0]), size, values)


def test_the_choice_does_not_flicker_between_faces_alike() -> None:
    choice, chosen = SpeakerChoice(), []
    for number in range(60):
        time, jitter = number / 15, 2 * (number % 2)
        face = choice.choose([face_at(time, 100, 50 + jitter), face_at(time, 400, 52 - jitter)], time)
        assert face is not None
        chosen.append(float(face.centre[0]))
    assert len(set(chosen)) == 1


def test_a_face_that_vanishes_is_a_gap_and_then_another_is_chosen() -> None:
    choice = SpeakerChoice()
    choice.choose([face_at(0.0, 100, 80), face_at(0.0, 400, 40)], 0.0)
    assert choice.choose([face_at(0.1, 400, 40)], 0.1) is None
    late = choice.choose([face_at(1.5, 400, 40)], 1.5)
    assert late is not None and late.centre[0] == 400


def test_a_speed_is_change_per_second_and_unknown_after_a_gap() -> None:
    before, now = face_at(0.0, 100, 50), face_at(0.1, 105, 50)
    assert moving(now, before).values[COLUMNS.index("head_speed")] == pytest.approx(1.0)
    assert moving(face_at(3.0, 105, 50), before).values[COLUMNS.index("head_speed")] == 0.0


def test_turning_and_moving_and_scaling_the_head_changes_no_expression() -> None:
    draw = np.random.default_rng(0)
    points = draw.normal(0, 30, (478, 3))
    turn, _ = np.linalg.qr(draw.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    one = face_of(points, 0.0, 300).values[: COLUMNS.index("yaw")]
    other = face_of(points @ turn.T * 2.5 + [40, 7, 3], 0.0, 300).values[: COLUMNS.index("yaw")]
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_the_talking_clip_has_a_face_in_every_picture(talking: Path, meter: FaceMeter) -> None:
    from lddu.clips.media import ReadReport, probe, read_pictures

    track = meter.track(read_pictures(talking, probe(talking), 15.0, ReadReport()))
    assert track.share(0.0, 60.0) > 0.95
