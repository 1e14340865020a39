"""`lddu train --folds`: whole groups, each clip tested once by a run that never saw its group, and what was stopped goes on."""

import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lddu as lddu_package
from lddu.errors import ConfigError, MismatchError, RunError, StoreError
from lddu.machine.held import held
from lddu.runs.compare import compare_runs
from lddu.runs.pooled_folds import FoldRow, folds_csv, over_folds
from lddu.runs.run_folder import RunFolder
from lddu.store.clip_table import ClipRow
from lddu.store.folds import GroupFolds, _stratified, fold_clips, without_positives
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.cross_validation import FoldOptions, cross_validate
from lddu.training.plan import RunOptions
from lddu.training.splits import chosen_folds, fold_splits
from tests.builders import clip_arrays, tiny_config, tiny_store, write_csv, write_npz
from tests.command_line import lddu
from tests.training.stops import StopAfter

SHORT = tiny_config(training={"epochs": 1}, decision={"dropout_passes": 0})
QUICK = RunOptions(report=False, baselines=False)


def spoken_store(path: Path, clips: int = 60, speakers: int = 12, silent: int = 0) -> FeatureStore:
    """Clips of speakers in five sessions; `rare` is shown by speaker 0 alone; the last `silent` clips have no speaker."""
    random = np.random.default_rng(0)
    with writing_store(path, StoreDescription(("joy", "rare"), {"audio": "made up"}), force=True) as writer:
        for i in range(clips):
            speaker = i % speakers
            carried: dict[str, float | str] = {
                "_speaker": "" if i >= clips - silent else f"s{speaker}",
                "_session": speaker % 5,
            }
            shares = (float(random.random() < 0.5), float(speaker == 0))
            writer.add(
                ClipRow(f"c{i}", "train", shares, carried=carried),
                {"audio": random.normal(size=(2, 4)).astype(np.float32)},
            )
        writer.add(ClipRow("idle", "unused", (1.0, 0.0)), {"audio": np.ones((1, 4), np.float32)})
        writer.add(ClipRow("unlabelled", "train"), {"audio": np.ones((1, 4), np.float32)})
    return FeatureStore(path)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return spoken_store(tmp_path_factory.mktemp("spoken") / "store")


@pytest.fixture(scope="module")
def whole(spoken: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    out = tmp_path_factory.mktemp("whole") / "folds"
    return cross_validate(spoken, out, SHORT, FoldOptions(3, "_speaker", RunOptions(baselines=False)))


def test_the_page_on_run_folders_names_every_file_and_key(whole: RunFolder) -> None:
    page = (Path(__file__).parents[2] / "docs" / "run_folder.md").read_text(encoding="utf-8")
    fold = RunFolder(whole.path / "fold-1")
    named = [file.name for file in (*whole.path.iterdir(), *fold.path.iterdir()) if file.is_file()]
    for metrics in (whole.read_json("metrics.json"), fold.read_json("metrics.json")):
        figures = metrics["splits"]["test"]
        named += [*metrics, *figures, *next(iter(figures["per_emotion"].values()))]
    named += [key for key in fold.read_json("decision.json") if key not in ("version", "emotions")]
    assert [name for name in dict.fromkeys(named) if f"`{name}`" not in page] == []


@given(
    st.integers(3, 6), st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.booleans()), min_size=20, max_size=60)
)
@settings(max_examples=25)
def test_no_group_is_in_two_folds_and_no_fold_is_empty(count: int, clips: list[tuple[int, bool, bool]]) -> None:
    group = np.array([f"g{n}" for n, _, _ in clips] + [f"h{n}" for n in range(count)], dtype=object)
    present = np.array([own for _, *own in clips] + [[True, False]] * count)
    fold = _stratified(group, present, count)
    assert set(fold.tolist()) == set(range(count))
    assert all(len(set(fold[group == name].tolist())) == 1 for name in set(group.tolist()))


def test_emotions_are_more_even_over_folds_than_by_chance() -> None:
    random = np.random.default_rng(0)
    group = np.array([f"g{n}" for n in random.integers(60, size=600)], dtype=object)
    present = random.random((600, 4)) < np.array([0.5, 0.2, 0.05, 0.02])
    spread = [np.ptp([present[fold == k].sum(axis=0) for k in range(5)], axis=0).sum()
              for fold in [_stratified(group, present, 5), *(random.integers(5, size=60)[[int(g[1:]) for g in group]] for _ in range(20))]]  # fmt: skip
    assert spread[0] < min(spread[1:])


