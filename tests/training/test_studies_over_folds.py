"""`lddu ablate --folds` and `lddu bench-models --folds`: each clip is predicted by a fold that never saw it, and what was stopped goes on."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lddu.errors import MismatchError
from lddu.models.families import preset
from lddu.runs.compare import compare_runs
from lddu.runs.model_table import ModelTable, as_markdown, cell_folder, model_table
from lddu.runs.run_folder import RunFolder
from lddu.store.clip_table import ClipRow
from lddu.store.folds import GroupFolds
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.model_bench import BenchOptions, bench_models
from lddu.training.retrained import AblationOptions, ablate
from lddu.training.search.search import NoSearchCallback
from tests.command_line import lddu
from tests.training.stops import StopAfter
from tests.training.test_cross_validation import UNFOLDABLE

SHORT = preset("default", {"training": {"epochs": 1}}, "late-fusion")
BY_SPEAKER = GroupFolds(3, "_speaker")
BENCH = BenchOptions(("late-fusion", "lmf"), 2, 0, 1, "cpu", folds=BY_SPEAKER)


def acted_store(path: Path, turned: str = "", lacking: str = "") -> FeatureStore:
    """60 clips of 12 speakers in 3 sessions and all in `train`; the labels of session `turned` are turned round.

    Args:
        path: where it goes.
        turned: session.
        lacking: session whose clips alone have `face`.
    """
    random = np.random.default_rng(0)
    sizes = {"audio": 4, "text": 3} | ({"face": 2} if lacking else {})
    with writing_store(path, StoreDescription(("joy", "anger"), dict.fromkeys(sizes, "made up"))) as writer:
        for i in range(60):
            session = f"{i % 12 % 3}"
            shares = (random.random(2) < 0.5) != (session == turned)
            row = ClipRow(
                f"c{i}", "train", tuple(map(float, shares)), carried={"_speaker": f"s{i % 12}", "_session": session}
            )
            features = {name: random.normal(size=(2, d)).astype(np.float32) for name, d in sizes.items()}
            writer.add(row, {n: own for n, own in features.items() if n != "face" or session == lacking})
    return FeatureStore(path)


@pytest.fixture(scope="module")
def acted(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return acted_store(tmp_path_factory.mktemp("acted") / "store")


class Bench(NoSearchCallback):
    """Remembers what began, and ends the bench at the n-th of them."""

    def __init__(self, most: int = 1000) -> None:
        self.begun: list[str] = []
        self.most = most

    def cell_begins(self, family: str, what: str) -> None:
        self.begun.append(f"{family}: {what}")
        if len(self.begun) == self.most:
            raise KeyboardInterrupt("stopped")

    def cell_failed(self, family: str, fault: str) -> None:
        raise AssertionError(fault)


def test_figures_of_an_ablation_are_of_the_held_out_clips_of_all_folds(acted: FeatureStore, tmp_path: Path) -> None:
    options = AblationOptions(seeds=1, device="cpu", folds=BY_SPEAKER)
    with pytest.raises(RuntimeError, match="stopped"):
        ablate(acted, tmp_path, SHORT, options, StopAfter(5))
    there = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/fold-*/metrics.json")}
    names: list[str] = []
    rows = ablate(
        acted, tmp_path, SHORT, options, begins=lambda name, place, count: names.append(f"{name} {place}/{count}")
    )
    assert len(there) == 4 and all(path.stat().st_mtime_ns == then for path, then in there.items())
    assert names[0] == "audio, seed 0, fold 2 5/9" and len(names) == 5
    for row in rows:
        [run] = row.runs
        hits = answered = shown = 0
        clips: list[str] = []
        for k in (1, 2, 3):
            fold = RunFolder(Path(run) / f"fold-{k}")
            own, splits = fold.predictions(), FeatureStore(tmp_path / "stores" / f"fold-{k}").table
            test = own.rows(own.split == "test")
            assert set(test.clip) == set(splits.clip[splits.in_split("test")]) and fold.description.seed == 0
            assert not set(test.group) & set(splits.group[splits.split != "test"])
            clips += test.clip.tolist()
            hits, answered, shown = (
                hits + (test.label & (test.presence == 1)).sum(),
                answered + test.label.sum(),
                shown + (test.presence == 1).sum(),
            )
        assert sorted(clips) == sorted(acted.table.clip)
        assert row.mean["f1_micro"] == pytest.approx(2 * hits / (answered + shown))
        assert (row.units, row.by, row.folds) == (12, "group", {"count": 3, "group": "_speaker"})
    [pair] = compare_runs([rows[0].runs[0], rows[1].runs[0]])
    assert rows[0].over_clips is None and rows[1].over_clips == pytest.approx(pair.comparison.difference)


@pytest.fixture(scope="module")
def benched(acted: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bench that nothing stopped."""
    out = tmp_path_factory.mktemp("benched") / "bench"
    assert bench_models(acted, out, BENCH, Bench()).train_clips == (20, 20, 20)
    return out


def table_of(out: Path) -> ModelTable:
    found = model_table(out, BENCH.families, BENCH.seeds, (20, 20, 20))
    assert found is not None
    return found


