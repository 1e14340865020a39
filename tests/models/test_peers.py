"""What published systems must keep beside what every family keeps: labels, seeds, settings, runs on disk."""

import typing
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import lddu
from lddu.config import Config, CorpusSize, ModelSettings, ObjectiveSettings, laid_over
from lddu.machine.ranks import ALONE
from lddu.models.families import FAMILIES, family_of
from lddu.models.family import Family, Losses, Task
from lddu.models.network import Network
from lddu.models.peers.blocks import central_moment_discrepancy, last_step, masked_mean, reversed_gradient, to_the_front
from lddu.models.peers.ef_lstm import resampled
from lddu.training.member import fit
from lddu.training.plan import RunOptions
from tests.builders import tiny_store
from tests.models.test_every_family import clips, config_of

PEERS = [name for name in FAMILIES if name not in ("lddu", "late-fusion", "beta")]
every_peer = pytest.mark.parametrize("name", PEERS)
TRAINED = {"carat": lambda answer: answer.rebuilt.aggregated}
"""Logits that the loss reads, where they are not those of the answer."""

TASK = Task(("a", "b"), {"text": 3, "audio": 5}, {"text": "", "audio": ""}, 0.5, simulated=True)


def answered(config: Config, shares: Tensor, count: int = 4, seed: int = 0) -> tuple[Network, Losses]:
    """An untrained network in training mode, and its loss after the way back."""
    torch.manual_seed(seed)
    family, fitted = family_of(config.family), config.fitted_to(CorpusSize(100, 4, 7))
    model = Network(family, TASK, fitted).train()
    values, mask, presence = clips(count)
    loss = family.objective(fitted, TASK, ALONE)(
        model.module, model(values, mask, presence), shares, torch.zeros(count, 2)
    )
    loss.total.backward()
    return model, loss


def gradients(model: Network) -> Tensor:
    return torch.cat(
        [torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in model.parameters()]
    )


@every_peer
@pytest.mark.parametrize("target", ["presence", "shares"])
@pytest.mark.parametrize("count", [1, 4])
def test_soft_and_unknown_labels_give_finite_losses_and_gradients(name: str, target: str, count: int) -> None:
    shares = torch.tensor([[0.3, torch.nan], [1.0, 0.0], [torch.nan, torch.nan], [0.5, 2 / 3]])[:count]
    model, loss = answered(laid_over(config_of(name), {"objective": {"target": target}}), shares, count)
    assert bool(torch.isfinite(loss.total)) and all(bool(torch.isfinite(term)) for term in loss.terms.values())
    assert bool(torch.isfinite(gradients(model)).all()) and bool(gradients(model).any())


@pytest.mark.parametrize(
    "name", [name for name in PEERS if name != "mms2s"]
)  # its loss reads no logit: test_label_sequences
def test_an_unknown_label_has_no_gradient(name: str) -> None:
    """The loss of two clips, one without labels, does not move the logit of that clip."""
    config = config_of(name).fitted_to(CorpusSize(100, 4, 7))
    torch.manual_seed(0)
    model = Network(family_of(name), TASK, config).eval()
    answer = model(*clips(2))
    trained: Tensor = TRAINED.get(name, lambda answer: answer.logit)(answer)
    trained.retain_grad()
    shares = torch.tensor([[1.0, 0.0], [torch.nan, 1.0]])
    loss = model.family.objective(config, TASK, ALONE)(model.module, answer, shares, torch.zeros(2, 2))
    loss.total.backward()
    assert trained.grad is not None
    assert (trained.grad != 0).tolist() == [[True, True], [False, True]]


