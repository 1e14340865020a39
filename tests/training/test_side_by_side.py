"""`--jobs N`: trainings side by side leave what trainings in turn leave, and one that dies takes only itself along."""

import json
import os
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.errors import ConfigError, RunError
from lddu.machine import free_memory
from lddu.machine.threads import one_thread
from lddu.models.families import family_of
from lddu.models.family import Family
from lddu.models.late_fusion import LATE_FUSION
from lddu.runs.run_folder import RunFolder
from lddu.store.store import FeatureStore
from lddu.training import side_by_side
from lddu.training.cross_validation import FoldOptions, cross_validate
from lddu.training.demand import Demand, demand_of
from lddu.training.loop import NoCallback, TrainingCallback
from lddu.training.plan import RunOptions, describe
from lddu.training.run import resume, train
from lddu.training.side_by_side import Pace, Training, pace_of, train_all, within_memory
from tests.builders import tiny_config, tiny_store
from tests.command_line import lddu
from tests.training_jobs import die, fail, leave

CONFIG = tiny_config(training={"epochs": 2}, decision={"dropout_passes": 0})
TWO = RunOptions(seed=3, members=2, checkpoint_seconds=0, baselines=False, report=False)
SIDE_BY_SIDE = RunOptions(seed=3, members=2, checkpoint_seconds=0, baselines=False, report=False, jobs=2)
TIMES = ("seconds", "train_seconds", "baseline_seconds")


