"""Several ranks are one training: real processes, started by the real launchers, talking through gloo."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from lddu.config import Config
from lddu.machine.ranks import backends
from lddu.models.families import preset
from lddu.runs.predictions import Predictions, read_predictions
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions
from lddu.training.run import resume, train
from tests.builders import tiny_config, tiny_store
from tests.training.stops import PowerCut, StopIn

ROOT = Path(__file__).parents[2]
EVERY_EPOCH = RunOptions(checkpoint_seconds=0)


def without_dropout() -> Config:
    """Every loss term and a sample of anchors; nothing that is drawn for each rank anew. 7 steps an epoch, 56 in all."""
    return tiny_config(
        model={"dropout": 0.0, "emotion_dropout": 0.0, "head_dropout": 0.0},
        objective={"contrastive_weight": 0.5, "calibration_weight": 0.3, "anchors": 20},
        training={
            "batch_size": 9,
            "epochs": 8,
            "patience": 8,
            "modality_dropout": 0.0,
            "feature_noise": 0.0,
            "corruption": 0.0,
        },
    )


def sequences() -> Config:
    """A family whose loss reads encoded steps, of which ranks have different numbers."""
    model = {"hidden": 8, "heads": 2, "layers": 1, "cross_layers": 1, "dropout": 0.0}
    training = {"batch_size": 9, "epochs": 3, "patience": 3}
    return preset(family="mms2s", overrides={"model": model, "training": training, "decision": {"dropout_passes": 0}})


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """55 training clips: six batches of 9, and a last one of a single clip, of which one of two ranks has none."""
    store = tiny_store(tmp_path_factory.mktemp("ranks") / "store", clips=91, missing=[(0, "audio"), (3, "text")])
    assert len(store.table.in_split("train")) == 55
    return store


def launch(*words: object, launcher: str = "torchrun") -> subprocess.CompletedProcess[str]:
    """Two ranks on this machine, from start to end."""
    process = launched(*words, launcher=launcher)
    said, told = process.communicate(timeout=900)
    return subprocess.CompletedProcess(process.args, process.returncode, said, told)


def launched(*words: object, launcher: str = "torchrun") -> subprocess.Popen[str]:
    """Start two ranks on this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    start = {
        "torchrun": ["torch.distributed.run", "--nproc-per-node", "2", "--master-port", port],
        "accelerate": [
            "accelerate.commands.launch",
            "--multi_gpu",
            "--num_processes",
            "2",
            "--main_process_port",
            port,
        ],
    }[launcher]
    found = [str(ROOT / "src"), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    command = [sys.executable, "-m", *start, *map(str, words)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(found)}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


PROGRAM = """
import sys
from pathlib import Path
from lddu.store.store import FeatureStore
from lddu.training.run import resume, train
from tests.training.stops import PowerCut, StopIn
from tests.training.test_ranks import EVERY_EPOCH, sequences, without_dropout
store, folder = FeatureStore(sys.argv[1]), Path(sys.argv[2])
train(store, folder / "two", without_dropout())
train(store, folder / "sequences-two", sequences())
resume(folder / "one-then-two")
try:
    train(store, folder / "two-then-one", without_dropout(), EVERY_EPOCH, StopIn(5))
except PowerCut:
    pass
"""


@pytest.fixture(scope="module")
def runs(corpus: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One rank, two ranks, and one each that went over from one to the other in the middle of the fifth epoch."""
    folder = tmp_path_factory.mktemp("ranks")
    train(corpus, folder / "one", without_dropout())
    train(corpus, folder / "sequences-one", sequences())
    with pytest.raises(PowerCut):
        train(corpus, folder / "one-then-two", without_dropout(), EVERY_EPOCH, StopIn(5))
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    ended = launch(folder / "program.py", corpus.path, folder)
    assert ended.returncode == 0, ended.stderr
    resume(folder / "two-then-one")
    return folder


def curve(run: Path) -> np.ndarray:
    """[epoch, term] mean of every loss term, and the negative log-likelihood on validation."""
    records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return np.array([[*record["loss"].values(), record["valid"]["nll"]] for record in records])


def predictions(run: Path) -> Predictions:
    return read_predictions(run / "predictions.parquet")


@pytest.mark.parametrize(("gpus", "here", "expected"), [(0, 1, "gloo"), (1, 2, "gloo"), (2, 2, "cpu:gloo,cuda:nccl")])
def test_ranks_that_share_a_gpu_do_not_talk_through_nccl(
    gpus: int, here: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert backends(here) == expected


@pytest.mark.slow  # starts two ranks
def test_two_ranks_give_the_loss_curve_of_one(runs: Path) -> None:
    one, two = curve(runs / "one"), curve(runs / "two")
    assert one.shape == (8, 9)
    np.testing.assert_allclose(two, one, atol=1e-4)
    assert (np.ptp(one, axis=0) > 1e-2).sum() >= 6  # the curves move: agreeing is not trivial


@pytest.mark.slow  # starts two ranks
def test_ranks_whose_sequences_differ_in_length_give_the_loss_curve_of_one(runs: Path) -> None:
    one, two = curve(runs / "sequences-one"), curve(runs / "sequences-two")
    np.testing.assert_allclose(two, one, atol=1e-4)
    assert (np.ptp(one, axis=0) > 1e-2).all()


@pytest.mark.slow  # starts two ranks
@pytest.mark.parametrize("name", ["two", "one-then-two", "two-then-one"])
def test_any_number_of_ranks_may_go_on_and_the_predictions_are_those_of_one(name: str, runs: Path) -> None:
    one, other = predictions(runs / "one"), predictions(runs / name)
    assert other.clip.tolist() == one.clip.tolist()  # each validation and test clip, once
    np.testing.assert_allclose(other.probability, one.probability, atol=1e-4)
    np.testing.assert_allclose(curve(runs / name), curve(runs / "one"), atol=1e-4)


@pytest.mark.slow  # starts two ranks once more
def test_the_command_says_and_writes_everything_once(corpus: FeatureStore, tmp_path: Path) -> None:
    small = ("--training.epochs", 1, "--model.hidden", 8, "--model.layers", 0, "--model.heads", 2, "--device", "cpu")
    ended = launch("-m", "lddu", "train", corpus.path, "--out", tmp_path / "run", *small, "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["run"] == str(tmp_path / "run")
    assert ended.stderr.count("epoch   1") == 1
    again = launch("-m", "lddu", "train", corpus.path, "--out", tmp_path / "run", *small)
    assert again.returncode == 1
    assert "run to be free, but it exists" in again.stderr
    assert "src/lddu" not in again.stderr  # the launcher shows a traceback of its own, lddu none


@pytest.mark.slow  # starts two ranks and waits for an epoch
def test_ctrl_c_on_several_ranks_says_once_how_to_go_on(corpus: FeatureStore, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = (
        "train",
        corpus.path,
        "--out",
        run,
        "--training.epochs",
        1000,
        "--training.patience",
        1000,
        "--device",
        "cpu",
    )
    process = launched("-m", "lddu", *words)
    while not (run / "log.jsonl").is_file():
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to all of them
    _, told = process.communicate(timeout=100)
    said = f"Stopped. {run} holds no model to use yet; go on with 'lddu train --resume {run}'."
    assert " ".join(told.split()).count(said) == 1 and "rank 1: Stopped" not in told
    assert not (run / "metrics.json").exists()


@pytest.mark.slow
def test_accelerate_launches_it_too_but_leaves_the_arithmetic_to_the_settings(
    corpus: FeatureStore, tmp_path: Path
) -> None:
    pytest.importorskip("accelerate")
    words = ("-m", "lddu", "train", corpus.path, "--out", tmp_path / "run", "--training.epochs", 1, "--device", "cpu")
    ended = launch("--mixed_precision", "bf16", *words, launcher="accelerate")
    assert ended.returncode == 1
    assert "got ACCELERATE_MIXED_PRECISION=bf16; start without it and give --training.precision" in ended.stderr
    ended = launch("--mixed_precision", "no", *words, launcher="accelerate")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "run" / "report.html").is_file()