def without_cost(table: ModelTable) -> ModelTable:
    """What does not depend on the machine."""
    return replace(table, rows=tuple(replace(row, clips_per_second=0.0, peak_mib=None) for row in table.rows))


class Failing(Bench):
    """Breaks the n-th training."""

    def cell_begins(self, family: str, what: str) -> None:
        super().cell_begins(family, what)
        if len(self.begun) == 5:
            raise ValueError("no memory")

    def cell_failed(self, family: str, fault: str) -> None:
        assert fault == "ValueError: no memory"


def test_a_seed_of_all_folds_counts_where_a_later_one_fails(acted: FeatureStore, benched: Path, tmp_path: Path) -> None:
    options = replace(BENCH, families=("lmf",))
    assert set(bench_models(acted, tmp_path / "bench", options, Failing()).faults) == {"lmf"}
    found = model_table(tmp_path / "bench", ("lmf",), 2, (20, 20, 20))
    assert found is not None and found.missing == ("lmf seed 1 fold 2", "lmf seed 1 fold 3")
    [row] = found.rows
    whole = RunFolder(cell_folder(benched, "lmf", 0)).metrics["test"]
    assert row.seeds == (0,) and row.mean["f1_micro"] == whole.f1_micro


@pytest.mark.slow
def test_a_stopped_bench_over_folds_gives_the_table_of_one_that_was_not(
    acted: FeatureStore, benched: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt, match="stopped"):
        bench_models(acted, out, BENCH, Bench(9))
    assert table_of(out).missing == ("lmf seed 0 fold 3", "lmf seed 1")
    words = ("--families", "late-fusion,lmf", "--seeds", "2", "--trials", "0", "--epochs", "1", "--device", "cpu")
    again = lddu(capsys, "bench-models", acted.path, *words, "--folds", "3", "--group", "_speaker", "--out", out)
    assert again.code == 0 and "late-fusion: seed" not in again.err and "lmf: seed 0, fold 3" in again.err
    assert without_cost(table_of(out)) == without_cost(table_of(benched))
    assert "3 folds by '_speaker': every clip" in again.out and "over 12 groups" in again.out
    rows = list(csv.DictReader((out / "table.csv").open()))
    assert [row["folds"] for row in rows] == ["3", "3"] and all(float(row["clips_per_second"]) > 0 for row in rows)
    page = (out / "table.html").read_text()
    assert "3 folds by" in page and "12 groups" in page and "60 test clips" in page
    for other in (("--folds", "4", "--group", "_speaker"), ("--folds", "3", "--group", "clip")):
        refused = lddu(capsys, "bench-models", acted.path, *words, *other, "--out", out)
        assert refused.code == 1 and refused.err.count("Expected") == 1 and "choose another --out" in refused.err


def test_deviations_are_over_seeds_of_the_pooled_figures(benched: Path) -> None:
    table = table_of(benched)
    assert (table.clips, table.folds, table.column, table.missing) == (60, 3, "_speaker", ())
    for row in table.rows:
        own = [RunFolder(cell_folder(benched, row.family, seed)).metrics["test"].f1_micro for seed in range(2)]
        assert row.deviation is not None
        assert (row.mean["f1_micro"], row.deviation["f1_micro"]) == pytest.approx((np.mean(own), np.std(own, ddof=1)))


