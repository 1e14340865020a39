"""`--adapt`: another corpus is moved to where the run was trained, speaker by speaker; labels and order play no part."""

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lddu
from lddu.arrays import Floats
from lddu.batches.batch import BatchReader
from lddu.machine.processes import Job, Opening, Outcome, Result
from lddu.models.scaling import Scaling, ScalingClips, fit_scaling
from lddu.runs.adapt import (
    FEWEST_CLIPS,
    FEWEST_OF_SPEAKER,
    PRIOR_CLIPS,
    ModalityShift,
    TrainingCentre,
    adaptation_to,
    speaker_of,
)
from lddu.runs.explained import answers_on
from lddu.runs.predict_in_workers import infer_in_parts
from lddu.runs.predictor import Predictor
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from tests.builders import DIMENSIONS, EMOTIONS, tiny_config, tiny_store

PLAIN = {name: TrainingCentre(np.zeros(size), np.ones(size)) for name, size in DIMENSIONS.items()}


@pytest.fixture(scope="module")
def trained_on(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("adapt") / "store", clips=60)


@pytest.fixture(scope="module")
def predictor(trained_on: FeatureStore) -> Predictor:
    config = tiny_config(training={"epochs": 1})
    options = lddu.RunOptions(device="cpu", report=False)
    return lddu.load(lddu.train(trained_on, trained_on.path.with_name("run"), config, options).path)


def moved_store(
    path: Path, like: FeatureStore, by: dict[str, float], groups: list[str] | None = None, labels: bool = True
) -> FeatureStore:
    """The same clips with each modality moved by a constant."""
    table = like.table
    features = {name: stream.feature for name, stream in like.modalities.items()}
    with writing_store(path, StoreDescription(EMOTIONS, features, unlabelled=not labels), force=True) as writer:
        for row, clip in enumerate(table.clip.tolist()):
            group = str(table.group[row]) if groups is None else groups[row]
            shares = table.labels[row].tolist() if labels else ()
            steps = {name: like.steps(name, row) + np.float32(by.get(name, 0)) for name in features}
            writer.add(ClipRow(clip, str(table.split[row]), shares, group=group), steps)
    return FeatureStore(path)


def speaking_store(path: Path, speakers: dict[str, tuple[int, float]]) -> FeatureStore:
    """Speaker -> clips of three equal steps, and the value of all their features."""
    features = {name: f"made-up {name}" for name in DIMENSIONS}
    with writing_store(path, StoreDescription(EMOTIONS, features), force=True) as writer:
        for speaker, (clips, value) in speakers.items():
            for n in range(clips):
                steps = {name: np.full((3, size), value, np.float32) for name, size in DIMENSIONS.items()}
                writer.add(ClipRow(f"{speaker}-{n}", "test", (0.0, 1.0), group=speaker.strip("?")), steps)
    return FeatureStore(path)


def taken(shift: ModalityShift, speaker: str) -> Floats:
    """What is taken from the steps of a speaker."""
    found = shift.of((speaker, ""))
    assert found is not None
    return found


def test_a_corpus_that_is_moved_is_answered_much_like_the_original(
    predictor: Predictor, trained_on: FeatureStore, tmp_path: Path
) -> None:
    nobody = [""] * len(trained_on)
    moved = moved_store(tmp_path / "moved", trained_on, {"audio": 6.0, "text": -4.0}, nobody)
    original = predictor.predict(moved_store(tmp_path / "same", trained_on, {}, nobody)).probability
    plain = predictor.predict(moved).probability
    adapted = predictor.predict(moved, options=lddu.PredictOptions(adapt=True)).probability
    assert np.abs(adapted - original).mean() < 0.3 * np.abs(plain - original).mean()


