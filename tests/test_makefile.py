"""Setting up says, before it begins, what it installs and how much that is; what pip is told stays out of sight."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYTHON = """#!/bin/sh
echo "$@" >> {log}
if [ "$2" = venv ]; then mkdir -p .venv/bin; cp {itself} .venv/bin/python; cp {itself} .venv/bin/lddu; fi
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone, as far as make looks at it, and `python`, which writes down what it is asked and does nothing."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    python = tmp_path / "python"
    python.write_text(PYTHON.format(log=tmp_path / "log", itself=python))
    python.chmod(0o755)
    return tmp_path


def make(clone: Path, target: str) -> list[str]:
    words = ["make", "--no-print-directory", target, "PYTHON=./python"]
    # A make that runs these tests hands down its level and its flags; this one is to be the first.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment["LC_ALL"] = "C"
    found = subprocess.run(words, cwd=clone, capture_output=True, text=True, check=True, env=environment)
    assert found.stderr == ""
    return found.stdout.splitlines()


def test_setting_up_is_announced_in_one_line_and_done_once(clone: Path) -> None:
    told = make(clone, "demo")
    assert len(told) == 2 and told[1].startswith(".venv/bin/lddu train")
    assert all(word in told[0] for word in ("PyTorch", "GB", "minutes", "once"))
    asked = (clone / "log").read_text()
    assert "install --quiet" in asked and "--editable ." in asked and "[dev" not in asked
    assert make(clone, "demo") == told[1:]


def test_the_extras_are_announced_too(clone: Path) -> None:
    told = make(clone, ".venv/ready")
    assert len(told) == 2 and "extras" in told[1] and "GB" in told[1]
    assert ".[dev,mosei,clips,speech,remote,search,ray]" in (clone / "log").read_text()
    assert make(clone, ".venv/ready") == ["make: '.venv/ready' is up to date."]
