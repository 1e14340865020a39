"""A drawn face whose brows, eyes, mouth and jaw move: for simulated clips, so that no real person is needed."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Expression:
    """What the drawn face does; 0 is at rest.

    Attributes:
        mouth_open: 0 closed to 1 wide open.
        smile: -1 corners down to 1 corners up.
        brow_raise: -1 lowered to 1 raised.
        frown: 0 to 1, inner brows down and together.
        eyes_closed: 0 open to 1 closed.
        tilt: degrees to the side.
    """

    mouth_open: float = 0.0
    smile: float = 0.0
    brow_raise: float = 0.0
    frown: float = 0.0
    eyes_closed: float = 0.0
    tilt: float = 0.0


AT_REST = Expression()


def draw_face(size: int, expression: Expression, light: float = 1.0) -> np.ndarray:
    """A square picture of the face.

    Args:
        size: pixels of a side.
        expression: what it does.
        light: 0 dark to 1 bright.

    Returns:
        [size, size, 3] RGB bytes.
    """
    from PIL import Image, ImageDraw, ImageFilter

    fine = 2 * size
    image = Image.new("RGB", (fine, fine), (96, 112, 128))
    pen = _Pen(ImageDraw.Draw(image), fine)
    _head(pen, expression)
    image = image.filter(ImageFilter.GaussianBlur(fine / 160))
    pen = _Pen(ImageDraw.Draw(image), fine)
    _eyes(pen, expression)
    _nose(pen)
    _mouth(pen, expression)
    image = image.filter(ImageFilter.GaussianBlur(fine / 260))
    if expression.tilt:
        image = image.rotate(expression.tilt, fillcolor=(96, 112, 128))
    pixels = np.asarray(image.resize((size, size)), np.float32)
    return np.asarray(np.clip(pixels * light, 0, 255), np.uint8)


class _Pen:
    """Draws in units of the picture's side."""

    def __init__(self, draw: object, side: int) -> None:
        self._draw, self._side = draw, side

    def oval(self, x: float, y: float, rx: float, ry: float, colour: tuple[int, int, int]) -> None:
        s = self._side
        box = [(x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s]
        self._draw.ellipse(box, fill=colour)  # type: ignore[attr-defined]

    def shape(self, points: list[tuple[float, float]], colour: tuple[int, int, int]) -> None:
        self._draw.polygon([(x * self._side, y * self._side) for x, y in points], fill=colour)  # type: ignore[attr-defined]

    def stroke(self, points: list[tuple[float, float]], width: float, colour: tuple[int, int, int]) -> None:
        scaled = [(x * self._side, y * self._side) for x, y in points]
        self._draw.line(scaled, fill=colour, width=max(1, round(width * self._side)), joint="curve")  # type: ignore[attr-defined]


_SKIN, _SHADE, _LIGHT = (222, 178, 150), (186, 138, 112), (236, 198, 172)
_HAIR, _LIP, _DARK, _WHITE, _IRIS = (58, 40, 30), (178, 84, 80), (60, 24, 26), (244, 242, 238), (72, 88, 62)


def _head(pen: _Pen, e: Expression) -> None:
    drop = 0.05 * e.mouth_open
    pen.oval(0.5, 0.40, 0.285, 0.33, _HAIR)
    pen.shape([(0.40, 0.75), (0.60, 0.75), (0.62, 1.0), (0.38, 1.0)], _SHADE)
    pen.shape([(0.1, 1.0), (0.2, 0.93), (0.4, 0.88), (0.6, 0.88), (0.8, 0.93), (0.9, 1.0)], (70, 80, 120))
    pen.oval(0.5, 0.47 + drop / 2, 0.235, 0.325 + drop / 2, _SHADE)
    pen.oval(0.5, 0.465 + drop / 2, 0.222, 0.31 + drop / 2, _SKIN)
    pen.oval(0.5, 0.30, 0.15, 0.08, _LIGHT)
    for side in (-1, 1):
        pen.oval(0.5 + side * 0.13, 0.56, 0.06, 0.05, _LIGHT)
        pen.oval(0.5 + side * 0.095, 0.425, 0.062, 0.035, _SHADE)
        pen.oval(0.5 + side * 0.243, 0.47, 0.022, 0.06, _SHADE)
    pen.shape(
        [(0.28, 0.33), (0.34, 0.17), (0.5, 0.11), (0.66, 0.17), (0.72, 0.33), (0.62, 0.21), (0.5, 0.19), (0.38, 0.21)],
        _HAIR,
    )


def _eyes(pen: _Pen, e: Expression) -> None:
    height = 0.021 * (1 - 0.92 * e.eyes_closed)
    for side in (-1, 1):
        x, y = 0.5 + side * 0.095, 0.43
        pen.oval(x, y, 0.048, height + 0.006, _DARK)
        pen.oval(x, y + 0.002, 0.045, height, _WHITE)
        iris = min(0.02, height * 1.15)
        pen.oval(x, y, 0.02, iris, _IRIS)
        pen.oval(x, y, 0.009, min(0.009, iris), (16, 14, 14))
        pen.stroke(
            [
                (x - 0.05, y + 0.002),
                (x - 0.025, y - height - 0.004),
                (x + 0.025, y - height - 0.004),
                (x + 0.05, y + 0.002),
            ],
            0.006,
            _DARK,
        )
        lift = 0.028 * e.brow_raise
        inner = 0.032 * e.frown
        brow = [
            (0.5 + side * (0.045 - 0.014 * e.frown), 0.378 - lift + inner),
            (0.5 + side * 0.09, 0.360 - lift + inner / 3),
            (0.5 + side * 0.155, 0.380 - lift),
        ]
        pen.stroke(brow, 0.019, _HAIR)


def _nose(pen: _Pen) -> None:
    pen.stroke([(0.478, 0.44), (0.468, 0.53), (0.458, 0.56)], 0.008, _SHADE)
    pen.oval(0.5, 0.555, 0.03, 0.024, _LIGHT)
    pen.stroke([(0.452, 0.565), (0.47, 0.582), (0.5, 0.588), (0.53, 0.582), (0.548, 0.565)], 0.009, (160, 108, 88))
    for side in (-1, 1):
        pen.oval(0.5 + side * 0.02, 0.578, 0.009, 0.005, (110, 62, 52))


def _mouth(pen: _Pen, e: Expression) -> None:
    opening = 0.07 * e.mouth_open
    wide = 0.082 + 0.014 * abs(e.smile) - 0.014 * e.mouth_open
    y, up = 0.667, -0.028 * e.smile
    left, right = (0.5 - wide, y + up + opening / 3), (0.5 + wide, y + up + opening / 3)
    bow = [
        (0.5 - wide * 0.45, y - 0.02),
        (0.5 - 0.012, y - 0.024),
        (0.5, y - 0.019),
        (0.5 + 0.012, y - 0.024),
        (0.5 + wide * 0.45, y - 0.02),
    ]
    below = [
        (0.5 + wide * 0.5, y + 0.024 + opening),
        (0.5, y + 0.031 + opening),
        (0.5 - wide * 0.5, y + 0.024 + opening),
    ]
    pen.shape([left, *bow, right, *below], _LIP)
    inner_top = [(0.5 - wide * 0.45, y - 0.002), (0.5, y), (0.5 + wide * 0.45, y - 0.002)]
    inner_low = [
        (0.5 + wide * 0.45, y + 0.003 + opening),
        (0.5, y + 0.006 + opening),
        (0.5 - wide * 0.45, y + 0.003 + opening),
    ]
    pen.shape([left, *inner_top, right, *inner_low], _DARK)
    if e.mouth_open > 0.3:
        pen.shape(
            [
                (0.5 - wide * 0.4, y),
                (0.5 + wide * 0.4, y),
                (0.5 + wide * 0.34, y + 0.014),
                (0.5 - wide * 0.34, y + 0.014),
            ],
            _WHITE,
        )
