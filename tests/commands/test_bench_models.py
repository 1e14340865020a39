"""`lddu bench-models`: one table over families and seeds; it goes on where it was killed; bad inputs are one sentence each."""

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from lddu.corpora.simulated.simulate import SimulationConfig, simulate
from lddu.models.peers import lmf
from lddu.runs.run_folder import RunFolder
from lddu.sentences import SIMULATED_CORPUS
from tests.builders import tiny_store, untested_store
from tests.command_line import lddu

QUICK = ("--seeds", "2", "--trials", "0", "--epochs", "1", "--device", "cpu")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store, and one whose four modalities the family tfn refuses."""
    folder = tmp_path_factory.mktemp("bench")
    tiny_store(folder / "store", clips=30)
    tiny_store(folder / "four", dimensions={f"m{i}": 2 for i in range(4)})
    return folder


def test_a_killed_bench_goes_on_and_names_what_is_missing(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ("bench-models", place / "store", "--families", "late-fusion,lmf", *QUICK, "--out", out)
    assert lddu(capsys, *words).code == 0
    kept = (out / "lmf" / "seed-0" / "metrics.json").stat().st_mtime_ns
    first = (out / "table.csv").read_text()
    shutil.rmtree(out / "lmf" / "seed-1")
    (out / "lmf" / "seed-1" / "resume").mkdir(parents=True)  # as a kill before the first file leaves it
    found = lddu(capsys, *words)
    assert found.code == 0 and "lmf: seed 1" in found.err and "late-fusion: seed" not in found.err
    assert (
        RunFolder(out / "lmf" / "seed-1").finished
        and (out / "lmf" / "seed-0" / "metrics.json").stat().st_mtime_ns == kept
    )
    rows = list(csv.DictReader((out / "table.csv").open()))
    before = list(csv.DictReader(first.splitlines()))
    assert [row["f1_micro"] for row in rows] == [row["f1_micro"] for row in before]
    assert {row["family"] for row in rows} == {"late-fusion", "lmf"} and rows[0]["behind"] == ""
    assert float(rows[1]["low"]) <= float(rows[1]["behind"]) <= float(rows[1]["high"])
    assert "Missing: nothing." in (out / "table.md").read_text()
    assert "highest mean micro-F1" in (out / "table.html").read_text()
    assert SIMULATED_CORPUS not in (out / "table.html").read_text()


def test_a_bench_on_a_simulated_corpus_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulate(tmp_path / "store", SimulationConfig(clips=40, dimensions={"text": 4}))
    words = ("--families", "late-fusion", "--seeds", "1", "--trials", "0", "--epochs", "1", "--device", "cpu")
    found = lddu(capsys, "bench-models", tmp_path / "store", *words, "--out", tmp_path / "out")
    for told in ((tmp_path / "out" / "table.html").read_text(), (tmp_path / "out" / "table.md").read_text(), found.out):
        assert SIMULATED_CORPUS in told
    assert {row["simulated"] for row in csv.DictReader((tmp_path / "out" / "table.csv").open())} == {"True"}


def test_a_family_that_cannot_be_made_is_named_and_the_others_go_on(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    found = lddu(capsys, "bench-models", place / "four", "--families", "tfn,late-fusion", *QUICK, "--out", out)
    assert found.code == 1 and "Expected at most 3 modalities for the model family tfn" in found.err
    assert "Missing: tfn seed 0, tfn seed 1." in (out / "table.md").read_text()
    assert "Missing: tfn seed 0, tfn seed 1." in (out / "table.html").read_text()


def test_a_family_that_breaks_or_finds_no_memory_is_named_and_the_others_go_on(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 20 GiB.")

    monkeypatch.setattr(lmf.Lmf, "forward", full)
    words = ("bench-models", place / "store", "--families", "lmf,late-fusion", *QUICK, "--out", tmp_path / "out")
    told = "is left out: OutOfMemoryError: CUDA out of memory. Tried to allocate 20 GiB."
    for _ in range(2):  # the second time it goes on
        found = lddu(capsys, *words)
        assert found.code == 1 and f"lmf seed 0 {told}" in found.err and f"lmf seed 1 {told}" in found.err
        page = (tmp_path / "out" / "table.html").read_text()
        assert page.count("Tried to allocate") == 1 and "lmf seed 0, lmf seed 1: OutOfMemoryError" in page
        assert "Missing: lmf seed 0, lmf seed 1." in found.out and "| late-fusion | 2 |" in found.out


def test_a_seed_that_fails_is_named_and_the_next_one_is_trained(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    build = lmf.Lmf.__init__

    def first_fails(self: lmf.Lmf, *arguments: Any) -> None:
        if torch.initial_seed() == 0:
            raise ValueError("not with this seed")
        build(self, *arguments)

    words = ("bench-models", place / "store", "--families", "lmf", *QUICK, "--out", tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr(lmf.Lmf, "__init__", first_fails)
        found = lddu(capsys, *words)
    assert found.code == 1 and "lmf seed 0 is left out: ValueError: not with this seed" in found.err
    assert "| lmf | 1 |" in found.out and "Missing: lmf seed 0." in found.out
    assert RunFolder(tmp_path / "out" / "lmf" / "seed-1").finished
    found = lddu(capsys, *words)
    assert found.code == 0 and "| lmf | 2 |" in found.out and "Missing: nothing." in found.out


def test_settings_that_a_search_found_are_taken_and_the_others_are_published(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--seeds", "1", "--epochs", "1", "--device", "cpu", "--families", "late-fusion,lmf")
    found = tmp_path / "found"
    found.mkdir()
    (found / "lmf.toml").write_text('family = "lmf"\n[model]\nrank = 3\n')
    out = tmp_path / "out"
    told = lddu(capsys, "bench-models", place / "store", *words, "--trials", "0", "--settings", found, "--out", out)
    assert told.code == 0, told.err
    assert RunFolder(out / "lmf" / "seed-0").description.config.to_mapping()["model"]["rank"] == 3
    assert "published settings, lmf with given ones" in (out / "table.html").read_text()
    again = lddu(capsys, "bench-models", place / "store", *words, "--trials", "0", "--out", out)
    assert again.code == 1 and "differs in settings" in again.err


def test_settings_of_families_that_are_not_asked_for_do_not_matter(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def bench(families: str, *more: str | Path) -> tuple[int, str]:
        words = ("--families", families, "--seeds", "1", "--trials", "0", "--epochs", "1", "--device", "cpu", *more)
        told = lddu(capsys, "bench-models", place / "store", *words, "--out", tmp_path / "out")
        return told.code, told.err

    def settings(rank: int) -> tuple[str | Path, ...]:
        (tmp_path / "lmf.toml").write_text(f'family = "lmf"\n[model]\nrank = {rank}\n')
        (tmp_path / "late-fusion.toml").write_text('family = "late-fusion"\n[training]\nbatch_size = 5\n')
        return "--settings", tmp_path

    assert bench("beta")[0] == 0
    assert bench("late-fusion", *settings(3))[0] == 0
    assert bench("lmf,late-fusion", *settings(3))[0] == 0  # of which lmf has not begun
    assert bench("late-fusion", *settings(2))[0] == 0 and bench("beta")[0] == 0
    for families, more in (("lmf", settings(2)), ("lmf", ()), ("beta,late-fusion", ())):
        code, err = bench(families, *more)
        assert code == 1 and "differs in settings" in err
    (tmp_path / "beta.toml").write_text('family = "beta"\n[training]\nbatch_size = 5\n')
    code, err = bench("beta", *settings(3))  # begun without
    assert code == 1 and "differs in settings" in err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, "but there is none; name another folder"),
        ({"lmf.toml": 'family = "misa"'}, "Expected --settings of the model family lmf, but got those of misa."),
        ({"lmf.toml": "[model]\nrunk = 3\n"}, "lmf.toml: "),
    ],
)
def test_settings_that_cannot_be_taken_are_refused(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: dict[str, str], sentence: str
) -> None:
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    words = ("--families", "lmf", *QUICK, "--settings", tmp_path, "--out", tmp_path / "out")
    told = lddu(capsys, "bench-models", place / "store", *words)
    assert told.code == 2 and sentence in " ".join(told.err.split()) and not (tmp_path / "out").exists()


def test_without_labelled_test_clips_nothing_is_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    untested_store(tmp_path / "store")
    found = lddu(capsys, "bench-models", tmp_path / "store", *QUICK, "--out", tmp_path / "out")
    assert found.code == 1 and "labelled clips of the split 'test' in" in found.err
    assert "to compare model families on, but there are none" in found.err and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--seeds", "0"), "Expected --seeds to be at least 1, but got 0."),
        (("--trials", "-1"), "Expected --trials to be at least 0, but got -1."),
        (("--epochs", "0"), "Expected --epochs to be at least 1, but got 0."),
        (("--families", "lmff"), "but got 'lmff' (did you mean 'lmf'?)"),
        (("--families", ","), "Expected --families to name model families or 'all', but got none."),
    ],
)
def test_wrong_numbers_and_names_are_refused(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    found = lddu(capsys, "bench-models", place / "store", *words, "--out", tmp_path / "out")
    assert found.code == 2 and sentence in found.err and not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    found = lddu(capsys, "bench-models", place / "store", *QUICK, "--out", tmp_path)
    assert found.code == 1 and "to be free or to hold a bench of models" in found.err
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    (tmp_path / "letter.txt").unlink()
    (tmp_path / "bench.json").write_text('{"store": "x", "trials": 0, "epochs": 1}')
    found = lddu(capsys, "bench-models", place / "store", *QUICK, "--out", tmp_path)
    assert found.code == 1 and "but the one that it holds differs in store; choose another --out" in found.err
    (tmp_path / "bench.json").write_text("{")
    assert "it is damaged" in lddu(capsys, "bench-models", place / "store", *QUICK, "--out", tmp_path).err
