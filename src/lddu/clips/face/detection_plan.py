"""When to look for further faces: where none is followed, one was lost, or the picture changed beside those that are.

A detector that looks at an unchanged background finds what it found before; it is a quarter of the work on a picture.
"""

import math
from collections.abc import Sequence

import numpy as np

EVERY = 5
"""The detector looks at every fifth picture at least: a third of a second at 15 a second."""

_COARSE, _BLOCK = 8, 4  # every eighth pixel, in blocks of 4 x 4 of these
_CHANGE = 4.0  # grey levels by which the mean of a block must change; coding noise stays below
_AROUND = 0.25  # of a face's sides; above it twice as much: what moves there is the head


class DetectionPlan:
    """Decides for each picture of a file whether the detector runs on it."""

    def __init__(self) -> None:
        self._since = 0
        self._blocks: np.ndarray | None = None
        self._faces: Sequence[np.ndarray] = ()
        self._lost = False

    def due(self, pixels: np.ndarray) -> bool:
        """Whether a further face could be in this picture.

        Args:
            pixels: uint8 [height, width, 3].
        """
        blocks, self._since = _blocks(pixels), self._since + 1
        if self._faces and not self._lost and self._since < EVERY and not self._changed(blocks):
            return False
        self._blocks, self._since = blocks, 0
        return True

    def seen(self, faces: Sequence[np.ndarray]) -> None:
        """Which faces were in the picture: [points, 3] each, x and y as shares of its sides."""
        self._lost, self._faces = len(faces) < len(self._faces), faces

    def _changed(self, blocks: np.ndarray) -> bool:
        """Whether the picture differs, beside the faces, from the last one that the detector looked at."""
        if self._blocks is None or self._blocks.shape != blocks.shape or not blocks.size:
            return True
        change, (rows, columns) = np.abs(blocks - self._blocks), blocks.shape
        for face in self._faces:
            (left, top), (right, bottom) = face[:, :2].min(axis=0), face[:, :2].max(axis=0)
            wide, high = _AROUND * (right - left), _AROUND * (bottom - top)
            change[_reach(top - 2 * high, bottom + high, rows), _reach(left - wide, right + wide, columns)] = 0
        return bool(change.max() > _CHANGE)


def _reach(first: float, last: float, count: int) -> slice:
    """The blocks of a side that lie between two shares of it; none where both lie on one side of the picture."""
    return slice(max(0, math.floor(first * count)), max(0, math.floor(last * count) + 1))


def _blocks(pixels: np.ndarray) -> np.ndarray:
    """[rows, columns] mean green of blocks of 32 x 32 pixels."""
    coarse = pixels[::_COARSE, ::_COARSE, 1]
    rows, columns = coarse.shape[0] // _BLOCK, coarse.shape[1] // _BLOCK
    whole = coarse[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    return np.asarray(whole.mean(axis=(1, 3), dtype=np.float32))