@every_peer
def test_the_same_seed_gives_the_same_network_loss_and_gradients(name: str) -> None:
    shares = torch.tensor([[1.0, 0.0]] * 4)
    one, again, other = (answered(config_of(name), shares, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one[1].total, again[1].total) and torch.equal(gradients(one[0]), gradients(again[0]))
    assert not torch.equal(one[1].total, other[1].total)


def changed(section: str, name: str, value: float) -> dict[str, dict[str, float]]:
    return {section: {name: value * 2 if isinstance(value, int) else value / 2}}


@every_peer
def test_every_setting_of_the_family_has_an_effect(name: str) -> None:
    shares = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    config = config_of(name)
    model, loss = answered(config, shares)
    parts: tuple[tuple[str, typing.Any, type], ...] = (
        ("model", config.model, ModelSettings),
        ("objective", config.objective, ObjectiveSettings),
    )
    for section, settings, base in parts:
        for own in {f.name for f in fields(settings)} - {f.name for f in fields(base)}:
            other, moved = answered(laid_over(config, changed(section, own, getattr(settings, own))), shares)
            before, after = gradients(model), gradients(other)
            same = before.shape == after.shape and torch.equal(before, after) and torch.equal(loss.total, moved.total)
            assert not same, f"{section}.{own}"


@every_peer
def test_a_run_on_disk_answers_as_it_did(name: str, tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store", clips=25, missing=[(4, "audio")])
    config = laid_over(config_of(name), {"training": {"epochs": 1, "batch_size": 8}, "decision": {"dropout_passes": 2}})
    run = lddu.train(store, tmp_path / "run", config)
    first, again = (lddu.load(run.path).predict(store).probability for _ in range(2))
    assert first.shape == (25, 2) and (first == again).all() and ((first > 0) & (first < 1)).all()


@every_peer
def test_a_batch_in_several_passes_is_learned_from_as_in_one(name: str, tmp_path: Path) -> None:
    """Also where the passes of a batch have different lengths, and where the loss moves what the network reads."""
    store = tiny_store(tmp_path / "store", clips=60)
    training = {"epochs": 2, "batch_size": 12, "patience": 2, "modality_dropout": 0.0, "learning_rate": 1e-3}
    quiet = laid_over(config_of(name), {"model": {"dropout": 0.0}, "training": training})
    once, thrice = (
        [
            [*record["loss"].values(), record["valid"]["nll"]]
            for record in fit(store, tmp_path, laid_over(quiet, {"training": {"accumulation": passes}})).history
        ]
        for passes in (1, 3)
    )
    np.testing.assert_allclose(thrice, once, rtol=1e-5, atol=1e-6)


class Counting(nn.Module):
    """Knows the mean of its features by counting, as batch normalisation does."""

    def __init__(self, features: int, emotions: int) -> None:
        super().__init__()
        self.norm, self.output = nn.BatchNorm1d(features), nn.Linear(features, emotions)

    def forward(self, values: tuple[Tensor, ...], mask: tuple[Tensor, ...], presence: Tensor) -> Tensor:
        found: Tensor = self.output(self.norm(masked_mean(values[0], mask[0])))
        return found


def test_what_a_network_counts_beside_its_weights_is_kept_with_averaged_weights(tmp_path: Path) -> None:
    family = Family.of("counting", lambda task, _: Counting(next(iter(task.dimensions.values())), len(task.emotions)))
    config = laid_over(family.preset(), {"training": {"epochs": 1, "batch_size": 8}})
    assert config.training.weight_average > 0
    store, options = tiny_store(tmp_path / "store", clips=40), RunOptions(report=False, baselines=False)
    run = lddu.train(store, tmp_path / "run", config, options, family=family)
    norm = lddu.RunFolder(run.path, family).load_model().module.norm
    assert isinstance(norm, nn.BatchNorm1d) and norm.num_batches_tracked is not None and norm.running_var is not None
    assert int(norm.num_batches_tracked) == 24 / 8 and 1 not in norm.running_var.tolist()


def test_resampling_keeps_a_sequence_of_the_wanted_length_and_interpolates_others() -> None:
    steps = torch.tensor([[[0.0], [1.0], [2.0], [3.0]], [[0.0], [4.0], [9.0], [9.0]]])
    count = torch.tensor([4, 2])
    same = resampled(steps, count, count, 4)
    assert same[0, :, 0].tolist() == [0, 1, 2, 3] and same[1, :, 0].tolist() == [0, 4, 0, 0]
    assert resampled(steps, count, torch.tensor([2, 4]), 4)[:, :, 0].tolist() == [[0.5, 2.5, 0, 0], [0, 1, 3, 4]]
    assert not resampled(steps, torch.tensor([0, 0]), count, 4).any()


def test_the_last_step_is_the_last_one_that_is_seen() -> None:
    steps, mask = torch.arange(6.0).view(2, 3, 1), torch.tensor([[True, False, True], [False] * 3])
    assert last_step(steps, mask).tolist() == [[2], [0]]
    moved, count = to_the_front(steps, mask)
    assert moved[..., 0].tolist() == [[0, 2, 0], [0, 0, 0]] and count.tolist() == [2, 0]


def test_the_gradient_is_reversed_and_the_numbers_are_not() -> None:
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    found = reversed_gradient(x)
    found.sum().backward()  # type: ignore[no-untyped-call]
    assert found.tolist() == [1, -2] and x.grad is not None and x.grad.tolist() == [-1, -1]


def test_moments_separate_equal_means_with_unequal_spread() -> None:
    narrow, wide = torch.tensor([[0.4], [0.6]]), torch.tensor([[0.2], [0.8]])
    assert float(central_moment_discrepancy(narrow, narrow)) == 0
    wanted = (0.09 - 0.01) + (0.0081 - 0.0001)  # second and fourth; odd ones vanish
    assert float(central_moment_discrepancy(narrow, wide)) == pytest.approx(wanted, abs=1e-6)
