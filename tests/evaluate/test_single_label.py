"""Corpora where every clip has exactly one emotion."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, classification_report

from lddu.evaluate.scored import Scored
from lddu.evaluate.single_label import arg_max_figures, single_label

NAN = float("nan")


def names(clips: int) -> np.ndarray:
    return np.array([f"c{n}" for n in range(clips)], dtype=object)


@pytest.mark.parametrize(
    ("presence", "expected"),
    [
        ([[1, 0], [0, 1]], True),
        ([[1, 0], [NAN, NAN]], True),  # an unlabelled clip says nothing
        ([[1, 0], [1, 1]], False),
        ([[1, 0], [0, 0]], False),
        ([[1, 0], [1, NAN]], False),
        ([[NAN, NAN], [NAN, NAN]], False),
        ([[1], [1]], False),
    ],
)
def test_one_emotion_each_is_known_of_every_labelled_clip(presence: list[list[float]], expected: bool) -> None:
    parts = np.array(presence, float)
    assert single_label([parts[:1], parts[1:]]) is expected


def test_figures_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    shown, probability = rng.integers(4, size=200), rng.random((200, 4))
    found = arg_max_figures(Scored(probability, np.eye(4)[shown], names(200), tuple("abcd")))
    named = probability.argmax(axis=1)
    told = classification_report(shown, named, output_dict=True, zero_division=0.0)
    assert found is not None and found.n == 200
    assert found.accuracy == pytest.approx(told["accuracy"])
    assert found.f1_weighted == pytest.approx(told["weighted avg"]["f1-score"])
    assert found.recall_unweighted == pytest.approx(balanced_accuracy_score(shown, named))


def test_clips_with_several_emotions_are_left_out_and_counted() -> None:
    probability = np.array([[0.4, 0.2], [0.3, 0.1], [0.9, 0.8]])
    scored = Scored(probability, np.array([[1.0, 0], [1, 1], [0, 0]]), names(3), ("joy", "fear"))
    found = arg_max_figures(scored)
    assert found is not None and (found.n, found.accuracy) == (1, 1.0)
    assert arg_max_figures(scored.rows(np.array([1, 2]))) is None
