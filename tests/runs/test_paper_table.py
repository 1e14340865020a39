"""The table of a paper: best in bold, what is not different from it marked, and the same numbers in every form."""

import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lddu as package
from lddu.errors import ConfigError
from lddu.evaluate.hierarchical import mean_over_seeds
from lddu.evaluate.p_value import holm, two_sided
from lddu.runs.compare import LOWER_IS_BETTER, resampled_runs
from lddu.runs.paper_table import PaperTable, paper_table, row_names
from lddu.runs.seeds import differing
from lddu.runs.table_text import as_csv, as_latex, as_markdown, in_latex, in_markdown
from lddu.sentences import SIMULATED_CORPUS
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.builders import tiny_config, tiny_store
from tests.command_line import lddu


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three seeds of one settings, two of another, one imported table that knows the answers, one of other clips."""
    place = tmp_path_factory.mktemp("tables")
    store = tiny_store(place / "store", clips=80)
    found = {}
    for name, epochs, seeds in (("short", 1, 3), ("long", 3, 2)):
        for seed in range(seeds):
            config = tiny_config(training={"epochs": epochs}, decision={"dropout_passes": 0})
            options = RunOptions(seed=seed, report=False, baselines=False)
            found[f"{name}-{seed}"] = train(store, place / f"{name}-{seed}", config, options).path
    found["oracle"] = _imported(store, place / "oracle")
    other = tiny_store(place / "other", clips=40)
    found["elsewhere"] = train(other, place / "elsewhere", tiny_config(training={"epochs": 1}), RunOptions()).path
    return found


def _imported(store: FeatureStore, out: Path) -> Path:
    """Answers that are nearly the truth."""
    rows = np.flatnonzero(store.table.split != "train")
    presence = store.table.labels[rows] >= store.present_at
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        np.clip(0.1 + 0.8 * presence + random.normal(0, 0.03, presence.shape), 0, 1), columns=store.emotions
    )
    frame.insert(0, "clip", store.table.clip[rows])
    frame.to_csv(out.with_suffix(".csv"), index=False)
    options = package.ScoreOptions(name="short", baselines=False)
    return package.score(out.with_suffix(".csv"), store, out, options).path


def _table(runs: dict[str, Path], *names: str) -> PaperTable:
    return paper_table(resampled_runs([runs[name] for name in names]), "test")


ALL = ("short-0", "short-1", "short-2", "long-0", "long-1", "oracle")


def test_means_and_deviations_are_those_of_the_runs_and_the_best_is_bold_in_either_direction(
    runs: dict[str, Path],
) -> None:
    table = _table(runs, *ALL)
    assert [(row.name, len(row.runs)) for row in table.rows] == [("short", 3), ("long", 2), ("oracle", 1)]
    for name in ("f1_micro", "brier"):
        values = [
            json.loads((Path(run) / "metrics.json").read_text())["splits"]["test"][name] for run in table.rows[0].runs
        ]
        cell = table.rows[0].cells[name]
        assert cell.mean == pytest.approx(np.mean(values)) and cell.deviation == pytest.approx(np.std(values, ddof=1))
    for name in table.figures:
        column = [row.cells[name] for row in table.rows]
        means = [cell.mean for cell in column]
        best = min(means) if name in LOWER_IS_BETTER else max(means)
        assert [cell.best for cell in column] == [mean == best for mean in means]
        assert not any(cell.best and cell.alike for cell in column)


def test_the_truth_is_set_apart_from_chance_and_a_run_is_not_from_itself(runs: dict[str, Path]) -> None:
    table = _table(runs, *ALL)
    short = table.rows[0].cells["map_macro"]
    assert table.rows[2].cells["map_macro"].best and not short.alike
    assert short.p is not None and short.corrected is not None and 0 < short.p <= short.corrected < 0.05
    close = _table(runs, "long-0", "short-0", "long-1")
    assert close.rows[1].cells["map_macro"].alike or close.rows[0].cells["map_macro"].alike


def test_imported_answers_are_a_row_of_their_own_whatever_their_name(runs: dict[str, Path]) -> None:
    table = _table(runs, *ALL)
    assert [row.imported for row in table.rows] == [False, False, True]
    assert table.rows[2].runs == (str(runs["oracle"]),) and "oracle (imported, 1 run)" in as_markdown(table)


def test_an_interval_over_clips_and_seeds_is_wider_than_over_clips_alone(runs: dict[str, Path]) -> None:
    drawn = resampled_runs([runs[f"short-{n}"] for n in range(3)])
    [row] = paper_table(drawn, "test").rows
    cell = row.cells["f1_micro"]
    alone = np.quantile(np.mean([one.drawn["f1_micro"] for one in drawn], axis=0), [0.025, 0.975])
    assert cell.interval is not None and cell.interval[1] - cell.interval[0] > np.ptp(alone)
    assert row.cells["adaptive_ece"].interval is None


def test_the_same_command_gives_the_same_table(runs: dict[str, Path]) -> None:
    assert as_csv(_table(runs, *ALL)) == as_csv(_table(runs, *ALL))


def test_every_form_can_be_read_again_and_says_the_same(runs: dict[str, Path]) -> None:
    odd = r"50 % & _new_ {a|b} $x^2$ ~#\ <b>"
    table = paper_table(resampled_runs([runs[name] for name in ALL]), "test", [odd, "=long,er", "or\nacle"])
    frame = pd.read_csv(io.StringIO(as_csv(table)))
    assert len(frame) == len(table.rows) * len(table.figures)
    for row in table.rows:
        for name, cell in row.cells.items():
            [line] = frame[(frame.name == row.name) & (frame.figure == name)].to_dict("records")
            assert line["mean"] == cell.mean and line["best"] == cell.best and line["not_different"] == cell.alike
            assert np.isnan(line["p_holm"]) if cell.corrected is None else line["p_holm"] == cell.corrected
    shown = [[f"{cell.mean:.3f}" for cell in row.cells.values()] for row in table.rows]

    lines = as_markdown(table).splitlines()
    grid = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines[: 2 + len(table.rows)]]
    assert {len(cells) for cells in grid} == {1 + len(table.figures)}
    assert [[re.sub(r"\*\*|†| ±.*", "", cell).strip() for cell in cells[1:]] for cells in grid[2:]] == shown
    assert [re.sub(r"\\(.)", r"\1", cells[0]).strip() for cells in grid[2:]] == [
        odd,
        "=long,er",
        "or acle (imported, 1 run)",
    ]

    latex = as_latex(table)
    body = latex.partition("\\midrule\n")[2].partition("\\bottomrule")[0].splitlines()
    rows = [re.split(r"(?<!\\)&", line.removesuffix(r" \\")) for line in body]
    assert {len(cells) for cells in rows} == {1 + len(table.figures)}
    found = [[re.findall(r"\d\.\d{3}", cell)[0] for cell in cells[1:]] for cells in rows]
    assert found == shown
    assert latex.count(r"\textbf{") == sum(cell.best for row in table.rows for cell in row.cells.values())
    assert latex.count("{") == latex.count("}") and latex.count("$") % 2 == latex.count(r"\$") % 2
    for kind in ("table", "tabular"):
        assert latex.count(rf"\begin{{{kind}}}") == latex.count(rf"\end{{{kind}}}") == 1


@given(st.text())
def test_no_name_breaks_out_of_its_cell(name: str) -> None:
    latex = re.sub(r"\\([{}$&#_%])", "", in_latex(name))
    assert not set(re.sub(r"\\text\w+\{\}|\$\\(?:pm|uparrow|downarrow)\$|\$\^\{\\dagger\}\$", "", latex)) & set(
        "\\{}$&#_%~^\n"
    )
    assert not re.search(r"(?<!\\)(\\\\)*\|", in_markdown(name)) and "\n" not in in_markdown(name)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_smallest_correction_that_closed_testing_by_bonferroni_allows(chances: list[float]) -> None:
    from itertools import combinations

    corrected = holm(chances)
    everyone = range(len(chances))
    sets = [own for size in range(1, len(chances) + 1) for own in combinations(everyone, size)]
    for n in everyone:
        closed = max(min(1.0, len(own) * min(chances[k] for k in own)) for own in sets if n in own)
        assert corrected[n] == pytest.approx(closed)


def test_a_test_that_cannot_be_made_counts_as_none() -> None:
    assert holm([0.02, float("nan")])[0] == 0.02 and np.isnan(holm([0.02, float("nan")])[1])
    assert np.isnan(two_sided(np.array([0.1, np.nan]))) and two_sided(np.full(999, 0.1)) == pytest.approx(2 / 1000)


def test_the_variance_over_redrawn_seeds_is_that_of_a_mean() -> None:
    values = np.array([0.1, 0.4, 0.7, 0.3])
    drawn = mean_over_seeds(np.tile(values[:, None], 200_000), np.random.default_rng(0))
    assert drawn.var() == pytest.approx(values.var(ddof=1) / 4, rel=0.02)


def test_rows_are_named_by_what_sets_them_apart(runs: dict[str, Path]) -> None:
    assert row_names([["a/base-0", "a/base-1"], ["a/large-0", "b/large-1"]]) == ["base", "large"]
    assert row_names([["a/seed-0", "a/seed-1"], ["b/seed-0"]]) == ["a", "b"]
    assert row_names([["a/run"], ["b/run"]]) == ["a", "b"]
    one, other = str(runs["short-0"]), str(runs["long-0"])
    assert row_names([[one, other], [other, one]]) == [f"{one}, {other}", f"{other}, {one}"]


def test_the_command_writes_each_form_and_prints_one_alone(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = [runs[name] for name in ("short-0", "short-1", "long-0")]
    files = {"--csv": tmp_path / "t.csv", "--latex": tmp_path / "t.tex", "--markdown": tmp_path / "t.md"}
    shown = lddu(
        capsys, "compare", *chosen, "--html", tmp_path / "t.html", *(w for pair in files.items() for w in pair)
    )
    assert shown.code == 0 and shown.out.index("short") < shown.out.index("first")
    assert len(pd.read_csv(files["--csv"])) == 14 and r"\toprule" in files["--latex"].read_text()
    assert "long-0 (1 run)" in (tmp_path / "t.html").read_text()
    alone = lddu(capsys, "compare", *chosen, "--markdown", "-", "--names", "A,B")
    assert alone.out.startswith("|  | micro-F1 ↑") and "| B (1 run) |" in alone.out and "chance" not in alone.out
    said = json.loads(lddu(capsys, "compare", *chosen, "--json").out)["table"]
    assert said["rows"][0]["cells"]["f1_micro"]["interval"] is not None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--csv", "-", "--json"), "one output on stdout"),
        (("--csv", "t", "--latex", "t"), "a file of its own"),
        (("--html", "t", "--latex", "t"), "a file of its own"),
        (("--latex", "nowhere/t.tex"), "folder"),
        (("--names", "one"), "each of the 2 rows"),
        (("--names", "one,one"), "each of the 2 rows"),
    ],
)
def test_what_cannot_be_written_is_refused_in_a_sentence(
    words: tuple[str, ...], message: str, runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    refused = lddu(capsys, "compare", runs["short-0"], runs["long-0"], *words)
    assert refused.code != 0 and message in refused.err and refused.err.count("Expected") == 1
    assert not list(tmp_path.iterdir())


def test_runs_on_other_clips_are_refused(runs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    refused = lddu(capsys, "compare", runs["short-0"], runs["elsewhere"], "--csv", "-")
    assert refused.code == 1 and "same clips" in refused.err and not refused.out


def test_a_repeated_training_counts_once(runs: dict[str, Path], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(runs["short-0"], tmp_path / "short-9"))
    table = paper_table(resampled_runs([runs["short-0"], copy, runs["long-0"]]), "test")
    assert table.rows[0].again == (str(copy),) and table.rows[0].cells["f1_micro"].deviation is None
    with pytest.raises(ConfigError, match="names"):
        paper_table(resampled_runs([runs["short-0"], runs["long-0"]]), "test", ["a"])
    assert replace(table, rows=table.rows[:1]).caption.count("Bold") == 0


def test_every_form_says_that_the_corpus_is_simulated_and_none_says_so_of_another(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    store = package.simulate(tmp_path / "store", package.SimulationConfig(clips=60, dimensions={"text": 4}))
    options = RunOptions(report=False, baselines=False)
    config = tiny_config(training={"epochs": 1}, decision={"dropout_passes": 0})
    made_up = [train(store, tmp_path / f"run-{n}", config, replace(options, seed=n)).path for n in range(2)]
    _imported(store, tmp_path / "oracle")
    for names in (made_up, [*made_up, tmp_path / "oracle"]):
        table = paper_table(resampled_runs(names), "test")
        assert SIMULATED_CORPUS in as_markdown(table) and in_latex(SIMULATED_CORPUS) in as_latex(table)
        assert pd.read_csv(io.StringIO(as_csv(table))).simulated.all() and table.to_mapping()["rows"][0]["simulated"]
    honest = _table(runs, *ALL)
    assert not pd.read_csv(io.StringIO(as_csv(honest))).simulated.any()
    assert all("imulated" not in text(honest) for text in (as_markdown, as_latex))


def test_of_imported_answers_the_given_name_is_shown_and_no_setting_of_a_training(runs: dict[str, Path]) -> None:
    chosen = [runs[name] for name in ("long-0", "oracle")]
    found = paper_table(resampled_runs(chosen, "test"), "test")
    assert [row.name for row in found.rows] == ["long-0", "short"]
    beside_its_namesake = paper_table(resampled_runs([runs["short-0"], runs["short-1"], *chosen], "test"), "test")
    assert [row.name for row in beside_its_namesake.rows] == ["short", "long-0", "oracle"]
    told = differing([*chosen, runs["short-0"]])
    assert told[str(runs["oracle"])] == {"family": "imported"}
    assert told[str(runs["long-0"])] == {"family": "lddu", "training.epochs": 3}


def test_a_column_is_named_after_the_figure_that_it_holds(runs: dict[str, Path]) -> None:
    found = paper_table(resampled_runs([runs["short-0"], runs["long-0"]], "test"), "test")
    assert "adaptive ECE" in as_markdown(found) and "adaptive ECE" in as_latex(found)
    measured = package.RunFolder(runs["short-0"]).read_json("metrics.json")["splits"]["test"]
    assert found.rows[0].cells["adaptive_ece"].mean == pytest.approx(measured["adaptive_ece"])
    assert measured["adaptive_ece"] != pytest.approx(measured["ece"])
