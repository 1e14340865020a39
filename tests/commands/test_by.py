"""`--by COLUMN` of evaluate, report and compare as a user types it, and what the page and the card make of it."""

import csv
import itertools
import json
import shutil
from pathlib import Path

import pytest

import lddu as library
from lddu.runs.run_folder import RunFolder
from tests.builders import tiny_config
from tests.command_line import lddu
from tests.runs.test_subgroups import QUICK, SHORT, noted_store


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `store`, a finished run with a report, and `other`, another one."""
    place = tmp_path_factory.mktemp("by")
    store = noted_store(place / "store")
    for name in ("run", "other"):
        library.train(store, place / name, SHORT, QUICK)
    return place


def kept(place: Path) -> dict[str, object]:
    by: dict[str, object] = json.loads((place / "run" / "metrics.json").read_text())["splits"]["test"].get("by", {})
    return by


def test_evaluate_shows_subgroups_and_keeps_them_with_the_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = lddu(capsys, "evaluate", place / "run", "--by", "_gender")
    assert found.code == 0 and "added to" in found.err
    assert "test by _gender; 95 % intervals by bootstrap over groups" in found.out
    assert "In micro-F1, " in found.out and "not measured: x (10)" in found.out and "No value: 10 clips." in found.out
    told = json.loads(lddu(capsys, "evaluate", place / "run", "--by", "_gender", "--json").out)
    assert kept(place)["_gender"] == told["splits"]["test"]["by"]["_gender"]
    page = (place / "run" / "report.html").read_text(encoding="utf-8")
    assert "For whom? By <code>_gender</code>" in page and "In micro-F1, " in page and "no value" in page
    assert lddu(capsys, "report", place / "run", "--by", "_take").code == 0
    assert set(kept(place)) == {"_gender", "_take"}
    assert "For whom? By <code>_take</code>" in (place / "run" / "report.html").read_text(encoding="utf-8")


def test_another_split_and_another_store_leave_the_run_alone(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noted_store(place / "elsewhere", clips=300)
    before = (place / "run" / "metrics.json").read_bytes()
    for words in ((place / "elsewhere",), ("--split", "train")):
        found = lddu(capsys, "evaluate", place / "run", *words, "--by", "_gender")
        assert found.code == 0 and "by _gender" in found.out and "added to" not in found.err
    assert (place / "run" / "metrics.json").read_bytes() == before


def test_the_card_has_subgroups_only_where_they_were_measured(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(place / "other", tmp_path / "run")
    missing = "how well it works for which group of people"
    before = lddu(capsys, "card", tmp_path / "run").out
    assert f"- {missing}" in before and "_gender" not in before
    assert lddu(capsys, "report", tmp_path / "run", "--by", "_gender").code == 0
    after = lddu(capsys, "card", tmp_path / "run").out
    test = RunFolder(tmp_path / "run").subgroups("_gender")
    assert f"| f | 40 | {test['f'].figures['f1_micro'].value:.3f} |" in after and "| x | 10 |" in after
    assert "- In micro-F1, " in after and f"beyond the groups in the table of figures, {missing}" in after


def test_the_names_of_people_stay_off_the_card(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(place / "other", tmp_path / "run")
    file = tmp_path / "run" / "metrics.json"
    found = json.loads(file.read_text())
    found["splits"]["test"]["by"] = {"group": RunFolder(tmp_path / "run").subgroups("_gender").to_mapping()}
    file.write_text(json.dumps(found))
    assert "In micro-F1" not in lddu(capsys, "card", tmp_path / "run").out


def test_compare_shows_the_differences_in_each_subgroup(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("compare", place / "run", place / "other", "--by", "_gender")
    found = lddu(capsys, *words, "--html", tmp_path / "page.html")
    assert found.code == 0 and "second - first by _gender" in found.out and "not compared: x" in found.out
    assert "Second − first by <code>_gender</code>" in (tmp_path / "page.html").read_text(encoding="utf-8")
    [pair] = json.loads(lddu(capsys, *words, "--json").out)["comparisons"]
    assert [own["name"] for own in pair["subgroups"]] == ["f", "m", "x"]
    assert set(pair["subgroups"][0]["difference"]["f1_micro"]) == {"value", "low", "high", "chance"}


def test_the_tables_of_compare_have_each_subgroup_too(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    longer = tiny_config(training={"epochs": 2}, decision={"dropout_passes": 0})
    runs = {"run": place / "run", "longer": library.train(place / "store", tmp_path / "longer", longer, QUICK).path}
    words: tuple[str | Path, ...] = ("compare", *runs.values(), "--by", "_gender", "--names", ",".join(runs))
    files = {form: tmp_path / f"table.{form}" for form in ("csv", "latex", "markdown")}
    told = lddu(capsys, *words, *(word for form, file in files.items() for word in (f"--{form}", file)))
    assert told.code == 0 and "fewer than 20 clips, not in the tables: x" in told.err
    rows = list(csv.DictReader(files["csv"].open()))
    assert [key for key, _ in itertools.groupby((row["column"], row["subgroup"], row["clips"]) for row in rows)] == [
        ("", "", "100"), ("_gender", "f", "40"), ("_gender", "m", "40"),
    ]  # fmt: skip
    for name, run in runs.items():
        kept = RunFolder(run).subgroups("_gender")
        for value in ("f", "m"):
            [own] = [r for r in rows if (r["subgroup"], r["name"], r["figure"]) == (value, name, "map_macro")]
            assert float(own["mean"]) == kept[value].figures["map_macro"].value
    [pair] = json.loads(lddu(capsys, *words, "--json").out)["comparisons"]
    [less] = {r["less_best"].lstrip("-") for r in rows if (r["subgroup"], r["figure"]) == ("f", "f1_micro")} - {""}
    assert float(less) == pytest.approx(abs(pair["subgroups"][0]["difference"]["f1_micro"]["value"]))
    assert files["latex"].read_text().count(r"\begin{table}") == 3
    assert r"Test, \_gender m, 40 clips" in files["latex"].read_text()
    assert "Test, _gender f, 40 clips" in files["markdown"].read_text()
    alone = lddu(capsys, *words, "--csv", "-")
    assert alone.out == files["csv"].read_text() and "not in the tables: x" in alone.err


VERBS = {"evaluate": ("run",), "report": ("run",), "compare": ("run", "other")}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("gender", "Expected --by to be a column of"),
        ("_gendre", "(did you mean '_gender'?)"),
        ("_file", "at most 20 values, but '_file' has 100 in 100 clips"),
        ("_age", "holds numbers from 18 to 78"),
        ("_empty", "is empty for these clips"),
        ("group", "at most 20 values, but 'group' has 25"),
    ],
)
def test_a_column_that_names_no_subgroups_is_refused_in_a_sentence(
    verb: str, column: str, message: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = lddu(capsys, verb, *(place / name for name in VERBS[verb]), "--by", column)
    assert refused.code != 0 and message in refused.err and refused.err.count("Expected") == 1


def test_what_cannot_be_measured_is_refused_in_a_sentence(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(place / "run", tmp_path / "run")
    config = tmp_path / "run" / "config.json"
    config.write_text(config.read_text().replace(str(place / "store"), str(tmp_path / "gone")))
    (tmp_path / "answers.csv").write_text(RunFolder(place / "run").predictions().to_csv())
    scored = lddu(
        capsys, "score", tmp_path / "answers.csv", place / "store", "--out", tmp_path / "in", "--no-baselines"
    )
    assert scored.code == 0 and lddu(capsys, "report", tmp_path / "in", "--by", "_gender").code == 0
    for words, message in (
        (("report", tmp_path / "run", "--by", "_language"), "the store cannot be read; name one of those columns"),
        (("compare", tmp_path / "run", place / "other", "--by", "_language"), "the store cannot be read"),
        (("evaluate", tmp_path / "run", "--by", "_gender"), "is not there; name the place where it is now"),
        (("evaluate", tmp_path / "in", "--by", "_gender"), "report and compare it"),
        (("evaluate", place / "run", "--by", "_gender", "--robustness"), "--by or --robustness"),
        (("evaluate", place / "run", "--by"), "Expected a value after --by"),
    ):
        refused = lddu(capsys, *words)
        assert refused.code != 0 and message in refused.err and refused.err.count("Expected") == 1, words


def test_a_report_says_when_the_kept_figures_are_damaged(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(place / "other", tmp_path / "run")
    file = tmp_path / "run" / "metrics.json"
    damaged: list[object] = [{"_gender": {}}, {"_gender": {"whole": 1}}, [1]]
    for damage in damaged:
        found = json.loads(file.read_text())
        found["splits"]["test"]["by"] = damage
        file.write_text(json.dumps(found))
        for verb in ("report", "card"):
            refused = lddu(capsys, verb, tmp_path / "run")
            assert refused.code == 1 and "damaged" in refused.err, (verb, damage)
