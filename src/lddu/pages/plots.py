"""Figures of the report as SVG text: matplotlib's object interface only, so that no global state is touched."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

INK, ACCENT, FAINT, OTHER = "currentColor", "#3b6fd4", "#d4713b", "#3a9a5b"
PLACEHOLDER = "#010203"  # matplotlib knows no currentColor: drawn in this and replaced in the text

CROSS_ENTROPIES = ("fused", "bce", "total")
"""Terms of the loss by which training is drawn, the first that a model family has."""
PAGE_INCHES = 7.8
"""Room for the figures of a row, so that the browser shows their letters at the size they were drawn in."""


def training_curves(history: Sequence[dict[str, Any]], best_epoch: int) -> tuple[str, str]:
    """Cross-entropy on train and validation, and micro-F1 and mAP on validation with the kept epoch marked.

    Args:
        history: records of `log.jsonl`.
        best_epoch: 1-based.

    Returns:
        Two ``<svg>`` elements that take the page's text colour and width.
    """
    epochs = [record["epoch"] for record in history]
    figures = [Figure(figsize=(3.2, 2.6), layout="constrained") for _ in range(2)]
    loss, score = (figure.subplots() for figure in figures)
    term = next(name for name in CROSS_ENTROPIES if name in history[0]["loss"])
    loss.plot(epochs, [record["loss"][term] for record in history], color=ACCENT, label="train")
    loss.plot(epochs, [record["valid"]["nll"] for record in history], color=FAINT, label="validation")
    loss.set_title("loss" if term == "total" else "cross-entropy", fontsize=9)
    loss.legend(frameon=False, fontsize=8, labelcolor=PLACEHOLDER)
    score.axvline(best_epoch, color=PLACEHOLDER, linewidth=0.8, linestyle=":")
    for name, label, color in (("f1_micro", "micro-F1", FAINT), ("map_macro", "mAP", OTHER)):
        if name not in history[0]["valid"]:
            continue  # a run of an earlier version
        scores = [record["valid"][name] for record in history]
        score.plot(epochs, scores, color=color, label=label)
        score.plot([best_epoch], [scores[best_epoch - 1]], "o", color=color, markersize=5)
    score.set_title(f"validation: kept epoch {best_epoch}", fontsize=9)
    score.legend(frameon=False, fontsize=8, labelcolor=PLACEHOLDER)
    for axes in (loss, score):
        axes.set_xlabel("epoch", fontsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        quiet(axes)
    return svg(figures[0]), svg(figures[1])


def reliability_curve(probability: Sequence[float], frequency: Sequence[float], count: Sequence[int]) -> str:
    """How often an emotion is present where its probability is so high; on the diagonal, probabilities come true.

    Args:
        probability: mean of each bin.
        frequency: share that is present in each bin.
        count: (clip, emotion) pairs in each bin.
    """
    figure = Figure(figsize=(3.2, 3.0), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=PLACEHOLDER, linewidth=0.8, linestyle=":")
    axes.plot(probability, frequency, "o-", color=ACCENT, markersize=4)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_aspect("equal")
    axes.set_title(f"reliability ({len(count)} bins of about {round(sum(count) / len(count))} pairs)", fontsize=9)
    axes.set_xlabel("predicted probability", fontsize=8)
    axes.set_ylabel("share that is present", fontsize=8)
    quiet(axes)
    return svg(figure)


def risk_coverage_curves(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> str:
    """Share of wrong answers among the most certain ones, for each uncertainty score.

    Args:
        curves: score -> (coverage, risk); the first is drawn strongest.
    """
    figure = Figure(figsize=(3.2, 3.6), layout="constrained")
    axes = figure.subplots()
    strokes = [(colour, line) for line in ("-", "--", ":") for colour in (FAINT, OTHER, PLACEHOLDER)]
    styles = [(ACCENT, "-", 2.0), *((colour, line, 1.2) for colour, line in strokes)]
    for (name, (coverage, risk)), (colour, line, width) in zip(curves.items(), styles, strict=False):
        front = 3 if colour == ACCENT else 2  # what is drawn strongest lies above the others
        axes.plot(coverage, risk, line, color=colour, linewidth=width, label=name, zorder=front)
    axes.set_xlim(0, 1)
    all_answered = max(risk[-1] for _, risk in curves.values())  # the same for each score
    # A bad score leaves the panel, so that good ones can be distinguished.
    axes.set_ylim(0, min(1.0, 2 * all_answered) or 1.0)
    axes.set_title("risk and coverage", fontsize=9)
    axes.set_xlabel("coverage: share of pairs decided", fontsize=8)
    axes.set_ylabel("risk: share of wrong decisions", fontsize=8)
    figure.legend(
        loc="outside lower center", ncols=2, frameon=False, fontsize=7, labelcolor=PLACEHOLDER, columnspacing=1
    )
    quiet(axes)
    return svg(figure)


def svg(figure: Figure) -> str:
    """The figure as an ``<svg>`` element without fixed size, in the page's text colour."""
    stream = io.StringIO()
    figure.patch.set_alpha(0)
    # the same figure gives the same text, and words stay words
    with matplotlib.rc_context({"svg.hashsalt": "lddu", "svg.fonttype": "none"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :].replace(PLACEHOLDER, INK)
    return re.sub(
        r'(<svg[^>]*?) height="[^"]*"([^>]*?) width="[^"]*"|(<svg[^>]*?) width="[^"]*" height="[^"]*"',
        r"\1\2\3",
        text,
        count=1,
    )


def quiet(axes: Axes) -> None:
    """Two thin lines for axes, everything in the page's text colour."""
    axes.patch.set_alpha(0)
    axes.tick_params(labelsize=8, colors=PLACEHOLDER)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(PLACEHOLDER)
    for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
        label.set_color(PLACEHOLDER)
