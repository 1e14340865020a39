"""Running trained networks over the clips of a store, and averaging several of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import torch

from lddu.arrays import binary_entropy
from lddu.batches.batch import Batch, BatchReader
from lddu.machine.ranks import Ranks
from lddu.machine.threads import side_by_side
from lddu.models.lddu.network import LDDU
from lddu.models.mc_dropout import DropoutMoments, dropout_moments, seeded

INFERENCE_BATCH = 128

NEIGHBOURS = 16384
"""Clips that are sorted by length together: more would read a large store from end to end for every batch."""


@dataclass(frozen=True)
class Inference:
    """What one network, or the mean of several, says of N clips, as plain arrays.

    Attributes:
        rows: [N] row numbers in the store.
        probability: [N, E] before any recalibration.
        entropy: [N, E] nats; of several networks the mean of each one's own: the aleatoric part.
        disagreement: [N, E] nats; entropy of the mean probability less `entropy`: the epistemic part. None for one network.
        width: [N, E] u_e, Eq. (11).
        modality_width: [N, M, E] |std_{m,e}|; NaN where the modality is missing.
        modality_error: [N, M, E] chance that the modality alone errs, by its width, Eq. (14); NaN where missing.
        presence: [N, M].
        modality_distance: [N, M] how far the modality's features lie from those of training, in their deviations; NaN where
            missing.
        modality_noise: [N, M] q of Eq. (18), how noisy the modality's features are; NaN where missing. None without meters.
        modality_trust: [N, M] how much of the modality the answer heard, Eq. (20); NaN where missing. None without a gate.
        dropout: what passes with dropout on say, where they were asked for.
    """

    rows: np.ndarray
    probability: np.ndarray
    entropy: np.ndarray
    disagreement: np.ndarray | None
    width: np.ndarray
    modality_width: np.ndarray
    modality_error: np.ndarray
    presence: np.ndarray
    modality_distance: np.ndarray
    modality_noise: np.ndarray | None = None
    modality_trust: np.ndarray | None = None
    dropout: DropoutMoments | None = None


@dataclass(frozen=True)
class DropoutPasses:
    """How MC dropout is asked for: `passes` per network, drawn with `seed`."""

    passes: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Networks:
    """The networks of a run, ready to answer on the clips of a store.

    Attributes:
        members: one, or several whose mean answers.
        reader: of the store.
    """

    members: Sequence[LDDU]
    reader: BatchReader

    def infer(
        self,
        rows: np.ndarray,
        advance: Callable[[int], None] | None = None,
        dropout: DropoutPasses = DropoutPasses(),
    ) -> Inference:
        """What they say of some clips; see the function `infer`."""
        return mean_of([infer(member, self.reader, rows, advance, dropout) for member in self.members])

    def without(self, rows: np.ndarray, modalities: frozenset[str]) -> Inference:
        """What they say of some clips with these modalities taken for missing."""
        return Networks(self.members, self.reader.withholding(modalities)).infer(rows)


def infer(
    model: LDDU,
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
    parts: list[tuple[np.ndarray, ...]] = []
    moments: list[DropoutMoments] = []

    if dropout.passes:
        with seeded(dropout.seed, device):
            for batch in batches:
                parts.append(_figures(model, batch))
                moments.append(dropout_moments(model, batch, dropout.passes))
                _tell(advance, len(batch.rows))
    else:
        # Passes with dropout draw one after the other from one generator; without, batches need not wait.
        for part in side_by_side(partial(_figures, model), batches, -(-len(rows) // INFERENCE_BATCH), device):
            parts.append(part)
            _tell(advance, len(part[0]))
    back = np.argsort(order)
    columns = (
        [np.concatenate(column)[back] for column in zip(*parts, strict=True)] if parts else _nothing(model, reader)
    )
    probability = columns[0].astype(np.float64)
    width, modality_width, modality_error, presence, distance, noise, trust = columns[1:]
    return Inference(
        rows,
        probability,
        binary_entropy(probability),
        None,
        width,
        modality_width,
        modality_error,
        presence,
        distance,
        noise if model.meters else None,
        trust if model.trust else None,
        DropoutMoments.joined(moments).rows(back) if moments else None,
    )


def _figures(model: LDDU, batch: Batch) -> tuple[np.ndarray, ...]:
    """Probability, width, modality widths and errors, presence, distance, noise and trust of a batch on the model's device."""
    with torch.inference_mode():
        prediction = model(batch.values, batch.mask, batch.presence)
        widths = torch.where(batch.presence[:, :, None], prediction.modality_width, torch.nan)
        noise, trust = (torch.where(batch.presence, x, torch.nan) for x in (prediction.noise, prediction.trust))
        errors = model.modality_width_link(widths)
        distance = torch.where(batch.presence, model.distance(batch.values, batch.mask), torch.nan)
        figures = (prediction.probability, prediction.width, widths, errors, batch.presence, distance, noise, trust)
    return tuple(figure.cpu().numpy() for figure in figures)


