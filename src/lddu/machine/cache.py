"""Where lddu keeps, in the user's cache folder, what can be made or fetched again."""

import os
from pathlib import Path

VARIABLE = "LDDU_CACHE"


def cache_folder(part: str) -> Path:
    """A folder for one kind of thing: below $LDDU_CACHE, or below lddu in the user's cache folder; it may not exist yet."""
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE]) / part
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lddu" / part
