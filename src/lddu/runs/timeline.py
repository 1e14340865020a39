"""Answers over time as a picture: a row per emotion, as high as it is probable, and a row per modality, as high as the answer rests on it."""

import io
import math
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lddu.arrays import Floats
from lddu.errors import ConfigError
from lddu.machine.atomic import replaced_file
from lddu.sentences import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lddu.exports.answered import Verdict

PRESENT, ABSENT, UNSURE, WEIGHT, INK, LINE = "#2f5fc4", "#c3d0ec", "#8fa3cf", "#d4713b", "#333333", "#dddddd"
WIDTH = 9.0
ROW, EDGE = 0.42, 0.5
SHARPEST = 160
"""Dots per inch of the picture in a notebook; it is shown at half the size."""

FULL = 0.84
"""Height of a probability of 1, in rows."""

_LETTER = 0.062
"""Inches that a letter of the words takes."""


@dataclass(frozen=True)
class Stretch:
    """One clip on the axis.

    Attributes:
        start: where it begins.
        end: where it ends.
        probability: [E] of each emotion.
        verdict: [E] what was decided.
        words: that were said.
        weight: [M] share of the answer that rests on the modality; NaN where the clip lacks it.
        attention: M courses of the attention on the most probable emotion: each step's begin and end as shares of the clip, and how much a
            moment in it got; empty where there is none.
        thresholds: [E] probabilities from which an emotion counts as present; empty where unknown.
    """

    start: float
    end: float
    probability: Floats
    verdict: "tuple[Verdict, ...]"
    words: str = ""
    weight: tuple[float, ...] = ()
    attention: tuple[tuple[tuple[float, float, float], ...], ...] = ()
    thresholds: tuple[float, ...] = ()


