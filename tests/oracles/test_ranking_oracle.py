"""The figures that a training asks for after every epoch and many times at its end, against scikit-learn, with ties and extreme probabilities."""

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given
from hypothesis import strategies as st

from lddu.evaluate.metrics import (
    _precision_recall_f1,
    brier,
    micro_f1,
    negative_log_likelihood,
    ranking_auroc,
    ranking_precision,
)

PAIRS = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])), min_size=1, max_size=30)


@given(PAIRS)
def test_figures_of_an_epoch_are_those_of_scikit_learn_whatever_is_tied(pairs: list[tuple[bool, float]]) -> None:
    present, probability = (np.array(column) for column in zip(*pairs, strict=True))
    likelihood = sk.log_loss(present, probability, labels=[False, True])
    assert negative_log_likelihood(present, probability) == pytest.approx(likelihood, rel=1e-12)
    named = probability >= 0.5
    assert micro_f1(present.astype(float), named) == sk.f1_score(present, named, zero_division=0.0)
    wanted = sk.precision_recall_fscore_support(present, named, average="binary", zero_division=0.0)[:3]
    assert _precision_recall_f1(present, named) == pytest.approx(wanted, rel=1e-12)
    assert brier(present, probability) == pytest.approx(sk.brier_score_loss(present, probability, pos_label=True))
    if present.any() and not present.all():
        assert ranking_auroc(present, probability) == pytest.approx(sk.roc_auc_score(present, probability), rel=1e-12)
    if present.any():
        wanted = sk.average_precision_score(present, probability)
        assert ranking_precision(present, probability) == pytest.approx(wanted, rel=1e-12)
