"""Figures of the report as SVG text: matplotlib's object interface only, so that no global state is touched."""

import io
import re
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, ACCENT, FAINT = "currentColor", "#3b6fd4", "#d4713b"
_PLACEHOLDER = "#010203"  # matplotlib knows no currentColor: drawn in this and replaced in the text


def training_curve(history: Sequence[dict[str, Any]], best_epoch: int) -> str:
    """Loss on train and micro-F1 on validation over the epochs, with the kept epoch marked.

    Args:
        history: records of `log.jsonl`.
        best_epoch: 1-based.

    Returns:
        An ``<svg>`` element that takes the page's text colour and width.
    """
    epochs = [record["epoch"] for record in history]
    figure = Figure(figsize=(6.4, 2.7), layout="constrained")
    losses, scores = figure.subplots(1, 2)
    losses.plot(epochs, [record["loss"]["fused"] for record in history], color=ACCENT, label="train")
    losses.plot(epochs, [record["valid"]["nll"] for record in history], color=FAINT, label="validation")
    losses.set_title("cross-entropy of the fused probability", fontsize=9)
    losses.legend(frameon=False, fontsize=8, labelcolor=_PLACEHOLDER)
    scores.plot(epochs, [record["valid"]["f1_micro"] for record in history], color=FAINT)
    scores.axvline(best_epoch, color=_PLACEHOLDER, linewidth=0.8, linestyle=":")
    best = history[best_epoch - 1]["valid"]["f1_micro"]
    scores.plot([best_epoch], [best], "o", color=FAINT, markersize=5)
    scores.set_title(f"validation micro-F1: kept epoch {best_epoch}", fontsize=9)
    for axes in (losses, scores):
        axes.set_xlabel("epoch", fontsize=8)
        axes.xaxis.get_major_locator().set_params(integer=True)
        _quiet(axes)
    return svg(figure)


def svg(figure: Figure) -> str:
    """The figure as an ``<svg>`` element without fixed size, in the page's text colour."""
    stream = io.StringIO()
    figure.patch.set_alpha(0)
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :].replace(_PLACEHOLDER, INK)
    return re.sub(
        r'(<svg[^>]*?) height="[^"]*"([^>]*?) width="[^"]*"|(<svg[^>]*?) width="[^"]*" height="[^"]*"',
        r"\1\2\3",
        text,
        count=1,
    )


def _quiet(axes: Axes) -> None:
    """Two thin lines for axes, everything in the page's text colour."""
    axes.patch.set_alpha(0)
    axes.tick_params(labelsize=8, colors=_PLACEHOLDER)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(_PLACEHOLDER)
    for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
        label.set_color(_PLACEHOLDER)
