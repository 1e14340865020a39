"""The pages' templates: escaped, strict, and without anything that is fetched from elsewhere."""

from functools import cache

import jinja2


@cache
def template(name: str) -> jinja2.Template:
    """A template of the folder `templates`, with the filter `figure`: digits after the point, a dash for None."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lddu"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = lambda value, digits=3: "–" if value is None else f"{value:.{digits}f}"
    return environment.get_template(name)
