"""Standard metrics against scikit-learn on whole arrays and against torchmetrics' multi-label ones."""

import numpy as np
import pytest
import sklearn.metrics as sk

from lddu.evaluate.metrics import metrics
from tests.scores import random_scored

SEEDS = [0, 1, 2]


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_agree_with_scikit_learn_on_multilabel_arrays(seed: int) -> None:
    scored = random_scored(seed, clips=120)
    y, thresholds = scored.presence.astype(int), np.array([0.3, 0.4, 0.5, 0.6])
    labels = (scored.probability >= thresholds).astype(int)
    found = metrics(scored, thresholds)
    assert found.f1_micro == pytest.approx(sk.f1_score(y, labels, average="micro"))
    assert found.f1_macro == pytest.approx(sk.f1_score(y, labels, average="macro"))
    assert found.precision_micro == pytest.approx(sk.precision_score(y, labels, average="micro"))
    assert found.recall_micro == pytest.approx(sk.recall_score(y, labels, average="micro"))
    assert found.jaccard == pytest.approx(sk.jaccard_score(y, labels, average="samples", zero_division=0))
    assert found.jaccard_empty_correct == pytest.approx(sk.jaccard_score(y, labels, average="samples", zero_division=1))
    assert found.hamming_loss == pytest.approx(sk.hamming_loss(y, labels))
    assert found.map_macro == pytest.approx(sk.average_precision_score(y, scored.probability, average="macro"))
    assert found.auroc_macro == pytest.approx(sk.roc_auc_score(y, scored.probability, average="macro"))
    assert found.nll == pytest.approx(sk.log_loss(y.ravel(), scored.probability.ravel()))
    assert found.brier == pytest.approx(sk.brier_score_loss(y.ravel(), scored.probability.ravel()))


def test_metrics_agree_with_torchmetrics_also_where_labels_are_unknown() -> None:
    torchmetrics = pytest.importorskip("torchmetrics", reason="torchmetrics is an oracle of the dev extra")
    import torch

    scored = random_scored(4, clips=150, unknown=0.2)
    p = torch.tensor(scored.probability)
    y = torch.tensor(np.nan_to_num(scored.presence, nan=-1)).long()
    found = metrics(scored, np.full(4, 0.5))
    options = {"num_labels": 4, "ignore_index": -1}
    f = torchmetrics.functional.classification
    assert found.f1_micro == pytest.approx(float(f.multilabel_f1_score(p, y, average="micro", **options)))
    assert found.f1_macro == pytest.approx(float(f.multilabel_f1_score(p, y, average="macro", **options)))
    assert found.map_macro == pytest.approx(float(f.multilabel_average_precision(p, y, **options)), abs=1e-6)
    assert found.auroc_macro == pytest.approx(float(f.multilabel_auroc(p, y, **options)), abs=1e-6)
    assert 1 - found.hamming_loss == pytest.approx(float(f.multilabel_accuracy(p, y, average="micro", **options)))