def test_a_fold_that_was_lost_is_trained_again_alone_and_pooled_anew(
    acted: FeatureStore, benched: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(benched, tmp_path / "bench")
    shutil.rmtree(out / "lmf" / "seed-0" / "fold-2")
    pooled = out / "lmf" / "seed-0" / "metrics.json"
    with pytest.raises(KeyboardInterrupt, match="stopped"):
        bench_models(acted, out, BENCH, Bench(1))
    assert not pooled.exists()  # or they would still be those of the lost fold after the next command
    watch = Bench()
    bench_models(acted, out, BENCH, watch)
    assert watch.begun == ["lmf: seed 0, fold 2"] and without_cost(table_of(out)) == without_cost(table_of(benched))


def test_settings_that_the_folds_do_not_share_are_named(acted: FeatureStore, benched: Path, tmp_path: Path) -> None:
    cell = shutil.copytree(benched, tmp_path / "bench") / "lmf" / "seed-0"
    assert "settings" not in RunFolder(cell).description.store["folds"]
    fold = RunFolder(cell / "fold-2")
    found = fold.read_json("config.json")
    decay = found["config"]["training"]["weight_decay"]
    found["config"]["training"]["weight_decay"] = 0.25
    fold.write_json("config.json", found)
    (cell / "metrics.json").unlink()
    bench_models(acted, tmp_path / "bench", BENCH, Bench())
    described = RunFolder(cell).description
    assert described.store["folds"]["settings"] == {"training.weight_decay": [decay, 0.25, decay]}
    assert any("settings differ between the folds" in warning for warning in described.warnings)


def searched(store: FeatureStore, out: Path) -> list[dict[str, Any]]:
    """What each fold of a bench chose, and its probabilities on its test clips."""
    options = BenchOptions(("late-fusion",), 1, 2, 1, "cpu", folds=GroupFolds(None, "_session"))
    assert bench_models(store, out, options, Bench()).faults == {}
    found = []
    for k in (1, 2, 3):
        run = RunFolder(out / "late-fusion" / "seed-0" / f"fold-{k}")
        predicted = run.predictions()
        test = predicted.rows(predicted.split == "test")
        search = out / "late-fusion" / "search" / f"fold-{k}"
        logs = [*sorted(search.glob("trial-*/log.jsonl")), run.path / "log.jsonl"]
        valid = [json.loads(line)["valid"] for log in logs for line in log.read_text().splitlines()]
        decisions = (test.probability.tolist(), test.label.tolist(), run.read_json("decision.json"))
        found.append({"settings": (search / "best.toml").read_text(), "valid": valid, "decisions": decisions})
        assert len(valid) == 3
    return found


def test_no_test_clip_of_a_fold_reaches_its_search_its_training_or_its_choice(
    acted: FeatureStore, tmp_path: Path
) -> None:
    before = searched(acted, tmp_path / "before")
    after = searched(acted_store(tmp_path / "turned", turned="0"), tmp_path / "after")
    assert after[0] == before[0]  # session 0 is tested by the first fold
    assert after[1]["decisions"] != before[1]["decisions"] and after[2]["valid"] != before[2]["valid"]
    pooled = RunFolder(tmp_path / "before" / "late-fusion" / "seed-0")
    assert pooled.finished and pooled.description.folds == 3
    table = model_table(tmp_path / "before", ("late-fusion",), 1, (20, 20, 20))
    assert table is not None and "too few groups to resample" in as_markdown(table)


def test_a_modality_that_some_fold_could_not_learn_is_refused_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = acted_store(tmp_path / "store", lacking="1")
    for verb in ("train", "ablate", "bench-models"):
        refused = lddu(capsys, verb, store.path, "--folds", "each", "--group", "_session", "--out", tmp_path / "out")
        assert refused.code == 1 and "but folds 1 and 2 have none" in refused.err
        assert refused.err.count("Expected") == 1 and not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["ablate", "bench-models"])
@pytest.mark.parametrize(("words", "message"), UNFOLDABLE)
def test_what_cannot_be_folded_is_refused_in_a_sentence(
    verb: str,
    words: tuple[str, ...],
    message: str,
    acted: FeatureStore,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refused = lddu(capsys, verb, acted.path, *words, "--out", tmp_path / "out")
    assert refused.code == 2 and message in refused.err and refused.err.count("Expected") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_command_of_an_ablation_says_that_it_was_over_folds_and_keeps_its_folder(
    acted: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = (
        "--family",
        "late-fusion",
        "--training.epochs",
        "1",
        "--seeds",
        "1",
        "--jobs",
        "1",
        "--out",
        tmp_path / "out",
    )
    folds = ("--folds", "3", "--group", "_speaker")
    shown = lddu(capsys, "ablate", acted.path, *short, *folds)
    assert shown.code == 0 and "3 folds by '_speaker'" in shown.out and "12 groups" in shown.out
    with (tmp_path / "out" / "ablation.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {(row["folds"], row["units"], row["resampled_by"]) for row in rows} == {("3", "12", "group")}
    assert {row["simulated"] for row in rows} == {"False"}
    assert float(rows[1]["f1_micro_less_all_low"]) <= float(rows[1]["f1_micro_less_all"])
    found = json.loads(lddu(capsys, "ablate", acted.path, *short, *folds, "--json").out)
    assert found["folds"] == {"count": 3, "group": "_speaker"} and found["simulated"] is False
    runs = [str(tmp_path / "out" / name) for name in ("audio+text-0", "audio-0")]
    assert lddu(capsys, "compare", *runs, "--html", tmp_path / "page.html").code == 0
    assert "of 3 folds" in (tmp_path / "page.html").read_text()
    resumed = lddu(capsys, "train", "--resume", tmp_path / "out")
    assert (
        resumed.code == 2 and "holds an ablation over folds; it goes on with the command that began it: " in resumed.err
    )
    for verb, words in (
        (("ablate", acted.path, *short), "but it is one over folds"),
        (("ablate", acted.path, *short, "--folds", "4", "--group", "_speaker"), "differs in folds"),
        (("train", acted.path, *folds, "--out", tmp_path / "out"), "but it is something else"),
    ):
        refused = lddu(capsys, *verb)
        assert refused.code == 1 and words in refused.err and refused.err.count("Expected") == 1


def test_folds_do_not_go_into_a_folder_of_runs_without_them(acted: FeatureStore, tmp_path: Path) -> None:
    (tmp_path / "audio-0").mkdir()
    with pytest.raises(Exception, match="to be free or to hold an ablation over folds"):
        ablate(acted, tmp_path, SHORT, AblationOptions(folds=BY_SPEAKER))
    with pytest.raises(MismatchError, match="differs in store"):
        (tmp_path / "ablation.json").write_text(json.dumps({"store": "other", "folds": 3, "group": "_speaker"}))
        ablate(acted, tmp_path, SHORT, AblationOptions(folds=BY_SPEAKER))
