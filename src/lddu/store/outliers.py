"""Numbers far beyond all others of their feature: one such clip makes the scale of the feature, and so the feature, useless."""

from collections.abc import Iterator

import numpy as np

REMOVED = 3
"""Clips left out of the typical size: so many may be far off together and still be detected."""

FAR = 1000.0
"""Times the root mean square of the other clips from which a clip is far off."""

FEWEST = 20
"""Clips beside the removed ones that a typical size needs."""

_MOST_NAMED = 6


class OutlierDetector:
    """Sees one modality clip by clip, in little memory.

    Args:
        name: of the modality.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._clips = 0
        self._rest = np.zeros(0)  # [D] sum of the mean squares of all clips but the largest
        self._largest = np.zeros((0, 0))  # [REMOVED, D] the largest of these, downwards
        self._reached = np.zeros((0, 0))  # [REMOVED, D] the number in each of these clips that is furthest from zero
        self._owner = np.zeros((0, 0), np.int64)  # [REMOVED, D] index into `_who`
        self._who: list[str] = []

    def see(self, clip: str, steps: np.ndarray) -> None:
        """Take note of a clip's features, [T, D] finite numbers."""
        values = steps.astype(np.float64)
        square = np.square(values).mean(axis=0)
        if not self._clips:
            self._rest = np.zeros(len(square))
            self._largest, self._reached = np.zeros((2, REMOVED, len(square)))
            self._owner = np.zeros((REMOVED, len(square)), np.int64)
        self._clips += 1
        if not (square > self._largest[-1]).any():
            self._rest += square
            return
        self._who.append(clip)
        furthest = np.take_along_axis(values, np.abs(values).argmax(axis=0)[None, :], axis=0)
        owner = np.full((1, len(square)), len(self._who) - 1)
        squares = np.vstack([self._largest, square])
        order = np.argsort(-squares, axis=0, kind="stable")
        self._rest += np.take_along_axis(squares, order[-1:], axis=0)[0]
        largest = order[:-1]
        self._largest = np.take_along_axis(squares, largest, axis=0)
        self._reached = np.take_along_axis(np.vstack([self._reached, furthest]), largest, axis=0)
        self._owner = np.take_along_axis(np.vstack([self._owner, owner]), largest, axis=0)

    def sentences(self) -> list[str]:
        """What a reader should know; the features beyond the sixth are only counted."""
        far_off = list(self._far_off())
        sentences = [
            f"feature {feature + 1} of {self._name} is {value:.3g} in clip {clip!r}, more than {FAR:,.0f} times its typical size: "
            "correct it, or the feature carries no information after scaling"
            for feature, clip, value in far_off[:_MOST_NAMED]
        ]
        rest = len(far_off) - _MOST_NAMED
        return sentences + ([f"{rest} more features of {self._name} are as far off in some clip"] if rest > 0 else [])

    def _far_off(self) -> Iterator[tuple[int, str, float]]:
        """(feature, clip, number) of the furthest clip of each feature that has one far off."""
        others = self._clips - REMOVED
        if others < FEWEST:
            return
        typical = self._rest / others
        for feature in np.flatnonzero((typical > 0) & (self._largest[0] > FAR**2 * typical)):
            yield int(feature), self._who[self._owner[0, feature]], float(self._reached[0, feature])
