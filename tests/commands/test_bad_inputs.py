"""What a user can get wrong, each with the sentence that is said: expected, found, cure; exit 1 or 2; no traceback."""

import errno
import functools
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from cyclopts import App

from lddu.commands.cli import _refused, app_for
from lddu.training.run import train
from tests.builders import table_folder, tiny_config, tiny_store
from tests.command_line import lddu


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`store`, a finished `run` on it, and a few stores that do not suit it."""
    place = tmp_path_factory.mktemp("bad")
    store = tiny_store(place / "store")
    train(store, place / "run", tiny_config(training={"epochs": 1}))
    tiny_store(place / "wide", dimensions={"audio": 9, "text": 6})
    tiny_store(place / "foreign", dimensions={"smell": 3})
    tiny_store(place / "calm", emotions=("calm",))
    other = tiny_store(place / "other", clips=25, seed=1)
    train(other, place / "other-run", tiny_config(training={"epochs": 1}))
    table_folder(place / "table")
    (place / "empty").mkdir()
    (place / "file.txt").write_text("no store")
    with zipfile.ZipFile(place / "clips.zip", "w") as archive:
        archive.writestr("talk.mp4", b"a film")
    (place / "bad.toml").write_text("epochs = = 3")
    (place / "typos.toml").write_text('present = "x"\n[model]\nhidde = 8\nlayers = -1\n[training]\nepochs = "many"\n')
    (place / "section.toml").write_text("model = 3\n")
    (place / "preset.toml").write_text('preset = "papr"\n')
    return place


@pytest.fixture
def place(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to spoil; it is the working directory."""
    copy = shutil.copytree(prepared, tmp_path / "place")
    monkeypatch.chdir(copy)
    return Path(copy)


TRAIN = "train store --out new"

