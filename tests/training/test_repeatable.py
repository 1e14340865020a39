"""The same seed gives the same bits, with several threads too: nothing is added in an order that depends on which is faster."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from lddu.benchmark.measured_network import MeasuredNetwork
from lddu.benchmark.workload import Clips, Workload
from lddu.config import CorpusSize
from lddu.models import equations
from lddu.models.lddu.settings import DEFAULT, PAPER, LdduConfig
from tests.threads import torch_threads


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    with torch_threads(4):
        yield


def trained(preset: LdduConfig, realistic: bool) -> list[Tensor]:
    config = preset.fitted_to(CorpusSize(16_000, 18, 50))
    model = replace(config.model, hidden=128, latent=64, layers=1)
    workload = Workload(replace(config, model=model), dimensions=(32, 8, 8))
    clips = Clips(workload, realistic)
    torch.manual_seed(3)
    measured = MeasuredNetwork(workload, torch.device("cpu"))
    measured.fill_memory()
    for _ in range(3):
        measured.step(clips.batch(clips.lengths(workload.batch)))
    return [parameter.detach() for parameter in measured.model.parameters()]


@pytest.mark.parametrize("realistic", [False, True])
@pytest.mark.parametrize("config", [PAPER, DEFAULT], ids=["paper", "default"])
def test_training_steps_repeat_bit_for_bit_with_several_threads(config: LdduConfig, realistic: bool) -> None:
    first, second = trained(config, realistic), trained(config, realistic)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_the_contrastive_gradient_repeats_bit_for_bit_with_several_threads() -> None:
    features, classes = torch.randn(2000, 128), torch.randint(36, (2000,))

    def gradient() -> Tensor:
        keys = features.clone().requires_grad_()
        torch.autograd.backward(equations.contrastive_loss(keys, classes, 1152, 0.07, learning=1152))
        assert keys.grad is not None
        return keys.grad

    first = gradient()
    assert all(torch.equal(first, gradient()) for _ in range(5))
