"""How a face and what is around it look, coarsely: enough to know it again within one file, too little to know a person by.

Hair, skin, clothes and background in 12 x 12 colours, brought to mean 0 and deviation 1, so that a fade changes little. Of
three talking heads, a face is at most .27 away from looks that were kept of it, and at least .81 from those of the other two (docs/decisions/people.md).
"""

import numpy as np

_SIDE, _SAMPLES = 12, 4  # colours of a side, and pixels of a side that a colour is the mean of
_BESIDE, _ABOVE, _BELOW = 0.4, 0.5, 0.6  # of the face's width and height, taken in as well
_LEAST_DEVIATION = 4.0  # grey levels: an even picture stays even

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""


def look_of(pixels: np.ndarray, box: Box) -> np.ndarray:
    """[12, 12, 3] float32 around a face.

    Args:
        pixels: uint8 [height, width, 3].
        box: of the face's landmarks.
    """
    height, width = pixels.shape[:2]
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    rows = _places(top - _ABOVE * high, bottom + _BELOW * high, height)
    columns = _places(left - _BESIDE * wide, right + _BESIDE * wide, width)
    samples = pixels[rows[:, None], columns].reshape(_SIDE, _SAMPLES, _SIDE, _SAMPLES, 3)
    colours = samples.mean(axis=(1, 3), dtype=np.float32)
    deviation = max(float(colours.std()), _LEAST_DEVIATION)
    return np.asarray((colours - colours.mean()) / deviation, np.float32)


def unlike(look: np.ndarray, others: np.ndarray) -> np.ndarray:
    """[...] how far a look [12, 12, 3] is from others [..., 12, 12, 3]; 0 is alike, about 1 has nothing in common."""
    return np.asarray(np.abs(others - look).mean(axis=(-3, -2, -1)))


def _places(first: float, last: float, size: int) -> np.ndarray:
    """Pixels spread evenly over a stretch, as far as it lies in the picture."""
    first, last = max(0.0, first), min(float(size), last)
    centres = first + (np.arange(_SIDE * _SAMPLES) + 0.5) / (_SIDE * _SAMPLES) * max(last - first, 1.0)
    return np.asarray(np.clip(centres.astype(int), 0, size - 1))
