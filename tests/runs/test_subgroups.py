"""`run.subgroups("_gender")`: notes come from the predictions or the store, and what names no subgroups is refused in a sentence."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lddu
from lddu.arrays import Floats
from lddu.decide.decision import fit_decision
from lddu.decide.recalibrate import METHODS, Method
from lddu.errors import ConfigError, RunError
from lddu.evaluate.scored import Validation
from lddu.runs.run_folder import RunFolder
from lddu.runs.shared_run import packed_run
from lddu.runs.subgroups import (
    MOST_SUBGROUPS,
    PROMISED_RECALL,
    Notes,
    keep_subgroups,
    members_by,
    recalibrated_sets,
)
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.cross_validation import FoldOptions, cross_validate
from lddu.training.plan import RunOptions
from tests.builders import tiny_config
from tests.scores import random_scored

SHORT = tiny_config(training={"epochs": 1}, decision={"dropout_passes": 0})
QUICK = RunOptions(device="cpu", report=False, baselines=False)


def noted_store(path: Path, clips: int = 250, **further: object) -> FeatureStore:
    """Two emotions, 40 % test; of ten test clips four are of women, four of men, one is of `x`, one has no value; 25 speakers."""
    random = np.random.default_rng(0)
    with writing_store(path, StoreDescription(("joy", "anger"), {"audio": "made up"}), force=True) as writer:
        for i in range(clips):
            gender = ("f", "m", "f", "m", "f", "m", "f", "m", "x", "")[i // 5 % 10]
            shares = (random.random(2) < 0.4).astype(float)
            audio = np.tile(shares - 0.5, (2, 2)) + random.normal(size=(2, 4))
            carried = {"_gender": gender, "_age": 18.0 + i % 61, "_take": float(i % 3), "_file": f"f{i}", "_empty": ""}
            row = ClipRow(
                f"c{i}", ("train", "train", "valid", "test", "test")[i % 5], shares.tolist(), f"s{i // 5 % 25}",
                carried={**carried, **further},  # type: ignore[dict-item]
            )  # fmt: skip
            writer.add(row, {"audio": audio.astype(np.float32)})
    return FeatureStore(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `store` and a finished `run`."""
    place = tmp_path_factory.mktemp("by")
    lddu.train(noted_store(place / "store"), place / "run", SHORT, QUICK)
    return place


@pytest.fixture
def run(place: Path, tmp_path: Path) -> RunFolder:
    """A copy of the run beside a copy of its store, for a test to spoil."""
    shutil.copytree(place / "store", tmp_path / "store")
    shutil.copytree(place / "run", tmp_path / "run")
    config = tmp_path / "run" / "config.json"
    config.write_text(config.read_text().replace(str(place / "store"), str(tmp_path / "store")))
    return RunFolder(tmp_path / "run")


def test_kept_answers_and_answers_given_again_have_the_same_subgroups(place: Path) -> None:
    run, predictor = RunFolder(place / "run"), lddu.load(place / "run")
    kept = run.subgroups("_gender").to_mapping()
    again = predictor.evaluate(place / "store", by="_gender")["by"]["_gender"]
    assert [own["name"] for own in kept["subgroups"]] == ["f", "m", "x"] and kept["no_value"]["clips"] == 10
    assert [own["clips"] for own in kept["subgroups"]] == [40, 40, 10] and kept["whole"]["units"] == 25
    for one, other in zip(kept["subgroups"], again["subgroups"], strict=True):
        assert one["positives"] == other["positives"] and set(one["figures"]) == set(other["figures"])
        for name, own in one["figures"].items():
            assert own == pytest.approx(other["figures"][name], abs=1e-6), name
    assert kept["whole"]["figures"]["f1_micro"]["value"] == pytest.approx(run.metrics["test"].f1_micro)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("clips", [12, 300])
def test_label_sets_of_recalibrated_probabilities_are_those_of_the_decision(method: Method, clips: int) -> None:
    scored = random_scored(clips=clips, sharpness=1.7)
    decision = fit_decision(Validation(scored), recalibration=method)
    for probability in (scored.probability, random_scored(1, 200).probability):
        decided = decision.apply(probability, recall=PROMISED_RECALL)
        assert decided.label_set is not None
        assert np.array_equal(recalibrated_sets(decision, decided.probability), decided.label_set)
    cut = replace(decision.recall_sets, cuts=tuple(1.0000001 for _ in decision.recall_sets.cuts))
    assert not recalibrated_sets(replace(decision, recall_sets=cut), scored.probability).any()


def test_predictions_carry_the_notes_when_the_store_is_gone(run: RunFolder) -> None:
    before = run.subgroups("_gender")
    shutil.rmtree(run.path.parent / "store")
    assert run.subgroups("_gender") == before
    with pytest.raises(
        RunError,
        match=r"'_language'.*group, _age.*store cannot be read; .*on a copy of the store with `by='_language'`",
    ):
        run.subgroups("_language")


def test_a_column_that_the_store_got_later_is_found_there(run: RunFolder) -> None:
    noted_store(run.path.parent / "store", _language="de")
    [german] = run.subgroups("_language").subgroups
    assert (german.name, german.clips) == ("de", 100)
    with pytest.raises(
        ConfigError, match=r"column of .*store \(group, .*_gender.*\).*'_gendre' \(did you mean '_gender'\?\)"
    ):
        run.subgroups("_gendre")
    noted_store(run.path.parent / "store", clips=50, _language="de")
    with pytest.raises(RunError, match=r"80 of 100 are not in it \('?c"):
        run.subgroups("_language")


