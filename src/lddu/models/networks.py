"""Running trained networks over the clips of a store, and averaging several of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lddu.arrays import Flags, Floats, binary_entropy
from lddu.batches.batch import Batch, BatchReader
from lddu.machine.ranks import Ranks
from lddu.machine.threads import side_by_side
from lddu.models.family import Evidence
from lddu.models.mc_dropout import DropoutMoments, dropout_moments, seeded
from lddu.models.measured import Measured
from lddu.models.network import Network

INFERENCE_BATCH = 128

NEIGHBOURS = 16384
"""Clips that are sorted by length together: more would read a large store from end to end for every batch."""


@dataclass(frozen=True, eq=False)
class Inference:
    """The outputs of one network, or the mean of several, for N clips, as plain arrays.

    Attributes:
        rows: [N] row numbers in the store.
        probability: [N, E] before any recalibration.
        entropy: [N, E] nats; of several networks the mean of each one's own: the aleatoric part.
        presence: [N, M].
        distance: [N, M] how far the modality's features lie from those of training, in their deviations; NaN where missing.
        evidence: name -> what the model family gives beside probabilities, as far as this network does.
        disagreement: [N, E] nats; entropy of the mean probability less `entropy`: the epistemic part. None for one network.
        dropout: results of passes with dropout on; None without them.
    """

    rows: np.ndarray
    probability: Floats
    entropy: Floats
    presence: Flags
    distance: np.ndarray
    evidence: Mapping[str, Measured]
    disagreement: Floats | None = None
    dropout: DropoutMoments | None = None

    def reordered(self, rows: np.ndarray, order: np.ndarray) -> "Inference":
        """The clips in another order, under other row numbers."""
        return Inference(
            rows,
            self.probability[order],
            self.entropy[order],
            self.presence[order],
            self.distance[order],
            {name: measured.rows(order) for name, measured in self.evidence.items()},
            None if self.disagreement is None else self.disagreement[order],
            None if self.dropout is None else self.dropout.rows(order),
        )


@dataclass(frozen=True)
class DropoutPasses:
    """Options of MC dropout: `passes` per network, drawn with `seed`."""

    passes: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Networks:
    """The networks of a run, ready to answer on the clips of a store.

    Attributes:
        members: one, or several whose mean answers.
        reader: of the store.
    """

    members: Sequence[Network]
    reader: BatchReader

    def infer(
        self,
        rows: np.ndarray,
        advance: Callable[[int], None] | None = None,
        dropout: DropoutPasses = DropoutPasses(),
    ) -> Inference:
        """Their outputs for some clips; see the function `infer`."""
        return mean_of([infer(member, self.reader, rows, advance, dropout) for member in self.members])

    def without(self, rows: np.ndarray, modalities: frozenset[str]) -> Inference:
        """Their outputs for some clips with these modalities treated as missing."""
        return Networks(self.members, self.reader.withholding(modalities)).infer(rows)

    def alone(self, inference: Inference) -> "Alone":
        """Their outputs for clips of several modalities, shown one modality after the other.

        Args:
            inference: of the clips, with all that they have.
        """
        names = tuple(self.reader.dimensions)
        several = inference.presence.sum(axis=1) > 1
        answers = {}
        for m, name in enumerate(names):
            places = np.flatnonzero(several & inference.presence[:, m])
            if len(places):
                answers[m] = places, self.without(inference.rows[places], frozenset(names) - {name})
        return answers


Alone = Mapping[int, tuple[np.ndarray, Inference]]
"""Number of a modality -> places of clips in an inference, and what networks answer on these from that modality alone."""


def infer(
    model: Network,
    reader: BatchReader,
    rows: np.ndarray,
    advance: Callable[[int], None] | None = None,
    dropout: DropoutPasses = DropoutPasses(),
) -> Inference:
    """Predict clips in batches of similar length; the order of the result is that of `rows`.

    Args:
        model: on any device; is put into evaluation mode.
        reader: of the store.
        rows: [N] row numbers.
        advance: called with the number of clips done since the last call.
        dropout: further passes with dropout on. The same clips, passes and seed give the same figures.
    """
    model.eval()
    device = next(model.parameters()).device
    order = _by_length(reader, rows)
    batches = (batch.to(device) for batch in reader.batches(rows[order], INFERENCE_BATCH))
    parts: list[Inference] = []
    if dropout.passes:
        with seeded(dropout.seed, device):
            for batch in batches:
                moments = dropout_moments(model, batch, dropout.passes)
                parts.append(replace(_inference(model, batch), dropout=moments))
                _advance(advance, len(batch.rows))
    else:
        # Passes with dropout draw one after the other from one generator; without, batches need not wait.
        for part in side_by_side(partial(_inference, model), batches, -(-len(rows) // INFERENCE_BATCH), device):
            parts.append(part)
            _advance(advance, len(part.rows))
    if not parts:
        return _of_no_clip(model, reader)
    return joined(parts).reordered(rows, np.argsort(order))


def _probability(model: Network, batch: Batch) -> Floats:
    """[B, E] on a batch on the model's device."""
    with torch.inference_mode():
        logit: Tensor = model(batch.values, batch.mask, batch.presence).logit
        return np.asarray(logit.sigmoid().cpu().numpy(), np.float64)


