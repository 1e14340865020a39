"""One process works in a folder at a time; nothing stays where it ends, and a killed one leaves the folder free."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lddu.errors import RunError, StoreError
from lddu.machine.held import held

HOLD = """
import sys, time
from pathlib import Path
from lddu.errors import RunError
from lddu.machine.held import held
with held(Path(sys.argv[1]), RunError):
    print("held", flush=True)
    time.sleep(60)
"""


def test_another_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None and first.stdout.readline()
        with pytest.raises(StoreError, match="run to be at rest, but another process is writing it"):
            held(tmp_path / "run", StoreError).__enter__()
        with held(tmp_path / "other", StoreError):
            os.kill(first.pid, signal.SIGKILL)
    with held(tmp_path / "run", RunError):
        pass
    assert list(tmp_path.iterdir()) == []


def test_it_is_free_after_a_fault_and_may_lie_in_a_folder_that_is_new(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), held(tmp_path / "new" / "run", RunError):
            raise ZeroDivisionError
    assert list((tmp_path / "new").iterdir()) == []


def test_where_nothing_can_be_locked_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with held(tmp_path / "file" / "run", RunError):
        time.sleep(0)
