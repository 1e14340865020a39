"""Eq. (9) against pytorch-metric-learning, with keys from a memory as its CrossBatchMemory passes them."""

import pytest
import torch

from lddu.models import equations

pml = pytest.importorskip("pytorch_metric_learning.losses")


@pytest.mark.parametrize(("batch", "memory", "classes"), [(12, 0, 3), (8, 30, 4), (5, 9, 20)])
def test_contrastive_loss_agrees_with_pytorch_metric_learning(batch: int, memory: int, classes: int) -> None:
    from pytorch_metric_learning.utils.loss_and_miner_utils import get_all_pairs_indices

    torch.manual_seed(batch)
    count = batch + memory
    keys = equations.distribution_feature(torch.randn(count, 6), torch.randn(count, 6).exp())
    labels = torch.randint(classes, (count,))
    ours = keys.clone().requires_grad_()
    theirs = keys.clone().requires_grad_()
    a1, positive, a2, negative = get_all_pairs_indices(labels[:batch], labels)
    other = a1 != positive  # keys begin with the anchors themselves
    # its default similarity is the cosine, which is f . f / 2 as both halves of a feature have length 1
    loss = pml.SupConLoss(temperature=0.07)(
        theirs[:batch], labels[:batch], (a1[other], positive[other], a2, negative), theirs, labels
    )
    found = equations.contrastive_loss(ours, labels, batch, temperature=0.07)
    torch.testing.assert_close(found, loss, atol=1e-5, rtol=1e-5)
