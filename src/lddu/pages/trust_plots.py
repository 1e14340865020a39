"""Figures about trust: reliability per emotion, the latent map, modalities made worse, people against the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lddu.pages.plots import ACCENT, FAINT, PAGE_INCHES, PLACEHOLDER, quiet, svg

PALETTE = ("#3b6fd4", "#d4713b", "#3a9a5b", "#b0559e", "#a68a1d", "#3aa0a8", "#c7445a", "#7d7f87", "#8c6bd1", "#6b8e23")
"""Distinguishable on white and on black, and by most colour-blind readers in this order."""
MARKERS = ("o", "s", "^", "D", "v", "P")
COLUMNS = 4


@dataclass(frozen=True)
class Line:
    """One line of a panel.

    Attributes:
        x: rising.
        y: None where there is no figure.
    """

    x: Sequence[float]
    y: Sequence[float | None]

    @property
    def heights(self) -> list[float]:
        """`y` with NaN for None, as matplotlib takes it."""
        return [np.nan if value is None else value for value in self.y]


def reliability_panels(curves: Mapping[str, tuple[Sequence[float], Sequence[float], int]]) -> str:
    """One small reliability curve per emotion.

    Args:
        curves: emotion -> (mean probability of each bin, share present in each bin, clips that show it).
    """
    rows = -(-len(curves) // COLUMNS)
    columns = -(-len(curves) // rows)
    figure = Figure(figsize=(1.75 * columns, 1.95 * rows + 0.2), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes, (name, (probability, frequency, positives)) in zip(panels, curves.items(), strict=False):
        axes.plot([0, 1], [0, 1], color=PLACEHOLDER, linewidth=0.8, linestyle=":")
        axes.plot(probability, frequency, "o-", color=ACCENT, markersize=2.5, linewidth=1.2)
        axes.set_title(f"{name} ({positives})", fontsize=8.5)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_aspect("equal")
        axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
        axes.set_yticks([0, 0.5, 1], ["0", ".5", "1"])
        quiet(axes)
    for axes in panels[len(curves) :]:
        axes.set_visible(False)
    for axes in panels[len(curves) - columns : len(curves)]:  # the lowest of each column
        axes.tick_params(labelbottom=True)
    figure.supxlabel("predicted probability", fontsize=8, color=PLACEHOLDER)
    figure.supylabel("share that is present", fontsize=8, color=PLACEHOLDER)
    return svg(figure)


def panel(title: str, lines: Mapping[str, Line], xlabel: str, legend: bool, width: float) -> str:
    """One measure against the size of a corruption, a line per modality; `width` in inches."""
    figure = Figure(figsize=(width, 2.3), layout="constrained")
    axes = figure.subplots()
    for m, (name, line) in enumerate(lines.items()):
        colour, marker = PALETTE[m % len(PALETTE)], MARKERS[m % len(MARKERS)]
        axes.plot(line.x, line.heights, f"{marker}-", color=colour, markersize=3.5, linewidth=1.3, label=name)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(xlabel, fontsize=8)
    if legend:
        low, high = axes.get_ylim()
        axes.set_ylim(low - 0.16 * len(lines) * (high - low), high)  # room for the names, below every line
        axes.legend(frameon=False, fontsize=8, labelcolor=PLACEHOLDER, loc="lower left", labelspacing=0.3)
    quiet(axes)
    return svg(figure)


def people_against_model(aleatoric: np.ndarray, votes: np.ndarray) -> str:
    """Entropy of the raters' votes against the model's aleatoric uncertainty, with the mean of ten equal groups.

    Args:
        aleatoric: [N] nats, of the model.
        votes: [N] nats, of people.
    """
    figure = Figure(figsize=(3.2, 3.0), layout="constrained")
    axes = figure.subplots()
    if len(votes) > 600:
        axes.hexbin(aleatoric, votes, gridsize=18, mincnt=1, bins="log", cmap=_tint(), linewidths=0)
    else:
        axes.plot(aleatoric, votes, "o", color=ACCENT, markersize=2.5, alpha=0.35, markeredgewidth=0)
    groups = [part for part in np.array_split(np.argsort(aleatoric, kind="stable"), 10) if len(part)]
    axes.plot(
        [aleatoric[part].mean() for part in groups],
        [votes[part].mean() for part in groups],
        "o-",
        color=FAINT,
        markersize=4,
        label="mean of a tenth of the clips",
    )
    axes.set_title("people and the model", fontsize=9)
    axes.set_xlabel("model: expected disagreement, nats", fontsize=8)
    axes.set_ylabel("people: entropy of the votes, nats", fontsize=8)
    axes.legend(frameon=False, fontsize=8, labelcolor=PLACEHOLDER, loc="upper left")
    quiet(axes)
    return svg(figure)


def modality_errors(errors: Mapping[str, np.ndarray]) -> str:
    """How likely each modality errs alone: the middle half and the middle 90 % of its clips.

    Args:
        errors: modality -> chance that it errs alone, one per clip that has it.
    """
    figure = Figure(figsize=(3.2, 0.75 + 0.42 * len(errors)), layout="constrained")
    axes = figure.subplots()
    for row, values in enumerate(errors.values()):
        low, first, half, third, high = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
        colour = PALETTE[row % len(PALETTE)]
        axes.plot([low, high], [row, row], color=colour, linewidth=1.2)
        axes.plot([first, third], [row, row], color=colour, linewidth=6, alpha=0.55, solid_capstyle="butt")
        axes.plot([half], [row], "o", color=colour, markersize=5)
    axes.set_yticks(range(len(errors)), list(errors), fontsize=8)
    axes.set_ylim(len(errors) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_title("how likely each modality errs alone", fontsize=9)
    axes.set_xlabel("chance of a wrong decision", fontsize=8)
    quiet(axes)
    return svg(figure)


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points of one modality.

    Attributes:
        place: [K, 2].
        width: [K].
        emotion: [K] numbers.
    """

    place: np.ndarray
    width: np.ndarray
    emotion: np.ndarray