@pytest.mark.parametrize("averaged", [(), tuple(DIMENSIONS)])
def test_the_clips_of_training_stay_where_they_are(trained_on: FeatureStore, averaged: tuple[str, ...]) -> None:
    """Whether steps count alike in training, or clips, as in networks that read the mean of a clip."""
    train, scaling = trained_on.table.in_split("train"), Scaling(DIMENSIONS.values(), clipped=False)
    clips = ScalingClips(train, np.zeros((len(train), 2)))
    fit_scaling(scaling, BatchReader(trained_on, DIMENSIONS, 16), clips, relevance=False, averaged=averaged)
    centres = {
        name: TrainingCentre(scaling.of(m).centre.numpy(), scaling.of(m).scale.numpy())
        for m, name in enumerate(DIMENSIONS)
    }
    found = adaptation_to(trained_on, train, centres, 16, averaged)
    for shift in found.shifts.values():
        assert shift.moved is not None and shift.moved < 1e-5


def test_labels_are_not_read(predictor: Predictor, trained_on: FeatureStore, tmp_path: Path) -> None:
    shown = moved_store(tmp_path / "shown", trained_on, {"audio": 3.0})
    hidden = moved_store(tmp_path / "hidden", trained_on, {"audio": 3.0}, labels=False)
    np.testing.assert_array_equal(
        predictor.adapted(shown).predict(shown).probability, predictor.adapted(hidden).predict(hidden).probability
    )


