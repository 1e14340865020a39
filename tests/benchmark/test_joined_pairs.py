"""Pairs of the packaged default whose voice cannot show an emotion say nothing of it by their voice."""

import numpy as np
from benchmarks.default_corpora import Corpus
from benchmarks.train_default import labelled

NAN = float("nan")
FACES = np.array([[0, 0, 0, 1, 0, 0], [1, 0, 0, 0, 0, 0]], dtype=float)
VOICES = np.array([[0, 0, 0, NAN, 0, 0], [1, 0, 0, NAN, 0, 0], [0, 1, 0, NAN, 0, 0]])


def corpus(name: str, modality: str, presence: np.ndarray) -> Corpus:
    nothing = np.full(len(presence), "")
    train = np.full(len(presence), "train")
    return Corpus(name, modality, "", np.zeros((len(presence), 2)), presence, presence, train, nothing, nothing)


SEEN = {"faces": corpus("faces", "visual", FACES), "voices": corpus("voices", "audio", VOICES)}


def many() -> list[tuple[list[tuple[str, int]], np.ndarray]]:
    rng = np.random.default_rng(0)
    return [labelled(rng, SEEN, "train", [("voices", 0), ("faces", 0)]) for _ in range(300)]


def test_surprise_is_unknown_beside_a_voice_that_agrees_in_the_rest() -> None:
    alike = [(parts, labels) for parts, labels in many() if np.isnan(labels[3])]
    assert 100 < len(alike) < 200
    assert all(parts == [("voices", 0), ("faces", 0)] and np.isnan(labels).sum() == 1 for parts, labels in alike)


def test_surprise_is_known_alone_beside_any_voice() -> None:
    others = [(parts, labels) for parts, labels in many() if not np.isnan(labels[3])]
    assert all(labels[3] == 1 and np.isnan(labels).sum() == 5 for _, labels in others)
    assert all(parts[1] == ("faces", 0) for parts, _ in others)
    assert {parts[0][1] for parts, _ in others} == {0, 1, 2}


def test_a_pair_that_knows_everything_stays() -> None:
    parts, labels = labelled(np.random.default_rng(0), SEEN, "train", [("faces", 1)])
    assert parts == [("faces", 1)] and labels.tolist() == FACES[1].tolist()