WRONGLY_ASKED = [
    ("", ""),  # help
    ("trail store", r'Unknown command "trail"\. Did you mean "train"\? See \'lddu --help\'\.$'),
    ("data imprt table", r'Unknown command "imprt"\. Did you mean "import"'),
    ("train store --seed", r"Expected a value after --seed, but got none\."),
    ("train store --out a --force --force", r"Expected --force once, but got it again\."),
    ("train store --out a --out b", r"Expected --out once, but got it again with 'b'\."),
    (
        "predict run store --recal 0.9",
        r"an option or a file, but --recal is neither. Did you mean --recall\? See 'lddu predict --help'",
    ),
    (
        "extract a.mp4 --transcrib --out new",
        r"an option or a file, but --transcrib is neither. Did you mean --transcribe\?",
    ),
    ("train store --sead 3", r"Unknown option: --sead\. Did you mean --seed\? See 'lddu train --help'\.$"),
    ("train store --model.hiddn 8", r"Unknown option: --model.hiddn\. Did you mean --model.hidden\?"),
    ("train store --seed three", r"Expected --seed to be a whole number, but got 'three'\. See 'lddu train --help'\.$"),
    ("train store --model.hidden wide", r"Expected --model.hidden to be a whole number, but got 'wide'"),
    (
        "train store --training.epochs many",
        r"Expected --training.epochs to be a whole number or 'auto', but got 'many'",
    ),
    ("train store --training.warmup slow", r"Expected --training.warmup to be a number, but got 'slow'"),
    ("train store --json=maybe", r"Expected --json to be true or false, but got 'maybe'"),
    ("train store other-store", r"Expected no further words, but got 'other-store'"),
    ("predict run", r"Expected clips or a store for the run run, but got none"),
    ("data import table", r"Expected --out in 'lddu data import', but it was left out"),
    (
        "evaluate run store --split tset",
        r"Expected --split to be one of train, valid, test \(also called training.*, but got 'tset'",
    ),
    (
        "compare run run --split eval",
        r"valid, test \(also called .*, but got 'eval', which means valid in some corpora",
    ),
    ("compare run run --split train", r"Expected --split to be one of valid, test .*, but got 'train'"),
    ("data", ""),  # help
    (
        f"{TRAIN} --objective.target share",
        r"Expected --objective.target to be 'presence' or 'shares', but got 'share' \(did you mean 'shares'\?\)",
    ),
    (
        f"{TRAIN} --preset papr",
        r"Expected a preset of the model family lddu out of paper, default, but got 'papr' \(did you mean 'paper'\?\)",
    ),
    (f"{TRAIN} --config preset.toml", r"Expected a preset of .*but got 'papr'"),
    (f"{TRAIN} --config nowhere.toml", r"Expected a settings file at nowhere.toml, but it cannot be read"),
    (f"{TRAIN} --config empty", r"Expected a settings file at empty, but it cannot be read"),
    (f"{TRAIN} --config bad.toml", r"Expected bad.toml to be TOML, but it is not: .*line 1"),
    (
        f"{TRAIN} --config typos.toml",
        r"In typos.toml: The settings have 4 problems: present is not a setting.*model.hidde is not a setting \(did you "
        r"mean 'hidden'\?\).*model.layers to be a whole number of at least 0 or 'auto', but got -1.*training.epochs to be a whole "
        r"number of at least 1 or 'auto', but got 'many'",
    ),
    (f"{TRAIN} --config section.toml", r"In section.toml: .*model is a section of settings, but got the value 3"),
    (
        f"{TRAIN} --model.dropout 2 --training.learning-rate 0 --training.epochs 0",
        r"3 problems: .*model.dropout .*from 0 to 0.95, but got 2.*learning_rate .*but got 0.*epochs .*but got 0",
    ),
    (f"{TRAIN} --training.learning-rate nan", r"learning_rate to be a number of at least 1e-09, but got nan"),
    (f"{TRAIN} --training.learning-rate inf", r"learning_rate to be a number of at least 1e-09, but got inf"),
    (f"{TRAIN} --model.hidden 30", r"expected model.hidden to be a multiple of model.heads = 8, but got 30"),
    (f"{TRAIN} --seed -1", r"Expected --seed to lie from 0 to \d+, but got -1"),
    (f"{TRAIN} --seeds 0", r"Expected --seeds to be at least 1, but got 0"),
    ("train --resume run --preset paper", r"Expected --resume alone: a run goes on with its own settings"),
    ("train --resume run --training.epochs 3", r"Expected --resume alone"),
    ("train --resume run --seed 3", r"Expected --resume alone"),
    ("train --resume run --seeds 2", r"Expected --resume alone"),
    ("train --resume run --init-from run", r"Expected --resume alone"),
    ("train --resume run --force", r"Expected --resume alone"),
    ("predict run store --json --csv", r"Expected --json or --csv, but got both; choose one"),
    ("compare run", r"Expected two or more run folders to compare, but got 1"),
    ("compare", r"Expected two or more run folders to compare, but got 0"),
    ("data simulate --out new --clips 3", r"--clips to be at least 10, but got 3"),
    ("data simulate --out new --seed -4", r"seed to be 0 or more, but got -4"),
    ("data import table --out new --present-at 1.5", r"Expected --present-at to lie in \(0, 1\], but got 1.5"),
    ("predict run store --recall 1.5", r"Expected --recall above 0 and below 1, but got 1.5"),
    ("predict run store --coverage 0", r"Expected --coverage above 0 and at most 1, but got 0"),
]

