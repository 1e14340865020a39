"""A store appears whole or not at all, whatever stops its writer."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError

from lddu.machine import atomic
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from tests.builders import tiny_store

DESCRIPTION = StoreDescription(("joy",), {"audio": "made up"})


def sums(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@pytest.mark.parametrize("withheld", [0o022, 0o077, 0o002])
def test_others_may_what_the_user_lets_them(tmp_path: Path, withheld: int) -> None:
    program = (
        f"import os; os.umask({withheld}); from pathlib import Path; from lddu.machine.atomic import replaced_folder, write_text\n"
        "with replaced_folder(Path('folder')) as inner:\n    write_text(inner / 'file', '')\nwrite_text(Path('file'), '')"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("folder", "folder/file", "file")}
    assert modes == {"folder": 0o777 & ~withheld, "folder/file": 0o666 & ~withheld, "file": 0o666 & ~withheld}


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_an_exception_midway_leaves_nothing(tmp_path: Path, fault: type[BaseException]) -> None:
    with pytest.raises(fault), writing_store(tmp_path / "deep" / "store", DESCRIPTION) as writer:
        writer.add(ClipRow("a"), {"audio": np.ones((1, 2))})
        raise fault
    assert list((tmp_path / "deep").iterdir()) == []


@pytest.mark.parametrize("replaced", [atomic.replaced_file, atomic.replaced_folder])
def test_a_full_disk_under_safetensors_is_the_error_of_a_system_and_leaves_nothing(
    tmp_path: Path, replaced: Callable[[Path], AbstractContextManager[Path]]
) -> None:
    with pytest.raises(OSError, match=r"model: .*No space left"), replaced(tmp_path / "model"):
        raise SafetensorError("Error while serializing: I/O error: No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_an_exception_midway_leaves_the_old_store(tmp_path: Path) -> None:
    old = tiny_store(tmp_path / "store")
    before = sums(old.path)
    with pytest.raises(ValueError, match="stop"), writing_store(old.path, DESCRIPTION, force=True) as writer:
        writer.add(ClipRow("a"), {"audio": np.ones((1, 2))})
        raise ValueError("stop")
    assert sums(old.path) == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["store"]


def test_a_new_store_replaces_the_whole_old_one(tmp_path: Path) -> None:
    tiny_store(tmp_path / "store")
    tiny_store(tmp_path / "store", clips=5, dimensions={"visual": 3})
    assert sorted(sums(tmp_path / "store")) == ["clips.parquet", "manifest.json", "visual.safetensors"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["store"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux swaps two folders in one step")
def test_on_linux_the_old_store_is_never_out_of_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_store(tmp_path / "store")

    def refuse(*_: object) -> None:
        raise AssertionError("a rename leaves a moment without a store")

    with writing_store(tmp_path / "store", DESCRIPTION, force=True) as writer:
        writer.add(ClipRow("a"), {"audio": np.ones((1, 2))})
        writer.finish()
        monkeypatch.setattr(Path, "rename", refuse)
        monkeypatch.setattr(writer, "finish", lambda: None)
    assert list(FeatureStore(tmp_path / "store").modalities) == ["audio"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["store"]


def test_elsewhere_a_store_is_replaced_by_two_renames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "_exchange", lambda first, second: False)
    tiny_store(tmp_path / "store")
    tiny_store(tmp_path / "store", clips=5)
    assert len(FeatureStore(tmp_path / "store")) == 5
    assert [entry.name for entry in tmp_path.iterdir()] == ["store"]


def test_an_open_store_outlives_its_replacement(tmp_path: Path) -> None:
    old = tiny_store(tmp_path / "store")
    steps = old.steps("audio", 3)
    before = steps.copy()
    tiny_store(tmp_path / "store", seed=1)
    np.testing.assert_array_equal(steps, before)


KILLED = """
import sys, numpy as np
from lddu.store import writer as store_writer
from lddu.store.clip_table import ClipRow
store_writer.PART_BYTES = 1000
description = store_writer.StoreDescription(("joy",), {"audio": "made up"})
with store_writer.writing_store(sys.argv[1], description, force=True) as writer:
    for i in range(10**9):
        writer.add(ClipRow(str(i)), {"audio": np.ones((10, 10), np.float32)})
        if i == 20:
            print("writing", flush=True)
"""


def test_a_writer_killed_midway_leaves_the_old_store(tmp_path: Path) -> None:
    old = tiny_store(tmp_path / "store")
    before = sums(old.path)
    command = [sys.executable, "-c", KILLED, str(old.path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert sums(old.path) == before
    assert FeatureStore(old.path).verify() == []
    assert any(entry.name.startswith(".store.") for entry in tmp_path.iterdir())


@pytest.mark.parametrize("replaced", [atomic.replaced_file, atomic.replaced_folder])
def test_a_place_that_cannot_be_written_is_called_what_the_user_called_it(
    tmp_path: Path, replaced: Callable[[Path], AbstractContextManager[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(prefix: str, suffix: str, dir: Path) -> None:
        raise PermissionError(13, "Permission denied", str(dir / f"{prefix}abc{suffix}"))

    monkeypatch.setattr("tempfile.mkstemp", refused)
    monkeypatch.setattr("tempfile.mkdtemp", refused)
    with pytest.raises(PermissionError, match=r"Permission denied: '.*/store'$"), replaced(tmp_path / "store"):
        pass
