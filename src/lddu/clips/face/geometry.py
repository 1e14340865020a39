"""A face in numbers: brow, eye, mouth, nose and jaw in the head's own frame, so that turning the head changes none.

The frame is spanned by points that no expression moves: the outer eye corners give its x axis and its unit of length,
the way down to the base of the nose its y axis. What a face does is then a few distances and heights in that frame.
Landmark numbers are those of MediaPipe's 478-point face mesh; right and left are the person's.
"""

from dataclasses import dataclass, replace

import numpy as np

COLUMNS = (
    "brow_inner_right", "brow_middle_right", "brow_outer_right",
    "brow_inner_left", "brow_middle_left", "brow_outer_left", "brow_gap",
    "eye_open_right", "eye_open_left", "blink", "gaze_x", "gaze_y",
    "mouth_width", "mouth_open", "mouth_height", "corner_up_right", "corner_up_left", "corner_depth",
    "upper_lip", "lower_lip", "lip_to_nose", "mouth_shift",
    "jaw_drop", "jaw_shift", "nose_width", "nose_wing_right", "nose_wing_left", "cheek_right", "cheek_left",
    "yaw", "pitch", "roll", "face_size",
    "head_speed", "mouth_speed", "brow_speed",
)  # fmt: skip
"""Names of the numbers of a face: lengths in distances of the outer eye corners, angles in radians, speeds per second."""

_EYE_OUTER = (33, 263)
_EYE_INNER = (133, 362)
_EYE_UPPER = ((159, 158, 160), (386, 385, 387))
_EYE_LOWER = ((145, 153, 144), (374, 380, 373))
_IRIS = (468, 473)
_BROWS = (107, 105, 70, 336, 334, 300)  # inner, middle, outer; right then left
_MOUTH_CORNERS = (61, 291)
_UPPER_LIP = (0, 13)  # outer and inner edge
_LOWER_LIP = (17, 14)
_NOSE_BASE, _CHIN = 2, 152
_NOSE_WINGS = (129, 358)
_CHEEKS = (50, 280)

_CLOSED_EYE = 0.18  # openness in eye widths below which a lid counts as closed
_STATIC = COLUMNS.index("head_speed")
_LONGEST_STRIDE = 0.25  # seconds between two looks from which a speed still means something


@dataclass(frozen=True)
class HeadFrame:
    """Where a head is.

    Attributes:
        origin: [3] pixels, the middle between the outer eye corners.
        axes: [3, 3] rows: to the person's left, down, into the head.
        unit: pixels between the outer eye corners.
    """

    origin: np.ndarray
    axes: np.ndarray
    unit: float

    def inside(self, points: np.ndarray) -> np.ndarray:
        """[N, 3] points in pixels -> the head's frame and unit."""
        return np.asarray((points - self.origin) @ self.axes.T / self.unit)


@dataclass(frozen=True)
class Face:
    """One face in one picture.

    Attributes:
        time: seconds.
        centre: [2] pixels.
        size: pixels between the outer eye corners.
        values: [len(COLUMNS)] float32; the three speeds are 0 until a track knows the look before.
        box: pixels left, top, right and bottom of all landmarks.
    """

    time: float
    centre: np.ndarray
    size: float
    values: np.ndarray
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


def head_frame(points: np.ndarray) -> HeadFrame:
    """The head's frame from [478, 3] landmarks in pixels."""
    right, left = points[_EYE_OUTER[0]], points[_EYE_OUTER[1]]
    origin = (right + left) / 2
    unit = float(np.linalg.norm(left - right))
    across = (left - right) / unit
    down = points[_NOSE_BASE] - origin
    down = down - across * (down @ across)
    down = down / np.linalg.norm(down)
    return HeadFrame(origin, np.stack([across, down, np.cross(across, down)]), unit)