def test_each_fold_is_tested_once_and_no_speaker_is_on_two_sides(whole: RunFolder, spoken: FeatureStore) -> None:
    tested: list[str] = []
    for k in range(3):
        own = FeatureStore(whole.path / "stores" / f"fold-{k + 1}")
        speakers = {
            s: set(own.table.carried["_speaker"][own.table.in_split(s)].tolist()) for s in ("train", "valid", "test")
        }
        assert all(speakers.values()) and sum(map(len, speakers.values())) == 12
        tested += own.table.clip[own.table.in_split("test")].tolist()
        assert own.verify() == [] and np.array_equal(own.steps("audio", 3), spoken.steps("audio", 3))
    assert sorted(tested) == sorted(spoken.table.clip[:60].tolist())
    pooled = whole.predictions()
    assert sorted(pooled.clip.tolist()) == sorted(tested)
    for run in ("fold-1", "fold-3"):
        found = RunFolder(whole.path / run).predictions()
        own_rows = found.rows(found.split == "test")
        place = [pooled.clip.tolist().index(clip) for clip in own_rows.clip]
        assert np.array_equal(pooled.probability[place], own_rows.probability)
        assert np.array_equal(pooled.label[place], own_rows.label)


def test_what_is_odd_is_said(whole: RunFolder) -> None:
    said = whole.description.warnings
    assert any("shows rare" in sentence for sentence in said)
    assert "1 clip left out of the folds: without a label" in said and "1 clip left out of the folds: unused" in said
    for k in range(1, 4):
        own = RunFolder(whole.path / f"fold-{k}").description.warnings
        assert any(sentence.startswith(f"fold {k} of 3 by '_speaker': test") for sentence in own)
    page = (whole.path / "report.html").read_text()
    assert "fold-3" in page and "12 groups" in page and "shows rare" in page


def test_means_deviations_and_pooled_figures_are_those_of_the_runs(whole: RunFolder) -> None:
    metrics = whole.read_json("metrics.json")
    own = [
        RunFolder(whole.path / f"fold-{k}").read_json("metrics.json")["splits"]["test"]["f1_micro"] for k in (1, 2, 3)
    ]
    found = metrics["over_folds"]["f1_micro"]
    assert (found["mean"], found["deviation"]) == pytest.approx((np.mean(own), np.std(own, ddof=1)))
    pooled = whole.predictions()
    hits = (pooled.label & (pooled.presence == 1)).sum()
    expected = 2 * hits / (pooled.label.sum() + (pooled.presence == 1).sum())
    figures = metrics["splits"]["test"]
    assert figures["f1_micro"] == pytest.approx(expected) and figures["n"] == 60
    assert figures["intervals"]["f1_micro"][0] <= expected <= figures["intervals"]["f1_micro"][1]
    assert [one["name"] for one in figures["baselines"]] == ["everything-positive", "best-constant"]
    assert pd.read_csv(whole.path / "folds.csv")["f1_micro"].tolist()[:3] == pytest.approx(own)


def test_two_cross_validations_are_compared_clip_by_clip(
    whole: RunFolder, spoken: FeatureStore, tmp_path: Path
) -> None:
    other = cross_validate(
        spoken, tmp_path / "other", tiny_config(training={"epochs": 2}), FoldOptions(3, "_speaker", QUICK)
    )
    [pair] = compare_runs([whole.path, other.path])
    assert pair.clips == 60 and (pair.comparison.by, pair.comparison.units) == ("group", 12)
    for call in (other.load_model, other.load_decision):
        with pytest.raises(RunError, match=r"such as .*fold-1"):
            call()


def test_what_was_stopped_goes_on_and_equals_what_was_not(
    whole: RunFolder, spoken: FeatureStore, tmp_path: Path
) -> None:
    wanted = FoldOptions(3, "_speaker", QUICK)
    with pytest.raises(RuntimeError):
        cross_validate(spoken, tmp_path / "f", SHORT, wanted, StopAfter(2))
    first = (tmp_path / "f" / "fold-1" / "metrics.json").stat().st_mtime_ns
    found = cross_validate(spoken, tmp_path / "f", SHORT, wanted)
    assert (tmp_path / "f" / "fold-1" / "metrics.json").stat().st_mtime_ns == first
    assert np.array_equal(found.predictions().probability, whole.predictions().probability)
    with pytest.raises(MismatchError, match="differs in folds;"):
        cross_validate(spoken, tmp_path / "f", SHORT, FoldOptions(4, "_speaker", QUICK))
    with pytest.raises(MismatchError, match="its settings differ"):
        cross_validate(spoken, tmp_path / "f", tiny_config(training={"epochs": 3}), wanted)


