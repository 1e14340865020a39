"""`lddu ...` as a user types it, in this process."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from lddu.commands.cli import main


@dataclass(frozen=True)
class Outcome:
    """What the user sees."""

    code: int
    out: str
    err: str


def lddu(capsys: pytest.CaptureFixture[str], *words: str | Path) -> Outcome:
    """Run a command; an exception other than the exit is a traceback that a user would see, and fails the test."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    return Outcome(int(ended.value.code or 0), shown.out, " ".join(shown.err.split()))
