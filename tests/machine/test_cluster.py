"""A cluster of one machine, a real Ray: the same answers as without it, and nothing lost but the task of a dead process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lddu.errors import ConfigError, MismatchError, StoreError
from lddu.machine.cluster import RayWorkers, ray_workers
from lddu.runs import predict_in_workers
from lddu.runs.predictor import Predictor
from lddu.store.store import FeatureStore
from lddu.training.run import train
from tests.builders import tiny_config, tiny_store
from tests.command_line import lddu
from tests.worker_tasks import Opening

pytest.importorskip("ray", reason="clusters need the extra: pip install 'lddu[ray]'")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayWorkers]:
    """Two processes at once; a command that is told `--ray local` meanwhile finds it joined already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{ROOT / 'src'}:{ROOT}")
        patch.setenv("OMP_NUM_THREADS", "1")
        with ExitStack() as stack:
            try:
                workers = stack.enter_context(ray_workers("local", jobs=2))
            except ConfigError as fault:
                if "timed out" not in str(fault):
                    raise
                pytest.skip("this machine is too busy to start a Ray in the thirty seconds that it gives itself")
            yield workers


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("cluster") / "store", clips=60, missing=[(0, "audio"), (7, "text")])


@pytest.fixture(scope="module")
def run(corpus: FeatureStore) -> Path:
    return train(corpus, corpus.path.with_name("run"), tiny_config(training={"epochs": 1})).path


def test_ray_is_wanted_for_stores_and_leaves_gpus_to_its_scheduler(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "talk.mp4").touch()
    assert "extract them with 'lddu extract --ray'" in lddu(capsys, "predict", run, tmp_path / "talk.mp4", "--ray", "auto").err  # fmt: skip
    with pytest.raises(ConfigError, match="which deals out the GPUs, but got cuda:1"), ray_workers("auto", device="cuda:1"):  # fmt: skip
        pass


@pytest.mark.parametrize(("address", "reason"), [("127.0.0.1:1", "refused"), ("somewhere", "Invalid address")])
def test_a_cluster_that_is_not_there_is_one_sentence(address: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=f"Expected to join Ray at '{address}', but that failed .*{reason}"), ray_workers(address):  # fmt: skip
        pass


def test_without_ray_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install 'lddu\[ray\]'"), ray_workers("local"):
        pass


