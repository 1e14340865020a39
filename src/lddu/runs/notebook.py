"""How a notebook shows predictions: a table of the first clips, with the marks of `lddu predict`."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lddu.runs.predictions import Predictions

SHOWN = 20
"""Clips in the table."""


def html_table(found: "Predictions", before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]) -> str:
    """The table; it takes the colours of the page around it.

    Args:
        found: what it shows.
        before: heading -> [N] words of the columns left of the emotions.
        after: the same, right of them.
    """
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in (*before, *found.emotions, *after))
    rows = "".join(
        "<tr>"
        + "".join(_words(column[n]) for column in before.values())
        + _probabilities(found, n)
        + "".join(_words(column[n]) for column in after.values())
        + "</tr>"
        for n in range(min(SHOWN, len(found)))
    )
    left = f"<p>... and {len(found) - SHOWN} more</p>" if len(found) > SHOWN else ""
    marks = "* present" if found.abstained is None else "* present, ? can't tell"
    caption = f"probability per emotion, {len(found)} clip{'' if len(found) == 1 else 's'} ({marks})"
    return f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{left}"


def _words(text: str) -> str:
    return f'<td style="text-align: left">{escape(text)}</td>'


def _probabilities(found: "Predictions", n: int) -> str:
    marked = {
        "present": "<td><strong>{:.2f}*</strong></td>",
        "can't tell": "<td>{:.2f}?</td>",
        "absent": "<td>{:.2f}</td>",
    }
    verdicts = found.verdicts(n).values()
    return "".join(marked[said].format(chance) for said, chance in zip(verdicts, found.probability[n], strict=True))