def test_by_group_clips_are_resampled_since_a_subgroup_is_one_group(run: RunFolder) -> None:
    found = run.predictions()
    few = replace(found, group=np.array([f"s{n % 3}" for n in range(len(found))], dtype=object))
    few.write_parquet(run.path / "predictions.parquet")
    by = run.subgroups("group")
    assert by.by == "clip" and [own.units for own in by.subgroups] == [own.clips for own in by.subgroups]
    assert all(own.figures["f1_micro"].low < own.figures["f1_micro"].high for own in by.subgroups)


def test_a_split_without_answers_is_refused(run: RunFolder) -> None:
    with pytest.raises(RunError, match="predictions of the split 'train'"):
        run.subgroups("_gender", "train")


def notes(values: list[object]) -> Notes:
    kind = object if any(isinstance(own, str) for own in values) else np.float64
    return Notes(np.array([""] * len(values), dtype=object), {"_x": np.array(values, dtype=kind)}, "store")


@given(st.lists(st.sampled_from(["f", "m", " f ", "", "10", "9"]), min_size=1))
def test_words_are_subgroups_and_spaces_around_them_play_no_part(values: list[str]) -> None:
    if not any(own.strip() for own in values):
        return
    found = members_by(notes([*values]), "_x")
    assert set(found) == {own.strip() for own in values} - {""}
    assert sum(int(flags.sum()) for flags in found.values()) == sum(bool(own.strip()) for own in values)
    assert [name for name in found if name.isdecimal()] == sorted((n for n in found if n.isdecimal()), key=int)


@given(st.lists(st.integers(0, 9) | st.just(np.nan), min_size=1))
def test_a_few_whole_numbers_are_subgroups_too(values: list[float]) -> None:
    if not np.isnan(values).all():
        assert set(members_by(notes([float(own) for own in values]), "_x")) == {
            f"{own:g}" for own in values if own == own
        }


@settings(max_examples=30)
@given(st.lists(st.floats(0.01, 99), min_size=1) | st.just([float(n) for n in range(MOST_SUBGROUPS + 1)]))
def test_measurements_are_refused(values: list[Floats]) -> None:
    if all(float(own).is_integer() for own in values) and len(set(values)) <= MOST_SUBGROUPS:
        return
    with pytest.raises(ConfigError, match=r"'_x' holds numbers from .* ranges as words"):
        members_by(notes([*values]), "_x")


@pytest.mark.filterwarnings("error")
@given(st.lists(st.sampled_from([np.inf, -np.inf, np.nan, 1.0, 1e308]), min_size=1))
def test_infinite_numbers_are_refused_without_a_warning_of_numpy(values: list[Floats]) -> None:
    if np.isinf(values).any():
        with pytest.raises(ConfigError, match=r"'_x' holds numbers.*, and infinite ones; import .* ranges as words"):
            members_by(notes([*values]), "_x")


@given(st.integers(MOST_SUBGROUPS + 1, 60))
def test_a_value_for_nearly_each_clip_is_refused(count: int) -> None:
    with pytest.raises(
        ConfigError, match=rf"at most 20 values, but '_x' has {count} in {count} clips \(f0, f1, f2 and"
    ):
        members_by(notes([f"f{n}" for n in range(count)]), "_x")


def test_an_empty_column_is_refused() -> None:
    for values in (["", " "], [np.nan]):
        with pytest.raises(ConfigError, match="'_x' is empty"):
            members_by(notes([*values]), "_x")


def test_what_is_shared_names_no_people(run: RunFolder, tmp_path: Path) -> None:
    found = run.subgroups("_gender").to_mapping()
    for column in ("_gender", "group", "_speaker"):
        assert keep_subgroups(run, {**found, "column": column})
    assert set(run.metrics["test"].figures["by"]) == {"_gender", "group", "_speaker"}
    for name, kept in (("without", {"_gender"}), ("with", {"_gender", "group", "_speaker"})):
        (tmp_path / name).mkdir()
        packed = packed_run(run, tmp_path / name, with_clips=name == "with").folder
        assert set(packed.metrics["test"].figures["by"]) == kept


def test_imported_answers_and_cross_validations_have_subgroups(run: RunFolder, place: Path, tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text(run.predictions().to_csv())
    imported = lddu.score(
        tmp_path / "answers.csv", place / "store", tmp_path / "imported", lddu.ScoreOptions(baselines=False)
    )
    assert [own.clips for own in imported.subgroups("_gender").subgroups] == [40, 40, 10]
    folds = cross_validate(place / "store", tmp_path / "folds", SHORT, FoldOptions(3, run=QUICK))
    found = folds.subgroups("_gender")
    assert [own.clips for own in found.subgroups] == [100, 100, 25] and "set_recall" not in found.whole.figures


def test_runs_are_compared_on_each_subgroup(place: Path, run: RunFolder) -> None:
    [pair] = lddu.compare_runs([place / "run", run], by="_gender")
    assert [(own.name, own.clips) for own in pair.subgroups] == [("f", 40), ("m", 40), ("x", 10)]
    assert pair.subgroups[0].difference["set_recall"].value == 0 and pair.subgroups[2].difference == {}
    plain = pair.to_mapping()
    assert (plain["column"], plain["by"]) == ("_gender", "group") and len(plain["subgroups"]) == 3
    assert "column" not in lddu.compare_runs([place / "run", run])[0].to_mapping()
