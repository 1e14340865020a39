"""The network reads a face some times a second; what lies between is interpolated, and never between two faces."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.clips.face import expression, geometry
from lddu.clips.face.expression import ExpressionReader
from lddu.clips.face.geometry import Face
from lddu.clips.face.measured_faces import PICTURE_RATE, READING_RATE, MeasuredFaces, between, reading
from lddu.clips.media import Picture, slot_of

SIZE = 20.0


class LevelReader:
    """Reads the level of a photo in place of an expression."""

    def __init__(self) -> None:
        self.levels: list[float] = []

    def read(self, photos: Sequence[np.ndarray]) -> np.ndarray:
        found = [float(photo.mean()) for photo in photos]
        self.levels += found
        return np.repeat(np.array(found, np.float32).reshape(-1, 1), len(expression.COLUMNS), axis=1)


def measured(times: Sequence[float], levels: Sequence[int], places: Sequence[float]) -> tuple[np.ndarray, LevelReader]:
    """What one face that wanders is measured as, and its reader."""
    reader = LevelReader()
    with reading() as pool:
        faces = MeasuredFaces(cast(ExpressionReader, reader), pool)
        for time, level, place in zip(times, levels, places, strict=True):
            box = (place - SIZE, 10.0, place + SIZE, 50.0)
            values = np.zeros(len(geometry.COLUMNS), np.float32)
            face = Face(time, np.array([place, 30.0]), SIZE, values, box)
            faces.add(face, Picture(time, np.full((60, 400, 3), level, np.uint8)))
        steps = faces.steps()
    np.testing.assert_array_equal(steps.start, times)
    return steps.values[:, len(geometry.COLUMNS)], reader


@settings(max_examples=60, deadline=None)
@given(
    stretches=st.lists(
        st.tuples(st.integers(1, 40), st.integers(0, 255), st.sampled_from([50.0, 300.0])), min_size=1, max_size=5
    ),
    gap=st.sampled_from([1 / PICTURE_RATE, 0.5, 8.0]),
)
def test_no_face_is_mixed_with_another(stretches: list[tuple[int, int, float]], gap: float) -> None:
    times, levels, places = [], [], []
    now, stretch, place_before = 0.0, [], None
    for number, (pictures, level, place) in enumerate(stretches):
        if place == place_before and gap < 8:
            level = levels[-1]  # nothing tells that this would be another face
        place_before = place
        for _ in range(pictures):
            times.append(now)
            levels.append(level)
            places.append(place)
            stretch.append(number)
            now += 1 / PICTURE_RATE
        now += gap - 1 / PICTURE_RATE
    found, reader = measured(times, levels, places)
    np.testing.assert_allclose(found, levels, atol=1e-3)
    assert len(reader.levels) <= sum(1 + (count - 1) // 2 for count in np.bincount(stretch)) + len(stretches)


@settings(max_examples=60, deadline=None)
@given(strides=st.lists(st.floats(1 / PICTURE_RATE, 0.4), max_size=60), seed=st.integers(0, 999))
def test_a_face_is_read_first_and_then_not_oftener_than_said(strides: list[float], seed: int) -> None:
    times = np.concatenate([[0.0], np.cumsum(strides)])
    levels = np.random.default_rng(seed).integers(0, 256, len(times))
    found, reader = measured(times.tolist(), levels.tolist(), [100.0] * len(times))
    last, expected = 0, [0]
    for number, time in enumerate(times):
        if slot_of(time, READING_RATE) > slot_of(times[last], READING_RATE):
            expected.append(number)
            last = number
    assert reader.levels == [float(levels[number]) for number in expected]
    np.testing.assert_array_equal(found[expected], levels[expected])
    np.testing.assert_allclose(found, np.interp(times, times[expected], levels[expected]), atol=1e-3)


@pytest.mark.parametrize("frames", [8, 10, 12, 24, 25, 29.97, 30, 50, 60, 120])
def test_a_film_of_any_rate_is_read_as_often_as_said(frames: float) -> None:
    times = {slot_of(n / frames, PICTURE_RATE): n / frames for n in reversed(range(round(20 * frames)))}
    chosen = sorted(times.values())
    _, reader = measured(chosen, [100] * len(chosen), [100.0] * len(chosen))
    assert abs(len(reader.levels) - 20 * min(frames, READING_RATE)) <= 2


def test_a_track_without_readings_has_no_rows() -> None:
    assert between(np.zeros((0, 3), np.float32), [], [], []).shape == (0, 3)


def test_the_rows_behind_the_last_reading_are_the_last_reading() -> None:
    read = np.array([[0.0], [4.0], [8.0]], np.float32)
    found = between(read, [0.0, 1.0, 9.0], [True, False, True], [0.0, 0.5, 1.0, 5.0, 9.0, 9.5])
    np.testing.assert_array_equal(found[:, 0], [0, 2, 4, 4, 8, 8])
