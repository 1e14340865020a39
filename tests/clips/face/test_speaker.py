"""Which of several faces is the main speaker's."""

import numpy as np

from lddu.clips.face.geometry import COLUMNS, Face
from lddu.clips.face.speaker import SpeakerChoice


def face_at(across: float, size: float, time: float) -> Face:
    return Face(time, np.array([across, 100.0]), size, np.zeros(len(COLUMNS), np.float32))


def test_a_second_face_that_becomes_the_main_one_is_followed() -> None:
    choice = SpeakerChoice()
    for step in range(60):
        left, right = face_at(100.0, 30.0, 0.1 * step), face_at(300.0, 20.0 if step < 20 else 90.0, 0.1 * step)
        chosen = choice.choose([left, right], 0.1 * step)
        assert chosen is not None
    assert chosen is not None and chosen.centre[0] == 300.0
