"""Clips that are out of distribution for a run: detected, named, and abstained on where abstention is allowed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lddu.commands.evaluate import evaluate as evaluate_command
from lddu.models.scaling import Standardise
from lddu.pages.clip_page import ClipPageContext, write_clip_page
from lddu.runs.explained import answers_on
from lddu.runs.familiarity import FAR, FEWEST_VALIDATION_CLIPS, farthest_validation, unfamiliar
from lddu.runs.figures import PredictOptions
from lddu.runs.predictions import read_predictions
from lddu.runs.predictor import Predictor
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.run import train
from tests.builders import noisy_store, tiny_config


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """Simulated, large enough to hold twenty validation clips of each modality."""
    return noisy_store(tmp_path_factory.mktemp("unfamiliar") / "store")


@pytest.fixture(scope="module")
def run(corpus: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(corpus, tmp_path_factory.mktemp("unfamiliar") / "run", tiny_config(training={"epochs": 2})).path


@pytest.fixture
def strange(corpus: FeatureStore, tmp_path: Path) -> FeatureStore:
    """Three test clips with both modalities, the first with its audio thirty times as loud, and one without audio."""
    rows = corpus.table.in_split("test")
    both = [row for row in rows if corpus.present()[row].all()][:3]
    description = StoreDescription((), {name: m.feature for name, m in corpus.modalities.items()}, unlabelled=True)
    with writing_store(tmp_path / "strange", description) as writer:
        for n, row in enumerate([*both, both[0]]):
            text, audio = (np.array(corpus.steps(name, row)) for name in ("text", "audio"))
            features = {"text": text, "audio": 30 * audio if n == 0 else audio}
            writer.add(ClipRow(f"c{n}", "", ()), features if n < 3 else {"text": text})
    return FeatureStore(tmp_path / "strange")


def test_the_distance_is_the_root_mean_square_of_the_real_steps_in_deviations() -> None:
    draw = np.random.default_rng(0)
    values, mask = draw.normal(size=(3, 5, 4)).astype(np.float32), np.arange(5) < np.array([[5], [2], [0]])
    centre, scale = draw.normal(size=4).astype(np.float32), draw.uniform(0.5, 2, 4).astype(np.float32)
    layer = Standardise(4, clipped=True)
    layer.fit(torch.from_numpy(centre), torch.from_numpy(scale), torch.full((4,), 9.0))
    found = layer.distance(torch.from_numpy(values), torch.from_numpy(mask)).numpy()
    for n, steps in enumerate((5, 2)):
        expected = np.sqrt((((values[n, :steps] - centre) / scale) ** 2).mean())
        assert found[n] == pytest.approx(expected, rel=1e-5)
    assert found[2] == 0


def test_a_clip_lies_as_far_away_whatever_stands_beside_it(corpus: FeatureStore, run: Path) -> None:
    predictor = Predictor(run)
    together = predictor.predict(corpus).modality_distance
    assert together is not None and (np.isnan(together) == ~corpus.present()).all()
    for row in (0, 17, 101):
        alone = predictor.predict(corpus, [row]).modality_distance
        assert alone is not None
        np.testing.assert_allclose(alone[0], together[row], rtol=1e-5)
    stored = read_predictions(run / "predictions.parquet")
    rows = corpus.rows(stored.clip.tolist())
    assert stored.modality_distance is not None
    np.testing.assert_allclose(stored.modality_distance, together[rows], rtol=1e-5)


def test_a_clip_is_unfamiliar_beyond_the_farthest_of_enough_validation_clips() -> None:
    usual = np.column_stack([np.linspace(1, 2, FEWEST_VALIDATION_CLIPS), np.full(FEWEST_VALIDATION_CLIPS, 1.0)])
    usual[0, 1] = np.nan
    farthest = farthest_validation(usual)
    assert farthest[0] == 2 and np.isnan(farthest[1])
    flags = unfamiliar(np.array([[2 * FAR, 9.0], [2 * FAR + 0.01, 9.0], [np.nan, np.nan]]), farthest)
    assert flags is not None and flags.tolist() == [[False, False], [True, False], [False, False]]
    assert unfamiliar(np.ones((1, 2)), farthest_validation(usual[1:])) is None


def test_clips_of_the_same_corpus_are_familiar(corpus: FeatureStore, run: Path) -> None:
    predictor = Predictor(run)
    found = predictor.predict(corpus, corpus.table.in_split("test"))
    assert found.unfamiliar is not None and found.unfamiliar.mean() < 0.05  # the noise of this corpus has a long tail


def test_a_strange_clip_is_named_and_answered_only_where_all_shall_be(strange: FeatureStore, run: Path) -> None:
    predictor = Predictor(run)
    found = predictor.predict(strange)
    assert found.unfamiliar is not None and found.unfamiliar.tolist() == [[False, True], *[[False, False]] * 3]
    [told] = predictor.remarks(strange, found)
    assert told.startswith("audio of 1 of 4 clips (c0) is out of distribution (")
    assert found.abstained is None
    some, whole = (
        predictor.predict(strange, options=PredictOptions(coverage=share)).abstained for share in (0.99, 1.0)
    )
    assert some is not None and some[0].all() and not some[1:].all()
    assert whole is not None and not whole.any()
    record = found.to_records()[0]
    assert record["evidence"]["unfamiliar"] == {"text": False, "audio": True}
    assert found.to_columns()["unfamiliar_audio"][0] is True
    json.dumps(record)


def test_an_evaluation_on_strange_clips_says_so(
    corpus: FeatureStore, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row for row in corpus.table.in_split("test") if corpus.present()[row, 1]]
    description = StoreDescription(corpus.emotions, {"audio": corpus.modalities["audio"].feature})
    with writing_store(tmp_path / "loud", description) as writer:
        for n, row in enumerate(rows):
            shares = tuple(corpus.table.labels[row].tolist())
            loud = (30 if n < 10 else 1) * np.array(corpus.steps("audio", row))
            writer.add(ClipRow(f"c{n}", "test", shares), {"audio": loud})
    shares = Predictor(run).evaluate(FeatureStore(tmp_path / "loud"))["unfamiliar"]
    assert list(shares) == ["audio"] and shares["audio"] == pytest.approx(10 / len(rows), abs=0.05)
    evaluate_command(run, str(tmp_path / "loud"))
    assert "audio of" in capsys.readouterr().err
    evaluate_command(run, str(corpus.path))
    assert "out of distribution" not in capsys.readouterr().err


def test_page_and_warnings_say_it(strange: FeatureStore, run: Path, tmp_path: Path) -> None:
    answers = answers_on(Predictor(run), strange)
    assert sum("is out of distribution" in warning for warning in answers.warnings) == 1
    write_clip_page(tmp_path / "page", answers, ClipPageContext("run", "clips"), with_media=False)
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert page.count("Its audio is out of distribution. Do not trust these probabilities.") == 1


def test_a_run_of_an_older_version_says_nothing(strange: FeatureStore, run: Path, tmp_path: Path) -> None:
    import shutil

    old = tmp_path / "old"
    shutil.copytree(run, old)
    replace(read_predictions(run / "predictions.parquet"), modality_distance=None).write_parquet(
        old / "predictions.parquet"
    )
    predictor = Predictor(old)
    found = predictor.predict(strange, options=PredictOptions(coverage=0.99))
    assert found.unfamiliar is None and predictor.remarks(strange, found) == []
    assert not [name for name in found.to_columns() if name.startswith("unfamiliar")]
