"""What splits are called: one table of words, wherever a split is named."""

from pathlib import Path

import pytest

import lddu as package
from lddu.errors import ConfigError, SourceError
from lddu.labels import SPLIT_WORDS, SPLITS, split_asked, split_named
from lddu.runs.predictor import Predictor
from lddu.runs.run_folder import RunFolder
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.builders import table_folder, table_rows, tiny_config, tiny_store, write_csv
from tests.command_line import lddu

QUICK = tiny_config(training={"epochs": 1}, decision={"dropout_passes": 0})
WORDS = [(word, split) for split, words in SPLIT_WORDS.items() for word in (split, *words)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    place = tmp_path_factory.mktemp("splits")
    store = tiny_store(place / "store", clips=60)
    return train(store, place / "run", QUICK, RunOptions(report=False, baselines=False))


def test_every_word_names_one_split_in_any_case() -> None:
    assert tuple(SPLIT_WORDS) == SPLITS and len(dict(WORDS)) == len(WORDS)
    for word, split in WORDS:
        assert split_named(word) == split_named(f" {word.upper()} ") == split == split_asked(word, SPLITS)
    assert split_named("eval") is None


def test_importers_take_every_word(tmp_path: Path) -> None:
    rows = [{**row, "split": word} for row, (word, _) in zip(table_rows(len(WORDS)), WORDS, strict=True)]
    write_csv(table_folder(tmp_path / "table", len(WORDS)) / "clips.csv", rows)
    package.import_corpus(tmp_path / "table", tmp_path / "store")
    found = FeatureStore(tmp_path / "store").table
    assert dict(zip(found.clip, found.split, strict=True)) == {
        row["clip"]: split for row, (_, split) in zip(rows, WORDS, strict=True)
    }


def test_a_word_with_two_meanings_is_refused_with_what_there_is(tmp_path: Path) -> None:
    rows = [{**row, "split": "eval"} for row in table_rows()]
    write_csv(table_folder(tmp_path / "table") / "clips.csv", rows)
    said = r"train, valid, test, unused \(also called training.*\) or empty, but got 'eval', which means valid in some"
    with pytest.raises(SourceError, match=said):
        package.import_corpus(tmp_path / "table", tmp_path / "store")


def test_options_and_python_take_every_word(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for word in ("valid", "dev"):
        shown.append([
            lddu(capsys, "evaluate", run.path, "--split", word, "--json").out,
            lddu(capsys, "compare", run.path, run.path, "--split", word, "--json").out,
        ])  # fmt: skip
    assert shown[0] == shown[1] and '"valid"' in shown[0][0]
    assert run.metrics["dev"].f1_micro == run.metrics["valid"].f1_micro and "val" in run.metrics
    assert run.subgroups("group", "val").split == "valid"
    assert Predictor(run.path).evaluate(run.description.store["path"], "Dev")["n"] == run.metrics["valid"].n
    with pytest.raises(
        ConfigError, match=r"`split` to be one of train, valid, test, unused \(also called .*got 'tset'"
    ):
        Predictor(run.path).evaluate(run.description.store["path"], "tset")


def test_a_scored_table_says_which_word_it_does_not_know(run: RunFolder, tmp_path: Path) -> None:
    store = FeatureStore(run.description.store["path"])
    rows = [clip for clip, split in zip(store.table.clip, store.table.split, strict=True) if split != "train"]
    lines = [{"clip": clip, "split": "eval", **dict.fromkeys(store.emotions, "0.3")} for clip in rows]
    write_csv(tmp_path / "answers.csv", lines)
    found = package.score(tmp_path / "answers.csv", store, tmp_path / "run", package.ScoreOptions(baselines=False))
    [note] = [said for said in found.metrics.everything["warnings"] if "split" in said]
    assert note.startswith("24 lines of answers.csv name a split that is not known (expected one of train, valid")
