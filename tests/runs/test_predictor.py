"""A predictor in Python: called on whatever holds clips, it says what it recognises and shows what lies behind."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import lddu
from lddu.batches.batch import BatchReader
from lddu.errors import ConfigError, MismatchError, RunError, SourceError, StoreError
from lddu.models.lddu.prediction import Prediction
from lddu.runs.predictions import Predictions
from lddu.runs.predictor import Predictor
from lddu.runs.run_metrics import SplitMetrics
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from tests.builders import tiny_config, tiny_store

MISSING = ((0, "audio"), (7, "text"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("predictor") / "store", clips=40, missing=MISSING)


@pytest.fixture(scope="module")
def ensemble(store: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two networks of LDDU."""
    options = lddu.RunOptions(members=2, device="cpu")
    place = tmp_path_factory.mktemp("predictor") / "run"
    return lddu.train(store, place, tiny_config(training={"epochs": 1}), options).path


@pytest.fixture(scope="module")
def predictor(ensemble: Path) -> Predictor:
    return lddu.load(ensemble)


class Plain(torch.nn.Module):
    """The mean of the first modality, weighted."""

    def __init__(self, dimension: int, emotions: int) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(dimension, emotions)

    def forward(
        self, values: tuple[torch.Tensor, ...], mask: tuple[torch.Tensor, ...], presence: torch.Tensor
    ) -> torch.Tensor:
        """Logits [B, E]."""
        there = mask[0][..., None]
        found: torch.Tensor = self.linear((values[0] * there).sum(dim=1) / there.sum(dim=1).clamp(min=1))
        return found


PLAIN = lddu.Family.of("plain", lambda task, config: Plain(next(iter(task.dimensions.values())), len(task.emotions)))


