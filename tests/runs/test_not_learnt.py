"""What a run could not learn from one modality alone is said of clips that have nothing else, and not answered for them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.models.family import Task
from lddu.runs.cautions import evaluation_warnings, training_warnings
from lddu.runs.figures import PredictOptions
from lddu.runs.not_learnt import not_learnt, sentence
from lddu.runs.onnx.check import COVERAGE, answers
from lddu.runs.predictor import Predictor
from lddu.store.clip_table import ClipRow
from lddu.store.repeated import SAME_FEATURES
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.builders import tiny_config

EMOTIONS = ("joy", "anger", "awe")
UNLEARNT = "anger and awe could not be learnt from audio alone: no training clip of it alone has a known label"
OTHER = "face was ignored: no training clip has it"
TASK = Task(EMOTIONS, {"text": 3, "audio": 3, "face": 3}, dict.fromkeys(("text", "audio", "face"), "a"), 0.5, False)
SHAPES = (("text",), ("audio",), ("text", "audio"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """Words, voices, and both in turn; of voices alone only joy is known."""
    place, rng = tmp_path_factory.mktemp("unlearnt") / "store", np.random.default_rng(0)
    with writing_store(place, StoreDescription(EMOTIONS, {"text": "a", "audio": "a"})) as writer:
        for n in range(60):
            names = SHAPES[n % 3]
            shares = [n % 2, None, None] if names == ("audio",) else [n % 2, n // 3 % 2, n // 6 % 2]
            steps = {name: rng.normal(size=(1, 3)).astype(np.float32) for name in names}
            writer.add(ClipRow(f"c{n}", ("train", "train", "train", "valid", "test")[n % 5], shares), steps)
    return FeatureStore(place)


@pytest.fixture(scope="module")
def predictor(store: FeatureStore) -> Predictor:
    config = tiny_config(training={"epochs": 1}, decision={"dropout_passes": 0})
    return Predictor(train(store, store.path.with_name("run"), config, RunOptions(baselines=False, report=False)).path)


@pytest.mark.parametrize(
    ("rows", "concerned"), [([0], False), ([2], False), ([0, 2], False), ([1], True), ([2, 1], True)]
)
def test_it_is_said_of_clips_that_have_nothing_else(store: FeatureStore, rows: list[int], concerned: bool) -> None:
    said = training_warnings([UNLEARNT, OTHER], TASK, store, np.array(rows))
    wanted = [UNLEARNT, OTHER] if concerned else [OTHER]
    assert said == [f"about the run's training: {sentence}" for sentence in wanted]


def test_how_the_corpus_was_split_is_said_of_figures_and_not_of_answers(store: FeatureStore) -> None:
    copies = f"3 clips {SAME_FEATURES}, such as b (those of a): if such pairs are one clip, the metrics are optimistic"
    warned = [copies, OTHER]
    assert training_warnings(warned, TASK, store, np.array([1])) == [f"about the run's training: {OTHER}"]
    told = evaluation_warnings(warned, replace(TASK, emotions=store.emotions), False, store, "test")
    assert told == [f"about the run's training: {copies}"]


def test_the_sentence_of_training_says_which_emotions_and_which_modality() -> None:
    flags = not_learnt(TASK, [OTHER, UNLEARNT, "rock and roll could not be learnt from text alone: no"])
    np.testing.assert_array_equal(flags, [[False] * 3, [False, True, True], [False] * 3])


@settings(deadline=None)
@given(which=st.sets(st.sampled_from(["anger, rage", "anger", "shock and awe", "joy (high)", "sad"]), min_size=1))
def test_names_that_hold_what_stands_between_names_are_read_too(which: set[str]) -> None:
    emotions = ("joy (high)", "anger", "anger, rage", "shock and awe", "sad")
    told = [emotion for emotion in emotions if emotion in which]
    task = Task(emotions, {"text": 3}, {"text": "a"}, 0.5, False)
    flags = not_learnt(task, [sentence(told, "text")] if told else [])
    assert [emotion for emotion, flag in zip(emotions, flags[0], strict=True) if flag] == told


def test_of_clips_without_anything_else_the_run_cannot_tell(predictor: Predictor, store: FeatureStore) -> None:
    assert predictor.unlearnt.tolist() == [[False] * 3, [False, True, True]]
    found = predictor.predict(store)
    alone = np.arange(60) % 3 == 1
    assert found.abstained is not None
    np.testing.assert_array_equal(found.abstained, alone[:, None] & np.array([False, True, True]))
    assert found.to_records()[1]["cannot_tell"] == ["anger", "awe"] and found.to_records()[0]["cannot_tell"] == []
    assert predictor.predict(store, rows=np.flatnonzero(~alone)).abstained is None
    everything = predictor.predict(store, options=PredictOptions(coverage=1.0))
    assert everything.abstained is not None and not everything.abstained.any()


@pytest.mark.slow  # writes an .onnx file
def test_a_file_of_the_run_cannot_tell_either(predictor: Predictor, store: FeatureStore, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    file = predictor.export_onnx(tmp_path / "run.onnx").path
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    found = answers(session, store, list(range(12)))["cannot_tell"]
    wanted = predictor.predict(store, options=PredictOptions(coverage=COVERAGE)).abstained
    assert wanted is not None and wanted[1::3, 1:].all()
    assert found[1::3, 1:].all()
