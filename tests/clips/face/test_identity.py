"""Whose face it is: the same over cuts and gaps, another one where it may be another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.clips.face.geometry import COLUMNS, Face
from lddu.clips.face.identity import Identities, Seen
from lddu.clips.face.looks import look_of, unlike
from lddu.clips.face.parts import parts_of

LOOKS = np.random.default_rng(0).normal(0, 1, (4, 12, 12, 3)).astype(np.float32)
"""Of four people."""


def seen(person: int, time: float, x: float = 100.0, noise: float = 0.05) -> Seen:
    draw = np.random.default_rng(round(1000 * time) + person)
    look = LOOKS[person] + draw.normal(0, noise, (12, 12, 3)).astype(np.float32)
    return Face(time, np.array([x, 80.0]), 40.0, np.zeros(len(COLUMNS), np.float32)), look


def numbers(pictures: list[list[Seen]]) -> list[list[int]]:
    """Of each picture: the numbers of its faces, from left to right."""
    found = Identities()
    return [
        [one.number for one in sorted(found.see(faces), key=lambda one: float(one.face.centre[0]))]
        for faces in pictures
    ]


def film(person: int, begin: float, x: float = 100.0) -> list[list[Seen]]:
    return [[seen(person, begin + n / 15, x + n)] for n in range(10)]


def test_a_face_that_comes_back_after_a_cut_is_the_same() -> None:
    found = numbers([*film(0, 0.0), *film(1, 1.0), *film(0, 2.0, 300.0), *film(1, 3.0, 20.0)])
    assert [own for [own] in found] == [0] * 10 + [1] * 10 + [0] * 10 + [1] * 10


def test_another_face_in_the_very_place_after_a_cut_is_another() -> None:
    found = numbers([*film(0, 0.0), [seen(1, 10 / 15, 110.0)], *film(1, 11 / 15, 111.0)])
    assert [own for [own] in found] == [0] * 10 + [1] * 11


@pytest.mark.parametrize("gap", [0.2, 0.9, 30.0])
def test_a_gap_of_any_length_keeps_a_face(gap: float) -> None:
    assert {own for [own] in numbers([*film(0, 0.0), *film(0, 0.7 + gap)])} == {0}


def test_a_face_that_could_be_either_of_two_is_a_new_one() -> None:
    twin = LOOKS[0] + 0.1
    between = (LOOKS[0] + twin) / 2
    first, second, third = seen(0, 0.0, 50.0, 0.0), seen(0, 0.0, 400.0, 0.0), seen(0, 5.0, 200.0, 0.0)
    pictures = [[first, (second[0], twin)], [(third[0], between)]]
    assert numbers(pictures) == [[0, 1], [2]]


@given(st.permutations([0, 1, 2, 3]), st.permutations([0, 1, 2, 3]))
def test_the_order_of_faces_in_a_picture_does_not_matter(first: list[int], second: list[int]) -> None:
    pictures = [[seen(p, t, 100.0 + 150 * p) for p in order] for t, order in ((0.0, first), (0.1, second))]
    assert numbers(pictures) == [[0, 1, 2, 3], [0, 1, 2, 3]]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_who_comes_back_is_the_likest_whatever_the_order_of_faces(order: tuple[int, int]) -> None:
    """A face that is somewhat like somebody before is a new one where this somebody is in the picture too."""
    (face, _), (other, _) = seen(0, 5.0, 50.0), seen(0, 5.0, 400.0)
    back = [(face, LOOKS[0]), (other, LOOKS[0] + np.float32(0.3))]
    assert numbers([[seen(0, 0.0, noise=0.0)], [back[n] for n in order]]) == [[0], [0, 1]]


def test_faces_that_change_places_over_a_cut_keep_their_numbers() -> None:
    before = [[seen(0, n / 15, 50.0), seen(1, n / 15, 400.0)] for n in range(5)]
    after = [[seen(0, 1 + n / 15, 400.0), seen(1, 1 + n / 15, 50.0)] for n in range(5)]
    assert numbers(before + after) == [[0, 1]] * 5 + [[1, 0]] * 5


@given(st.floats(0.3, 1.5), st.floats(-30, 30))
def test_a_fade_changes_no_look(light: float, offset: float) -> None:
    picture = np.kron(np.random.default_rng(1).integers(60, 130, (9, 12, 3)), np.ones((10, 10, 1)))
    faded = np.clip(picture * light + offset, 0, 255)
    box = (30.0, 20.0, 80.0, 70.0)
    same = look_of(picture.astype(np.uint8), box)
    if faded.min() > 0 and faded.max() < 255:
        assert unlike(look_of(faded.astype(np.uint8), box), same) < 0.2


@given(st.integers(1, 700), st.integers(1, 700))
def test_parts_of_a_picture_are_squares_that_cover_it(height: int, width: int) -> None:
    parts = parts_of(height, width)
    covered = np.zeros((height, width), bool)
    for rows, columns in parts:
        covered[rows, columns] = True
        assert rows.stop - rows.start == columns.stop - columns.start == min(height, width)
    assert covered.all() if parts else max(height, width) < 1.5 * min(height, width)