class Noting(NoCallback):
    """Keeps what it is called with."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.notes: list[str] = []

    def epoch_done(self, record: dict[str, Any]) -> None:
        self.records.append(record)

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)


class Interrupting(NoCallback):
    """Ctrl-C after the first epoch of any training."""

    def epoch_done(self, record: dict[str, Any]) -> None:
        raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def single_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with one_thread():
        yield


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("jobs") / "store", missing=[(4, "audio")])


@pytest.fixture(scope="module")
def in_turn(corpus: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    with one_thread():
        return train(corpus, tmp_path_factory.mktemp("turn") / "run", CONFIG, TWO)


def left(run: Path) -> dict[str, Any]:
    """Every file of a run: JSON without times, all else byte for byte."""
    files = {str(file.relative_to(run)): file for file in sorted(run.rglob("*")) if file.is_file()}
    return {name: _content(file) for name, file in files.items()}


def _content(file: Path) -> Any:
    if file.suffix not in (".json", ".jsonl"):
        return file.read_bytes()
    lines = file.read_text().splitlines() if file.suffix == ".jsonl" else [file.read_text()]
    return [_timeless(json.loads(line)) for line in lines]


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(own) for name, own in value.items() if name not in TIMES}
    return [_timeless(own) for own in value] if isinstance(value, list) else value


def test_members_side_by_side_leave_the_bytes_of_members_in_turn(
    corpus: FeatureStore, in_turn: RunFolder, tmp_path: Path
) -> None:
    callback = Noting()
    found = train(corpus, tmp_path / "run", CONFIG, SIDE_BY_SIDE, callback)
    assert left(found.path) == left(in_turn.path)
    for k in range(2):
        own = [record for record in callback.records if record["training"] == f"seed {3 + k}"]
        assert [record["epoch"] for record in own] == [1, 2]
    assert callback.notes == ["2 at once, each on 1 thread"]


@pytest.mark.slow  # PyTorch is loaded in each process
def test_what_ctrl_c_stopped_goes_on_to_the_same_bytes(
    corpus: FeatureStore, in_turn: RunFolder, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(corpus, tmp_path / "run", CONFIG, SIDE_BY_SIDE, Interrupting())
    assert not RunFolder(tmp_path / "run").finished
    assert left(resume(tmp_path / "run", corpus, SIDE_BY_SIDE).path) == left(in_turn.path)


@pytest.mark.slow  # PyTorch is loaded in each process
def test_folds_side_by_side_leave_the_bytes_of_folds_in_turn(corpus: FeatureStore, tmp_path: Path) -> None:
    begun: list[int] = []
    found = []
    for options in (RunOptions(report=False, baselines=False), RunOptions(report=False, baselines=False, jobs=2)):
        out = tmp_path / f"folds-{options.jobs}"
        cross_validate(
            corpus, out, CONFIG, FoldOptions(3, "clip", options), begins=lambda number, *_: begun.append(number)
        )
        found.append({name: own for name, own in left(out).items() if not name.startswith("stores/")})
    for own in found:  # each names its own place
        for name, content in own.items():
            if name.endswith("config.json"):
                content[0]["store"].pop("path")
    assert found[0] == found[1]
    assert begun[:3] == [1, 2, 3] and sorted(begun[3:]) == [1, 2, 3]


@pytest.mark.slow  # PyTorch is loaded in each process
def test_a_training_that_dies_is_named_and_the_others_end(tmp_path: Path) -> None:
    trainings = [Training("seed 0", partial(leave, tmp_path / "a")), Training("seed 1", die), Training("seed 2", partial(leave, tmp_path / "b"))]  # fmt: skip
    with warnings.catch_warnings(record=True) as met:
        warnings.simplefilter("always")
        with pytest.raises(RunError, match=r"the process of seed 1 died; memory may have run out.*smaller `jobs`"):
            train_all(trainings, Pace(2, 1), NoCallback())
    assert (tmp_path / "a").exists() and (tmp_path / "b").exists()
    assert sorted(str(one.message) for one in met) == ["a is odd", "b is odd", "features are odd"]


def test_what_a_training_warned_of_is_told_when_it_fails_too() -> None:
    def odd(_: TrainingCallback) -> None:
        warnings.warn("features are odd", stacklevel=1)
        raise RunError("layer 3: no such width")

    told: list[tuple[str, Any]] = []
    with pytest.raises(RunError, match="layer 3"):
        side_by_side._made(Training("seed 0", odd), told.append)
    assert told[0] == ("begins", None) and told[1][0] == "warning" and told[1][1][0] == "features are odd"


@pytest.mark.slow  # PyTorch is loaded in each process
@pytest.mark.parametrize("pace", [Pace(), Pace(2, 1)])
def test_a_training_that_fails_is_told_and_the_others_go_on(tmp_path: Path, pace: Pace) -> None:
    trainings = [Training("seed 0", fail), Training("seed 1", partial(leave, tmp_path / "a"))]
    if pace.threads:
        trainings.insert(1, Training("dying", die))
    told: dict[str, str] = {}
    with warnings.catch_warnings(action="ignore"):
        train_all(trainings, pace, NoCallback(), failed=lambda name, fault: told.update({name: str(fault)}))
        assert (tmp_path / "a").exists()
        with pytest.raises(Exception, match="layer 3: no such width"):
            train_all(trainings[:1], pace, NoCallback())
    assert told.pop("dying", "process of dying died").count("process of dying died") == 1
    assert list(told) == ["seed 0"] and "layer 3: no such width" in told["seed 0"]


def test_a_family_that_cannot_be_sent_is_refused_before_anything_is_trained(
    corpus: FeatureStore, tmp_path: Path
) -> None:
    own = Family("own", lambda task, config: LATE_FUSION.build(task, config), {"default": tiny_own()})
    with pytest.raises(ConfigError, match=r"seed 3 to be trained in another process.*`jobs=1`"):
        train(corpus, tmp_path / "run", tiny_own(), SIDE_BY_SIDE, family=own)


def tiny_own() -> Any:
    from dataclasses import replace

    config = LATE_FUSION.preset()
    return replace(config, family="own", training=replace(config.training, epochs=1))


@given(cores=st.integers(1, 64), jobs=st.integers(1, 80) | st.just("auto"), trainings=st.integers(1, 80))
def test_no_more_threads_than_processors_unless_so_many_jobs_are_asked_for(
    cores: int, jobs: Any, trainings: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OMP_NUM_THREADS", raising=False)
        patch.setattr(side_by_side, "usable_cores", lambda: cores)
        pace = pace_of(jobs, trainings, "cpu")
    assert 1 <= pace.count <= trainings
    assert (pace.threads is None) == (pace.count == 1)
    assert pace.count * (pace.threads or cores) <= max(cores, pace.count)
    assert pace.count == min(trainings, cores if jobs == "auto" else jobs)


def test_threads_that_the_environment_names_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "usable_cores", lambda: 8)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert pace_of("auto", 5, "cpu") == Pace(4, 2)
    assert pace_of("auto", 5, "cuda") == Pace()


def test_ranks_and_several_jobs_do_not_go_together() -> None:
    assert pace_of("auto", 5, "cpu", ranks=2) == Pace()
    with pytest.raises(ConfigError, match="`jobs=1` where a launcher has started 2 processes"):
        pace_of(3, 5, "cpu", ranks=2)


def test_fewer_go_at_once_where_memory_would_not_do_and_threads_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "available_gib", lambda: 7.0)
    callback = Noting()
    assert within_memory(Pace(4, 2), Demand(2.0, 1.0), callback) == Pace(3, 2)
    assert callback.notes == ["3 at once in place of 4: each is taken to need 2.0 GiB, and 7.0 GiB are free"]
    assert within_memory(Pace(4, 2), Demand(90.0, 1.0), callback) == Pace(1, 2)
    assert within_memory(Pace(3, 2), Demand(2.0, 1.0), callback) == Pace(3, 2)
    monkeypatch.setattr(side_by_side, "available_gib", lambda: None)
    assert within_memory(Pace(4, 2), Demand(90.0, 1.0), callback) == Pace(4, 2)


def test_what_a_container_may_take_counts_where_it_is_less(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:   4194304 kB\n")
    monkeypatch.setattr(free_memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(free_memory, "CONTROL_GROUP", tmp_path)
    assert free_memory.available_gib() == 4.0
    (tmp_path / "memory.max").write_text(f"{3 << 30}\n")
    (tmp_path / "memory.current").write_text(f"{1 << 30}\n")
    assert free_memory.available_gib() == 2.0
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory.available_gib() == 4.0
    monkeypatch.setattr(free_memory, "MEMINFO", tmp_path / "none")
    assert free_memory.available_gib() == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


@pytest.mark.slow  # PyTorch is loaded in each process
def test_a_user_sees_whose_epoch_it_is(
    corpus: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = (
        "--model.hidden",
        "8",
        "--model.latent",
        "4",
        "--model.layers",
        "1",
        "--model.heads",
        "2",
        "--training.epochs",
        "1",
    )
    said = lddu(capsys, "train", corpus.path, "--out", tmp_path / "r", "--seeds", "2", "--jobs", "2", "--no-baselines", *sizes)  # fmt: skip
    assert said.code == 0 and "2 at once, each on 1 thread" in said.err
    assert "seed 0 epoch 1 loss" in said.err and "seed 1 epoch 1 loss" in said.err
    for wrong in ("0", "many", "1.5"):
        said = lddu(capsys, "train", corpus.path, "--out", tmp_path / "x", "--jobs", wrong)
        assert said.code == 2 and "Expected --jobs to be" in said.err


def test_what_stands_beside_a_network_needs_memory_too(corpus: FeatureStore) -> None:
    family = family_of("lddu")
    needed = [
        demand_of(describe(corpus, tiny_config(model={"shallow_networks": beside}), RunOptions()), corpus, family).each
        for beside in (0, 1, 8)
    ]
    assert needed == sorted(set(needed))