@dataclass(frozen=True, repr=False)
class Timeline:
    """A picture of a recording's clips; it shows itself in a notebook.

    Attributes:
        title: name of the recording.
        emotions: E names.
        modalities: M names; none where it is not known what the answers rest on.
        stretches: the clips, in order.
        timed: whether the axis is seconds.
    """

    title: str
    emotions: tuple[str, ...]
    modalities: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    timed: bool = True

    def __repr__(self) -> str:
        clips = counted(len(self.stretches), "clip")
        return f"Timeline of {self.title or 'clips'}: {clips}, {', '.join(self.emotions)}"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        stream, figure = io.BytesIO(), self.figure()
        _write(figure, stream, "png", metadata={"Title": "Timeline", "Description": repr(self), "Software": None})
        width, height = figure.get_size_inches()
        return stream.getvalue(), {"width": round(width * SHARPEST / 2), "height": round(height * SHARPEST / 2)}

    def save(self, path: str | Path) -> None:
        """Write the picture, in one step, in the format that the name ends with: .png, .svg, .pdf.

        Raises:
            ConfigError: where the name ends with another.
        """
        figure, kind = self.figure(), Path(path).suffix.lstrip(".").lower() or "png"
        if kind not in figure.canvas.get_supported_filetypes():
            raise ConfigError(
                f"Expected a file whose name ends in .png, .svg or .pdf, but got {path}; name one of these."
            )
        with replaced_file(Path(path)) as temporary:
            _write(figure, temporary, kind)

    def figure(self) -> "Figure":
        """The picture as a matplotlib figure, to go on with; one of its own each time, unknown to pyplot."""
        from matplotlib.figure import Figure  # a second that predicting does not need

        worded = any(stretch.words for stretch in self.stretches)
        counts = [1 if worded else 0, len(self.emotions), len(self.modalities)]
        figure = Figure(figsize=(WIDTH, ROW * sum(counts) + EDGE * (1 + sum(map(bool, counts)))), facecolor="white")
        heights = [count * ROW for count in counts if count]
        drawn = [
            draw for draw, count in zip((self._words, self._emotions, self._modalities), counts, strict=True) if count
        ]
        axes = figure.subplots(len(drawn), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0].tolist()
        for ax, draw in zip(axes, drawn, strict=True):
            draw(ax)
        self._finish(figure, axes)
        return figure

    def _emotions(self, axes: "Axes") -> None:
        colours = {"present": PRESENT, "absent": ABSENT, "can't tell": UNSURE}
        for e in range(len(self.emotions)):
            floor = len(self.emotions) - 1 - e
            for verdict, colour in colours.items():
                chosen = [stretch for stretch in self.stretches if stretch.verdict[e] == verdict]
                boxes = [(stretch.start, stretch.end, floor, float(stretch.probability[e])) for stretch in chosen]
                self._draw(axes, boxes, facecolor=colour, hatch="////" if verdict == "can't tell" else None)
            for stretch in self.stretches:
                self._figure_of(axes, stretch, floor, float(stretch.probability[e]), stretch.verdict[e])
            self._thresholds(axes, e, floor)
        _rows(axes, self.emotions)

    def _thresholds(self, axes: "Axes", e: int, floor: int) -> None:
        """Dots at the threshold of each clip; neighbours with the same one share a line."""
        lines = list[tuple[float, float, float]]()
        for stretch in (stretch for stretch in self.stretches if stretch.thresholds):
            start, place = stretch.start, floor + FULL * stretch.thresholds[e]
            if lines and lines[-1][2] == place:
                start = lines.pop()[0]
            lines.append((start, stretch.end, place))
        if lines:
            starts, ends, places = zip(*lines, strict=True)
            axes.hlines(places, starts, ends, color=INK, linewidth=0.7, linestyle=(0, (1, 3)))

    def _figure_of(self, axes: "Axes", stretch: Stretch, floor: float, chance: float, verdict: str) -> None:
        """The probability in figures, where the clip is wide enough for them."""
        from matplotlib.patheffects import withStroke

        if self._inches(stretch) < 0.45:
            return
        top, inside, strong = floor + FULL * chance, chance > 0.55, verdict == "present"
        light = inside and strong
        halo = [] if inside and verdict != "can't tell" else [withStroke(linewidth=2.5, foreground="white")]
        axes.text(
            (stretch.start + stretch.end) / 2, top - 0.06 if inside else top + 0.06, f"{chance:.2f}", ha="center",
            va="top" if inside else "bottom", fontsize=7.5, color="white" if light else INK,
            fontweight="bold" if strong else "normal", path_effects=halo, zorder=4,
        )  # fmt: skip

    def _modalities(self, axes: "Axes") -> None:
        for m in range(len(self.modalities)):
            floor = len(self.modalities) - 1 - m
            present = [stretch for stretch in self.stretches if not math.isnan(stretch.weight[m])]
            missing = [
                (stretch.start, stretch.end, floor, 1.0) for stretch in self.stretches if math.isnan(stretch.weight[m])
            ]
            self._draw(axes, missing, facecolor="none", edgecolor=LINE, hatch="xxxx", linewidth=0)
            whole = [(stretch.start, stretch.end, floor, stretch.weight[m]) for stretch in present]
            self._draw(axes, whole, facecolor=WEIGHT, alpha=0.22)
            steps = [step for stretch in present for step in _course(stretch, m, floor)]
            alphas = [0.75 * dark for *_, dark in steps]
            self._draw(axes, [tuple(box) for *box, _ in steps], facecolor=WEIGHT, alpha=alphas, linewidth=0)
        _rows(axes, self.modalities)

    def _draw(self, axes: "Axes", boxes: Sequence[Any], **look: Any) -> None:
        """Boxes of start, end, floor and height, all in one look; narrow ones without an edge, which would hide them."""
        from matplotlib.collections import PolyCollection

        if not boxes:
            return
        narrow = self._inches(min(self.stretches, key=lambda stretch: stretch.end - stretch.start)) < 0.08
        corners = [
            [(left, y), (right, y), (right, y + FULL * height), (left, y + FULL * height)]
            for left, right, y, height in boxes
        ]
        axes.add_collection(
            PolyCollection(corners, **{"edgecolor": "white", "linewidth": 0 if narrow else 0.8, **look})
        )

    def _words(self, axes: "Axes") -> None:
        for stretch in self.stretches:
            letters = int(self._inches(stretch) / _LETTER)
            if letters < 4:
                continue
            lines = textwrap.wrap(" ".join(stretch.words.split()), letters, max_lines=2, placeholder="…")
            axes.text(stretch.start, 0.5, "\n".join(lines), fontsize=8, color=INK, va="center", parse_math=False)
        axes.set_ylim(0, 1)
        axes.set_yticks([])

    def _inches(self, stretch: Stretch) -> float:
        """How wide a clip is drawn."""
        start, end = self._span
        return 0.88 * WIDTH * (stretch.end - stretch.start) / (end - start)

    @cached_property
    def _span(self) -> tuple[float, float]:
        return min(stretch.start for stretch in self.stretches), max(stretch.end for stretch in self.stretches)

    def _finish(self, figure: "Figure", axes: Sequence["Axes"]) -> None:
        from matplotlib.ticker import MaxNLocator

        for ax in axes:
            for spine in ax.spines.values():
                spine.set_visible(False)
            ax.tick_params(length=0, labelsize=9, colors=INK, labelbottom=ax is axes[-1])
            ax.set_xlim(*self._span)
        axes[-1].set_xlabel("seconds" if self.timed else "clip", fontsize=9, color=INK)
        axes[-1].xaxis.set_major_locator(MaxNLocator(integer=not self.timed, nbins=12))
        if not self.timed and len(self.stretches) <= 12:
            axes[-1].set_xticks(
                [stretch.start + 0.5 for stretch in self.stretches], [str(n) for n in range(len(self.stretches))]
            )
        notes = ["height: probability", "full colour: present"]
        notes += ["hatched: can't tell"] if any("can't tell" in stretch.verdict for stretch in self.stretches) else []
        notes += ["dots: threshold"] if any(stretch.thresholds for stretch in self.stretches) else []
        top = 1 if any(stretch.words for stretch in self.stretches) else 0
        axes[top].set_title(" · ".join(notes), loc="left", fontsize=8, color=INK, pad=6)
        if self.modalities:
            rests = "what the most probable emotion rests on · height: share · darker: attention"
            missing = any(any(map(math.isnan, stretch.weight)) for stretch in self.stretches)
            axes[-1].set_title(
                rests + (" · crossed: missing" if missing else ""), loc="left", fontsize=8, color=INK, pad=6
            )
        figure.suptitle(_cut(self.title, 100), x=0.01, ha="left", fontsize=10, color=INK, parse_math=False)
        figure.set_layout_engine("constrained", hspace=0.06)


