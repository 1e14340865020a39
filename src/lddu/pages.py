"""Pages that need nothing but a browser: templates with escaping on, figures of speech for numbers."""

from collections.abc import Sequence
from functools import cache

import jinja2


@cache
def template(name: str) -> jinja2.Template:
    """A template of the package; a name that it uses and is not given is an error.

    Filters: `figure` (digits, a dash for None), `span` (both ends of an interval), `score` (a score as people read it).
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lddu"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = figure
    environment.filters["span"] = span
    environment.filters["score"] = score_name
    return environment.get_template(name)


def figure(value: float | None, digits: int = 3) -> str:
    """That many decimals; a dash where there is none to give."""
    return "–" if value is None else f"{value:.{digits}f}"


def span(ends: Sequence[float] | None) -> str:
    """Both ends of an interval; empty where there is none."""
    return "" if ends is None else f"{ends[0]:.2f} to {ends[1]:.2f}"


def score_name(name: str) -> str:
    """An uncertainty score as people read it."""
    return "|std|" if name == "width" else name.replace("_", " ")
