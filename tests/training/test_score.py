"""`lddu score`: answers of any program become a run that is measured as a trained one is, and never taken for one."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.errors import ConfigError, RunError, SourceError
from lddu.evaluate.verdicts import verdicts_of
from lddu.pages.report import write_report
from lddu.runs.compare import compare_runs
from lddu.runs.imported_answers import read_answers
from lddu.runs.predictor import Predictor
from lddu.runs.run_folder import RunFolder
from lddu.runs.seeds import over_seeds
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.plan import RunOptions
from lddu.training.run import train
from lddu.training.score import ScoreOptions, score
from tests.builders import tiny_config, tiny_store
from tests.command_line import lddu

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("score") / "store", clips=60)


def answered(store: FeatureStore, seed: int = 0, splits: tuple[str, ...] = ("valid", "test")) -> Rows:
    """A probability per emotion of every clip of these splits."""
    random = np.random.default_rng(seed)
    clips = [c for c, s in zip(store.table.clip, store.table.split, strict=True) if s in splits]
    return [{"clip": clip, **{e: f"{random.random():.4f}" for e in store.emotions}} for clip in clips]


def table(path: Path, rows: Rows, delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


BARE = ScoreOptions(baselines=False)


@pytest.mark.parametrize("silent", ["valid", "test"])
def test_f1_says_nothing_of_clips_that_show_no_emotion(silent: str, tmp_path: Path) -> None:
    """Its 0 is compared with nothing: not with constant answers, not with validation."""
    with writing_store(tmp_path / "store", StoreDescription(("joy", "anger"), {"text": "made up"})) as writer:
        for i in range(90):
            split = ("train", "valid", "test")[i % 3]
            shares = (0.0, 0.0) if split == silent else (float(i % 4 < 2), float(i % 5 < 2))
            writer.add(ClipRow(f"c{i}", split, shares), {"text": np.ones((1, 2), np.float32) * (i + 1)})
    store = FeatureStore(tmp_path / "store")
    run = score(table(tmp_path / "table.csv", answered(store)), store, tmp_path / "run")
    figures = run.read_json("metrics.json")["splits"]
    assert "less_valid" not in figures["test"] and figures[silent]["f1_micro"] == 0
    [told, *others] = verdicts_of(figures[silent])
    assert "No clip is known to show an emotion" in told and not others
    write_report(run)
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert ("none of which is known to show an emotion" in page) == (silent == "test")
    chosen = [warning for warning in run.description.warnings if "chosen by nothing" in warning]
    assert len(chosen) == (silent == "valid")


def test_the_answers_of_a_trained_run_give_its_own_figures_again(corpus: FeatureStore, tmp_path: Path) -> None:
    """Raw probabilities in a table end in the same decision, figures and rows as inside lddu."""
    config = tiny_config(training={"epochs": 1}, decision={"dropout_passes": 0})
    trained = train(corpus, tmp_path / "trained", config)
    raw = Predictor(trained.path).infer(corpus)
    rows = [
        {"clip": str(corpus.table.clip[row]), **dict(zip(corpus.emotions, map(repr, p.tolist()), strict=True))}
        for row, p in zip(raw.rows, raw.probability, strict=True)
    ]
    np.random.default_rng(0).shuffle(rows)
    run = score(table(tmp_path / "raw.csv", rows), corpus, tmp_path / "scored")
    own, theirs = trained.read_json("metrics.json"), run.read_json("metrics.json")
    assert run.load_decision().recalibration == trained.load_decision().recalibration
    for split in ("valid", "test"):
        for figure in (
            "n",
            "f1_micro",
            "f1_macro",
            "map_macro",
            "brier",
            "adaptive_ece",
            "adaptive_ece_raw",
            "per_clip",
        ):
            if figure != "per_clip":
                assert theirs["splits"][split][figure] == pytest.approx(own["splits"][split][figure]), figure
        assert [b["name"] for b in theirs["splits"][split]["baselines"]] == [
            b["name"] for b in own["splits"][split]["baselines"]
        ]
    assert np.allclose(run.predictions().probability, trained.predictions().probability)
    assert run.predictions().clip.tolist() == trained.predictions().clip.tolist()
    assert theirs["warnings"] == ["36 clips of raw.csv left out, of neither valid nor test"]
    pair = compare_runs([trained.path, run.path])[0]
    assert pair.comparison.difference["f1_micro"].value == pytest.approx(0)


def test_an_imported_run_says_so_and_cannot_predict(
    corpus: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = table(tmp_path / "answers.csv", answered(corpus)), tmp_path / "run"
    shown = lddu(capsys, "score", file, corpus.path, "--out", out, "--no-baselines")
    assert shown.code == 0 and "test: 12 clips" in shown.out
    described = json.loads((out / "config.json").read_text())
    assert described["config"]["family"] == "imported" and not (out / "model.safetensors").exists()
    assert described["store"]["predictions"]["path"] == str(file.resolve())
    page = (out / "report.html").read_text()
    assert "Imported: another program" in page and "epoch" not in page.lower().partition("<body")[2]
    for words in (("predict", out, corpus.path), ("evaluate", out)):
        refused = lddu(capsys, *words)
        assert refused.code == 1 and refused.err.count("Expected") == 1 and "imported from a table" in refused.err
    for words in (("report", out), ("card", out)):
        assert lddu(capsys, *words).code == 0
    retrained = lddu(capsys, "train", corpus.path, "--family", "imported", "--out", tmp_path / "other")
    assert retrained.code == 2 and "Expected a model family out of" in retrained.err


def test_imported_answers_are_pooled_by_their_name_alone(corpus: FeatureStore, tmp_path: Path) -> None:
    def imported(seed: int, name: str) -> Path:
        file = table(tmp_path / f"{name}{seed}.csv", answered(corpus, seed))
        return score(file, corpus, tmp_path / f"run-{name}{seed}", ScoreOptions(name, seed, baselines=False)).path

    config = tiny_config(training={"epochs": 1})
    trained = [train(corpus, tmp_path / f"own{s}", config, RunOptions(seed=s, baselines=False)).path for s in (0, 1)]
    named, nameless = [imported(s, "theirs") for s in (0, 1)], [imported(s, "") for s in (2, 3)]
    groups = over_seeds(compare_runs([*trained, *named, *nameless]))
    assert [len(one.runs) for one in groups] == [2, 2, 1, 1]


FAULTS: dict[str, tuple[Callable[[Rows], Rows], str]] = {
    "an unknown clip": (lambda rows: [*rows, {**rows[0], "clip": "-nobody"}], "1 id out of 25 is none of them"),
    "a clip twice": (lambda rows: [*rows, {**rows[0], "joy": "0.123"}], "Expected each clip of"),
    "a clip missing": (lambda rows: rows[:-1], "1 of 12 of test is not in it"),
    "no validation": (lambda rows: [r for r in rows if int(r["clip"][5:]) % 5 == 4], "on which thresholds and calibration"),
    "above one": (lambda rows: [{**rows[0], "joy": "1.5"}, *rows[1:]], "to lie in [0, 1], but got 1.5"),
    "below zero": (lambda rows: [{**rows[0], "joy": "-0.1"}, *rows[1:]], "to lie in [0, 1], but got -0.1"),
    "infinite": (lambda rows: [{**rows[0], "joy": "inf"}, *rows[1:]], "to lie in [0, 1], but got inf"),
    "NaN": (lambda rows: [{**rows[0], "joy": "NaN"}, *rows[1:]], "to be a number in [0, 1], but it is NaN"),
    "empty": (lambda rows: [{**rows[0], "joy": ""}, *rows[1:]], "but it is empty"),
    "a word": (lambda rows: [{**rows[0], "joy": "very"}, *rows[1:]], "but got 'very'"),
    "an emotion missing": (lambda rows: [{"clip": r["clip"], "joy": r["joy"]} for r in rows], "but anger is not there"),
    "an emotion misspelt": (
        lambda rows: [{"clip": r["clip"], "joy": r["joy"], "angr": r["anger"]} for r in rows],
        "did you mean 'angr'?",
    ),
    "an emotion in other case": (
        lambda rows: [{"clip": r["clip"], "joy": r["joy"], "ANGER": r["anger"]} for r in rows],
        "did you mean 'ANGER'?",
    ),
    "prefixed and in other case": (
        lambda rows: [{"clip": r["clip"], "probability_joy": "0", "Probability_Anger": "0"} for r in rows],
        "(did you mean 'Probability_Anger'?); name each column as its emotion with 'probability_' before it",
    ),
    "decisions beside too few probabilities": (
        lambda rows: [{"clip": r["clip"], "probability_joy": r["joy"], "anger": "1"} for r in rows],
        "but probability_anger is not there; name",
    ),
    "clips named as files": (lambda rows: [{**r, "clip": r["clip"] + ".mp4"} for r in rows], "such as '-clip0'"),
    "just above one": (lambda rows: [{**rows[0], "joy": "1.00001"}, *rows[1:]], "but got 1.00001"),
    "no clip column": (lambda rows: [{"id": r["clip"], "joy": "0", "anger": "0"} for r in rows], "Expected a column 'clip'"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_table_is_refused_in_one_sentence(
    fault: str, corpus: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, sentence = FAULTS[fault]
    file = table(tmp_path / "answers.csv", spoil(answered(corpus)))
    refused = lddu(capsys, "score", file, corpus.path, "--out", tmp_path / "run")
    assert refused.code == 1 and sentence in refused.err and refused.err.count("Expected") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\xff", b"clip\n", b'clip,joy,anger\n"a,1,0\n'])
def test_a_file_that_is_no_table_is_refused(content: bytes, corpus: FeatureStore, tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_bytes(content)
    with pytest.raises(SourceError, match="Expected"):
        read_answers(tmp_path / "answers.csv", corpus)


def test_a_number_that_single_precision_rounded_out_of_range_is_mended_and_counted(
    corpus: FeatureStore, tmp_path: Path
) -> None:
    rows = answered(corpus)
    rows[0] |= {"joy": "1.0000001", "anger": "-1e-9"}
    found = read_answers(table(tmp_path / "answers.csv", rows), corpus)
    assert max(p.max() for p in found.probability.values()) == 1
    assert min(p.min() for p in found.probability.values()) == 0
    assert found.notes == ("2 cells of answers.csv were read as 0 or 1, beyond which they lay by a rounding",)


def test_a_table_of_other_splits_is_noted(corpus: FeatureStore, tmp_path: Path) -> None:
    split_of = dict(zip(corpus.table.clip.tolist(), corpus.table.split.tolist(), strict=True))
    rows = [{**row, "split": "Dev" if split_of[row["clip"]] == "valid" else "test"} for row in answered(corpus)]
    assert read_answers(table(tmp_path / "same.csv", rows), corpus).notes == ()
    rows[0]["split"] = "train"
    [note] = read_answers(table(tmp_path / "other.csv", rows), corpus).notes
    assert (
        note.startswith("1 clip of other.csv is in another split there than in the store") and rows[0]["clip"] in note
    )


def test_what_is_not_there_or_taken_is_refused(
    corpus: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = lddu(capsys, "score", tmp_path / "nothing.csv", corpus.path, "--out", tmp_path / "run")
    assert absent.code == 1 and "nothing.csv" in absent.err
    file, taken = table(tmp_path / "answers.csv", answered(corpus)), tmp_path / "taken"
    taken.mkdir()
    assert "Expected" in lddu(capsys, "score", file, corpus.path, "--out", taken).err
    with pytest.raises(RunError, match="to be free"):
        score(file, corpus, taken, BARE)
    with pytest.raises(ConfigError, match="seed"):
        ScoreOptions(seed=-1)


def test_clips_that_are_missing_are_left_out_only_on_request_and_counted(corpus: FeatureStore, tmp_path: Path) -> None:
    rows = answered(corpus)
    half = [row for n, row in enumerate(rows) if n % 3]
    run = score(
        table(tmp_path / "half.csv", half), corpus, tmp_path / "run", ScoreOptions(partial=True, baselines=False)
    )
    found = run.read_json("metrics.json")
    assert found["splits"]["valid"]["n"] + found["splits"]["test"]["n"] == len(half)
    assert sum("are not in half.csv" in sentence for sentence in found["warnings"]) == 2
    only = score(
        table(tmp_path / "valid.csv", answered(corpus, splits=("valid",))), corpus, tmp_path / "only",
        ScoreOptions(partial=True, baselines=False),
    )  # fmt: skip
    assert list(only.read_json("metrics.json")["splits"]) == ["valid"]
    assert any("no test clip is answered" in sentence for sentence in only.description.warnings)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_separator_and_spelling_of_a_sound_table_gives_the_same_numbers(
    data: st.DataObject, corpus: FeatureStore, tmp_path: Path
) -> None:
    rows = answered(corpus)
    plain = read_answers(table(tmp_path / "plain.csv", rows), corpus)
    delimiter = data.draw(st.sampled_from([",", ";", "\t", "|"]))
    spelling = data.draw(st.sampled_from(["point", "comma", "per cent"]))
    names = data.draw(st.permutations(["clip", *corpus.emotions]))
    prefix = data.draw(st.sampled_from(["", "probability_"]))

    def cell(text: str) -> str:
        if spelling == "per cent":
            return f"{100 * float(text):.2f}%"
        return text.replace(".", ",") if spelling == "comma" else text

    other = [
        {name if name == "clip" else prefix + name: row[name] if name == "clip" else cell(row[name]) for name in names}
        for row in data.draw(st.permutations(rows))
    ]
    file = table(tmp_path / "other.csv", other, delimiter)
    if data.draw(st.booleans()):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    found = read_answers(file, corpus)
    for split, rows_of in plain.rows.items():
        assert np.array_equal(found.rows[split], rows_of)
        assert np.allclose(found.probability[split], plain.probability[split], atol=1e-12)
    assert bool(found.notes) == (spelling != "point")


def test_columns_that_are_no_emotion_and_hard_decisions_are_noted(corpus: FeatureStore, tmp_path: Path) -> None:
    rows = [{**row, **dict.fromkeys(corpus.emotions, "1"), "contempt": "0.3", "_mine": "x"} for row in answered(corpus)]
    notes = read_answers(table(tmp_path / "hard.csv", rows), corpus).notes
    assert notes[0] == "1 column of hard.csv left out: contempt"
    assert len(notes) == 2 and notes[1].startswith("every probability is 0 or 1")


def test_a_run_folder_of_trained_weights_is_not_opened_without_modalities(tmp_path: Path, corpus: FeatureStore) -> None:
    run = score(table(tmp_path / "a.csv", answered(corpus)), corpus, tmp_path / "run", BARE)
    assert RunFolder(run.path).description.task.dimensions == {}
    content = json.loads((run.path / "config.json").read_text())
    content["config"] = {**content["config"], "family": "late-fusion"}
    content["config"]["model"].pop("name")
    (run.path / "config.json").write_text(json.dumps(content))
    with pytest.raises(RunError, match="the task is not of this form"):
        assert RunFolder(run.path).description
