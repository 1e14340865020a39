"""How a notebook shows predictions, runs and comparisons: small tables that take the colours of the page around them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import PurePath
from typing import TYPE_CHECKING

from lddu.errors import LdduError
from lddu.runs.per_clip import RESTS_ON, RESTS_ON_MEANS
from lddu.sentences import counted

if TYPE_CHECKING:
    from lddu.evaluate.compare import Comparison
    from lddu.runs.predictions import Predictions
    from lddu.runs.run_folder import RunFolder

SHOWN = 20
"""Clips in the table."""

LEFT = ' style="text-align: left"'
"""Of words; notebooks put every cell to the right."""


def html_table(
    predictions: "Predictions", before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> str:
    """The table; it takes the colours of the page around it.

    Args:
        predictions: that it shows.
        before: heading -> [N] words of the columns left of the emotions.
        after: the same, right of them.
    """
    heads = "".join(
        f'<th scope="col"{"" if name in predictions.emotions else LEFT}>{escape(name)}</th>'
        for name in (*before, *predictions.emotions, *after)
    )
    rows = "".join(
        "<tr>"
        + "".join(_words(column[n]) for column in before.values())
        + _probabilities(predictions, n)
        + "".join(_words(column[n]) for column in after.values())
        + "</tr>"
        for n in range(min(SHOWN, len(predictions)))
    )
    left = f"<p>... and {len(predictions) - SHOWN} more</p>" if len(predictions) > SHOWN else ""
    marks = "* present" if predictions.abstained is None else "* present, ? can't tell"
    rests = f"; {RESTS_ON}: {RESTS_ON_MEANS}" if RESTS_ON in after else ""
    caption = f"probability per emotion, {counted(len(predictions), 'clip')} ({marks}){rests}"
    return (
        f"<table><caption{LEFT}>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{left}"
    )


def html_run(run: "RunFolder") -> str:
    """What a run is and how good, as far as its folder says."""
    try:
        task, family = run.description.task, run.family.name
        splits = run.metrics if (run.path / "metrics.json").is_file() else None
    except LdduError as fault:
        return f"<p>{escape(repr(run))}: {escape(str(fault))}</p>"
    title = f"run {run.place if run.read_only else run.name}: {family}, {', '.join(task.emotions)} from {', '.join(task.dimensions)}"
    if splits is None:
        return f"<p>{escape(title)}; not finished</p>"
    notes = "".join(f"<li>{escape(sentence)}</li>" for sentence in run.description.warnings)
    rows = [
        (name, f"{figures.n:,}", _spanned(figures.f1_micro, figures.intervals.get("f1_micro")), *map(_figure, (
            figures.f1_macro, figures.map_macro, figures.auroc_macro, figures.adaptive_ece, figures.error_auroc)))
        for name, figures in splits.items()
    ]  # fmt: skip
    heads = ("split", "clips", "micro-F1 (95 %)", "macro-F1", "mAP", "AUROC", "calibration error", "error-AUROC")
    tables = _table(title, heads, rows)
    if (test := splits.get("test")) is not None:
        emotions = [
            (name, f"{figures.positives:,}", *map(_figure, (figures.f1, figures.ap, figures.auroc)))
            for name, figures in test.per_emotion.items()
        ]
        tables += _table("test, emotion by emotion", ("emotion", "clips with it", "F1", "AP", "AUROC"), emotions)
    return tables + (f"<ul>{notes}</ul>" if notes else "")


def html_comparison(first: str, second: str, clips: int, comparison: "Comparison", note: str = "") -> str:
    """Figures of two runs, and their paired differences; below them a note."""
    rows = [
        (name, *(_figure(estimates[name].value) for estimates in (comparison.first, comparison.second)),
         f"{_figure(difference.value, '+')} ({_figure(difference.low, '+')} to {_figure(difference.high, '+')})")
        for name, difference in comparison.difference.items()
    ]  # fmt: skip
    names = [PurePath(first).name, PurePath(second).name]
    first, second = names if names[0] != names[1] else (first, second)
    table = _table(f"{counted(clips, 'clip')} that both predicted", ("", first, second, "difference (95 %)"), rows)
    return table + (f"<p>{escape(note)}</p>" if note else "")


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Words to the left, figures to the right."""
    sides = (LEFT, *[""] * (len(heads) - 1))
    head = "".join(f'<th scope="col"{side}>{escape(name)}</th>' for name, side in zip(heads, sides, strict=True))
    body = "".join(
        f"<tr>{_words(row[0])}{''.join(f'<td>{escape(cell)}</td>' for cell in row[1:])}</tr>" for row in rows
    )
    return (
        f"<table><caption{LEFT}>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _figure(value: float | None, sign: str = "") -> str:
    return "–" if value is None or math.isnan(value) else f"{value:{sign}.3f}"


def _spanned(value: float, interval: tuple[float, float] | None) -> str:
    return _figure(value) + (f" ({interval[0]:.3f} to {interval[1]:.3f})" if interval else "")


def _words(text: str) -> str:
    return f"<td{LEFT}>{escape(text)}</td>"


def _probabilities(predictions: "Predictions", n: int) -> str:
    marked = {
        "present": "<td><strong>{:.2f}*</strong></td>",
        "can't tell": "<td>{:.2f}?</td>",
        "absent": "<td>{:.2f}</td>",
    }
    verdicts = predictions.verdicts(n).values()
    return "".join(
        marked[verdict].format(chance) for verdict, chance in zip(verdicts, predictions.probability[n], strict=True)
    )