FAILED = [
    ("train nowhere --out new", r"Expected nowhere to be a feature store, but nothing is there; check the path"),
    ("train table --out new", r"Expected table to be a feature store, .*; run 'lddu data import' on it first"),
    ("train empty --out new", r"Expected empty to be a feature store, but it holds no manifest.json"),
    ("train file.txt --out new", r"Expected file.txt to be a feature store"),
    ("train store --out run", r"Expected run to be free, but it exists; choose another --out, or add --force"),
    ("train store --out empty", r"Expected empty to be free, but it exists"),
    ("train store --out store --force", r"Expected --force to replace a run folder, but store is something else"),
    ("train store --out file.txt --force", r"Expected --force to replace a run folder, but file.txt is something else"),
    (f"{TRAIN} --device tpu", r"Expected a device out of auto, cpu, cuda, mps, xpu or such as cuda:1, but got 'tpu'"),
    (f"{TRAIN} --device meta", r"Expected a device out of auto, .*, but got 'meta'"),
    (f"{TRAIN} --init-from nowhere", r"Expected a run folder at nowhere, but there is none"),
    (f"{TRAIN} --init-from run", r"Expected the network of run to have the sizes of this one, but they differ"),
    (
        f"{TRAIN} --training.learning-rate 1e30 --training.warmup 0 --model.hidden 8 --model.latent 4 --model.layers 1",
        r"training has diverged; lower --training.learning-rate",
    ),
    ("train --resume nowhere", r"Expected a run folder at nowhere, but there is none; make one with 'lddu train'"),
    ("train --resume run", r"Expected run to be unfinished, but it has finished; see 'lddu report run'"),
    ("evaluate nowhere", r"Expected a run folder at nowhere, but there is none"),
    ("evaluate store", r"Expected config.json in store, but it is not there; make a run with 'lddu train'"),
    ("evaluate run calm", r"Expected labels of at least one of joy, anger in calm, but it has labels of calm"),
    ("evaluate run store --device tpu", r"Expected a device out of auto, .*, but got 'tpu'"),
    (
        "predict nowhere store",
        r"Expected a run, or a clip or store for the default run, but nowhere is not there",
    ),
    ("predict rum store", r"but rum is not there \(did you mean run\?\)"),
    ("predict --run nowhere store", r"Expected a run folder at nowhere, but there is none"),
    ("predict --run file.txt store", r"Expected a run folder at file.txt, or a .zip of one, but it is another file"),
    ("predict clips.zip", r"Expected a run or a clip, but clips.zip is an archive without a run; unpack it"),
    ("predict run nowhere", r"Expected nowhere to be a feature store"),
    ("predict run store --device cuda:99", r"Expected a device of this machine, but got 'cuda:99'"),
    ("predict run wide", r"Expected audio of 4 numbers per step, which run was trained on, but wide has 9"),
    ("predict run foreign", r"Expected at least one of audio, text in foreign, but it has smell"),
    ("compare run store", r"Expected config.json in store, but it is not there"),
    ("compare run other-run", r"Expected runs on the same clips, but run has 4 and other-run has 5"),
    ("report nowhere", r"Expected a run folder at nowhere"),
    ("data describe nowhere", r"Expected nowhere to be a feature store, but nothing is there"),
    ("data import nowhere --out new", r"Expected a corpus at nowhere, but nothing is there"),
    ("data import store --out new", r"but store is a feature store already; use it as it is"),
    ("data import table --out store", r"add --force"),
    ("data import table --out new --format parquet", r"Expected --format to be one of table"),
]


