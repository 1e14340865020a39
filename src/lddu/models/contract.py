"""What a network and its loss have to do to be trained and believed, tried on two clips before anything is trained.

A network of somebody's own may return another shape, read padding, or divide by the steps of a modality that is not there. PyTorch broadcasts
some of that silently, and the rest would be found at the end of a training, or never.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from lddu.batches.batch import Batch, BatchReader
from lddu.errors import ConfigError
from lddu.models.family import Answered, Evidence, Losses, Task
from lddu.models.network import Network

CLIPS = 512
"""Of which the longest and the shortest are tried."""

TOLERANCE = 1e-3
"""Logits that differ by less, beside their size, are the same: other shapes are computed in another order."""


def two_clips(reader: BatchReader, rows: np.ndarray) -> Batch:
    """The longest and the shortest of the first `CLIPS` of these rows, to try a network and its loss on.

    Of clips that have all modalities, where there are two: the shortest would else be one that lacks some, and tell nothing of them.
    """
    there = [name for name in reader.dimensions if name in reader.store.modalities]
    lengths = np.stack([reader.store.lengths(name)[rows[:CLIPS]] for name in there])
    whole = np.flatnonzero((lengths > 0).all(axis=0))
    among = whole if len(whole) > 1 else np.arange(lengths.shape[1])
    total = lengths.sum(axis=0)[among]
    return reader.read([int(rows[among[total.argmax()]]), int(rows[among[total.argmin()]])])


def check_answers(network: Network, task: Task, reader: BatchReader, both: Batch) -> None:
    """Refuse a network whose answers cannot be trained with, or depend on more than the clip.

    Args:
        network: on the processor, untrained; is put into evaluation mode.
        task: emotions and modalities.
        reader: of the store.
        both: `two_clips`.

    Raises:
        ConfigError: where the answer has no logits [B, E], or evidence of other axes than declared; where it is not finite, which it has to be
            without one of the clip's modalities too; where a clip's answer changes with padding or with the clips beside it.
    """
    network.eval()
    with torch.inference_mode():
        answer = _checked(network, task, both)
        _check_independent(network, answer.logit[1], _checked(network, task, reader.read(both.rows[1:])).logit[0], both)
        for m, name in enumerate(task.dimensions):
            if bool(both.presence[:, m].any()) and bool((both.presence.sum(dim=1) > 1).all()):
                _checked(
                    network, task, _without(both, m), f" for a clip without {name}, whose mask is False everywhere"
                )


def check_loss(network: Network, objective: object, task: Task, both: Batch) -> None:
    """Refuse a loss that is none, or that says nothing about the network.

    Args:
        network: whose answers `check_answers` found right; parameters and buffers stay as they are.
        objective: what the family made as its loss.
        task: emotions and modalities.
        both: `two_clips`.

    Raises:
        ConfigError: where the objective is no module, or takes other arguments; where it does not return `Losses` with one number that depends
            on the network's parameters.
    """
    expected = f"Expected the objective of the model family {network.family.name} to"
    if not isinstance(objective, nn.Module):
        raise ConfigError(f"{expected} be a torch.nn.Module, but got {type(objective).__name__}.")
    try:
        inspect.signature(objective.forward).bind(*range(4))
    except TypeError:
        taken = ", ".join(inspect.signature(objective.forward).parameters) or "nothing"
        raise ConfigError(
            f"{expected} take network, answer, shares and noise, but its forward takes {taken}."
        ) from None
    clips, emotions = torch.arange(len(both.rows)), torch.arange(len(task.emotions))
    shares = ((clips[:, None] + emotions) % 2).float()
    with _as_in_training(network), _as_in_training(objective):
        answer: Answered = network(both.values, both.mask, both.presence)
        losses = objective(network.module, answer, shares, torch.zeros(both.presence.shape))
    if not isinstance(losses, Losses) or not isinstance(losses.total, Tensor):
        found = losses.total if isinstance(losses, Losses) else losses
        raise ConfigError(f"{expected} return lddu.Losses(total) of a tensor, but got {type(found).__name__}.")
    if losses.total.ndim:
        raise ConfigError(f"{expected} return one number as total, but got a tensor {list(losses.total.shape)}.")
    if not losses.total.requires_grad:
        raise ConfigError(
            f"{expected} return a total with a gradient to the network's parameters, but there is none; detach nothing on its way."
        )


@contextmanager
def _as_in_training(module: nn.Module) -> Iterator[None]:
    """Within this the module trains; afterwards its buffers, such as a memory, are as before."""
    kept = {name: buffer.clone() for name, buffer in module.named_buffers()}
    module.train()
    try:
        yield
    finally:
        for name, buffer in module.named_buffers():
            if name in kept:
                buffer.copy_(kept[name])


def _without(batch: Batch, m: int) -> Batch:
    """The batch with modality m missing."""
    there = torch.arange(len(batch.mask)) != m
    mask = tuple(own & bool(kept) for own, kept in zip(batch.mask, there, strict=True))
    return replace(batch, mask=mask, presence=batch.presence & there)


def _checked(network: Network, task: Task, batch: Batch, where: str = "") -> Answered:
    """The answer on a batch, whose shapes and numbers are right."""
    answer: Answered = network(batch.values, batch.mask, batch.presence)
    if not isinstance(getattr(answer, "logit", None), Tensor):
        raise ConfigError(
            f"{_expected(network)} return a tensor of logits, or an lddu.Answer, but got {type(answer).__name__}."
        )
    shape = (len(batch.rows), len(task.emotions))
    if tuple(answer.logit.shape) != shape:
        raise ConfigError(
            f"{_expected(network)} return logits [clips, emotions], {shape} of a batch of {shape[0]}, but got {tuple(answer.logit.shape)}."
        )
    if not bool(answer.logit.isfinite().all()):
        raise ConfigError(f"{_expected(network)} return finite logits{where}, but got {answer.logit[0].tolist()}.")
    if unknown := sorted(answer.evidence.keys() - {kind.name for kind in network.family.evidence}):
        raise ConfigError(
            f"{_expected(network)} return evidence that the family declares, but got {', '.join(unknown)}; declare it with an lddu.Evidence."
        )
    for kind in network.family.evidence:
        if kind.name in answer.evidence and "step" not in kind.axes:
            _check_evidence(network, kind, answer.evidence[kind.name], task, batch)
    return answer


def _check_evidence(network: Network, kind: Evidence, given: object, task: Task, batch: Batch) -> None:
    sizes = {"modality": len(task.dimensions), "emotion": len(task.emotions)}
    shape = (len(batch.rows), *(sizes[axis] for axis in kind.axes))
    found = tuple(given.shape) if isinstance(given, Tensor) else type(given).__name__
    if found != shape:
        raise ConfigError(
            f"{_expected(network)} return the evidence {kind.name} [{', '.join(('clips', *kind.axes))}], {shape} of a batch of {shape[0]}, but "
            f"got {found}."
        )
    assert isinstance(given, Tensor)
    read = given[batch.presence] if "modality" in kind.axes else given
    if not bool(read.isfinite().all()):
        raise ConfigError(
            f"{_expected(network)} return finite evidence, but {kind.name} holds {read[~read.isfinite()][0].item()}."
        )


def _check_independent(network: Network, beside: Tensor, alone: Tensor, batch: Batch) -> None:
    """Refuse an answer that is another one beside a longer clip; one that draws lots is let be."""
    change = (alone - beside).abs().max().item()
    if change <= TOLERANCE * (1 + alone.abs().max().item()):
        return
    again: Answered = network(batch.values, batch.mask, batch.presence)
    if torch.equal(again.logit[1], beside):
        raise ConfigError(
            f"{_expected(network)} answer a clip alike alone and beside a longer one, but a logit changes by {change:.2g}; leave out steps whose "
            "mask is False, and let no clip read another."
        )


def _expected(network: Network) -> str:
    return f"Expected the network of the model family {network.family.name} to"