@pytest.mark.parametrize("where", ["folds", "device"])
def test_force_removes_nothing_before_it_is_sure(spoken: FeatureStore, tmp_path: Path, where: str) -> None:
    out = tmp_path / "f"
    with pytest.raises(RuntimeError):
        cross_validate(spoken, out, SHORT, FoldOptions(3, "_speaker", QUICK), StopAfter(2))
    before = sorted(path for path in out.rglob("*"))
    again = FoldOptions(3, "_speaker", replace(QUICK, force=True, device="cuda:99" if where == "device" else "cpu"))
    in_work = held(out, RunError) if where == "folds" else nullcontext()
    with in_work, pytest.raises(RunError, match=r"to be at rest|cuda:99"):
        cross_validate(spoken, out, SHORT, again)
    assert sorted(path for path in out.rglob("*")) == before


def test_python_needs_no_settings_for_a_cross_validation(spoken: FeatureStore, tmp_path: Path) -> None:
    wanted = lddu_package.FoldOptions(3, "_speaker", QUICK)
    with pytest.raises(RuntimeError, match="stopped"):
        lddu_package.cross_validate(str(spoken.path), tmp_path / "f", folds=wanted, callback=StopAfter(2))
    found = RunFolder(tmp_path / "f" / "fold-1").description.config
    assert (found.family, found.preset) == ("lddu", "default")


def test_leaving_one_session_out_makes_a_fold_of_each(spoken: FeatureStore) -> None:
    folds = fold_clips(spoken, None, "_session")
    assert folds.count == 5 and [folds.groups_of(k) for k in range(5)] == [["0"], ["1"], ["2"], ["3"], ["4"]]
    assert ((folds.split(4) == "valid") == (folds.fold == 0)).all()
    assert {name for _, name in without_positives(spoken, folds)} == {"rare"}


def test_clips_without_a_group_are_counted_and_go_alone(tmp_path: Path) -> None:
    store = spoken_store(tmp_path / "store", silent=6)
    folds = fold_clips(store, 3, "_speaker")
    assert folds.alone == 6 and (folds.fold[54:60] >= 0).all()
    with pytest.raises(ConfigError, match="6 clips have none"):
        fold_clips(store, None, "_speaker")


UNFOLDABLE = [
    (("--folds", "3", "--group", "_speakr"), "did you mean '_speaker'"),
    (("--folds", "13", "--group", "_speaker"), "at least 13 groups in the column '_speaker'"),
    (("--folds", "2", "--group", "_speaker"), "--folds to be at least 3"),
    (("--folds", "3"), "--group clip"),
    (("--folds", "some"), "a number or 'each'"),
    (("--group", "_speaker"), "beside --folds"),
]
"""Words of every command that trains on folds, and what its one sentence says; of 12 speakers in the column `_speaker`."""


