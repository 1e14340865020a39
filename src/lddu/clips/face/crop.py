"""A face cut out of a picture as the photos of FER2013 are: square, grey, 48 x 48, close around the face.

How much of the picture is kept was measured on the photos themselves: their side over the size of the face's landmarks,
and how far their middle lies above that of the landmarks (benchmarks/results/2026-11-28.md).
"""

from typing import Any

import numpy as np

from lddu.clips.face.expression_network import SIDE

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""

SIDE_OF_FACE = 1.17
"""Side of the crop over the geometric mean of the landmarks' width and height."""

ABOVE_MIDDLE = 0.05
"""How far the crop's middle lies above the landmarks' middle, in the same unit."""


def specification() -> dict[str, Any]:
    """All that a crop depends on."""
    return {"side_of_face": SIDE_OF_FACE, "above_middle": ABOVE_MIDDLE, "pixels": SIDE, "upright": False}


def square(box: Box) -> Box:
    """What to cut out for a face whose landmarks fill this box."""
    left, top, right, bottom = box
    size = float(np.sqrt((right - left) * (bottom - top)))
    across, down, half = (left + right) / 2, (top + bottom) / 2 - ABOVE_MIDDLE * size, SIDE_OF_FACE * size / 2
    return across - half, down - half, across + half, down + half


def face_photo(pixels: np.ndarray, box: Box) -> np.ndarray:
    """The face as the network was trained to see it.

    Args:
        pixels: uint8 [height, width, 3].
        box: of the landmarks; what the crop has beyond the picture repeats its edge.

    Returns:
        uint8 [48, 48] grey levels.
    """
    from PIL import Image

    height, width = pixels.shape[:2]
    left, top, right, bottom = square(box)
    first_x, first_y = int(np.floor(left)), int(np.floor(top))
    last_x, last_y = int(np.ceil(right)), int(np.ceil(bottom))
    columns = np.clip(np.arange(first_x, last_x), 0, width - 1)
    rows = np.clip(np.arange(first_y, last_y), 0, height - 1)
    part = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    grey = np.asarray(Image.fromarray(np.ascontiguousarray(part)).convert("L"))
    grey = grey[(rows - rows[0])[:, None], columns - columns[0]]
    place = (left - first_x, top - first_y, right - first_x, bottom - first_y)
    return np.asarray(Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=place))
