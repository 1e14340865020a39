"""The figures of benchmarks/cells.py against scikit-learn."""

import numpy as np
import pytest
from benchmarks.cell_figures import counts_f1, first_figure, labels_of, mean_ap, recall_counts
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, recall_score


@given(st.integers(0, 2**31))
def test_mean_ap_of_clips_drawn_several_times_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    presence, score = rng.integers(0, 2, (30, 3)).astype(float), rng.integers(0, 9, (30, 3)) / 8
    presence[0] = 1
    weight = rng.multinomial(30, np.full(30, 1 / 30)) + np.eye(30, dtype=int)[0]
    expected = [average_precision_score(presence[:, e], score[:, e], sample_weight=weight) for e in range(3)]
    assert mean_ap(presence, score, weight) == pytest.approx(np.mean(expected))


def test_micro_f1_and_unweighted_recall_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    presence, score = rng.integers(0, 2, (40, 3)).astype(float), rng.random((40, 3))
    labels = labels_of(presence, score, score)
    ones = np.ones(40)
    assert first_figure(counts_f1(presence, labels), ones) == pytest.approx(f1_score(presence, labels, average="micro"))
    acted = rng.integers(0, 3, 40)
    found = first_figure(recall_counts(np.eye(3)[acted], score), ones)
    assert found == pytest.approx(recall_score(acted, score.argmax(axis=1), average="macro"))
    assert f1_score(presence, labels, average="micro") >= f1_score(presence, score >= 0.5, average="micro")
