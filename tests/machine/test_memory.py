"""What a process has freed goes back to the system."""

import ctypes
import subprocess
import sys

import pytest

from lddu.machine import memory

FREED = """
import ctypes, re
from pathlib import Path
from lddu.machine.memory import return_freed_memory

def written():
    return int(re.search(r"Private_Dirty: +(\\d+)", Path("/proc/self/smaps_rollup").read_text())[1]) / 1000

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
pieces = [libc.malloc(60_000) for _ in range(2_000)]
for piece in pieces:
    ctypes.memset(piece, 1, 60_000)
for piece in pieces[:-1]:
    libc.free(piece)  # below the last, which stays: malloc cannot give these back by itself
before = written()
return_freed_memory()
print(before - written())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is counted by Linux, and returned by glibc")
def test_what_lies_free_below_something_in_use_is_returned() -> None:
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("this malloc is not glibc's")
    found = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    assert float(found.stdout) > 100


def test_another_malloc_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: None) -> object:
        return object()

    monkeypatch.setattr(ctypes, "CDLL", absent)
    memory.return_freed_memory()