@pytest.mark.slow  # waits for Ray to notice
def test_a_dead_process_costs_its_task_alone_and_only_when_it_dies_again(
    cluster: RayWorkers, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    outcomes = list(cluster.work_off(Opening(tmp_path), ["a", "die", "b", "die once", "c"]))
    said = f"1 {Path.cwd().name}"  # a thread, and the folder of the command
    assert sorted((o.job, o.result) for o in outcomes) == [
        ("a", f"a {said}"), ("b", f"b {said}"), ("c", f"c {said}"), ("die", None), ("die once", f"die once {said}")
    ]  # fmt: skip
    time.sleep(1)  # Ray tells of dead processes from a thread of its own
    assert capfd.readouterr().out == ""


def test_what_a_task_raises_ends_all_and_is_raised_here(cluster: RayWorkers, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"^Expected a store, but there is none\.$"):
        list(cluster.work_off(Opening(tmp_path), ["a", "refuse"]))


def test_what_no_machine_has_room_for_is_refused(cluster: RayWorkers, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="Expected GPUs in the Ray cluster"), ray_workers("auto", device="cuda"):
        pass
    monkeypatch.setenv("OMP_NUM_THREADS", "10000")
    with pytest.raises(ConfigError, match=r"a machine of 10000 processors .* but the largest has"), ray_workers("auto"):
        pass


@pytest.mark.slow  # PyTorch is loaded on each worker
def test_predict_gives_the_same_answers_in_the_same_order(
    cluster: RayWorkers,
    corpus: FeatureStore,
    run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(predict_in_workers, "PART_CLIPS", 16)
    monkeypatch.chdir(run.parent)
    words = ("predict", "run", "store", "--json", "--coverage", "0.8")
    here, there = (json.loads(lddu(capsys, *words, *more).out) for more in ((), ("--ray", "local")))
    assert [clip["clip"] for clip in there["clips"]] == [clip["clip"] for clip in here["clips"]] == corpus.table.clip.tolist()  # fmt: skip
    for one, other in zip(here.pop("clips"), there.pop("clips"), strict=True):
        assert one.pop("probability") == pytest.approx(other.pop("probability"), abs=1e-6)
        assert one["evidence"].pop("width") == pytest.approx(other["evidence"].pop("width"), rel=1e-5)
        assert one.pop("uncertainty") == pytest.approx(other.pop("uncertainty"), abs=1e-5)
        assert (one["emotions"], one["cannot_tell"], one["missing"]) == (other["emotions"], other["cannot_tell"], other["missing"])  # fmt: skip
    assert here == there


def test_another_store_or_run_at_the_place_is_refused(
    cluster: RayWorkers, corpus: FeatureStore, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(run)
    with monkeypatch.context() as leading:
        leading.setattr(FeatureStore, "manifest_sha256", "of this machine")
        with pytest.raises(
            MismatchError, match=r"the same store at .*store on every machine, but .* has another there"
        ):
            predict_in_workers.infer_in_parts(predictor, corpus, cluster)
    monkeypatch.setattr(predict_in_workers, "_digest", lambda _: "of this machine")
    with pytest.raises(MismatchError, match=r"the same run at .*run on every machine, but .* has another there"):
        predict_in_workers.infer_in_parts(predictor, corpus, cluster)


@pytest.mark.slow
def test_a_search_adds_its_trials_to_one_journal(cluster: RayWorkers, corpus: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    out = tmp_path / "search"
    fixed = ("--training.epochs", "1", "--model.hidden", "16", "--training.batch-size", "32")
    said = lddu(capsys, "search", corpus.path, "--trials", "4", "--out", out, *fixed, "--ray", "local", "--jobs", "2", "--json")  # fmt: skip
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert sorted(trial["number"] for trial in found["trials"]) == [0, 1, 2, 3]
    assert len({json.dumps(trial["settings"]) for trial in found["trials"]}) == 4
    assert {path.name for path in out.glob("trial-*")} == {f"trial-000{n}" for n in range(4)}
    assert all((path / "log.jsonl").is_file() for path in out.glob("trial-*"))
    again = lddu(capsys, "search", corpus.path, "--trials", "4", "--out", out, *fixed, "--json")
    assert json.loads(again.out) == found  # no trial more, with or without the cluster


@pytest.mark.slow
def test_extraction_gives_the_same_features_and_names_what_failed(
    cluster: RayWorkers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in ("av", "mediapipe"):
        pytest.importorskip(module, reason="raw clips need the extra: pip install 'lddu[clips]'")
    from lddu.clips.simulated.talking_clips import TalkingClip, write_talking_clip

    monkeypatch.chdir(tmp_path)
    write_talking_clip(Path("talk.mp4"), TalkingClip("So glad."), "buzz")
    Path("broken.mp4").write_bytes(b"no video")
    here = lddu(capsys, "extract", "talk.mp4", "broken.mp4", "--out", "here")
    there = lddu(capsys, "extract", "talk.mp4", "broken.mp4", "--out", "there", "--ray", "local")
    assert (here.code, there.code) == (1, 1)
    assert "failed: Expected broken.mp4" in there.err
    one, other = FeatureStore("here"), FeatureStore("there")
    assert one.manifest["sha256"] == other.manifest["sha256"]
    assert one.manifest["source"]["failed"] == other.manifest["source"]["failed"]
    assert not Path("there.work").exists()


@pytest.mark.slow  # three Ray start-ups, minutes where the machine is busy
def test_ctrl_c_ends_a_search_cleanly(cluster: RayWorkers, corpus: FeatureStore, tmp_path: Path) -> None:
    """A second program that joins the cluster by its address; its work there ends with it."""
    import ray

    out, address = tmp_path / "search", ray.get_runtime_context().gcs_address
    command = [sys.executable, "-m", "lddu", "search", corpus.path, "--trials", 500, "--out", out, "--ray", address]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    process = subprocess.Popen(
        [str(word) for word in command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, cwd=tmp_path,
    )  # fmt: skip
    deadline = time.monotonic() + 300
    while not list(out.glob("trial-*/log.jsonl")):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.1)
    assert len(working(tmp_path)) >= 2  # the command and a process of the cluster
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to all of them
    said, told = process.communicate(timeout=120)
    assert (process.returncode, said) == (130, ""), told
    assert f"the same command with --out {out} goes on" in " ".join(told.split()) and "Traceback" not in told
    while working(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not working(tmp_path)


def working(folder: Path) -> list[str]:
    """Processes that stand in this folder, as those of the cluster do with the command's."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if link.readlink() == folder:
                found.append(link.parent.name)
        except OSError:  # gone meanwhile
            continue
    return found
