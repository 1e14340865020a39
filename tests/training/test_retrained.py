"""`lddu ablate`: every subset of the modalities has networks of its own, and what was stopped goes on."""

import csv
from pathlib import Path
from typing import Any

import pytest

from lddu.errors import ConfigError, MismatchError, RunError, parameter
from lddu.runs.run_folder import RunFolder
from lddu.store.store import FeatureStore
from lddu.training import retrained
from lddu.training.retrained import AblationOptions, ablate, cells
from lddu.training.run import train_or_resume
from tests.builders import tiny_config, tiny_store, untested_store
from tests.command_line import lddu
from tests.training.stops import StopAfter

SHORT = tiny_config(training={"epochs": 1}, decision={"dropout_passes": 0})


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("retrained") / "store", clips=60)


def test_every_subset_is_trained_with_every_seed_and_an_interruption_costs_no_finished_run(
    corpus: FeatureStore, tmp_path: Path
) -> None:
    options = AblationOptions(seeds=2)
    planned = cells(corpus, tmp_path, options)
    assert len({cell.path for cell in planned}) == 2 * (2 ** len(corpus.modalities) - 1)
    with pytest.raises(RuntimeError):
        ablate(corpus, tmp_path, SHORT, options, StopAfter(3))
    there = [cell.path for cell in planned if RunFolder(cell.path).finished]
    written = [(path / "metrics.json").stat().st_mtime_ns for path in there]
    assert len(there) == 2
    rows = ablate(corpus, tmp_path, SHORT, options)
    assert [(path / "metrics.json").stat().st_mtime_ns for path in there] == written
    assert rows[0].modalities == tuple(corpus.modalities) and rows[0].less_all is None
    for row in rows:
        assert [list(RunFolder(Path(run)).description.task.dimensions) for run in row.runs] == [
            list(row.modalities)
        ] * 2
        own = [RunFolder(Path(run)).read_json("metrics.json")["splits"]["test"]["f1_micro"] for run in row.runs]
        assert row.mean["f1_micro"] == pytest.approx(sum(own) / 2)
        assert row.less_all is None or row.less_all["f1_micro"].value == pytest.approx(
            row.mean["f1_micro"] - rows[0].mean["f1_micro"]
        )


def test_a_training_that_diverges_is_named_after_the_others(
    corpus: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = cells(corpus, tmp_path, AblationOptions(seeds=1))
    whole = train_or_resume

    def sometimes(store: Any, path: Path, *more: Any) -> Any:
        if path == first.path:
            raise RunError(f"Expected a finite loss, but got nan; lower {parameter('training.learning_rate')}.")
        return whole(store, path, *more)

    with monkeypatch.context() as patch:
        patch.setattr(retrained, "train_or_resume", sometimes)
        with pytest.raises(RunError, match=r"seed 0' did not: .* lower `training.learning_rate`. All others are in"):
            ablate(corpus, tmp_path, SHORT, AblationOptions(seeds=1))
    assert others and all(RunFolder(cell.path).finished for cell in others)
    with monkeypatch.context() as patch:
        patch.setattr(retrained, "train_or_resume", sometimes)
        patch.setattr(retrained, "cells", lambda *_: [first])
        with pytest.raises(RunError, match=r"lower `training.learning_rate`\.$"):
            ablate(corpus, tmp_path / "one", SHORT, AblationOptions(seeds=1))
    assert len(ablate(corpus, tmp_path, SHORT, AblationOptions(seeds=1))) == 1 + len(others)


def test_runs_of_other_settings_are_not_taken_for_this_ablation(corpus: FeatureStore, tmp_path: Path) -> None:
    options = AblationOptions(seeds=1)
    rows = ablate(corpus, tmp_path, SHORT, options)
    assert all(row.deviation is None and row.less_all is None for row in rows)
    with pytest.raises(MismatchError, match="its settings differ"):
        ablate(corpus, tmp_path, tiny_config(training={"epochs": 2}), options)


def test_one_modality_cannot_be_ablated(corpus: FeatureStore, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="several modalities"):
        cells(corpus, tmp_path, AblationOptions(modalities=(next(iter(corpus.modalities)),)))
    with pytest.raises(ConfigError, match="seeds"):
        AblationOptions(seeds=0)


def test_figures_of_validation_are_said_to_be_of_validation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    untested_store(tmp_path / "store")
    words = ("--family", "late-fusion", "--seeds", "1", "--jobs", "1", "--training.epochs", "1")
    shown = lddu(capsys, "ablate", tmp_path / "store", *words, "--out", tmp_path / "out")
    assert shown.code == 0 and "trained anew on valid: one seed" in shown.out
    with (tmp_path / "out" / "ablation.csv").open() as stream:
        assert {row["split"] for row in csv.DictReader(stream)} == {"valid"}


@pytest.mark.slow
def test_the_command_prints_a_row_per_subset_and_writes_them(
    corpus: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = list(corpus.modalities)[:2]
    sizes = ("--model.hidden", "16", "--model.latent", "4", "--model.heads", "2", "--training.epochs", "1")
    shown = lddu(
        capsys, "ablate", corpus.path, "--modalities", ",".join(two), "--seeds", "2", "--out", tmp_path, *sizes
    )
    assert shown.code == 0 and "micro-F1 less all" in shown.out
    with (tmp_path / "ablation.csv").open() as stream:
        assert [row["modalities"] for row in csv.DictReader(stream)] == ["+".join(two), *two]
    refused = lddu(capsys, "ablate", corpus.path, "--modalities", two[0], "--out", tmp_path / "one")
    assert refused.code != 0 and refused.err.count("Expected") == 1