@pytest.mark.parametrize(("typed", "said"), WRONGLY_ASKED, ids=lambda value: str(value)[:60] or "nothing")
def test_a_wrongly_asked_command_exits_with_2(
    typed: str, said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = lddu(capsys, *typed.split())
    if not said:
        assert found.code == 0 and "Usage: lddu" in found.out
        return
    assert found.code == 2 and re.search(said, found.err), found.err
    assert found.out == "" and not (place / "new").exists()


def _whole(hint: Any) -> bool:
    return hint is int or any(map(_whole, get_args(hint)))


BROKEN_NUMBERS = [
    "train store --out new --model.hidden 2.5",
    "train store --out new --model.hidden 64.0",
    "train store --out new --training.epochs 1.5",
    "train store --out new --seed 1.0",
    "train store --out new --seeds 1.5",
    "search store --out new --trials 2.5",
    "search store --out new --trials 2 --training.batch-size 8.5",
    "data simulate --out new --clips 100.4",
    "data simulate --out new --dimension.text 2.5",
    "data import table --out new --max-steps.audio 1.5",
    "evaluate run --seed 1.5",
    "extract talk.mp4 --out new --jobs 1.5",
]


@pytest.mark.parametrize("typed", BROKEN_NUMBERS)
def test_a_broken_number_is_never_made_whole(typed: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = lddu(capsys, *typed.split())
    option, value = re.findall(r"(--\S+) (\S+\.\d)", typed)[0]
    assert found.code == 2 and re.search(rf"Expected {option} to be a whole number.*, but got '{value}'", found.err)
    assert found.out == "" and not (place / "new").exists()


WHOLE = [
    (verb, argument.names[0] + (".audio" if "dict" in str(argument.hint) else ""))
    for verb in ("train", "search", "evaluate", "extract", "data import", "data simulate")
    for argument in functools.reduce(App.__getitem__, verb.split(), app_for()).assemble_argument_collection()
    if _whole(argument.hint)
]


@pytest.mark.parametrize(("verb", "option"), WHOLE)
def test_every_whole_number_of_every_command_is_read_strictly(
    verb: str, option: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needed = {"search": "store --trials 1", "evaluate": "run", "extract": "talk.mp4", "data import": "table"}.get(
        verb, ""
    )
    if option == "--trials":
        needed = "store"
    out = [] if verb == "evaluate" else ["--out", "new"]
    found = lddu(capsys, *verb.split(), *needed.split(), *out, option, "2.5")
    assert found.code == 2 and re.match(rf"lddu: Expected {option} to be a whole number.*, but got '2.5'", found.err)


@pytest.mark.parametrize(("typed", "said"), FAILED, ids=lambda value: str(value)[:60])
def test_a_failing_command_says_why_and_exits_with_1(
    typed: str, said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = lddu(capsys, *typed.split())
    assert found.code == 1, found.err
    assert re.search(said, found.err), found.err
    assert found.out == ""
    if "diverged" not in said:
        assert not (place / "new").exists()


def edited(file: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def edit(run: Path) -> None:
        told = json.loads((run / file).read_text())
        change(told)
        (run / file).write_text(json.dumps(told))

    return edit


def overwritten(file: str, content: bytes) -> Callable[[Path], object]:
    return lambda run: (run / file).write_bytes(content)


def removed(file: str) -> Callable[[Path], None]:
    return lambda run: (run / file).unlink()


def cut(file: str) -> Callable[[Path], object]:
    return lambda run: (run / file).write_bytes((run / file).read_bytes()[:-100])


PREDICT, REPORT, COMPARE = "predict run store", "report run", "compare run run"

DAMAGED = [
    ("newer config", edited("config.json", lambda c: c.update(version=3)), PREDICT, r"version 2 or older in run, but got 3; update lddu"),
    ("foreign config", edited("config.json", lambda c: c.update(format="x")), PREDICT, r"to describe a run of lddu, but it is something"),
    ("config no JSON", overwritten("config.json", b"{"), PREDICT, r"config.json to be JSON, but it is damaged"),
    ("config no text", overwritten("config.json", b"\xff\xfe"), PREDICT, r"config.json to be JSON, but it is damaged"),
    ("config a list", overwritten("config.json", b"[]"), PREDICT, r"config.json to hold a JSON object"),
    ("config absent", removed("config.json"), PREDICT, r"Expected config.json in run, but it is not there"),
    ("unknown setting", edited("config.json", lambda c: c["config"]["model"].update(wings=2)), PREDICT, r"damaged .*model.wings is not a setting"),
    ("settings a list", edited("config.json", lambda c: c.update(config=[])), PREDICT, r"config.json to describe a run, but it is damaged"),
    ("sections a word", edited("config.json", lambda c: c["config"].update(model="x")), PREDICT, r"model is a section"),
    ("task without emotions", edited("config.json", lambda c: c["task"].update(emotions=[])), PREDICT, r"to describe a run, but it is damaged"),
    ("task of words", edited("config.json", lambda c: c["task"].update(dimensions={"audio": "4"})), PREDICT, r"to describe a run, but it is damaged"),
    ("a wider task", edited("config.json", lambda c: c["task"]["dimensions"].update(audio=5)), PREDICT, r"to hold the weights that config.json describes, but it does not"),
    ("weights cut short", cut("model.safetensors"), PREDICT, r"model.safetensors to hold the weights .* copy the run again"),
    ("weights absent", removed("model.safetensors"), PREDICT, r"Expected the weights run/model.safetensors, but they are not there"),
    ("decision absent", removed("decision.json"), PREDICT, r"Expected decision.json in run, but it is not there; the run was finished and has lost it: copy it again"),
    ("newer decision", edited("decision.json", lambda d: d.update(version=9)), PREDICT, r"version 4 or older, but got version 9; install a newer lddu"),
    ("decision from test", edited("decision.json", lambda d: d["fitted_on"].update(split="test")), PREDICT, r"fitted_on.split"),
    ("decision of one emotion", edited("decision.json", lambda d: d.update(thresholds=[0.5])), PREDICT, r"thresholds to be 2 numbers"),
    ("decision on other emotions", edited("decision.json", lambda d: d["emotions"].reverse()), PREDICT, r"decision.json to decide on the emotions of config.json \(joy, anger\), but it names anger, joy; copy the run again"),
    ("metrics absent", removed("metrics.json"), REPORT, r"Expected metrics.json in run, but it is not there"),
    ("metrics no JSON", overwritten("metrics.json", b"x"), REPORT, r"metrics.json to be JSON, but it is damaged"),
    ("metrics without splits", edited("metrics.json", lambda m: m.pop("splits")), REPORT, r"Expected the metrics of a split"),
    ("metrics without figures", edited("metrics.json", lambda m: m["splits"].update(test={})), REPORT, r"metrics.json to hold the figures of a run, but it is damaged"),
    ("no log", removed("log.jsonl"), REPORT, r"Expected run/log.jsonl, from which the training is drawn, but it is not there; copy"),
    ("log cut short", overwritten("log.jsonl", b""), REPORT, r"Expected run/log.jsonl to hold \d+ epochs, but it holds 0"),
    ("metrics without cost", edited("metrics.json", lambda m: m.pop("cost")), REPORT, r"metrics.json to hold the figures of a run, but it is damaged"),
    ("log no JSON", overwritten("log.jsonl", b"x\n"), REPORT, r"log.jsonl to hold a JSON object a line"),
    ("predictions absent", removed("predictions.parquet"), COMPARE, r"Expected predictions in run/predictions.parquet, but they are not there"),
    ("predictions cut short", cut("predictions.parquet"), COMPARE, r"predictions.parquet to hold predictions of a run, but it is damaged"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "typed", "said"), [case[1:] for case in DAMAGED], ids=[case[0] for case in DAMAGED])
def test_a_damaged_or_newer_run_is_named_with_what_to_do(
    damage: Callable[[Path], object], typed: str, said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(place / "run")
    found = lddu(capsys, *typed.split())
    assert found.code == 1 and re.search(said, found.err), found.err


VERBS = [name for name in app_for() if not name.startswith("-")]


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "train"])
def test_only_train_may_be_started_several_times_by_a_launcher(
    verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {"train", "predict", "evaluate", "search"} <= set(VERBS)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    found = lddu(capsys, verb, "--help")
    assert found.code == 2 and found.out == ""
    assert found.err == (
        "lddu: rank 1: Expected one process for this command, but a launcher has started several; only train is shared."
    )
    monkeypatch.setenv("WORLD_SIZE", "1")  # a launcher of one process is none
    assert lddu(capsys, verb, "--help").code == 0


def test_train_may_be_started_several_times_by_a_launcher(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    found = lddu(capsys, "train", "--help")
    assert found.code == 0 and "--resume" in found.out


def test_a_run_resumed_on_a_changed_store_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "run" / "resume").mkdir()  # as an unfinished run has it
    found = lddu(capsys, "train", "--resume", "run", "other")
    assert found.code == 1 and "but other is another or has changed; name the right store" in found.err


def test_a_place_taken_by_a_run_that_was_stopped_says_how_to_go_on(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "run" / "resume").mkdir()
    found = lddu(capsys, "train", "store", "--out", "run")
    assert found.code == 1 and "go on with 'lddu train --resume run', or add --force" in found.err


def test_an_unfinished_run_says_how_to_finish_it(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("model.safetensors", "decision.json", "metrics.json"):
        (place / "run" / name).unlink()
    for typed in (PREDICT, REPORT, "evaluate run"):
        found = lddu(capsys, *typed.split())
        assert found.code == 1 and "go on with 'lddu train --resume run'" in found.err


def test_a_place_that_cannot_be_written_is_one_sentence(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = lddu(capsys, "train", "store", "--out", "file.txt/run")
    assert found.code == 1 and re.search(r"a place for file.txt/run, but .*file.txt is a file, not a folder", found.err)


REFUSED_BEFORE = [
    ("predict run store --html /proc/new", "lddu.runs.predictor.Predictor.__init__"),
    ("predict run store --export /proc/new.csv", "lddu.runs.predictor.Predictor.__init__"),
    ("compare run run --html /proc/new.html", "lddu.runs.compare.resampled_runs"),
    ("compare run run --csv /proc/new.csv", "lddu.runs.compare.resampled_runs"),
    ("card run --out /proc/new.md", "lddu.pages.card.model_card"),
    ("export run --onnx /proc/new.onnx", "lddu.runs.onnx.file.traced"),
    ("score predictions.csv store --out /proc/new", "lddu.training.score.read_answers"),
    ("score predictions.csv store --out run", "lddu.training.score.read_answers"),
    ("train store --out /proc/new", "lddu.training.run.train_member"),
    ("extract clip.wav --out /proc/new", "lddu.clips.extract.writing_store"),
    ("data import table --out /proc/new", "lddu.corpora.table.table_format.modality_paths"),
    ("serve --keep /proc", "lddu.serve.server.serve"),
]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder that takes no files, whoever asks")
@pytest.mark.parametrize(("typed", "work"), REFUSED_BEFORE, ids=lambda words: str(words)[:40])
def test_a_place_that_takes_no_files_is_refused_before_the_work(
    typed: str, work: str, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def begun(*_: object, **__: object) -> None:
        raise AssertionError("the work began")

    monkeypatch.setattr(work, begun)
    found = lddu(capsys, *typed.split())
    assert found.code == 1 and found.out == ""
    assert re.search(r"read and write /proc/\S+, but the system refused|run to be free, but it exists", found.err), (
        found.err
    )


def test_a_full_disk_names_what_was_written_and_asks_for_room() -> None:
    copied = OSError(errno.ENOSPC, "No space left on device", "talk.mp4", None, "page/media/001.mp4")
    assert _refused(copied) == (
        "Expected to read and write page/media/001.mp4, but the system refused: No space left on device; "
        "make room and start again: finished work is kept."
    )
    assert _refused(PermissionError(errno.EACCES, "Permission denied", "page")).endswith("check the place.")


def test_too_little_memory_is_one_sentence(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from lddu.runs.predictor import Predictor

    def no_memory(*_: Any, **__: Any) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(Predictor, "infer", no_memory)
    found = lddu(capsys, *PREDICT.split())
    assert found.code == 1 and "Expected enough memory, but there is not" in found.err


def test_a_store_without_a_valid_split_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    from lddu.store.clip_table import ClipRow
    from lddu.store.writer import StoreDescription, writing_store

    with writing_store(tmp_path / "store", StoreDescription(("joy",), {"audio": "made up"})) as writer:
        for i in range(4):
            writer.add(ClipRow(f"c{i}", "train", [i % 2]), {"audio": np.ones((2, 3), np.float32)})
    found = lddu(capsys, "train", tmp_path / "store", "--out", tmp_path / "run")
    assert found.code == 1
    assert "Expected labelled clips of the split 'valid'" in found.err and "make the store again" in found.err.replace(
        "\n", " "
    )
