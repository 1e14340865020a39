"""`--modalities`: what the network may see is a choice of the run, and the store's other modalities are as if they were not there."""

from pathlib import Path

import numpy as np
import pytest

from lddu.errors import ConfigError, StoreError
from lddu.runs.predictor import Predictor
from lddu.runs.run_folder import RunFolder
from lddu.runs.seeds import differing
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions, describe, training_rows
from lddu.training.run import train
from lddu.training.search.search import SearchOptions, search
from tests.builders import tiny_config, tiny_store
from tests.command_line import lddu


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("modalities") / "store", clips=60)


def test_a_run_sees_the_modalities_that_were_named_in_the_order_of_the_store(
    corpus: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *others = corpus.modalities
    out = tmp_path / "run"
    sizes = ("--model.hidden", "16", "--model.latent", "4", "--model.heads", "2")
    words = ("--training.epochs", "1", *sizes, "--no-baselines")
    named = ",".join(reversed(list(corpus.modalities)))
    assert lddu(capsys, "train", corpus.path, "--modalities", named, "--out", tmp_path / "all", *words).code == 0
    assert lddu(capsys, "train", corpus.path, "--modalities", first, "--out", out, *words).code == 0
    found = differing([tmp_path / "all", out])
    assert found[str(out)]["modalities"] == first
    assert found[str(tmp_path / "all")]["modalities"] == ", ".join(corpus.modalities)
    answered = Predictor(out).predict(corpus)
    unseen = Predictor(tmp_path / "all").networks_on(corpus).without(np.arange(len(corpus)), frozenset(others))
    assert list(RunFolder(out).description.task.dimensions) == [first] and others
    assert answered.probability.shape == unseen.probability.shape


def test_clips_without_a_named_modality_neither_train_nor_choose(corpus: FeatureStore) -> None:
    for name in corpus.modalities:
        train_rows, valid_rows = training_rows(corpus, (name,))
        for rows in (train_rows, valid_rows):
            assert (corpus.lengths(name)[rows] > 0).all()
    assert len(training_rows(corpus)[0]) >= max(len(training_rows(corpus, (name,))[0]) for name in corpus.modalities)


@pytest.mark.parametrize(
    ("named", "sentence"), [("text,smell", "smell"), ("text,,audio", "commas between"), ("", "commas")]
)
def test_a_modality_that_is_not_there_is_refused_before_anything_is_written(
    named: str, sentence: str, corpus: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (("train",), ("search", "--trials", 1)):
        refused = lddu(capsys, *words, corpus.path, "--modalities", named, "--out", tmp_path / "out")
        assert refused.code != 0 and sentence in refused.err and refused.err.count("Expected") == 1
        assert not (tmp_path / "out").exists()


def test_a_search_with_other_modalities_is_another_search(corpus: FeatureStore, tmp_path: Path) -> None:
    first, second = list(corpus.modalities)[:2]
    base = tiny_config(training={"epochs": 1})
    search(corpus, tmp_path / "search", SearchOptions(1, modalities=(first,)), base)
    with pytest.raises(Exception, match="modalities differ"):
        search(corpus, tmp_path / "search", SearchOptions(2, modalities=(second,)), base)
    assert describe(corpus, base, RunOptions(modalities=(second, first))).task.dimensions.keys() == {first, second}


def test_a_store_whose_training_clips_lack_the_modality_is_refused(tmp_path: Path, corpus: FeatureStore) -> None:
    with pytest.raises((StoreError, ConfigError)):
        train(corpus, tmp_path / "run", tiny_config(), RunOptions(modalities=("nothing",)))