@settings(max_examples=20, deadline=None)
@given(clips=st.integers(FEWEST_CLIPS, 60), value=st.floats(-50, 50))
def test_a_shift_of_few_clips_is_believed_less(
    clips: int, value: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = speaking_store(tmp_path_factory.mktemp("shift") / "s", {"?": (clips, value)})
    shift = adaptation_to(store, store.rows(None), PLAIN, 16).shifts["audio"]
    assert shift.of_all is not None
    np.testing.assert_allclose(shift.of_all, np.float32(value) * clips / (clips + PRIOR_CLIPS), rtol=1e-5, atol=1e-9)


def test_a_speaker_with_enough_clips_is_moved_alone_and_others_with_all(tmp_path: Path) -> None:
    store = speaking_store(tmp_path / "s", {"ann": (15, 2.0), "bob": (FEWEST_OF_SPEAKER - 1, -2.0), "?": (6, 1.0)})
    adapted = adaptation_to(store, store.rows(None), PLAIN, 16)
    shift = adapted.shifts["audio"]
    assert "the clips, and those of each such group, show several emotions" in adapted.sentence
    assert shift.of_all is not None and list(shift.of_speaker) == [("ann", "")] and shift.speakers == 2
    mean = (15 * 2.0 - 2.0 * (FEWEST_OF_SPEAKER - 1) + 6) / shift.clips
    alone = shift.of_all + 15 / (15 + PRIOR_CLIPS) * (2.0 - mean)
    np.testing.assert_allclose(taken(shift, "ann"), alone)
    np.testing.assert_array_equal(taken(shift, "bob"), shift.of_all)
    np.testing.assert_array_equal(taken(shift, "never seen"), shift.of_all)


def test_where_no_speaker_has_clips_enough_the_clips_together_are_assumed_to_be_mixed(tmp_path: Path) -> None:
    store = speaking_store(tmp_path / "s", {f"speaker {n}": (1, 2.0) for n in range(FEWEST_CLIPS)})
    said = adaptation_to(store, store.rows(None), PLAIN, 16).sentence
    assert f"0 of {FEWEST_CLIPS} groups by their own" in said and "the clips together show several emotions" in said


def test_one_speaker_is_moved_as_all_are(tmp_path: Path) -> None:
    store = speaking_store(tmp_path / "s", {"ann": (30, 2.0)})
    shift = adaptation_to(store, store.rows(None), PLAIN, 16).shifts["audio"]
    assert shift.of_all is not None
    np.testing.assert_allclose(taken(shift, "ann"), shift.of_all)


def test_too_few_clips_change_nothing_and_are_named(predictor: Predictor, trained_on: FeatureStore) -> None:
    some = np.arange(FEWEST_CLIPS - 1)
    adapted = predictor.adapted(trained_on, some)
    np.testing.assert_array_equal(
        adapted.predict(trained_on, some).probability, predictor.predict(trained_on, some).probability
    )
    options = lddu.PredictOptions(adapt=True)
    [sentence] = [one for one in predictor.warnings(trained_on, options, some) if "adapted" in one]
    assert sentence == (
        "nothing was adapted: audio left as it is (19 clips, 20 are needed); text left as it is (19 clips, 20 are needed)"
    )


def test_a_modality_with_too_few_clips_is_left_alone_beside_one_that_moves(
    predictor: Predictor, tmp_path: Path
) -> None:
    lacking = [(row, "audio") for row in range(45)]
    store = tiny_store(tmp_path / "s", clips=60, missing=lacking)
    found = predictor.adapted(store).adaptation
    assert found is not None and found.shifts["audio"].of_all is None and found.shifts["text"].of_all is not None
    assert "audio left as it is (15 clips" in found.sentence and "text moved by" in found.sentence
    assert found.to_mapping()["modalities"]["audio"] == {
        "clips": 15, "groups": 10, "groups_alone": 0, "moved": None
    }  # fmt: skip


def test_every_way_to_ask_gives_the_same_answers(predictor: Predictor, trained_on: FeatureStore) -> None:
    options = lddu.PredictOptions(adapt=True)
    asked = predictor(trained_on, options)
    bound = predictor.adapted(trained_on)
    np.testing.assert_array_equal(asked.probability, bound(trained_on).probability)
    assert bound.adaptation is not None and bound.adaptation.sentence in predictor.warnings(trained_on, options)
    assert predictor.adaptation is None  # the run itself is as it was


def test_explanations_are_of_the_adapted_features(
    predictor: Predictor, trained_on: FeatureStore, tmp_path: Path
) -> None:
    moved = moved_store(tmp_path / "moved", trained_on, {"audio": 6.0})
    some = np.arange(FEWEST_CLIPS)
    found = answers_on(predictor, moved, lddu.PredictOptions(adapt=True), some)
    np.testing.assert_array_equal(found.probability, predictor.adapted(moved, some).predict(moved, some).probability)
    assert found.adaptation is not None and found.adaptation.sentence in found.warnings
    plain = answers_on(predictor, moved, rows=some)
    assert plain.adaptation is None and found.influence != plain.influence


@dataclass(frozen=True)
class OverThere:
    """Workers in this process, which get what they need as another process would."""

    device: str = "cpu"

    def work_off(self, opening: Opening[Job, Result], jobs: Sequence[Job]) -> Iterator[Outcome[Job, Result]]:
        """See `Workers`."""
        there = pickle.loads(pickle.dumps(opening))
        assert there == opening and hash(there) == hash(opening)  # by this a process knows that it is ready already
        work = there()
        yield from (Outcome(job, work(job)) for job in jobs)


def test_workers_adapt_as_one_process_does(predictor: Predictor, trained_on: FeatureStore, tmp_path: Path) -> None:
    moved = moved_store(tmp_path / "moved", trained_on, {"audio": 6.0})
    adapted = predictor.adapted(moved)
    found = infer_in_parts(adapted, moved, OverThere())
    np.testing.assert_array_equal(found.probability, adapted.infer(moved).probability)
    assert np.abs(found.probability - predictor.infer(moved).probability).max() > 1e-4


def test_speakers_of_two_files_are_two_though_both_are_called_the_same(tmp_path: Path) -> None:
    features = {"audio": "made-up audio"}
    with writing_store(tmp_path / "s", StoreDescription(EMOTIONS, features), force=True) as writer:
        for n, (group, speaker) in enumerate([("a.mp4", "Speaker 1"), ("b.mp4", "Speaker 1"), ("b.mp4", "")]):
            row = ClipRow(f"c{n}", "test", (0.0, 1.0), group=group, carried={"_speaker": speaker})
            writer.add(row, {"audio": np.ones((1, 4), np.float32)})
    store = FeatureStore(tmp_path / "s")
    assert [speaker_of(store, row) for row in range(3)] == [
        ("a.mp4", "Speaker 1"),
        ("b.mp4", "Speaker 1"),
        ("b.mp4", ""),
    ]
