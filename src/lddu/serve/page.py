"""The page and its files: made once, served from this package alone."""

from functools import cache
from pathlib import Path

import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lddu.pages.notices import ESTIMATE, EU_AI_ACT, INTENDED_USE, OUT_OF_SCOPE, RECORDING_NOTICE

STATIC = Path(__file__).parent / "static"
PALETTE = Path(__file__).parent.parent / "pages" / "templates" / "page.css"
"""Colours and type that all pages share."""

FILES = {
    "page.css": (PALETTE, "text/css"),
    "app.css": (STATIC / "app.css", "text/css"),
    "app.js": (STATIC / "app.js", "text/javascript"),
    "recorder.js": (STATIC / "recorder.js", "text/javascript"),
    "icon.svg": (STATIC / "icon.svg", "image/svg+xml"),
}


@cache
def page() -> str:
    """The HTML, with the notices of every model that reads emotions."""
    source = (STATIC / "index.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(source).render(
        estimate=ESTIMATE, notice=RECORDING_NOTICE, use=INTENDED_USE, not_for=OUT_OF_SCOPE, law=EU_AI_ACT
    )


async def static_file(request: Request) -> Response:
    """One of `FILES`."""
    file = FILES.get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    path, kind = file
    return Response(path.read_bytes(), media_type=kind)
