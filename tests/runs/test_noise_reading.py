"""What the meters read, from the networks to tables, metrics and pages; and a run that has none."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lddu.arrays import Floats
from lddu.batches.batch import BatchReader
from lddu.commands.figures import show_robustness
from lddu.corpora.simulated.simulate import SimulationConfig, simulate
from lddu.evaluate.meters import unresponsive_meters
from lddu.evaluate.selective import spearman
from lddu.models.networks import Inference, joined
from lddu.pages.clip_page import ClipPageContext, write_clip_page
from lddu.pages.report import write_report
from lddu.runs.explained import answers_on
from lddu.runs.familiarity import FEWEST_VALIDATION_CLIPS, noisier_than
from lddu.runs.predictions import Predictions, read_predictions
from lddu.runs.predictor import Predictor
from lddu.runs.robustness import Robustness
from lddu.runs.run_folder import RunFolder
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.builders import noisy_store, tiny_config, tiny_store

WITHOUT = tiny_config(
    training={"epochs": 1},
    model={"noise_meter": False, "noise_gate": False},
    objective={"memory_size": 64, "noise_weight": 0.0},
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """Simulated, large enough to hold twenty validation clips of each modality."""
    return noisy_store(tmp_path_factory.mktemp("noise") / "store")


@pytest.fixture(scope="module")
def run(corpus: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return train(
        corpus,
        tmp_path_factory.mktemp("noise") / "run",
        tiny_config(training={"epochs": 12, "batch_size": 24, "learning_rate": 3e-3}, model={"noise_gate": True}),
        RunOptions(baselines=False),
    )


@pytest.fixture(scope="module")
def meterless(corpus: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return train(corpus, tmp_path_factory.mktemp("noise") / "without", WITHOUT, RunOptions(baselines=False))


@pytest.fixture(scope="module")
def curves(corpus: FeatureStore, run: RunFolder) -> Robustness:
    return Predictor(run.path).robustness(corpus)


@pytest.fixture(scope="module")
def curves_of_meterless(corpus: FeatureStore, meterless: RunFolder) -> Robustness:
    return Predictor(meterless.path).robustness(corpus)


def noise_of(found: Inference | Predictions) -> Floats:
    return found.evidence["modality_noise"].values


def test_the_reading_is_the_networks_own_and_nan_where_a_modality_is_missing(
    corpus: FeatureStore, run: RunFolder
) -> None:
    predictor = Predictor(run.path)
    rows = np.arange(30)
    found = predictor.infer(corpus, rows)
    assert "modality_noise" in found.evidence
    [batch] = BatchReader(corpus, {"text": 12, "audio": 6}, 16).batches(rows, len(rows))
    with torch.inference_mode():
        expected = run.load_model(torch.device("cpu"))(batch.values, batch.mask, batch.presence).noise.numpy()
    assert np.array_equal(np.isnan(noise_of(found)), ~found.presence) and not found.presence.all()
    np.testing.assert_allclose(noise_of(found)[found.presence], expected[found.presence], atol=1e-5)
    assert np.ptp(noise_of(found)[found.presence]) > 0.01


def test_of_several_networks_the_mean_is_told(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store", missing=[(4, "audio")])
    ensemble = train(store, tmp_path / "run", tiny_config(training={"epochs": 1}), RunOptions(members=2))
    members = [noise_of(Predictor(member.path).infer(store)) for member in ensemble.members()]
    together = noise_of(Predictor(ensemble.path).infer(store))
    np.testing.assert_allclose(together, (members[0] + members[1]) / 2)
    assert np.isnan(together[4, 0]) and np.isnan(together).sum() == 1


def test_parts_joined_keep_their_readings_in_order(corpus: FeatureStore, run: RunFolder) -> None:
    predictor = Predictor(run.path)
    whole = noise_of(predictor.infer(corpus, np.arange(8)))
    found = noise_of(joined([predictor.infer(corpus, np.arange(5)), predictor.infer(corpus, np.arange(5, 8))]))
    np.testing.assert_allclose(found, whole, atol=1e-6)


def test_json_csv_and_parquet_tell_the_same_noise_and_trust(
    corpus: FeatureStore, run: RunFolder, tmp_path: Path
) -> None:
    predicted = Predictor(run.path).predict(corpus, corpus.table.in_split("test"))
    assert np.isnan(noise_of(predicted)).any()
    columns, records = predicted.to_columns(), predicted.to_records()
    for m, name in enumerate(predicted.modalities):
        for column, field in (("noise", "modality_noise"), ("trust", "modality_trust")):
            told = [record["evidence"][field][name] for record in records]
            assert columns[f"{column}_{name}"] == told
            assert [value is None for value in told] == np.isnan(predicted.evidence[field].values[:, m]).tolist()
    predicted.write_parquet(tmp_path / "again.parquet")
    for path in (tmp_path / "again.parquet", run.path / "predictions.parquet"):
        stored = read_predictions(path)
        stored = stored.rows(stored.split == "test")
        assert stored.clip.tolist() == predicted.clip.tolist()
        np.testing.assert_allclose(noise_of(stored), noise_of(predicted), atol=1e-5)
        again, before = (own.evidence["modality_trust"].values for own in (stored, predicted))
        np.testing.assert_allclose(again, before, atol=1e-5)


def test_noisier_than_counts_the_validation_clips_with_less_noise() -> None:
    usual = np.column_stack([np.arange(20.0), np.full(20, np.nan)])
    usual = np.vstack([usual, [[np.nan, 1.0]]])
    found = noisier_than(np.array([[-1.0, 0.0], [10.0, 5.0], [99.0, np.nan], [np.nan, 1.0]]), usual)
    assert found is not None
    np.testing.assert_array_equal(found[:, 0], [0, 0.5, 1, np.nan])
    assert np.isnan(found[:, 1]).all()
    assert noisier_than(np.zeros((2, 1)), np.zeros((FEWEST_VALIDATION_CLIPS - 1, 1))) is None


def test_noise_added_to_clips_makes_them_noisier_than_usual(
    corpus: FeatureStore, run: RunFolder, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    description = StoreDescription(("happy",), {"text": "simulated text"})
    with writing_store(tmp_path / "loud", description) as writer:
        for n in range(20):
            text = random.normal(0, 12, (9, 12)).astype(np.float32)
            writer.add(ClipRow(f"loud{n}", "", [None]), {"text": text})
    loud = Predictor(run.path).predict(FeatureStore(tmp_path / "loud")).noisier_than
    usual = Predictor(run.path).predict(corpus, corpus.table.in_split("valid")).noisier_than
    assert loud is not None and usual is not None
    assert (loud[:, 0] > 0.9).all() and np.isnan(loud[:, 1]).all()
    assert 0.4 < np.nanmean(usual) < 0.6


def test_metrics_correlate_the_true_noise_with_both_readings(corpus: FeatureStore, run: RunFolder) -> None:
    figures = run.read_json("metrics.json")["splits"]["test"]["noise_spearman"]
    stored = read_predictions(run.path / "predictions.parquet")
    stored = stored.rows(stored.split == "test")
    inference = Predictor(run.path).infer(corpus, corpus.table.in_split("test"))
    error = inference.evidence["modality_error"].per_modality()
    assert list(figures) == ["text", "audio"]
    for m, (name, readings) in enumerate(figures.items()):
        true = corpus.table.carried[f"_noise_{name}"][corpus.table.in_split("test")]
        for reading, values in (("noise", noise_of(stored)), ("error", error)):
            there = ~np.isnan(values[:, m])
            assert readings[reading] == pytest.approx(spearman(values[there, m], true[there]), abs=1e-3)
        assert readings["noise"] > 0.7


def test_a_modality_whose_true_noise_is_unknown_does_not_shift_the_others(
    corpus: FeatureStore, run: RunFolder, tmp_path: Path
) -> None:
    audio_only = simulate(tmp_path / "store", SimulationConfig(clips=60, dimensions={"audio": 6}))
    figures = Predictor(run.path).evaluate(audio_only)
    assert figures["noise_spearman"]["text"] == {"error": None, "noise": None}
    assert figures["noise_spearman"]["audio"]["noise"] > 0.7


def test_robustness_counts_clips_whose_noise_rose(curves: Robustness) -> None:
    for points in curves.modalities.values():
        of = {(point.kind, point.size): point for point in points}
        clean, loudest, shuffled = of["clean", 0], of["noise", 4], of["shuffled", 0]
        assert clean.noise is not None and clean.noise_risen is None
        assert loudest.noise is not None and loudest.noise > clean.noise
        assert loudest.noise_risen is not None and loudest.noise_risen > 0.9
        assert shuffled.noise_risen == 0  # the meter does not see order, and rounding is no rise
        assert (of["missing", 0].noise, of["missing", 0].noise_risen) == (None, None)


def test_pages_show_the_reading(
    corpus: FeatureStore, run: RunFolder, curves: Robustness, tmp_path: Path, painted_here: None
) -> None:
    metrics = run.read_json("metrics.json")
    metrics["splits"]["test"]["robustness"] = curves.to_mapping()
    run.write_json("metrics.json", metrics)
    write_report(run)
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "<th>noise</th><th>error</th>" in page and "its noise reading" in page and "<th>its noise</th>" in page
    answers = answers_on(Predictor(run.path), corpus, rows=range(3))
    write_clip_page(tmp_path / "page", answers, ClipPageContext("run", "store"), with_media=False)
    text = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    shares = answers.predictions.noisier_than
    assert shares is not None and "<th>noisier than</th>" in text
    for share in shares[~np.isnan(shares)]:
        assert f"<td>{100 * share:.0f} %</td>" in text


def test_a_meter_that_does_not_hear_noise_is_said(
    run: RunFolder, curves: Robustness, capsys: pytest.CaptureFixture[str]
) -> None:
    found = curves
    assert unresponsive_meters(found.to_mapping()["modalities"]) == []
    deaf = {
        name: tuple(replace(p, noise_risen=0.25) if name == "text" and p.kind == "noise" else p for p in points)
        for name, points in found.modalities.items()
    }
    show_robustness("test", replace(found, modalities=deaf))
    said = "the noise reading of text hardly rises with its noise in this run (at 4 deviations in 25% of the clips)"
    assert said in capsys.readouterr().err
    metrics = run.read_json("metrics.json")
    metrics["splits"]["test"]["robustness"] = replace(found, modalities=deaf).to_mapping()
    run.write_json("metrics.json", metrics)
    write_report(run)
    assert said[1:] in (run.path / "report.html").read_text(encoding="utf-8")


def test_a_run_without_meters_works_and_has_no_reading(
    corpus: FeatureStore, meterless: RunFolder, curves_of_meterless: Robustness, tmp_path: Path
) -> None:
    predictor = Predictor(meterless.path)
    assert "modality_noise" not in predictor.infer(corpus, np.arange(3)).evidence
    found = predictor.predict(corpus, np.arange(3))
    assert not [name for name in found.to_columns() if name.startswith(("noise_", "noisier_", "trust_"))]
    assert set(found.to_records()[0]["evidence"]) == {"width", "modality_error", "modality_distance", "unfamiliar"}
    assert "modality_noise" not in read_predictions(meterless.path / "predictions.parquet").evidence
    told = json.loads((meterless.path / "metrics.json").read_text())["splits"]["test"]
    assert set(told["noise_spearman"]["text"]) == {"error"}
    for points in curves_of_meterless.modalities.values():
        assert all(point.noise is None and point.noise_risen is None for point in points)
    write_clip_page(
        tmp_path / "page", answers_on(predictor, corpus, rows=range(2)), ClipPageContext("run", "store"), False
    )
    assert "oisier than" not in (tmp_path / "page" / "index.html").read_text(encoding="utf-8")


def test_the_report_of_an_older_run_is_written_again(meterless: RunFolder, curves_of_meterless: Robustness) -> None:
    """One correlation per modality, and corrupted points without noise, as older versions wrote them."""
    metrics = meterless.read_json("metrics.json")
    test = metrics["splits"]["test"]
    test["noise_spearman"] = {"text": 0.25, "audio": None}
    curves = curves_of_meterless.to_mapping()
    for points in curves["modalities"].values():
        for point in points:
            del point["noise"], point["noise_risen"]
    test["robustness"] = curves
    meterless.write_json("metrics.json", metrics)
    write_report(meterless)
    page = (meterless.path / "report.html").read_text(encoding="utf-8")
    assert "<td>text</td><td>0.25</td>" in page and "its noise" not in page and "weight of the others" in page


def test_a_run_whose_validation_predictions_are_gone_or_older_gives_no_rank(
    corpus: FeatureStore, run: RunFolder, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run.path, copy)
    stored = read_predictions(copy / "predictions.parquet")
    less = {name: own for name, own in stored.evidence.items() if name != "modality_noise"}
    replace(stored, evidence=less).write_parquet(copy / "predictions.parquet")
    assert Predictor(copy).predict(corpus, np.arange(3)).noisier_than is None
    (copy / "predictions.parquet").unlink()
    found = Predictor(copy).predict(corpus, np.arange(3))
    assert found.noisier_than is None and "modality_noise" in found.evidence
