"""A network that reads the mean of each sequence answers as on the mean itself, in all that it says."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor

from lddu.config import CorpusSize, laid_over
from lddu.errors import ConfigError
from lddu.machine.ranks import ALONE
from lddu.models.families import family_of, preset
from lddu.models.family import Task
from lddu.models.network import Network
from tests.models.test_every_family import SMALL, clips, every_family

TASK = Task(("joy", "anger"), {"text": 3, "audio": 5}, {"text": "made up", "audio": "made up"}, 0.5, simulated=True)


def averaging(name: str, **model: Any) -> Network:
    config = laid_over(laid_over(preset(family=name), SMALL[name]), {"model": {"pooling": "mean", **model}})
    torch.manual_seed(0)
    network = Network(family_of(name), TASK, config.fitted_to(CorpusSize(100, 4, 7))).eval()
    for parameter in network.parameters():  # what begins at 0 takes part
        torch.nn.init.normal_(parameter, std=0.3)
    return network


def means(values: tuple[Tensor, ...], mask: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    found = tuple(
        torch.stack([own[seen].mean(dim=0, keepdim=True) for own, seen in zip(x, m, strict=True)])
        for x, m in zip(values, mask, strict=True)
    )
    return found, tuple(torch.ones(len(x), 1, dtype=torch.bool) for x in found)


@every_family
@pytest.mark.parametrize("beside", [0, 2])
def test_a_sequence_is_answered_as_its_mean(name: str, beside: int) -> None:
    values, mask, presence = clips()
    network = averaging(name, shallow_networks=beside)
    with torch.no_grad():
        found, wanted = network(values, mask, presence), network(*means(values, mask), presence)
        parts = [network.unimodal(m, values[m], mask[m]) for m in range(2)]
        torch.testing.assert_close(network.fuse(parts, presence).logit, wanted.logit)
        torch.testing.assert_close(network.distance(values, mask), network.distance(*means(values, mask)))
    torch.testing.assert_close(found.logit, wanted.logit)
    for key, value in wanted.evidence.items():
        if not isinstance(value, tuple):
            torch.testing.assert_close(found.evidence[key], value)


def test_attention_is_even_over_the_real_steps() -> None:
    values, mask, presence = clips()
    with torch.no_grad():
        attention = averaging("lddu")(values, mask, presence).evidence["attention"]
    assert isinstance(attention, tuple)
    for own, seen in zip(attention, mask, strict=True):
        wanted = (seen / seen.sum(dim=1, keepdim=True))[:, None].expand_as(own)
        torch.testing.assert_close(own, wanted)


def test_the_linear_path_begins_at_nothing_and_moves_only_where_its_modality_is_there() -> None:
    values, mask, presence = clips()

    def of(linear_path: bool) -> Network:
        config = laid_over(preset(), {"model": {**SMALL["lddu"]["model"], "linear_path": linear_path}})
        torch.manual_seed(0)
        return Network(family_of("lddu"), TASK, config.fitted_to(CorpusSize(100, 4, 7))).eval()

    without, network = of(linear_path=False), of(linear_path=True)
    presence = torch.tensor([[True, True], [True, False], [True, True], [False, True]])
    with torch.no_grad():
        before = network(values, mask, presence).logit
        assert torch.equal(before, without(values, mask, presence).logit)
        network.get_parameter("module.linear.1").fill_(1.0)
        moved = (network(values, mask, presence).logit != before).all(dim=1)
    assert moved.tolist() == [True, False, True, True]


@every_family
def test_a_network_of_means_is_trained_as_on_the_means_themselves(name: str) -> None:
    values, mask, presence = clips()
    network = averaging(name)
    config = laid_over(preset(family=name), SMALL[name]).fitted_to(CorpusSize(100, 4, 7))
    shares = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    losses = []
    for read in ((values, mask), means(values, mask)):
        torch.manual_seed(0)
        trained = copy.deepcopy(network).train()  # what a loss leaves behind in the network is no part of the next one
        answer = trained(*read, presence)
        torch.manual_seed(0)
        objective = family_of(name).objective(config, TASK, ALONE)
        losses.append(objective(trained.module, answer, shares, torch.zeros(4, 2)).total)
    torch.testing.assert_close(*losses)
    losses[-1].backward()
    assert all(parameter.grad is not None for parameter in trained.module.parameters() if parameter.requires_grad)


@every_family
def test_a_modality_named_is_read_as_its_mean_and_the_others_step_by_step(name: str) -> None:
    values, mask, presence = clips()
    network = averaging(name, pooling="steps", mean_of="audio")
    short, one_step = means(values, mask)
    as_mean, seen = (values[0], short[1]), (mask[0], one_step[1])
    with torch.no_grad():
        found, wanted = network(values, mask, presence), network(as_mean, seen, presence)
        torch.testing.assert_close(found.logit, wanted.logit)
        torch.testing.assert_close(network.distance(values, mask), network.distance(as_mean, seen))
        other = network((short[0], values[1]), (one_step[0], mask[1]), presence)
    assert not torch.allclose(found.logit, other.logit)


def test_the_mean_of_a_modality_that_is_not_there_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"model\.mean_of to name modalities that the network reads \(text, audio\), but got 'face'"
    ):
        averaging("lddu", pooling="steps", mean_of="audio,face")
