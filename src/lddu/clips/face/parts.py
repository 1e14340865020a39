"""Parts of a picture in which faces are sought that are too small in the whole: the detector shrinks every picture to one size."""

from collections.abc import Sequence
from math import ceil

import numpy as np

from lddu.clips.face.geometry import Face
from lddu.clips.media import Picture

Part = tuple[slice, slice]
"""Rows and columns of a picture."""

_WIDE = 1.5  # longer over shorter side from which squares are looked at as well
_SAME_FACE = 0.5  # eye distances between two detections of one face
_EDGE = 2.0  # pixels: a face that reaches the edge of its part is cut off there


def parts_of(height: int, width: int) -> list[Part]:
    """The squares that cover a wide or high picture; none of one that is nearly square."""
    short, long = sorted((height, width))
    if long < _WIDE * short:
        return []
    return [
        (slice(0, short), along) if width > height else (along, slice(0, short)) for along in _along(long, short, short)
    ]


def tiles_of(height: int, width: int, share: int) -> list[Part]:
    """Squares that cover a picture and overlap by half, so that every face of less than half a side is whole in one.

    Args:
        height: of the picture.
        width: of the picture.
        share: how often a square goes into the picture's shorter side.
    """
    side = max(1, min(height, width) // share)
    step = max(1, side // 2)
    return [(down, along) for down in _along(height, side, step) for along in _along(width, side, step)]


def whole(face: Face, part: Part, picture: Picture) -> bool:
    """Whether a face is not cut off by an edge of the part that lies within the picture."""
    (rows, columns), (height, width) = part, picture.pixels.shape[:2]
    left, top, right, bottom = face.box
    return all(
        outer or inside
        for outer, inside in (
            (columns.start == 0, left > columns.start + _EDGE),
            (rows.start == 0, top > rows.start + _EDGE),
            (columns.stop == width, right < columns.stop - _EDGE),
            (rows.stop == height, bottom < rows.stop - _EDGE),
        )
    )


def once_each(faces: Sequence[Face]) -> list[Face]:
    """Without faces that were found twice; the first find stays, which is that in the largest part."""
    unique: list[Face] = []
    for face in faces:
        if all(np.linalg.norm(face.centre - earlier.centre) > _SAME_FACE * earlier.size for earlier in unique):
            unique.append(face)
    return unique


def _along(length: int, side: int, step: int) -> list[slice]:
    """Stretches of one side that cover a length, no further apart than a step."""
    corners = np.linspace(0, length - side, ceil((length - side) / step) + 1).astype(int).tolist()
    return [slice(corner, corner + side) for corner in corners]
