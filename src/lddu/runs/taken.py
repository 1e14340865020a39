"""Places for new runs that are taken."""

from pathlib import Path

from lddu.errors import RunError, parameter


def refuse_taken(path: Path) -> None:
    """Refuse a place at which something is, naming what goes on with it where it is a run whose training was stopped.

    Raises:
        RunError: see above.
    """
    if path.exists():
        goes_on = f"go on with 'lddu train --resume {path}', " if (path / "resume").exists() else ""
        raise RunError(
            f"Expected {path} to be free, but it exists; choose another {parameter('out')}, {goes_on}"
            f"or add {parameter('force', True)} to replace it."
        )