def _tell(advance: Callable[[int], None] | None, clips: int) -> None:
    if advance:
        advance(clips)


def infer_together(model: LDDU, reader: BatchReader, rows: np.ndarray, ranks: Ranks) -> Inference:
    """`infer`, each rank a part of the clips; every rank gets the whole, each clip once."""
    own = infer(model, reader, rows[ranks.part(len(rows))])
    return joined(ranks.everyones(own))


def mean_of(members: Sequence[Inference]) -> Inference:
    """The mean of several networks' figures on the same clips."""
    first = members[0]
    assert all(np.array_equal(member.rows, first.rows) for member in members)

    def mean(name: str) -> np.ndarray:
        return np.asarray(np.mean([getattr(member, name) for member in members], axis=0))

    probability, entropy = mean("probability"), mean("entropy")
    disagreement = np.maximum(binary_entropy(probability) - entropy, 0) if len(members) > 1 else None
    widths, distance = (mean("width"), mean("modality_width"), mean("modality_error")), mean("modality_distance")
    noise, trust = (
        None if getattr(first, name) is None else mean(name) for name in ("modality_noise", "modality_trust")
    )
    moments = [member.dropout for member in members if member.dropout is not None]
    dropout = DropoutMoments.mean_of(moments) if moments else None
    return Inference(
        first.rows, probability, entropy, disagreement, *widths, first.presence, distance, noise, trust, dropout
    )


def joined(parts: Sequence[Inference]) -> Inference:
    """The clips of several inferences one after the other, without what only some of them have."""
    columns = {f.name: [getattr(part, f.name) for part in parts] for f in fields(Inference) if f.name != "dropout"}
    arrays = {
        name: None if any(value is None for value in values) else np.concatenate(values)
        for name, values in columns.items()
    }
    moments = [part.dropout for part in parts if part.dropout is not None]
    return Inference(**arrays, dropout=DropoutMoments.joined(moments) if len(moments) == len(parts) else None)  # type: ignore[arg-type]


def _by_length(reader: BatchReader, rows: np.ndarray) -> np.ndarray:
    """The longest first: what is left at the end, when threads run out of batches, is short."""
    held = [name for name in reader.dimensions if name in reader.store.modalities]
    steps = sum((reader.store.lengths(name)[rows] for name in held), np.zeros(len(rows), np.int64))
    return np.lexsort((-steps, np.arange(len(rows)) // NEIGHBOURS))


def _nothing(model: LDDU, reader: BatchReader) -> list[np.ndarray]:
    emotions, modalities = len(model.emotions), len(reader.dimensions)
    pair, triple = np.zeros((0, emotions)), np.zeros((0, modalities, emotions))
    each = np.zeros((0, modalities))
    return [pair, pair, triple, triple, each.astype(bool), each, each, each]
