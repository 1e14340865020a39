"""The optimiser: the arithmetic and the state of `torch.optim.AdamW` behind clipped gradients, over flat weights."""

import copy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lddu.config import TrainingConfig
from lddu.errors import RunError
from lddu.training.optim import AdamW, make_optimizer, set_rate
from tests.builders import tiny_store

CONFIG = TrainingConfig(learning_rate=0.05, weight_decay=0.1)
NORM = 0.7


class Parts(nn.Module):
    """Parameters of many sizes, some of which a step may leave out."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.ModuleList([nn.Linear(5, 3), nn.Linear(16, 4), nn.LayerNorm(7), nn.Linear(3, 1)])
        self.alone = nn.Parameter(torch.randn(2, 3, 4))
        self.scalar = nn.Parameter(torch.tensor(0.3))

    def loss(self, used: list[bool], number: int) -> torch.Tensor:
        """A number that depends on the parameters that are used."""
        generator = torch.Generator().manual_seed(number)
        terms = [(p * torch.randn(p.shape, generator=generator)).tanh().sum() for p in self.parameters()]
        return torch.stack([t for t, there in zip(terms, used, strict=True) if there] or [torch.zeros(())]).sum()


def reference(model: nn.Module, ours: AdamW) -> torch.optim.AdamW:
    """PyTorch's own over a copy of the model, with the same groups."""
    decays = [CONFIG.weight_decay if p.ndim > 1 else 0.0 for p in ours.parameters]
    twins = dict(zip(map(id, model.parameters()), copy.deepcopy(model).parameters(), strict=True))
    groups = [[twins[id(p)] for p, own in zip(ours.parameters, decays, strict=True) if own == d] for d in (0.1, 0.0)]
    return torch.optim.AdamW(
        [{"params": groups[0], "weight_decay": 0.1}, {"params": groups[1], "weight_decay": 0.0}], lr=0.05
    )


def learn(model: Parts, used: list[bool], number: int) -> None:
    loss = model.loss(used, number)
    if loss.requires_grad:
        loss.backward()  # type: ignore[no-untyped-call]


def walked(steps: list[list[bool]]) -> Iterator[tuple[AdamW, torch.optim.AdamW]]:
    """Both optimisers after each step on the same gradients."""
    model = Parts()
    ours = make_optimizer(model, CONFIG)
    theirs = reference(model, ours)
    own = [p for group in theirs.param_groups for p in group["params"]]
    for number, used in enumerate(steps):
        ours.zero_grad()
        learn(model, used, number)
        for twin, parameter in zip(own, ours.parameters, strict=True):
            twin.grad = None if parameter.grad is None else parameter.grad.clone()
        ours.step(NORM)
        torch.nn.utils.clip_grad_norm_(own, NORM)
        theirs.step()
        yield ours, theirs


PARAMETERS = len(list(Parts().parameters()))
USED = st.lists(st.booleans(), min_size=PARAMETERS, max_size=PARAMETERS)


@given(st.lists(USED, min_size=1, max_size=5))
def test_it_moves_weights_as_pytorch_does_also_where_some_have_no_gradient(steps: list[list[bool]]) -> None:
    for ours, theirs in walked(steps):
        own = [p for group in theirs.param_groups for p in group["params"]]
        for parameter, twin in zip(ours.parameters, own, strict=True):
            torch.testing.assert_close(parameter, twin, rtol=1e-5, atol=1e-7)


@given(st.lists(USED, min_size=1, max_size=4))
def test_its_state_is_that_of_pytorch_by_name_and_place(steps: list[list[bool]]) -> None:
    *_, (ours, theirs) = walked(steps)
    expected = theirs.state_dict()["state"]
    assert ours.state().keys() == expected.keys()
    for i, entry in ours.state().items():
        assert entry.keys() == expected[i].keys()
        for name, value in entry.items():
            torch.testing.assert_close(value, expected[i][name], rtol=1e-5, atol=1e-7)


@given(st.lists(USED, min_size=2, max_size=5))
def test_it_goes_on_from_its_state_bit_for_bit(steps: list[list[bool]]) -> None:
    def at_the_end(through_a_checkpoint: bool) -> torch.Tensor:
        model = Parts()
        optimizer = make_optimizer(model, CONFIG)
        for number, used in enumerate(steps):
            if number == len(steps) // 2 and through_a_checkpoint:
                weights, state = copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state())
                model = Parts()
                optimizer = make_optimizer(model, CONFIG)
                model.load_state_dict(weights)
                optimizer.load_state(state)
            optimizer.zero_grad()
            learn(model, used, number)
            optimizer.step(NORM)
        return optimizer.weights

    assert torch.equal(at_the_end(True), at_the_end(False))


def test_weights_that_are_loaded_or_changed_in_a_module_are_those_that_are_moved() -> None:
    model, other = Parts(), Parts()
    with torch.no_grad():
        other.alone.fill_(7)
    optimizer = make_optimizer(model, CONFIG)
    model.load_state_dict(other.state_dict())
    assert (optimizer.weights == 7).sum() == model.alone.numel()
    optimizer.weights.zero_()
    assert all(not p.any() for p in model.parameters())


def test_the_rate_is_that_of_the_schedule() -> None:
    optimizer = make_optimizer(Parts(), TrainingConfig(learning_rate=0.5, warmup=0.1))
    set_rate(optimizer, TrainingConfig(learning_rate=0.5, warmup=0.1), step=4, steps=100)
    assert optimizer.rate == pytest.approx(0.25)


def test_parameters_of_several_types_are_refused() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).half())
    with pytest.raises(RunError, match="of one type, but got float16 and float32"):
        make_optimizer(model, CONFIG)


TRAINED = """
import sys
from pathlib import Path
from lddu.store.store import FeatureStore
from lddu.training.member import fit
from tests.builders import tiny_config
fit(FeatureStore(sys.argv[1]), Path(sys.argv[2]), tiny_config(training={"epochs": 1}, model={"shallow_networks": 2}))
print("torch._dynamo" in sys.modules)
"""


def test_training_does_not_load_the_compiler(tmp_path: Path) -> None:
    tiny_store(tmp_path / "store")
    command = [sys.executable, "-c", TRAINED, str(tmp_path / "store"), str(tmp_path)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == ["False"]