def _inference(model: Network, batch: Batch) -> Inference:
    """The answer on a batch on the model's device, as arrays."""
    with torch.inference_mode():
        answer = model(batch.values, batch.mask, batch.presence)
        probability = answer.logit.sigmoid().cpu().numpy().astype(np.float64)
        distance = torch.where(batch.presence, model.distance(batch.values, batch.mask), torch.nan)
        given = answer.evidence
        evidence = {kind.name: _measured(kind, given[kind.name], batch.presence) for kind in _stored(model, given)}
    presence = batch.presence.cpu().numpy()
    rows = np.array(batch.rows, dtype=np.int64)
    return Inference(rows, probability, binary_entropy(probability), presence, distance.cpu().numpy(), evidence)


def _stored(model: Network, given: Mapping[str, Any]) -> list[Evidence]:
    """The kinds that are stored of every clip: all but those with a value per step."""
    return [kind for kind in model.family.evidence if kind.name in given and "step" not in kind.axes]


def _measured(kind: Evidence, values: Tensor, presence: Tensor) -> Measured:
    if "modality" in kind.axes:
        there = presence.reshape(*presence.shape, *(1,) * (values.ndim - 2))
        values = torch.where(there, values, torch.nan)
    return Measured(kind, values.cpu().numpy())


def _advance(advance: Callable[[int], None] | None, clips: int) -> None:
    if advance:
        advance(clips)


def probabilities_together(model: Network, reader: BatchReader, rows: np.ndarray, ranks: Ranks) -> Floats:
    """[N, E] probabilities alone, each rank a part of the clips; every rank gets the whole, in the order of `rows`.

    As `infer` gives them, without distances and evidence, which a training does not read.
    """
    model.eval()
    device = next(model.parameters()).device
    part_rows = rows[ranks.part(len(rows))]
    order = _by_length(reader, part_rows)
    batches = (batch.to(device) for batch in reader.batches(part_rows[order], INFERENCE_BATCH))
    parts = list(side_by_side(partial(_probability, model), batches, -(-len(part_rows) // INFERENCE_BATCH), device))
    mine = np.concatenate(parts)[np.argsort(order)] if parts else None
    return np.concatenate([part for part in ranks.everyones(mine) if part is not None])


def mean_of(members: Sequence[Inference]) -> Inference:
    """The mean of several networks' figures on the same clips."""
    first = members[0]
    assert all(np.array_equal(member.rows, first.rows) for member in members)

    def mean(name: str) -> np.ndarray:
        return np.asarray(np.mean([getattr(member, name) for member in members], axis=0))

    probability, entropy = mean("probability"), mean("entropy")
    moments = [member.dropout for member in members if member.dropout is not None]
    return Inference(
        first.rows,
        probability,
        entropy,
        first.presence,
        mean("distance"),
        {name: Measured.mean_of([member.evidence[name] for member in members]) for name in first.evidence},
        np.maximum(binary_entropy(probability) - entropy, 0) if len(members) > 1 else None,
        DropoutMoments.mean_of(moments) if moments else None,
    )


def joined(parts: Sequence[Inference]) -> Inference:
    """The clips of several inferences one after the other, without what only some of them have."""

    def column(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    shared = [name for name in parts[0].evidence if all(name in part.evidence for part in parts)]
    moments = [part.dropout for part in parts if part.dropout is not None]
    return Inference(
        column("rows"),
        column("probability"),
        column("entropy"),
        column("presence"),
        column("distance"),
        {name: Measured.joined([part.evidence[name] for part in parts]) for name in shared},
        None if any(part.disagreement is None for part in parts) else column("disagreement"),
        DropoutMoments.joined(moments) if len(moments) == len(parts) else None,
    )


def _by_length(reader: BatchReader, rows: np.ndarray) -> np.ndarray:
    """The longest first: what is left at the end, when threads run out of batches, is short."""
    held = [name for name in reader.dimensions if name in reader.store.modalities]
    steps = sum((reader.store.lengths(name)[rows] for name in held), np.zeros(len(rows), np.int64))
    return np.lexsort((-steps, np.arange(len(rows)) // NEIGHBOURS))


def _of_no_clip(model: Network, reader: BatchReader) -> Inference:
    """No row, but every column that the network gives."""
    blank = tuple(torch.zeros(1, 1, dimension) for dimension in reader.dimensions.values())
    seen = tuple(torch.ones(1, 1, dtype=torch.bool) for _ in blank)
    there, shares = torch.ones(1, len(blank), dtype=torch.bool), torch.zeros(1, 0)
    batch = Batch(blank, seen, there, shares, (0,)).to(next(model.parameters()).device)
    none = np.zeros(0, np.int64)
    return _inference(model, batch).reordered(none, none)
