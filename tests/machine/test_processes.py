"""What workers of this machine promise; tests/test_cluster.py asks the same of a cluster."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lddu.errors import StoreError
from lddu.machine.processes import ProcessWorkers, default_threads
from tests.worker_tasks import Opening
from tests.worker_threads import ThreadsOpening


def test_every_task_has_one_outcome_and_a_process_is_opened_once(tmp_path: Path) -> None:
    words = [f"w{n}" for n in range(6)]
    outcomes = list(ProcessWorkers(2).work_off(Opening(tmp_path), words))
    assert sorted((o.job, o.result) for o in outcomes) == [(w, f"{w} 1 {Path.cwd().name}") for w in words]
    assert 1 <= len(list(tmp_path.glob("opened-*"))) <= 2
    assert str(os.getpid()) not in {file.name.split("-")[1] for file in tmp_path.glob("opened-*")}


@pytest.mark.parametrize("threads", [1, 2])
def test_a_process_has_the_threads_it_is_given(threads: int) -> None:
    (outcome,) = ProcessWorkers(1, threads).work_off(ThreadsOpening(), ["ask"])
    assert outcome.result == threads


def test_a_process_that_dies_takes_only_its_task_along(tmp_path: Path) -> None:
    outcomes = list(ProcessWorkers(2).work_off(Opening(tmp_path), ["a", "die", "b", "die", "c"]))
    assert sorted((o.job, o.result is None) for o in outcomes) == [("a", False), ("b", False), ("c", False), ("die", True), ("die", True)]  # fmt: skip


def test_what_a_task_raises_ends_all_and_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Expected a store, but there is none"):
        list(ProcessWorkers(2).work_off(Opening(tmp_path), ["sleep", "refuse"]))
    assert not alive(tmp_path)


def test_a_caller_that_stops_leaves_no_process_behind(tmp_path: Path) -> None:
    outcomes = ProcessWorkers(2).work_off(Opening(tmp_path), ["a", "sleep", "sleep", "b"])
    assert next(outcomes).job == "a"
    outcomes.close()  # type: ignore[attr-defined]
    assert not alive(tmp_path)


def test_a_script_that_every_process_would_run_again_is_told_so(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\nfrom lddu.machine.processes import ProcessWorkers\nfrom tests.worker_tasks import Opening\n"
        f"list(ProcessWorkers(2).work_off(Opening(Path({str(tmp_path)!r})), ['a', 'b']))\n"
    )
    paths = os.pathsep.join([str(Path.cwd()), *filter(None, sys.path)])
    told = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        check=False,
    ).stderr
    assert "lddu.errors.ConfigError: Expected a process for several jobs to begin, but it ended at once" in told


def test_no_tasks_start_no_process(tmp_path: Path) -> None:
    assert list(ProcessWorkers(2).work_off(Opening(tmp_path), [])) == []
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("told", "threads"), [("3", 3), ("", 1), ("0", 1), ("4,2", 4), ("all", 1)])
def test_the_default_threads_are_those_of_the_environment_or_one(
    told: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert default_threads() == threads


def alive(folder: Path, patience: float = 20.0) -> list[int]:
    """Processes that opened in this folder and are there still, after some patience."""
    pids = [int(file.name.split("-")[1]) for file in folder.glob("opened-*")]
    deadline = time.monotonic() + patience
    while (left := [pid for pid in pids if Path(f"/proc/{pid}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left
