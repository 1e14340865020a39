"""What a run may be called: a folder, a .zip of it, a known name; and what is refused rather than answered by another run."""

import gc
import json
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lddu
from lddu.errors import ConfigError, RunError
from lddu.runs import named_runs, run_archive
from lddu.runs.named_runs import opened_run
from lddu.runs.run_archive import unpack_run
from lddu.runs.run_folder import RunFolder
from lddu.store.store import FeatureStore
from tests.builders import tiny_config, tiny_store
from tests.command_line import lddu as typed


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`store`, and `run` that was trained on it."""
    place = tmp_path_factory.mktemp("named")
    lddu.train(tiny_store(place / "store"), place / "run", tiny_config(training={"epochs": 1}))
    return place


@pytest.fixture
def place(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of them, the working directory."""
    copy = shutil.copytree(trained, tmp_path / "place")
    monkeypatch.chdir(copy)
    return Path(copy)


@pytest.fixture
def shipped(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A default run that comes with the package."""
    package = tmp_path / "package"
    shutil.copytree(trained / "run", package / "pretrained" / "default")
    monkeypatch.setattr(named_runs, "files", lambda _: package)
    return package


def zipped(run: Path, archive: Path, above: str = "") -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in sorted(run.rglob("*")):
            target.write(file, f"{above}{file.relative_to(run).as_posix()}")
    return archive


def answer(run: object, store: Path) -> np.ndarray:
    return np.asarray(lddu.load(run).predict(FeatureStore(store)).probability)  # type: ignore[arg-type]


def test_a_family_may_be_named_and_must_be_that_of_the_run(place: Path) -> None:
    wanted = answer("run", place / "store")
    for run in (
        lddu.load("run", family="lddu"),
        lddu.load(RunFolder("run", "lddu")),
        lddu.load(RunFolder("run"), family="lddu"),
    ):
        np.testing.assert_array_equal(run.predict(FeatureStore(place / "store")).probability, wanted)
    with pytest.raises(RunError, match="Expected a run of the model family univa in run, but it is of lddu"):
        lddu.load("run", family="univa")
    with pytest.raises(
        ConfigError, match="Expected `family` only beside the name of a run, but the run in run is of lddu"
    ):
        lddu.load(RunFolder("run"), family="univa")
    with pytest.raises(ConfigError, match="Expected a model family out of"):
        RunFolder("run", "no-such")


def test_a_zip_with_the_separators_of_windows_is_the_same_run(place: Path, tmp_path: Path) -> None:
    options = lddu.RunOptions(members=2)
    run = lddu.train(place / "store", place / "mates", tiny_config(training={"epochs": 1}), options)
    with zipfile.ZipFile(tmp_path / "run.zip", "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("mates\\member-0\\", b"")
        for file in sorted(file for file in run.path.rglob("*") if file.is_file()):
            target.writestr("mates\\" + str(file.relative_to(run.path)).replace("/", "\\"), file.read_bytes())
    np.testing.assert_array_equal(answer(tmp_path / "run.zip", place / "store"), answer(run.path, place / "store"))


@pytest.mark.parametrize("above", ["", "run/", "a run of mine/"])
def test_a_zip_answers_as_its_folder_does_and_leaves_nothing_behind(
    above: str, place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    archive = zipped(place / "run", place / "packed.zip", above)
    predictor = lddu.load(archive)
    np.testing.assert_array_equal(
        predictor.predict(place / "store").probability, answer(place / "run", place / "store")
    )
    assert predictor.warnings(place / "store") and repr(predictor).startswith(f"Predictor('{archive}'")
    assert list((tmp_path / "temporary").iterdir())
    del predictor
    gc.collect()
    assert not list((tmp_path / "temporary").iterdir())


def test_a_zip_of_an_ensemble_holds_its_networks(place: Path) -> None:
    options = lddu.RunOptions(members=2)
    run = lddu.train(place / "store", place / "pair", tiny_config(training={"epochs": 1}), options)
    archive = zipped(run.path, place / "pair.zip")
    np.testing.assert_array_equal(answer(archive, place / "store"), answer(run.path, place / "store"))


def test_the_default_is_the_run_of_the_package(place: Path, shipped: Path) -> None:
    np.testing.assert_array_equal(answer("default", place / "store"), answer(place / "run", place / "store"))
    assert opened_run("default").read_only and opened_run("default").path == shipped / "pretrained" / "default"


def test_a_source_tree_without_the_default_says_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_runs, "files", lambda _: place)
    with pytest.raises(RunError, match="Expected the run 'default' in this installation of lddu, but it comes without"):
        lddu.load("default")


def test_a_name_that_is_also_a_path_is_refused_until_it_is_written_as_one(place: Path, shipped: Path) -> None:
    assert shipped.is_dir()
    shutil.copytree(place / "run", place / "default")
    with pytest.raises(RunError, match=r"a file or folder of that name lies here too; write \./default for that one"):
        lddu.load("default")
    for own in ("./default", Path("default")):
        assert lddu.load(own).folder.path == Path("default")
    (place / "default.zip").touch()  # another name altogether
    shutil.rmtree(place / "default")
    assert lddu.load("default").folder.place == "default"


@pytest.mark.parametrize(
    "verb", ["predict {} store --csv", "predict --run {} store --csv", "report {}", "evaluate {} store"]
)
def test_every_command_takes_every_name_of_a_run(
    verb: str, place: Path, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shipped.is_dir()
    zipped(place / "run", place / "run.zip")
    said = [typed(capsys, *verb.format(name).split()) for name in ("run", "run.zip", "default")]
    assert [one.code for one in said] == [0, 0, 0]
    tables = [one.out.partition("report:")[0] for one in said]
    assert tables[0] and tables == [tables[0]] * 3


def test_runs_are_compared_by_any_name(place: Path, shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shipped.is_dir()
    zipped(place / "run", place / "run.zip")
    found = typed(capsys, "compare", "run.zip", "default", "run", "--html", "page.html", "--json")
    assert found.code == 0, found.err
    assert [(one["first_run"], one["second_run"]) for one in json.loads(found.out)["comparisons"]] == [
        ("run.zip", "default"), ("run.zip", "run"),
    ]  # fmt: skip


def test_nothing_is_written_into_a_run_that_is_not_the_users_own(
    place: Path, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file: file.read_bytes() for file in shipped.rglob("*") if file.is_file()}
    assert typed(capsys, "report", "default").code == 0
    assert typed(capsys, "evaluate", "default", "store", "--robustness").code == 0
    assert {file: file.read_bytes() for file in shipped.rglob("*") if file.is_file()} == before
    assert place.is_dir()


def test_without_a_run_the_default_answers_and_it_is_said(
    place: Path, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shipped.is_dir()
    found = typed(capsys, "predict", "store", "--json")
    assert found.code == 0 and json.loads(found.out)["run"] == "default"
    assert "no run is named: the default run answers" in found.err
    assert "no run is named" not in typed(capsys, "predict", "default", "store", "--json").err
    assert place.is_dir()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("rnu store", r"but rnu is not there \(did you mean run\?\); check the path, or name the run with --run"),
        ("stor", r"but stor is not there \(did you mean store\?\)"),
        ("talk.mp4", r"but talk\.mp4 is not there; check the path"),
        ("defaultt store", r"but defaultt is not there \(did you mean default\?\)"),
        ("run.zip store", r"but run\.zip is not there"),
        ("--run defaultt store", r"Expected a run folder at defaultt, but there is none \(did you mean default\?\)"),
    ],
)
def test_what_does_not_exist_is_never_answered_by_the_default(
    words: str, said: str, place: Path, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shipped.is_dir() and place.is_dir()
    found = typed(capsys, "predict", *words.split())
    assert found.code == 1 and found.out == "" and re.search(said, found.err), found.err


def test_a_run_that_lost_its_config_is_still_meant_as_the_run(
    place: Path, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shipped.is_dir()
    (place / "run" / "config.json").unlink()
    found = typed(capsys, "predict", "run", "store")
    assert found.code == 1 and "Expected config.json in run, but it is not there" in found.err


def test_where_no_run_is_named_a_folder_called_default_changes_nothing(
    place: Path, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shipped.is_dir()
    before = typed(capsys, "predict", "store", "--csv").out
    (place / "default").mkdir()
    assert typed(capsys, "predict", "store", "--csv").out == before
    assert "lies here too" in typed(capsys, "predict", "default", "store").err


def test_two_runs_are_one_too_many(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = typed(capsys, "predict", "--run", "run", "run", "store")
    assert found.code == 2 and "Expected one run, but got --run run and the run run" in found.err
    assert place.is_dir()


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name)
    found.external_attr = mode << 16
    return found


UNSAFE = [
    ("../config.json", stat.S_IFREG, "leads out"),
    ("run/../../model.safetensors", stat.S_IFREG, "leads out"),
    ("/etc/config.json", stat.S_IFREG, "leads out"),
    ("..\\config.json", stat.S_IFREG, "leads out"),
    ("run\\..\\..\\config.json", stat.S_IFREG, "leads out"),
    ("\\\\machine\\config.json", stat.S_IFREG, "leads out"),
    ("C:/config.json", stat.S_IFREG, "leads out"),
    ("model.safetensors", stat.S_IFLNK, "is a link"),
    ("metrics.json", stat.S_IFIFO, "is a link or a device"),
    ("config.json", stat.S_IFREG, "is there twice"),
]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("name", "kind", "said"), UNSAFE)
def test_a_zip_that_reaches_beyond_its_folder_is_refused_before_anything_is_written(
    name: str, kind: int, said: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as target:
        target.writestr(entry("config.json"), "{}")
        target.writestr(entry(name, kind | 0o644), "/etc/passwd")
    (tmp_path / "inner").mkdir()
    with pytest.raises(RunError, match=said):
        unpack_run(tmp_path / "run.zip", tmp_path / "inner")
    assert sorted(tmp_path.iterdir()) == [tmp_path / "inner", tmp_path / "run.zip"]
    assert not list((tmp_path / "inner").iterdir())


@given(
    names=st.lists(
        st.sampled_from(["a", "..", ".", "", "config.json", "member-0", "log.jsonl"]), min_size=1, max_size=5
    )
)
def test_whatever_a_zip_calls_its_files_nothing_is_written_outside(
    names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    outer = tmp_path_factory.mktemp("zip")
    (outer / "inner").mkdir()
    with zipfile.ZipFile(outer / "run.zip", "w") as target:
        target.writestr("config.json", "{}")
        if "/".join(names) not in ("", "config.json"):
            target.writestr("/".join(names), "x")
    try:
        unpack_run(outer / "run.zip", outer / "inner")
    except RunError:
        assert not list((outer / "inner").iterdir())
    else:
        assert {file.name for file in outer.joinpath("inner").rglob("*") if file.is_file()} <= set(
            run_archive.RUN_FILES
        )
    assert sorted(outer.iterdir()) == [outer / "inner", outer / "run.zip"]


def test_only_the_files_of_a_run_are_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as target:
        for name in (
            "run/config.json",
            "run/member-0/log.jsonl",
            "run/setup.py",
            "__MACOSX/run/._config.json",
            "run/a/config.json",
        ):
            target.writestr(name, "{}")
    (tmp_path / "inner").mkdir()
    unpack_run(tmp_path / "run.zip", tmp_path / "inner")
    found = sorted(
        str(file.relative_to(tmp_path / "inner")) for file in (tmp_path / "inner").rglob("*") if file.is_file()
    )
    assert found == ["config.json", "member-0/log.jsonl"]


def two_runs(target: zipfile.ZipFile) -> None:
    target.writestr("a/config.json", "{}")
    target.writestr("b/config.json", "{}")


def no_run(target: zipfile.ZipFile) -> None:
    target.writestr("deep/down/config.json", "{}")


def bomb(target: zipfile.ZipFile) -> None:
    target.writestr("config.json", b"0" * 5000)


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (two_runs, r"it holds 2: a, b"),
        (no_run, r"it holds none; pack one"),
        (bomb, r"at most .* GiB, but it takes more"),
    ],
)
def test_a_zip_of_no_single_run_of_sound_size_is_refused(
    fill: Callable[[zipfile.ZipFile], None], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_archive, "MOST_BYTES", 4096)
    with zipfile.ZipFile(tmp_path / "run.zip", "w", zipfile.ZIP_DEFLATED) as target:
        fill(target)
    with pytest.raises(RunError, match=said):
        opened_run(tmp_path / "run.zip")


def test_a_damaged_zip_is_one_sentence(place: Path) -> None:
    whole = zipped(place / "run", place / "run.zip").read_bytes()
    for content in (b"", b"PK", whole[:-50], whole[: len(whole) // 2], whole.replace(whole[200:300], b"\0" * 100, 1)):
        (place / "run.zip").write_bytes(content)
        with pytest.raises(RunError, match=r"Expected .*run\.zip"):
            lddu.load(place / "run.zip")