def latent_panels(clouds: Mapping[str, Cloud], emotions: Sequence[str]) -> str:
    """The latent map, one panel and one plane per modality: colour is the emotion, size the third of the widths.

    Args:
        clouds: title -> points.
        emotions: names, by number.
    """
    figure = Figure(figsize=(PAGE_INCHES, 2.9), layout="constrained")
    panels = figure.subplots(1, len(clouds), squeeze=False).ravel()
    seen: dict[str, Line2D] = {}
    for axes, (title, cloud) in zip(panels, clouds.items(), strict=True):
        third = np.searchsorted(np.quantile(cloud.width, [1 / 3, 2 / 3]), cloud.width)
        for e, name in enumerate(emotions):
            colour, marker = PALETTE[e % len(PALETTE)], MARKERS[e // len(PALETTE) % len(MARKERS)]
            for size in range(3):  # few sizes: the file names each once
                rows = (cloud.emotion == e) & (third == size)
                style = {"color": colour, "markersize": 2 + 1.5 * size, "alpha": 0.5, "markeredgewidth": 0}
                axes.plot(*cloud.place[rows].T.round(3), marker, **style)
            if (cloud.emotion == e).any():
                seen[name] = Line2D([], [], linestyle="", marker=marker, color=colour, markersize=5)
        axes.set_title(title, fontsize=9)
        axes.set_xticks([])
        axes.set_yticks([])
        quiet(axes)
    names = [name for name in emotions if name in seen]
    figure.legend(
        [seen[name] for name in names], names, loc="outside lower center", ncols=_legend_columns(len(names)), frameon=False,
        fontsize=8, labelcolor=PLACEHOLDER, handletextpad=0.1, columnspacing=1,
    )  # fmt: skip
    return svg(figure)


def _legend_columns(names: int) -> int:
    """At most seven, in rows that are as even as can be."""
    return -(-names // -(-names // 7))


def run_curves(lines: Mapping[str, Line], title: str, labels: tuple[str, str], diagonal: bool = False) -> str:
    """Curves of several runs in one panel.

    Args:
        lines: run -> its curve.
        title: of the panel.
        labels: of the axes.
        diagonal: draw where both are equal.
    """
    figure = Figure(figsize=(3.4, 3.0 + 0.17 * len(lines)), layout="constrained")
    axes = figure.subplots()
    if diagonal:
        axes.plot([0, 1], [0, 1], color=PLACEHOLDER, linewidth=0.8, linestyle=":")
        _unit_square(axes)
    for m, (name, line) in enumerate(lines.items()):
        axes.plot(line.x, line.heights, color=PALETTE[m % len(PALETTE)], linewidth=1.5, label=name)
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(labels[0], fontsize=8)
    axes.set_ylabel(labels[1], fontsize=8)
    figure.legend(loc="outside lower center", frameon=False, fontsize=8, labelcolor=PLACEHOLDER)
    quiet(axes)
    return svg(figure)


def _unit_square(axes: Axes) -> None:
    axes.set_ylim(0, 1)
    axes.set_aspect("equal")


def _tint() -> LinearSegmentedColormap:
    """From transparent to the accent, so that the page's own colour shows through."""
    return LinearSegmentedColormap.from_list("tint", [(*to_rgba(ACCENT)[:3], 0.12), (*to_rgba(ACCENT)[:3], 0.95)])
