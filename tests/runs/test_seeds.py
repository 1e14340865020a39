"""Runs of the same settings with other seeds: taken together, and compared over trainings."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from lddu.commands.compare import compare as compare_command
from lddu.runs.compare import SAME_ANSWERS, SAME_RUN, compare_runs
from lddu.runs.seeds import _welch, differing, over_seeds
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.builders import tiny_config, tiny_store


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three seeds of one settings, two of another and one of a third."""
    place = tmp_path_factory.mktemp("seeds")
    store: FeatureStore = tiny_store(place / "store", clips=60)
    found = {}
    for name, epochs, seeds in (("short", 1, 3), ("long", 3, 2), ("single", 2, 1)):
        for seed in range(seeds):
            config = tiny_config(training={"epochs": epochs})
            found[f"{name}-{seed}"] = train(store, place / f"{name}-{seed}", config, RunOptions(seed=seed)).path
    return found


def test_runs_that_differ_in_their_seed_alone_are_taken_together(runs: dict[str, Path]) -> None:
    order = ["short-0", "long-0", "short-1", "single-0", "long-1", "short-2"]
    found = over_seeds(compare_runs([runs[name] for name in order]))
    assert [[Path(run).name for run in one.runs] for one in found] == [
        ["short-0", "short-1", "short-2"], ["long-0", "long-1"], ["single-0"],
    ]  # fmt: skip
    values = {
        name: np.array(
            [json.loads((Path(run) / "metrics.json").read_text())["splits"]["test"]["map_macro"] for run in one.runs]
        )
        for name, one in zip(("short", "long", "single"), found, strict=True)
    }
    for one, own in zip(found, values.values(), strict=True):
        assert one.mean["map_macro"] == pytest.approx(own.mean())
        if len(own) > 1:
            assert one.deviation is not None and one.deviation["map_macro"] == pytest.approx(own.std(ddof=1))
    assert found[2].deviation is None and found[2].second_less_first is None is found[0].second_less_first
    assert found[1].second_less_first is not None
    difference, (a, b) = found[1].second_less_first["map_macro"], (values["short"], values["long"])
    assert difference.value == pytest.approx(b.mean() - a.mean())
    error = np.sqrt(a.var(ddof=1) / 3 + b.var(ddof=1) / 2)  # Welch
    assert (difference.low + difference.high) / 2 == pytest.approx(difference.value)
    assert 2 * 2.0 * error < difference.high - difference.low and 0 <= difference.chance <= 1


def test_trainings_that_do_not_vary_with_the_seed_prove_nothing() -> None:
    found = _welch(np.array([0.5, 0.5]), np.array([0.7, 0.7]))
    assert found.value == pytest.approx(0.2) and np.isnan([found.low, found.high, found.chance]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("odd", [0.0, 1e-17, 5e-17])
def test_trainings_that_differ_by_rounding_alone_do_not_vary_with_the_seed(odd: float) -> None:
    found = _welch(np.array([0.3, 0.3, 0.3 + odd]), np.array([0.7, 0.7 + odd, 0.7]))
    assert np.isnan([found.low, found.high, found.chance]).all()
    one = _welch(np.array([0.3, 0.3, 0.3 + odd]), np.array([0.7, 0.8, 0.6]))
    assert one.low < one.value < one.high and 0 < one.chance < 0.05  # two degrees of freedom, from the second alone


@pytest.mark.filterwarnings("error")
@given(
    st.lists(st.floats(0, 1, width=16), min_size=2, max_size=6),
    st.lists(st.floats(0, 1, width=16), min_size=2, max_size=6),
)
def test_the_interval_over_trainings_is_that_of_scipy(first: list[float], second: list[float]) -> None:
    a, b = np.array(first), np.array(second)
    assume(np.ptp(a) > 1e-3 and np.ptp(b) > 1e-3)
    test = ttest_ind(b, a, equal_var=False)
    interval, found = test.confidence_interval(0.95), _welch(a, b)
    assert found.low == pytest.approx(interval.low, abs=1e-9) and found.high == pytest.approx(interval.high, abs=1e-9)
    assert found.chance == pytest.approx(test.pvalue, rel=1e-6)


def test_the_same_training_counts_once(runs: dict[str, Path], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(runs["short-0"], tmp_path / "copy"))
    found = over_seeds(compare_runs([runs["short-0"], copy, runs["short-1"], runs["single-0"]]))
    assert [(one.runs, one.again) for one in found] == [
        ((str(runs["short-0"]), str(runs["short-1"])), (str(copy),)),
        ((str(runs["single-0"]),), ()),
    ]
    assert over_seeds(compare_runs([runs["short-0"], copy])) == []


def test_single_runs_say_that_seeds_are_not_looked_at(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = [runs["short-0"], runs["long-0"]]
    assert over_seeds(compare_runs(pair)) == []
    compare_command(*pair, html=tmp_path / "page.html")
    assert "cover the choice of clips, not of seeds" in capsys.readouterr().out
    page = (tmp_path / "page.html").read_text()
    assert "cover the choice of clips, not of seeds" in page and "Over seeds" not in page
    assert "<code>training.epochs 1</code>" in page and "<code>training.epochs 3</code>" in page
    assert [own["training.epochs"] for own in differing(pair).values()] == [1, 3]


def test_the_same_run_twice_is_said_to_be_one(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, copy = runs["short-0"], Path(shutil.copytree(runs["short-0"], tmp_path / "copy"))
    found = compare_runs([run, run, run / ".." / run.name, copy, runs["short-1"]])
    assert [pair.note for pair in found] == [SAME_RUN, SAME_RUN, SAME_ANSWERS, ""]
    assert found[0].to_mapping()["note"] == SAME_RUN and "note" not in found[3].to_mapping()
    assert SAME_RUN in found[0]._repr_html_()
    compare_command(run, run, html=tmp_path / "page.html")
    assert SAME_RUN in capsys.readouterr().out and SAME_RUN in (tmp_path / "page.html").read_text()


def test_command_and_page_show_them(runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = [runs[name] for name in ("short-0", "short-1", "long-0", "long-1")]
    compare_command(*chosen, html=tmp_path / "page.html")
    told = capsys.readouterr().out
    assert "A  training.epochs 1; 2 runs: " in told and "B - A (95 %, p)" in told and "±" in told
    page = (tmp_path / "page.html").read_text()
    assert "<h2>Over seeds</h2>" in page and "B − A" in page
    compare_command(*chosen, json=True)
    found = json.loads(capsys.readouterr().out)["over_seeds"]
    assert [len(one["runs"]) for one in found] == [2, 2] and found[1]["second_less_first"]["f1_micro"][
        "low"
    ] is not None