def face_of(points: np.ndarray, time: float, picture_height: int) -> Face:
    """Measure a face.

    Args:
        points: [478, 3] landmarks in pixels, z in the same unit.
        time: seconds.
        picture_height: pixels.
    """
    frame = head_frame(points)
    p = frame.inside(points)
    values = np.array([*_brows(p), *_eyes(p), *_mouth(p), *_lower_face(p), *_pose(frame), frame.unit / picture_height])
    (left, top), (right, bottom) = points[:, :2].min(axis=0).tolist(), points[:, :2].max(axis=0).tolist()
    values = np.append(values, [0.0, 0.0, 0.0]).astype(np.float32)
    return Face(time, frame.origin[:2], frame.unit, values, (left, top, right, bottom))


NEAR = 1.5
"""Eye distances that a face may move between two looks and still be the same."""

RECENT = 1.0
"""Seconds unseen after which the place of a face says nothing."""


def eye_distances(before: Face, now: Face) -> float:
    """How far a face moved, in distances between its outer eye corners."""
    return float(np.linalg.norm(before.centre - now.centre) / max(before.size, now.size))


def moving(face: Face, before: Face | None) -> Face:
    """The face with its speeds, as seen from the look before; 0 where that is too long ago."""
    if before is None or not 0 < face.time - before.time <= _LONGEST_STRIDE:
        return face
    passed = face.time - before.time
    change = np.abs(face.values - before.values)
    mouth = [COLUMNS.index(name) for name in ("mouth_width", "mouth_open", "jaw_drop")]
    values = face.values.copy()
    values[_STATIC] = np.linalg.norm(face.centre - before.centre) / face.size / passed
    values[_STATIC + 1] = change[mouth].sum() / passed
    values[_STATIC + 2] = change[:6].mean() / passed
    return replace(face, values=values)


def mouth_speed(face: Face) -> float:
    """How fast the mouth moves, per second."""
    return float(face.values[_STATIC + 1])


def _brows(p: np.ndarray) -> list[float]:
    return [*(-p[list(_BROWS), 1]), p[_BROWS[3], 0] - p[_BROWS[0], 0]]


def _eyes(p: np.ndarray) -> list[float]:
    openness, gaze = [], []
    for outer, inner, upper, lower, iris in zip(_EYE_OUTER, _EYE_INNER, _EYE_UPPER, _EYE_LOWER, _IRIS, strict=True):
        width = np.linalg.norm(p[outer] - p[inner])
        openness.append(float(np.mean(p[list(lower), 1] - p[list(upper), 1]) / width))
        gaze.append((p[iris] - (p[outer] + p[inner]) / 2)[:2] / width)
    blink = float(np.mean(openness) < _CLOSED_EYE)
    return [*openness, blink, *np.mean(gaze, axis=0)]


def _mouth(p: np.ndarray) -> list[float]:
    right, left = p[list(_MOUTH_CORNERS)]
    upper, lower = p[list(_UPPER_LIP)], p[list(_LOWER_LIP)]
    middle = (upper[1] + lower[1]) / 2
    return [
        float(np.linalg.norm(left - right)),
        lower[1, 1] - upper[1, 1],
        lower[0, 1] - upper[0, 1],
        middle[1] - right[1],
        middle[1] - left[1],
        (right[2] + left[2]) / 2 - middle[2],
        upper[1, 1] - upper[0, 1],
        lower[0, 1] - lower[1, 1],
        upper[0, 1] - p[_NOSE_BASE, 1],
        middle[0],
    ]


def _lower_face(p: np.ndarray) -> list[float]:
    wings, cheeks = p[list(_NOSE_WINGS)], p[list(_CHEEKS)]
    jaw = p[_CHIN] - p[_NOSE_BASE]
    return [jaw[1], jaw[0], wings[1, 0] - wings[0, 0], *wings[:, 1], *cheeks[:, 1]]


def _pose(frame: HeadFrame) -> list[float]:
    across, down, inward = frame.axes
    yaw = np.arctan2(across[2], np.hypot(across[0], across[1]))
    pitch = np.arctan2(down[2], inward[2])
    roll = np.arctan2(across[1], across[0])
    return [float(yaw), float(pitch), float(roll)]
