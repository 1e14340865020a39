"""Which of several faces is the main speaker's."""

import numpy as np

from lddu.clips.face.geometry import COLUMNS, Face
from lddu.clips.face.speaker import SpeakerChoice


def face_at(across: float, size: float, time: float) -> Face:
    return Face(time, np.array([across, 100.0]), size, np.zeros(len(COLUMNS), np.float32))


def test_a_cut_shows_the_next_face_at_once_and_the_first_one_when_it_is_back() -> None:
    choice = SpeakerChoice()
    for step in range(60):
        place = 100.0 if step // 7 % 2 == 0 else 300.0
        chosen = choice.choose([face_at(place, 60.0 if place == 100.0 else 20.0, 0.1 * step)], 0.1 * step)
        assert chosen is not None and chosen.centre[0] == place


def test_a_face_that_is_missed_for_a_moment_does_not_pass_the_turn_to_one_beside_it() -> None:
    choice = SpeakerChoice()
    for step in range(30):
        left, right = face_at(100.0, 30.0, 0.1 * step), face_at(300.0, 25.0, 0.1 * step)
        missed = step % 10 == 9
        chosen = choice.choose([right] if missed else [left, right], 0.1 * step)
        assert (chosen is None) == missed and (chosen is None or chosen.centre[0] == 100.0)


def test_a_second_face_that_becomes_the_main_one_is_followed() -> None:
    choice = SpeakerChoice()
    for step in range(60):
        left, right = face_at(100.0, 30.0, 0.1 * step), face_at(300.0, 20.0 if step < 20 else 90.0, 0.1 * step)
        chosen = choice.choose([left, right], 0.1 * step)
        assert chosen is not None
    assert chosen is not None and chosen.centre[0] == 300.0