@pytest.fixture(scope="module")
def unregistered(store: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a family that no name leads to."""
    config = lddu.preset("default", {"training": {"epochs": 1, "batch_size": 8}}, family=PLAIN)
    place = tmp_path_factory.mktemp("predictor") / "plain"
    return lddu.train(store, place, config, lddu.RunOptions(device="cpu", report=False), family=PLAIN).path


@pytest.mark.parametrize("kind", ["store", "path", "text"])
def test_a_store_may_be_given_open_or_by_its_path(predictor: Predictor, store: FeatureStore, kind: str) -> None:
    given: dict[str, FeatureStore | Path | str] = {"store": store, "path": store.path, "text": str(store.path)}
    found = predictor(given[kind])
    assert isinstance(found, Predictions)
    np.testing.assert_array_equal(found.probability, predictor.predict(store).probability)


def test_a_call_takes_what_is_asked_beyond_the_labels(predictor: Predictor, store: FeatureStore) -> None:
    found = predictor(store, lddu.PredictOptions(coverage=0.5))
    assert found[0].cannot_tell is not None and predictor(store)[0].cannot_tell is None


def test_what_is_no_store_is_taken_for_raw_clips(predictor: Predictor, tmp_path: Path) -> None:
    """This run knows no raw clips, and says so before it looks for them."""
    with pytest.raises(MismatchError, match="Expected a run trained on features that 'lddu extract' made"):
        predictor(tmp_path / "talk.mp4")
    with pytest.raises(MismatchError, match="'lddu extract'"):
        predictor(["one.mp4", "two.mp4"])


def test_a_store_behind_a_url_is_taken_for_a_store(predictor: Predictor) -> None:
    with pytest.raises(StoreError):
        predictor("file:///nowhere/store")


def test_a_predictor_names_emotions_and_modalities_in_the_order_of_its_arrays(
    predictor: Predictor, store: FeatureStore
) -> None:
    found = predictor.predict(store)
    assert predictor.emotions == found.emotions == store.emotions
    assert predictor.modalities == found.modalities == tuple(predictor.description.task.dimensions)
    assert repr(predictor).endswith("run': joy, anger from audio, text)")


def test_a_family_that_is_not_registered_is_given(unregistered: Path, store: FeatureStore, ensemble: Path) -> None:
    found = lddu.load(unregistered, family=PLAIN)(store)
    assert found.probability.shape == (40, 2)
    assert lddu.RunFolder(unregistered, PLAIN).metrics["test"].n == 8
    with pytest.raises(ConfigError, match=r"Expected a model family out of .*, but got 'plain'"):
        lddu.load(unregistered)
    with pytest.raises(RunError, match=r"Expected a run of the model family plain in .*, but it is of lddu"):
        lddu.load(ensemble, family=PLAIN)


def test_latents_are_those_of_the_network_clip_by_clip(predictor: Predictor, store: FeatureStore) -> None:
    """Each clip alone, without padding, gives what all of them give together."""
    found = predictor.latents(store, network=1)
    assert found.mean.shape == found.std.shape == (40, 2, 2, 4) and len(found) == len(found.attention) == 40
    network = predictor.networks_on(store).members[1]
    reader = BatchReader(store, predictor.description.task.dimensions, predictor.description.config.model.max_steps)
    for row in range(0, 40, 7):
        batch = reader.read([row])
        with torch.inference_mode():
            alone = network(batch.values, batch.mask, batch.presence)
        assert isinstance(alone, Prediction)
        for m in batch.presence[0].nonzero()[:, 0].tolist():
            name = predictor.modalities[m]
            np.testing.assert_allclose(found.mean[row, m], alone.mean[0, m].numpy(), rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(found.std[row, m], alone.std[0, m].numpy(), rtol=1e-4, atol=1e-5)
            assert found.attention[row][name].shape == (2, len(store.steps(name, row)))
            np.testing.assert_allclose(found.attention[row][name], alone.attention[m][0].numpy(), rtol=1e-4, atol=1e-5)


def test_latents_of_a_missing_modality_are_nan_and_it_has_no_attention(
    predictor: Predictor, store: FeatureStore
) -> None:
    found = predictor.latents(store, [0, 7, 8])
    lacking = np.isnan(found.mean).all(axis=(2, 3))
    assert found.modalities == ("audio", "text") and found.clip.tolist() == ["-clip0", "-clip7", "-clip8"]
    assert lacking.tolist() == [[True, False], [False, True], [False, False]]
    assert (np.isnan(found.std) == np.isnan(found.mean)).all()
    assert [set(attended) for attended in found.attention] == [{"text"}, {"audio"}, {"audio", "text"}]
    for attended in found.attention:
        for weights in attended.values():
            np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)


def test_latents_of_some_clips_are_a_part_of_those_of_all(predictor: Predictor, store: FeatureStore) -> None:
    whole, some = predictor.latents(store), predictor.latents(store, ["-clip9", "-clip3"])
    np.testing.assert_allclose(some.mean, whole.mean[[9, 3]], rtol=1e-4, atol=1e-5)
    assert repr(some) == "Latents of 2 clips: audio, text x 2 emotions x 4 dimensions"


def test_latents_are_refused_in_one_sentence_where_there_are_none(
    predictor: Predictor, store: FeatureStore, unregistered: Path
) -> None:
    with pytest.raises(
        MismatchError, match=r"latent distributions, such as lddu, but .*plain is of plain, which has none"
    ):
        lddu.load(unregistered, family=PLAIN).latents(store)
    with pytest.raises(ConfigError, match="Expected `network` from 0 to 1, but got 2"):
        predictor.latents(store, network=2)
    with pytest.raises(StoreError, match=r"Expected at least one clip of .*, but got none"):
        predictor.latents(store, [])


def test_the_metrics_of_a_run_are_those_of_its_file(ensemble: Path) -> None:
    run = lddu.RunFolder(ensemble)
    told = json.loads((ensemble / "metrics.json").read_text())["splits"]
    assert list(run.metrics) == list(told) and run.metrics.everything["splits"] == told
    for split, figures in run.metrics.items():
        for name in ("n", "f1_micro", "map_macro", "ece", "aurc"):
            assert getattr(figures, name) == told[split][name]
        assert figures.error_auroc == told[split]["error_auroc"]["product"]
        assert figures.per_emotion["joy"].f1 == told[split]["per_emotion"]["joy"]["f1"]
        assert figures.intervals["f1_micro"] == tuple(told[split]["intervals"]["f1_micro"])
        assert figures.figures["risk_coverage"] == told[split]["risk_coverage"]


def test_metrics_read_short_and_name_the_splits_that_there_are(ensemble: Path) -> None:
    metrics = lddu.RunFolder(ensemble).metrics
    assert repr(metrics["test"]).startswith("SplitMetrics(8 clips: f1_micro 0.") and len(repr(metrics)) < 250
    with pytest.raises(KeyError, match="Expected a split out of valid, test, but got 'train'"):
        metrics["train"]
    assert metrics.get("train") is None and isinstance(metrics.get("test"), SplitMetrics)


@pytest.mark.parametrize("lost", ["splits", "f1_micro", "per_emotion", "intervals"])
def test_damaged_metrics_are_one_sentence(ensemble: Path, tmp_path: Path, lost: str) -> None:
    shutil.copytree(ensemble, tmp_path / "run")
    told = json.loads((tmp_path / "run" / "metrics.json").read_text())
    (told if lost == "splits" else told["splits"]["valid"]).pop(lost)
    (tmp_path / "run" / "metrics.json").write_text(json.dumps(told))
    with pytest.raises(
        RunError, match=rf"metrics.json to hold the figures of a run, but it is damaged \(KeyError\('{lost}"
    ):
        lddu.RunFolder(tmp_path / "run").metrics  # noqa: B018


def test_metrics_of_an_unfinished_run_say_how_to_go_on(ensemble: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    shutil.copy(ensemble / "config.json", tmp_path / "run")
    with pytest.raises(RunError, match="training has not finished"):
        lddu.RunFolder(tmp_path / "run").metrics  # noqa: B018


def test_predicting_a_store_loads_no_extraction(ensemble: Path, store: FeatureStore) -> None:
    code = (
        "import sys, lddu; lddu.load(sys.argv[1])(sys.argv[2]);"
        "print([name for name in sys.modules if name.startswith(('lddu.clips', 'lddu.pages', 'matplotlib'))] or 'light')"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(ensemble), str(store.path)], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "light"


def test_a_place_with_nothing_is_said_to_be_no_clip(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere"):
        lddu.extract(tmp_path / "nowhere.mp4", tmp_path / "store")


def test_a_split_without_a_label_is_not_measured(predictor: Predictor, store: FeatureStore, tmp_path: Path) -> None:
    description = StoreDescription(store.emotions, dict.fromkeys(store.modalities, "made up"))
    with writing_store(tmp_path / "store", description) as writer:
        features = {name: np.ones((2, own.dimension), np.float32) for name, own in store.modalities.items()}
        writer.add(ClipRow("a", "test", [None] * len(store.emotions)), features)
    with pytest.raises(MismatchError, match="none of its 1 clip has any of joy, anger"):
        predictor.evaluate(tmp_path / "store")