@pytest.mark.parametrize(
    ("words", "message"), [*UNFOLDABLE, (("--folds", "3", "--init-from", "run"), "without --init-from")]
)
def test_what_cannot_be_folded_is_refused_in_a_sentence(
    words: tuple[str, ...], message: str, spoken: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = lddu(capsys, "train", spoken.path, "--out", tmp_path / "out", *words)
    assert refused.code == 2 and message in refused.err and refused.err.count("Expected") == 1
    assert not (tmp_path / "out").exists()


def test_a_fold_whose_features_are_gone_says_where_they_were(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store", clips=30)
    cross_validate(store, tmp_path / "folds", SHORT, FoldOptions(3, "group", QUICK))
    shutil.move(tmp_path / "store", tmp_path / "moved")
    with pytest.raises(StoreError, match="nothing is there"):
        FeatureStore(tmp_path / "folds" / "stores" / "fold-1").steps("audio", 0)
    tiny_store(tmp_path / "store", clips=30, seed=1)
    with pytest.raises(StoreError, match="another store is there"):
        FeatureStore(tmp_path / "folds" / "stores" / "fold-1").steps("audio", 0)


@pytest.mark.slow
def test_the_command_shows_the_folds_and_refuses_to_take_the_whole_for_one_run(
    spoken: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = (
        "--model.hidden",
        "16",
        "--model.latent",
        "4",
        "--model.heads",
        "2",
        "--training.epochs",
        "1",
        "--no-baselines",
    )
    out = tmp_path / "out"
    shown = lddu(capsys, "train", spoken.path, "--folds", "3", "--group", "clip", "--out", out, *sizes)
    assert shown.code == 0 and "mean ± deviation" in shown.out
    assert lddu(capsys, "report", out).code == 0
    for words in (("evaluate", out), ("train", "--resume", out)):
        refused = lddu(capsys, *words)
        assert refused.code != 0 and refused.err.count("Expected") == 1 and "cross-validation" in refused.err


def test_what_raters_are_expected_to_say_is_that_of_each_fold(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store", clips=150)
    run = cross_validate(store, tmp_path / "folds", SHORT, FoldOptions(3, "clip", QUICK))
    pooled = pd.read_parquet(run.path / "predictions.parquet").set_index("clip")
    for k in (1, 2, 3):
        own = pd.read_parquet(run.path / f"fold-{k}" / "predictions.parquet").set_index("clip")
        own = own[own.split == "test"]
        for name in ("expected_share_joy", "share_joy"):
            assert (pooled.loc[own.index, name] == own[name]).all(), name


def test_folds_of_speakers_and_of_clips_are_compared_over_speakers(spoken: FeatureStore, whole: RunFolder) -> None:
    of_clips = cross_validate(spoken, whole.path.parent / "of-clips", SHORT, FoldOptions(3, "clip", QUICK))
    for runs in ([whole, of_clips], [of_clips, whole]):
        [pair] = compare_runs(runs)
        assert (pair.comparison.by, pair.comparison.units) == ("group", 12)
        assert f"the groups of {whole.place} are resampled for both" in pair.note
    again = compare_runs([whole, of_clips])[0].comparison
    back = pair.comparison.difference["f1_micro"]
    assert (again.difference["f1_micro"].low, again.difference["f1_micro"].high) == pytest.approx(
        (-back.high, -back.low)
    )


def test_what_a_corpus_says_of_its_own_splits_is_not_said_of_folds(tmp_path: Path) -> None:
    rows = [{"clip": f"-c{i}", "split": "", "joy": str(i % 2), "_speaker": f"s{i % 6}"} for i in range(24)]
    for name, split in (("none", ""), ("some", "train")):
        (tmp_path / name).mkdir()
        write_csv(tmp_path / name / "clips.csv", [row | {"split": split if i else ""} for i, row in enumerate(rows)])
        write_npz(tmp_path / name / "audio.npz", clip_arrays(24))
        store = lddu_package.import_corpus(tmp_path / name, tmp_path / f"{name} store")
        said = store.manifest["warnings"]
        assert any("split" in sentence for sentence in said)
        out = tmp_path / f"{name} folds"
        fold_splits(store, out, chosen_folds(store, GroupFolds(3, "_speaker")))
        kept = [FeatureStore(out / "stores" / f"fold-{k}").manifest["warnings"] for k in (1, 2, 3)]
        assert not any(sentence in kept_here for sentence in said for kept_here in kept)
        assert all(f"fold {k} of 3" in kept[k - 1][0] for k in (1, 2, 3))


def test_a_figure_that_one_fold_alone_can_give_has_no_deviation() -> None:
    rows = [
        FoldRow(f"fold-{k}", (), {"train": 4, "valid": 2, "test": 2}, {"f1_micro": 0.5 + k / 10}) for k in (1, 2, 3)
    ]
    rows[1].figures["error_auroc"] = 0.75
    found = over_folds(rows)
    assert found["f1_micro"] == {"mean": pytest.approx(0.7), "deviation": pytest.approx(0.1), "folds": 3}
    assert found["error_auroc"] == {"mean": 0.75, "deviation": None, "folds": 1}
    pooled = {"n": 6, "error_auroc": {"product": 0.7}, "intervals": {}, "error_auroc_interval": None}
    lines = folds_csv(rows, found, pooled | {"adaptive_ece_interval": [0.02, 0.06]})
    ends = [line for line in lines.splitlines() if line.startswith(("pooled low", "pooled high"))]
    assert [line.split(",")[-2:] for line in ends] == [["0.02", ""], ["0.06", ""]]
    assert [line.split(",")[-1] for line in lines.splitlines() if line.startswith(("mean", "deviation"))] == [
        "0.75",
        "",
    ]
