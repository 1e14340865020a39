"""A network of somebody's own that cannot be trained or believed is refused before anything is trained, in a sentence that says why."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import lddu
from lddu.batches.batch import BatchReader
from lddu.decide.decision import own_scores
from lddu.decide.linear import COMBINATION
from lddu.errors import ConfigError
from lddu.models.contract import two_clips
from lddu.models.families import FAMILIES, family_of
from lddu.models.family import TAKEN, Family
from lddu.runs.figures import ALONE
from lddu.runs.predictions import PER_EMOTION, PER_MODALITY
from lddu.runs.run_folder import RunFolder
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from tests.builders import tiny_store

SURE = lddu.Evidence("sure", ("emotion",), True, "made up")
BY_MODALITY = replace(SURE, axes=("modality",))

Forward = Callable[["Means", list[Tensor], list[Tensor], Tensor], Any]


class Means(nn.Module):
    """A linear layer on the means of all modalities; `answer` makes of it what a user may have written."""

    def __init__(self, answer: Forward, task: lddu.Task) -> None:
        super().__init__()
        self.answer = answer
        self.layer = nn.Linear(sum(task.dimensions.values()), len(task.emotions))

    def logit(self, values: list[Tensor], mask: list[Tensor]) -> Tensor:
        means = [
            (x * m[..., None]).sum(1) / m.sum(1, keepdim=True).clamp(min=1) for x, m in zip(values, mask, strict=True)
        ]
        return self.layer(torch.cat(means, 1))  # type: ignore[no-any-return]

    def forward(self, values: list[Tensor], mask: list[Tensor], presence: Tensor) -> Any:
        return self.answer(self, values, mask, presence)


def family(answer: Forward, *evidence: lddu.Evidence) -> Family:
    return lddu.Family.of("own", lambda task, config: Means(answer, task), evidence=evidence)


def trained(store: FeatureStore, out: Path, own: Family) -> RunFolder:
    short = lddu.preset(family=own, overrides={"training": {"epochs": 1}, "decision": {"dropout_passes": 0}})
    return lddu.train(store, out, short, lddu.RunOptions(baselines=False, report=False), family=own)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("contract") / "store", clips=40)


def test_the_clips_to_try_are_the_longest_and_shortest_in_what_is_read(tmp_path: Path) -> None:
    description = StoreDescription(("joy",), {"text": "", "audio": ""})
    with writing_store(tmp_path / "store", description) as writer:
        for n, (words, sound) in enumerate(((1, 4), (9, 1), (5, 30))):
            steps = {"text": np.zeros((words, 2), np.float32), "audio": np.zeros((sound, 2), np.float32)}
            writer.add(ClipRow(f"c{n}", "train", [1.0]), steps)
    reader = BatchReader(FeatureStore(tmp_path / "store"), {"text": 2}, max_steps=16)
    assert two_clips(reader, np.arange(3)).rows == (1, 0)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda net, x, m, p: net.layer(torch.cat([s.mean(1) for s in x], 1)), "leave out steps whose mask is False"),
        (lambda net, x, m, p: net.logit(x, m) / m[0].sum(1, keepdim=True), "finite logits for a clip without .* mask is False everywhere"),
    ],
)  # fmt: skip
def test_clips_that_lack_a_modality_hide_no_fault(tmp_path: Path, answer: Forward, sentence: str) -> None:
    lacking = [(n, "audio") for n in range(0, 40, 2)]
    store = tiny_store(tmp_path / "store", clips=40, missing=lacking)
    with pytest.raises(ConfigError, match=sentence):
        trained(store, tmp_path / "run", family(answer))


@pytest.mark.parametrize(
    ("answer", "evidence", "sentence"),
    [
        (lambda net, x, m, p: net.logit(x, m).T, (), r"logits \[clips, emotions\], \(1, 2\) of a batch of 1, but got \(2, 1\)"),
        (lambda net, x, m, p: net.logit(x, m)[:, None], (), r"but got \(2, 1, 2\)"),
        (lambda net, x, m, p: (net.logit(x, m), p), (), "a tensor of logits, or an lddu.Answer, but got tuple"),
        (lambda net, x, m, p: net.logit(x, m) - net.logit(x, m).mean(0), (), "let no clip read another"),
        (lambda net, x, m, p: net.layer(torch.cat([s.mean(1) for s in x], 1)), (), "leave out steps whose mask is False"),
        (lambda net, x, m, p: net.logit(x, m) / m[0].sum(1, keepdim=True), (), "finite logits for a clip without .* mask is False everywhere"),
        (lambda net, x, m, p: lddu.Answer(net.logit(x, m), {"sure": p}), (), "declares, but got sure"),
        (lambda net, x, m, p: lddu.Answer(net.logit(x, m), {"sure": p[:, :1]}), (SURE,), r"sure \[clips, emotion\], \(2, 2\) .* but got \(2, 1\)"),
        (lambda net, x, m, p: lddu.Answer(net.logit(x, m), {"sure": p * torch.nan}), (BY_MODALITY,), "but sure holds nan"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_or_believed_is_refused(
    store: FeatureStore, tmp_path: Path, answer: Forward, evidence: tuple[lddu.Evidence, ...], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=f"Expected the network of the model family own to .*{sentence}"):
        trained(store, tmp_path / "run", family(answer, *evidence))


@pytest.mark.parametrize(
    ("answer", "evidence"),
    [
        (lambda net, x, m, p: net.logit(x, m), (SURE,)),  # as where a setting turns it off
        (lambda net, x, m, p: lddu.Answer(net.logit(x, m), {"sure": p.float() / p}), (BY_MODALITY,)),  # NaN of what is missing
        (lambda net, x, m, p: net.logit(x, m) + torch.randn(()), ()),  # draws lots
    ],
)  # fmt: skip
def test_what_can_is_trained(
    store: FeatureStore, tmp_path: Path, answer: Forward, evidence: tuple[lddu.Evidence, ...]
) -> None:
    assert trained(store, tmp_path / "run", family(answer, *evidence)).finished


class Loss(nn.Module):
    """What a user may have written; it counts its calls in a buffer."""

    calls: Tensor

    def __init__(self, loss: Callable[..., Any]) -> None:
        super().__init__()
        self.loss, self.counted = loss, list[float]()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, network: nn.Module, answer: lddu.Answer, shares: Tensor, noise: Tensor) -> Any:
        assert network.training
        self.counted.append(float(self.calls))
        self.calls += 1
        return self.loss(answer.logit, shares)


def plain(net: Means, x: list[Tensor], m: list[Tensor], p: Tensor) -> Tensor:
    return net.logit(x, m)


@pytest.mark.parametrize(
    ("objective", "sentence"),
    [
        (lambda *_: lambda network, answer, shares, noise: 0, "be a torch.nn.Module, but got function"),
        (lambda *_: nn.BCEWithLogitsLoss(), "take network, answer, shares and noise, but its forward takes input, target"),
        (lambda *_: Loss(lambda logit, shares: logit.mean()), r"return lddu.Losses\(total\) of a tensor, but got Tensor"),
        (lambda *_: Loss(lambda logit, shares: lddu.Losses(cast(Tensor, 0.5))), r"return lddu.Losses\(total\) of a tensor, but got float"),
        (lambda *_: Loss(lambda logit, shares: lddu.Losses(logit)), r"return one number as total, but got a tensor \[2, 2\]"),
        (lambda *_: Loss(lambda logit, shares: lddu.Losses(logit.detach().sum())), "a gradient to the network's parameters"),
    ],
)  # fmt: skip
def test_a_loss_that_cannot_train_is_refused(
    store: FeatureStore, tmp_path: Path, objective: Any, sentence: str
) -> None:
    own = replace(family(plain), objective=objective)
    with pytest.raises(ConfigError, match=f"Expected the objective of the model family own to .*{sentence}"):
        trained(store, tmp_path / "run", own)


def test_logits_without_a_gradient_are_refused(store: FeatureStore, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a gradient to the network's parameters, but there is none; detach nothing"):
        trained(store, tmp_path / "run", family(lambda net, x, m, p: net.logit(x, m).detach()))


def test_the_memory_of_a_loss_is_empty_when_training_begins(store: FeatureStore, tmp_path: Path) -> None:
    loss = Loss(lambda logit, shares: lddu.Losses(logit.square().mean()))
    assert trained(store, tmp_path / "run", replace(family(plain), objective=lambda *_: loss)).finished
    assert loss.counted == [0, 0]  # tried once before the only step


def test_evidence_has_axes_in_order_and_a_name_of_its_own() -> None:
    wrong: Any = (("emotions",), ("emotion", "modality"), (), ("step", "emotion"))
    for axes in wrong:
        with pytest.raises(ConfigError, match="axes of the evidence sure to be some of modality, emotion, step"):
            replace(SURE, axes=axes)
    for taken in (
        *PER_EMOTION,
        *PER_MODALITY,
        *PER_MODALITY.values(),
        *own_scores(torch.zeros(1, 1).numpy(), torch.zeros(1).numpy()),
        COMBINATION,
        ALONE.name,
        ALONE.prefix,
    ):
        assert taken in TAKEN
        with pytest.raises(ConfigError, match=f"names that nothing else has, but got {taken}"):
            family(lambda *_: None, replace(SURE, name=taken))
    with pytest.raises(ConfigError, match="but got error"):
        family(lambda *_: None, replace(BY_MODALITY, column="error"))
    with pytest.raises(ConfigError, match="but got probability"):
        family(lambda *_: None, replace(SURE, column="probability"))
    with pytest.raises(ConfigError, match="but got sure"):
        family(lambda *_: None, SURE, BY_MODALITY)
    assert all(family_of(name).evidence is not None for name in FAMILIES)