def _write(figure: "Figure", target: Any, kind: str, **options: Any) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a letter that the font lacks is a box
        figure.savefig(target, format=kind, dpi=SHARPEST, **options)


def _course(stretch: Stretch, m: int, floor: float) -> Iterator[tuple[float, float, float, float, float]]:
    """Start, end, floor, height and darkness of each step of the attention on a modality."""
    steps = stretch.attention[m] if stretch.attention else ()
    most = max((dark for *_, dark in steps), default=0.0)
    if len(steps) < 2 or most <= 0:
        return
    length = stretch.end - stretch.start
    for begin, end, dark in steps:
        yield stretch.start + begin * length, stretch.start + end * length, floor, stretch.weight[m], dark / most


def _rows(axes: "Axes", names: Sequence[str]) -> None:
    count = len(names)
    axes.set_ylim(0, count)
    axes.set_yticks([count - 0.58 - n for n in range(count)], [_cut(name, 24).replace("$", r"\$") for name in names])
    for n in range(count):
        axes.axhline(n, color=LINE, linewidth=0.8, zorder=3)


def _cut(words: str, letters: int) -> str:
    """The words, or the first of them with an ellipsis; nothing where not even a few letters fit."""
    return words if len(words) <= letters else f"{words[: letters - 1].rstrip()}…" if letters > 3 else ""
