"""Whether a file's pictures are turned by quarters without saying so: the mesh then draws an upright face into them.

The detector is surest of an upright face. A few pictures are shown to it under all four turns, unless it is sure of most as
they are; features do not change.
"""

from collections.abc import Sequence
from math import ceil, log

import numpy as np

from lddu.clips.face.geometry import Face
from lddu.clips.face.mesh import FaceDetector
from lddu.clips.media import Picture

_MOST = 6  # pictures of a film that are looked at, at least half as many of one that has them
_MARGIN = 0.3  # of the longer side, added around a picture as well: of a face that fills it the detector is not sure
_AROUND = 4.0  # sides of a face that are looked at around it: one that is small in its picture would be missed
_SIDE = 256  # pixels of the longer side below which a picture is not thinned; the detector sees 128
_UPRIGHT = 2.8  # log-odds of a face in a picture as it is from which no other turn is tried; faces turned by quarters stay below
_SURE, _CLEARLY = 1.5, 0.5  # log-odds of a face under the best turn, and how far they lie above those as it is


class SpreadPictures:
    """Up to `_MOST` pictures, evenly over however many there are."""

    def __init__(self) -> None:
        self.kept: list[Picture] = []
        self._passed, self._every = 0, 1

    def __len__(self) -> int:
        return self._passed

    def add(self, picture: Picture) -> None:
        """The next picture."""
        if self._passed % self._every == 0:
            if len(self.kept) == _MOST:
                self.kept, self._every = self.kept[::2], 2 * self._every
            self.kept.append(picture)
        self._passed += 1


def around(face: Face, picture: Picture) -> Picture:
    """What of a picture lies around a face; all of it where the face is not small."""
    left, top, right, bottom = face.box
    reach = _AROUND / 2 * max(right - left, bottom - top)
    height, width = picture.pixels.shape[:2]
    x, y = min(max(0.0, (left + right) / 2), width), min(max(0.0, (top + bottom) / 2), height)
    rows = slice(max(0, round(y - reach)), min(height, round(y + reach)))
    columns = slice(max(0, round(x - reach)), min(width, round(x + reach)))
    return Picture(picture.time, picture.pixels[rows, columns])


def turned_by(pictures: Sequence[Picture], detector: FaceDetector) -> int:
    """Degrees clockwise, 0, 90, 180 or 270, by which pictures of one file seem to be turned; 0 where that is not clear.

    Args:
        pictures: a few.
        detector: that looks at them.
    """
    sureness, unsure = list[np.ndarray](), list[tuple[np.ndarray, float]]()
    for picture in pictures:
        pixels = _thinned(picture.pixels)
        score = detector.score(pixels)
        if _log_odds(score) < _UPRIGHT:
            unsure.append((pixels, score))
            continue
        sureness.append(np.array([_log_odds(score), 0, 0, 0]))
        if _upright(sureness, len(pictures)):
            return 0
    for pixels, score in unsure:  # these take seven more looks each
        sureness.append(_sureness(detector, pixels, score))
        if _upright(sureness, len(pictures)):
            return 0
    return 90 * best_turn(sureness)


def _upright(sureness: Sequence[np.ndarray], pictures: int) -> bool:
    """Whether no other turn can be the best of most of so many pictures any more."""
    return 2 * sum(bool(odds[0] > 0 and odds.argmax() == 0) for odds in sureness) >= pictures


def best_turn(sureness: Sequence[np.ndarray]) -> int:
    """The turn under which most pictures show a face best, clearly better than as they are; else 0.

    Args:
        sureness: [4] of each picture, the log-odds of a face after so many quarter turns counter-clockwise; 0 without one.
    """
    seen = np.array([odds for odds in sureness if odds.any()]).reshape(-1, 4)
    if 2 * len(seen) <= len(sureness):
        return 0
    mean = seen.mean(axis=0)
    best = int(mean.argmax())
    most = 2 * int((seen.argmax(axis=1) == best).sum()) > len(sureness)
    return best if most and mean[best] > _SURE and mean[best] - mean[0] > _CLEARLY else 0


def _thinned(pixels: np.ndarray) -> np.ndarray:
    """A picture with no more pixels than the detector needs."""
    every = max(1, max(pixels.shape[:2]) // _SIDE)
    return pixels[::every, ::every]


def _sureness(detector: FaceDetector, pixels: np.ndarray, score: float) -> np.ndarray:
    """[4] log-odds of a face in a picture after 0 to 3 quarter turns counter-clockwise; 0 where none is seen.

    Args:
        detector: that looks at it.
        pixels: uint8 [height, width, 3].
        score: of the picture as it is.
    """
    plain = [score, *(detector.score(np.rot90(pixels, turn)) for turn in range(1, 4))]
    margin = ceil(_MARGIN * max(pixels.shape[:2]))
    framed = np.full((pixels.shape[0] + 2 * margin, pixels.shape[1] + 2 * margin, 3), pixels.mean(), np.uint8)
    framed[margin:-margin, margin:-margin] = pixels
    return np.array([_log_odds(max(plain[turn], detector.score(np.rot90(framed, turn)))) for turn in range(4)])


def _log_odds(score: float) -> float:
    """Of a detector's score; 0 where it sees no face."""
    sure = min(max(score, 0.5), 1 - 1e-6)
    return log(sure / (1 - sure))
