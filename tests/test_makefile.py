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


def make(clone: Path, target: str, **variables: str) -> list[str]:
    words = ["make", "--no-print-directory", target, "PYTHON=./python"]
    # A make that runs these tests hands down its level and its flags; this one is to be the first.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment |= {"LC_ALL": "C", **variables}
    found = subprocess.run(words, cwd=clone, capture_output=True, text=True, check=True, env=environment)
    assert found.stderr == ""
    return found.stdout.splitlines()


def test_each_part_of_setting_up_is_announced_in_one_line_and_done_once(clone: Path) -> None:
    told = make(clone, "demo")
    announced, commands = told[:2], told[2:]
    assert all(line.startswith(".venv/bin/lddu ") for line in commands)
    assert commands[0].startswith(".venv/bin/lddu predict default") and commands[-1].startswith(".venv/bin/lddu train")
    assert all(word in announced[0] for word in ("PyTorch", "GB", "minutes", "once"))
    assert all(word in announced[1] for word in ("clips", "GB", "once"))
    asked = (clone / "log").read_text()
    assert "install --quiet" in asked and "--editable ." in asked and ".[clips,serve]" in asked and "[dev" not in asked
    assert make(clone, "demo") == commands


def test_all_that_tests_need_comes_at_once_and_holds_what_the_demo_needs(clone: Path) -> None:
    told = make(clone, ".venv/ready")
    assert len(told) == 1 and all(word in told[0] for word in ("extras", "PyTorch", "GB", "minutes", "once"))
    asked = (clone / "log").read_text()
    assert ".[dev,mosei,clips,speech,remote,search,serve,ray]" in asked and asked.count("pip install") == 1
    assert make(clone, ".venv/ready") == ["make: '.venv/ready' is up to date."]
    assert make(clone, ".venv/clips") == ["make: '.venv/clips' is up to date."]


def test_what_is_compiled_is_kept_for_the_next_process(clone: Path) -> None:
    """Some dozen tests start processes of their own; each would compile lddu again."""
    with (clone / "Makefile").open("a") as makefile:
        makefile.write("\nshown:\n\t@echo [$$PYTHONDONTWRITEBYTECODE]\n")
    assert make(clone, "shown", PYTHONDONTWRITEBYTECODE="1") == ["[]"]
