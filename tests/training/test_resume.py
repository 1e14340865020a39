"""2 epochs + resume + 2 = 4 epochs, bit for bit, however the first two ended."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lddu.config import Config
from lddu.errors import MismatchError, RunError
from lddu.runs.cautions import STOPPED
from lddu.runs.predictor import Predictor
from lddu.runs.run_folder import RunFolder
from lddu.store.store import FeatureStore
from lddu.training.loop import NoCallback
from lddu.training.plan import RunOptions
from lddu.training.run import resume, train
from tests.builders import tiny_config, tiny_store
from tests.command_line import lddu
from tests.training.stops import PowerCut, StopIn, checkpoint_of, left_by

EVERY_EPOCH = RunOptions(checkpoint_seconds=0, baselines=False)


def everything_random() -> Config:
    """Dropout, hidden modalities, noise, sampled anchors, averaged weights, memory: all that could differ is on."""
    return tiny_config(
        training={"modality_dropout": 0.2, "feature_noise": 0.1, "weight_average": 0.8, "batch_size": 5},
        objective={"anchors": 10, "error_weight": 0.1, "modality_weight": 0.1},
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("resume") / "store", missing=[(0, "audio")])


@pytest.fixture(scope="module")
def whole(corpus: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody stopped."""
    return train(corpus, tmp_path_factory.mktemp("whole") / "run", everything_random(), EVERY_EPOCH).path


def stopped(corpus: FeatureStore, run: Path, watch: StopIn) -> None:
    with pytest.raises(watch.fault):
        train(corpus, run, everything_random(), EVERY_EPOCH, watch)


def test_the_same_seed_gives_the_same_bytes(corpus: FeatureStore, whole: Path, tmp_path: Path) -> None:
    again = train(corpus, tmp_path / "again", everything_random(), RunOptions(baselines=False))
    assert left_by(again.path) == left_by(whole)


def test_another_seed_gives_another_network(corpus: FeatureStore, whole: Path, tmp_path: Path) -> None:
    other = train(corpus, tmp_path / "other", everything_random(), RunOptions(seed=1, baselines=False))
    assert left_by(other.path)[0] != left_by(whole)[0]


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_run_stopped_in_the_middle_of_an_epoch_ends_as_if_it_never_had_been(
    epoch: int, corpus: FeatureStore, whole: Path, tmp_path: Path
) -> None:
    stopped(corpus, tmp_path / "run", StopIn(epoch))
    assert not RunFolder(tmp_path / "run").finished
    finished = resume(tmp_path / "run", options=EVERY_EPOCH)
    assert left_by(finished.path) == left_by(whole)
    assert finished.finished
    assert sorted(p.name for p in finished.path.iterdir()) == sorted(p.name for p in whole.iterdir())


def test_optimiser_averaged_weights_and_contrastive_memory_go_on_bit_for_bit(
    corpus: FeatureStore, tmp_path: Path
) -> None:
    stopped(corpus, tmp_path / "once", StopIn(4))
    stopped(corpus, tmp_path / "twice", StopIn(3))
    with pytest.raises(PowerCut):
        resume(tmp_path / "twice", options=EVERY_EPOCH, callback=StopIn(4, member=0))
    first, second = checkpoint_of(tmp_path / "once"), checkpoint_of(tmp_path / "twice")
    assert first == second
    kinds = {name.partition(".")[0] for name in first[1]}
    assert kinds == {"model", "objective", "best", "average", "optimizer"}
    assert {name for name in first[1] if name.startswith("objective.")} == {
        f"objective.memory.{part}" for part in ("features", "classes", "position")
    }


def test_a_training_that_runs_is_neither_resumed_nor_replaced_by_another(
    corpus: FeatureStore, whole: Path, tmp_path: Path
) -> None:
    run, met = tmp_path / "run", list[int]()

    class Other(NoCallback):
        def epoch_done(self, record: dict[str, Any]) -> None:
            with pytest.raises(RunError, match="at rest, but another process is writing it"):
                resume(run)
            with pytest.raises(RunError, match="at rest, but another process is writing it"):
                train(corpus, run, everything_random(), RunOptions(force=True))
            met.append(record["epoch"])

    assert left_by(train(corpus, run, everything_random(), EVERY_EPOCH, Other()).path) == left_by(whole)
    assert met and [place.name for place in tmp_path.iterdir()] == ["run"]


KILLED = """
import sys
from pathlib import Path
from lddu.store.store import FeatureStore
from lddu.training import checkpoint
from lddu.training.run import train
from tests.training.stops import KillIn
from tests.training.test_resume import EVERY_EPOCH, everything_random
store, run, when = sys.argv[1:]
if when == "write":
    import os, signal
    whole = checkpoint.save_file
    def half(tensors, path):
        whole(tensors, path)
        if "epoch-00002" in str(path):
            os.truncate(path, os.path.getsize(path) // 2)
            os.kill(os.getpid(), signal.SIGKILL)
    checkpoint.save_file = half
train(FeatureStore(store), Path(run), everything_random(), EVERY_EPOCH, KillIn(3))
"""


