"""A modality that is linear alone adds its linear score to the logits and nothing else; it still speaks of itself."""

from typing import Any

import pytest
import torch
from torch import Tensor

from lddu.config import CorpusSize, laid_over
from lddu.errors import ConfigError
from lddu.models import equations
from lddu.models.families import family_of, preset
from lddu.models.family import Task
from lddu.models.network import Network
from tests.models.test_every_family import SMALL, clips

TASK = Task(("joy", "anger"), {"text": 3, "audio": 5}, {"text": "made up", "audio": "made up"}, 0.5, simulated=True)


def network_of(**model: Any) -> Network:
    config = laid_over(preset(), {"model": {**SMALL["lddu"]["model"], "linear_path": True, **model}})
    torch.manual_seed(0)
    network = Network(family_of("lddu"), TASK, config.fitted_to(CorpusSize(100, 4, 7))).eval()
    for parameter in network.parameters():  # what begins at 0 takes part
        torch.nn.init.normal_(parameter, std=0.3)
    return network


def answers(network: Network, values: tuple[Tensor, ...], mask: tuple[Tensor, ...], audio: bool) -> Any:
    with torch.no_grad():
        return network(values, mask, torch.tensor([[True, audio]]).expand(len(values[0]), 2))


@pytest.mark.parametrize("gate", [False, True])
def test_it_adds_its_linear_score_to_the_answer_without_it(gate: bool) -> None:
    values, mask, _ = clips()
    network = network_of(linear_only="audio", noise_gate=gate)
    there, without = (answers(network, values, mask, audio) for audio in (True, False))
    weight = network.get_parameter("module.linear.1")
    score = equations.linear_path(network.scaling.of(1)(values[1]), mask[1], weight)
    added = there.trust[:, 1:] * score
    assert (added.abs() > 1e-3).all()
    for name in ("direct_logit", "fused_logit"):
        torch.testing.assert_close(getattr(there, name), getattr(without, name) + added)


def test_what_it_says_of_itself_is_that_of_a_network_that_fuses_it() -> None:
    values, mask, _ = clips()
    alone, fused = (answers(network_of(linear_only=name), values, mask, audio=True) for name in ("audio", ""))
    for name in ("mean", "std", "modality_logit", "width", "noise", "trust"):
        assert torch.equal(getattr(alone, name), getattr(fused, name)), name
    assert not torch.equal(alone.logit, fused.logit)


def test_it_has_the_weights_of_any_other_network() -> None:
    alone, fused = (network_of(linear_only=name).state_dict() for name in ("audio", ""))
    assert {name: value.shape for name, value in alone.items()} == {name: value.shape for name, value in fused.items()}


def test_a_name_that_the_store_does_not_have_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"linear_only to name modalities of the store \(text, audio\), but got 'voice'"
    ):
        network_of(linear_only="audio, voice")


def test_without_a_linear_path_nothing_is_linear_alone() -> None:
    with pytest.raises(ConfigError, match=r"expected model\.linear_path where model\.linear_only names a modality"):
        network_of(linear_only="audio", linear_path=False)
