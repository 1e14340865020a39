"""A model family in one file with one registration: trained, resumed, predicted, measured, searched, reported, compared."""

import json
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import lddu
from lddu.errors import ConfigError, PackageError, RunError
from lddu.models.families import GROUP, family_of
from lddu.pages.report import write_report
from lddu.runs.run_folder import RunFolder
from lddu.store.store import FeatureStore
from tests.builders import tiny_store
from tests.command_line import lddu as command

TOY = '''
"""A linear model of the first step of every modality."""

import torch

import lddu
from lddu.config import setting
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings(lddu.ModelSettings):
    gain: float = setting(1.0, "factor of the logits", 0)


class FirstStep(torch.nn.Module):
    def __init__(self, task, config):
        super().__init__()
        self.gain = config.model.gain
        self.layer = torch.nn.Linear(sum(task.dimensions.values()), len(task.emotions))

    def forward(self, values, mask, presence):
        first = [x[:, 0] * m[:, :1] * presence[:, n, None] for n, (x, m) in enumerate(zip(values, mask))]
        logit = self.gain * self.layer(torch.cat(first, dim=1))
        return lddu.Answer(logit, {"steepness": logit.abs()})


TOY = lddu.Family.of(
    "toy", FirstStep, Settings(), evidence=[lddu.Evidence("steepness", ("emotion",), True, "Size of the logit.", "steep")]
)
'''


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("toy") / "store", clips=60, missing=[(4, "audio")])


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package that registers the family, as an installed one would; a folder of its own."""
    site = tmp_path / "site"
    (site / "toy_package-1.0.dist-info").mkdir(parents=True)
    (site / "toy_package.py").write_text(TOY, encoding="utf-8")
    (site / "toy_package-1.0.dist-info" / "METADATA").write_text("Name: toy-package\nVersion: 1.0\n", encoding="utf-8")
    listed = f"[{GROUP}]\ntoy = toy_package:TOY\nbroken = no_such_package:TOY\nodd = json:dumps\n"
    (site / "toy_package-1.0.dist-info" / "entry_points.txt").write_text(listed, encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    assert any(entry.name == "toy" for entry in entry_points(group=GROUP))
    yield tmp_path
    sys.modules.pop("toy_package", None)


def test_a_registered_family_goes_through_every_command(
    corpus: FeatureStore, registered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def done(*words: str | Path) -> str:
        found = command(capsys, *words)
        assert found.code == 0, found.err
        return found.out

    run, other, folder = registered / "run", registered / "other", registered / "search"
    short = ("--training.epochs", "2", "--device", "cpu")
    done("train", corpus.path, "--out", run, "--family", "toy", "--model.gain", "0.5", "--seeds", "2", *short)
    done("train", corpus.path, "--out", other, "--family", "late-fusion", "--no-baselines", *short)
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))["config"]
    assert config["family"] == "toy" and config["model"]["gain"] == 0.5
    answers = json.loads(done("predict", run, corpus.path, "--json"))
    assert set(answers["clips"][0]["evidence"]["steepness"]) == set(corpus.emotions)
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["protocol"]["family"] == "toy" and "steepness" in metrics["splits"]["test"]["error_auroc"]
    assert "width" not in metrics["splits"]["test"]["error_auroc"] and not (run / "latent_map.json").exists()
    assert "audio" in done("evaluate", run, "--robustness")
    (run / "report.html").unlink()
    done("report", run)
    assert "steepness" in (run / "report.html").read_text(encoding="utf-8")
    done("compare", run, other, "--html", registered / "page.html")
    assert "other" in (registered / "page.html").read_text(encoding="utf-8")
    done("search", corpus.path, "--trials", "1", "--out", folder, "--family", "toy", "--training.epochs", "1")
    assert 'family = "toy"' in (folder / "best.toml").read_text(encoding="utf-8")


def test_a_family_in_python_needs_no_registration(corpus: FeatureStore, tmp_path: Path) -> None:
    space: dict[str, object] = {"__name__": "__main__"}
    exec(TOY, space)
    toy = space["TOY"]
    assert isinstance(toy, lddu.Family)
    short = lddu.preset(family=toy, overrides={"training": {"epochs": 2}})
    run = lddu.train(corpus, tmp_path / "run", short, family=toy)
    found = lddu.Predictor(run.path, family=toy).predict(corpus)
    assert found.evidence["steepness"].values.shape == (len(corpus), 2)
    write_report(run)
    late = lddu.train(
        corpus, tmp_path / "late", lddu.preset(overrides={"training": {"epochs": 1}}, family="late-fusion")
    )
    [pair] = lddu.compare_runs([run, late])
    assert "f1_micro" in pair.comparison.difference
    with pytest.raises(ConfigError, match=r"Expected a model family out of lddu, late-fusion.*but got 'toy'"):
        lddu.Predictor(run.path)
    with pytest.raises(RunError, match=r"Expected a run of the model family toy in .*, but it is of late-fusion"):
        _ = RunFolder(late.path, toy).description


def test_settings_and_family_must_agree(corpus: FeatureStore, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Expected settings of the model family late-fusion, but config is of lddu"):
        lddu.train(corpus, tmp_path / "run", lddu.preset(), family="late-fusion")
    assert not (tmp_path / "run").exists()


def test_entry_points_that_lead_nowhere_are_one_sentence(registered: Path) -> None:
    with pytest.raises(
        PackageError, match="Expected the model family 'broken' in no_such_package, but it cannot be imported"
    ):
        family_of("broken")
    with pytest.raises(ConfigError, match="Expected json:dumps to be the model family 'odd'"):
        family_of("odd")