IN_FULL = """
import sys
from pathlib import Path
from lddu.store.store import FeatureStore
from lddu.training.run import train
from tests.training.test_resume import EVERY_EPOCH, everything_random
train(FeatureStore(sys.argv[1]), Path(sys.argv[2]), everything_random(), EVERY_EPOCH)
"""

RESUMED = """
import sys
from lddu.training.run import resume
from tests.training.test_resume import EVERY_EPOCH
resume(sys.argv[2], options=EVERY_EPOCH)
"""


def alone(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, where no other test has touched the numerical libraries."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def whole_alone(corpus: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody stopped, in a process of its own."""
    run = tmp_path_factory.mktemp("alone") / "run"
    ended = alone(IN_FULL, corpus.path, run)
    assert ended.returncode == 0, ended.stderr
    return run


@pytest.mark.slow  # three processes load PyTorch one after the other
@pytest.mark.parametrize("when", ["epoch", "write"])
def test_kill_9_in_the_middle_of_an_epoch_or_of_a_write_costs_nothing_but_time(
    when: str, corpus: FeatureStore, whole_alone: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    killed = alone(KILLED, corpus.path, run, when)
    assert killed.returncode == -9, killed.stderr
    leftovers = [p.name for p in (run / "resume").iterdir() if p.name.endswith(".tmp")]
    assert bool(leftovers) is (when == "write")
    resumed = alone(RESUMED, corpus.path, run)
    assert resumed.returncode == 0, resumed.stderr
    assert left_by(run) == left_by(whole_alone)
    assert sorted(p.name for p in run.iterdir()) == sorted(p.name for p in whole_alone.iterdir())


def test_a_damaged_checkpoint_is_named_with_the_cure(corpus: FeatureStore, whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    stopped(corpus, run, StopIn(3))
    state = run / "resume" / "epoch-00002" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(RunError, match=r"epoch-00002 to be a checkpoint .* damaged .* remove that folder"):
        resume(run)
    shutil.rmtree(state.parent)
    assert left_by(resume(run, options=EVERY_EPOCH).path) == left_by(whole)


def test_ctrl_c_leaves_a_usable_run_that_never_saw_test_and_can_be_finished(
    corpus: FeatureStore, whole: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    stopped(corpus, run, StopIn(3, KeyboardInterrupt))
    found = json.loads((run / "metrics.json").read_text())
    assert set(found["splits"]) == {"valid"} and found["protocol"]["finished"] is False
    assert (run / "report.html").is_file() and not RunFolder(run).finished
    assert len(Predictor(run).predict(corpus)) == len(corpus)
    assert STOPPED in Predictor(run).warnings(corpus)
    assert left_by(resume(run).path) == left_by(whole)
    assert STOPPED not in Predictor(run).warnings(corpus)
    finished = json.loads((run / "metrics.json").read_text())
    assert set(finished["splits"]) == {"valid", "test"} and finished["protocol"]["finished"] is True


def test_ctrl_c_in_the_first_epoch_leaves_a_usable_run_too(corpus: FeatureStore, tmp_path: Path) -> None:
    stopped(corpus, tmp_path / "run", StopIn(1, KeyboardInterrupt))
    assert len(Predictor(tmp_path / "run").predict(corpus)) == len(corpus)


def test_a_finished_run_is_not_gone_on_with(whole: Path) -> None:
    with pytest.raises(RunError, match="has finished; see 'lddu report"):
        resume(whole)


def test_a_run_goes_on_with_its_own_corpus_only(corpus: FeatureStore, whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    stopped(corpus, run, StopIn(2))
    with pytest.raises(MismatchError, match="is another or has changed; name the right store, or train anew"):
        resume(run, tiny_store(tmp_path / "another", seed=1))
    moved = shutil.copytree(corpus.path, tmp_path / "moved")
    assert left_by(resume(run, FeatureStore(moved), EVERY_EPOCH).path) == left_by(whole)


def test_a_run_whose_corpus_has_moved_asks_where_it_is(
    corpus: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, moved = tmp_path / "run", tmp_path / "moved"
    there = FeatureStore(shutil.copytree(corpus.path, tmp_path / "there"))
    stopped(there, run, StopIn(2))
    (tmp_path / "there").rename(moved)
    asked = f"trained on at {tmp_path / 'there'}, but it is not there; name the place where it is now."
    for words in (("train", "--resume", run), ("evaluate", run), ("bench-uncertainty", run)):
        told = lddu(capsys, *words)
        assert told.code == 1 and asked in told.err and told.err.count("Expected") == 1
        if words[0] == "train":
            assert lddu(capsys, "train", moved, "--resume", run).code == 0


def test_a_run_from_other_weights_goes_on_without_them(corpus: FeatureStore, whole: Path, tmp_path: Path) -> None:
    """The first checkpoint holds everything: the run that training started from may be gone by then."""
    source = shutil.copytree(whole, tmp_path / "source")
    options = RunOptions(init_from=source, checkpoint_seconds=0, baselines=False)
    one_piece = train(corpus, tmp_path / "one", everything_random(), options)
    with pytest.raises(PowerCut):
        train(corpus, tmp_path / "two", everything_random(), options, StopIn(3))
    shutil.rmtree(source)
    assert left_by(resume(tmp_path / "two", options=EVERY_EPOCH).path) == left_by(one_piece.path)
