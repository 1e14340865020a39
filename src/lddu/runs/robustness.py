"""Which modality to trust: what a run says when one modality is made worse, step by step, and the others are not.

For each corruption of each modality: how much accuracy is left, whether the modality's own uncertainty and its noise
reading rose, and how far the fused answer leans on the others. A modality's share in an answer is the mean change of the probabilities when it is
left out, over the sum of these changes for all modalities of the clip.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lddu.arrays import Flags, Floats
from lddu.batches.batch import Batch
from lddu.batches.corruption import CLEAN, MISSING, Corruption, clip_generators, corrupted, corruptions_for
from lddu.decide.decision import FittedDecision
from lddu.errors import MismatchError
from lddu.evaluate.metrics import metrics
from lddu.evaluate.scored import Scored
from lddu.models.network import Network
from lddu.models.networks import INFERENCE_BATCH, Networks

MOST_CLIPS = 1000
"""Clips that are used by default; a larger split is drawn from."""

ROUNDING = 1e-5
"""What a reading has to rise by to count: sums in another order, as of shuffled steps, differ by less."""


@dataclass(frozen=True)
class Point:
    """A modality after one corruption, over the clips that have it.

    Attributes:
        kind: of the corruption; ``clean`` for none.
        size: of the corruption.
        f1_micro: of the fused decision.
        map_macro: of the fused probability; None where no emotion has positives.
        uncertainty: mean chance, by its own width, that the modality errs alone; None where it is missing.
        risen: share of the clips whose uncertainty is above its clean value; None where it is clean or missing.
        noise: mean q of Eq. (18), how noisy the modality's features are; None where it is missing or nothing measures it.
        noise_risen: share of the clips whose q is above its clean value; None as `noise`, and where it is clean.
        weight_on_others: mean share of the other modalities in the fused answer; None for an only modality.
    """

    kind: str
    size: float
    f1_micro: float
    map_macro: float | None
    uncertainty: float | None
    risen: float | None
    noise: float | None
    noise_risen: float | None
    weight_on_others: float | None


@dataclass(frozen=True)
class Robustness:
    """Curves per modality; the first point of each is clean.

    Attributes:
        clips: how many were used, out of `of`.
        of: labelled clips of the split.
        seed: of corruptions and of the choice of clips.
        modalities: modality -> points.
    """

    clips: int
    of: int
    seed: int
    modalities: dict[str, tuple[Point, ...]]

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `metrics.json` holds them."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class _Seen:
    """Outputs of the networks for N clips: probability [N, E]; of the modality [N] uncertainty, noise, share (NaN: none)."""

    probability: Floats
    uncertainty: Floats
    noise: Floats
    share: Floats


def measure_robustness(
    networks: Networks,
    decision: FittedDecision,
    scored: Scored,
    rows: np.ndarray,
    seed: int = 0,
    advance: Callable[[int], None] | None = None,
) -> Robustness:
    """Measure the run with each modality corrupted in each way.

    Args:
        networks: of the run, on the store that holds the clips.
        decision: of the run.
        scored: N clips, of which those with a label are looked at; its probabilities are not used.
        rows: [N] row numbers of these clips in the store.
        seed: of the corruptions.
        advance: called with the number of clips done by every network since the last call.

    Raises:
        MismatchError: no label is known.
    """
    if not scored.known.any():
        raise MismatchError("Expected clips with known labels to measure robustness on, but got none; label some.")
    labelled = np.flatnonzero(scored.labelled)
    chosen = np.sort(np.random.default_rng(seed).permutation(labelled)[:MOST_CLIPS])
    part, part_rows = scored.rows(chosen), rows[chosen]
    planned = {name: (CLEAN, *ways) for name, ways in _ways(networks, part_rows).items()}
    seen = _look(networks, part_rows, planned, seed, advance)
    held = {name: _held(networks, name, part_rows) for name in planned}
    points = {}
    for m, (name, ways) in enumerate(planned.items()):
        judged = part.rows(held[name])
        if not judged.known.any():
            continue
        presence = np.stack([flags[held[name]] for flags in held.values()], axis=1)
        without = presence.copy()
        without[:, m] = False
        points[name] = tuple(
            _point(decision, judged, way, seen[m][w], seen[m][0], without if way == MISSING else presence)
            for w, way in enumerate(ways)
        )
    return Robustness(len(part_rows), len(labelled), seed, points)


def _ways(networks: Networks, rows: np.ndarray) -> dict[str, tuple[Corruption, ...]]:
    reader = networks.reader
    longest = {
        name: int(reader.store.lengths(name)[rows].max(initial=0)) if name in reader.store.modalities else 0
        for name in reader.dimensions
    }
    return {name: corruptions_for(steps, len(longest)) for name, steps in longest.items()}


def _held(networks: Networks, name: str, rows: np.ndarray) -> Flags:
    store = networks.reader.store
    return store.lengths(name)[rows] > 0 if name in store.modalities else np.zeros(len(rows), bool)


def _look(
    networks: Networks,
    rows: np.ndarray,
    planned: dict[str, tuple[Corruption, ...]],
    seed: int,
    advance: Callable[[int], None] | None,
) -> list[list[_Seen]]:
    """Per modality and corruption, the mean outputs of the networks for the clips that have the modality."""
    outputs: list[list[list[list[_Seen]]]] = []  # network, batch, modality, corruption
    for network in networks.members:
        network.eval()
        device = next(network.parameters()).device
        batches = []
        for batch in networks.reader.batches(rows, INFERENCE_BATCH):
            with torch.inference_mode():
                batches.append(_look_at(network, batch.to(device), planned, seed))
            if advance:
                advance(len(batch.rows))
        outputs.append(batches)
    return [
        [_mean([_joined([batch[m][w] for batch in batches]) for batches in outputs]) for w in range(len(ways))]
        for m, ways in enumerate(planned.values())
    ]


def _look_at(
    network: Network, batch: Batch, planned: dict[str, tuple[Corruption, ...]], seed: int
) -> list[list[_Seen]]:
    """One network on one batch. Each modality is encoded once per corruption, and fused with the clean others."""
    clean = [network.unimodal(m, v, k) for m, (v, k) in enumerate(zip(batch.values, batch.mask, strict=True))]
    seen = []
    for m, (name, ways) in enumerate(planned.items()):
        there = batch.presence[:, m]
        scale = network.scaling.of(m).scale
        rows = []
        for way in ways:
            parts, presence = list(clean), batch.presence
            if way == MISSING:
                presence = presence.clone()
                presence[:, m] = False
            elif way != CLEAN:
                draws = clip_generators(seed, name, batch.rows)
                parts[m] = network.unimodal(m, *corrupted(batch.values[m], batch.mask[m], way, scale, draws))
            rows.append(_answer(network, parts, presence, m, there))
        seen.append(rows)
    return seen


def _answer(network: Network, parts: Sequence[Any], presence: Tensor, m: int, there: Tensor) -> _Seen:
    whole = network.fuse(parts, presence)
    probability = whole.logit.sigmoid()
    evidence = whole.evidence  # a family may compute it when it is read
    error, noise = (_of_modality(evidence.get(name), m, presence) for name in ("modality_error", "modality_noise"))
    moved = []
    for withheld in range(len(parts)):
        without = presence.clone()
        without[:, withheld] = False
        change = (probability - network.fuse(parts, without).logit.sigmoid()).abs().mean(dim=1)
        moved.append(torch.where(presence[:, withheld], change, 0.0))
    total = torch.stack(moved).sum(dim=0)
    share = torch.where((total > 0) & (len(parts) > 1), moved[m] / total, torch.nan)
    columns = (probability, error, noise, share)
    return _Seen(*(column[there].cpu().numpy().astype(np.float64) for column in columns))


def _of_modality(given: Tensor | tuple[Tensor, ...] | None, m: int, presence: Tensor) -> Tensor:
    """[B] evidence of modality m, mean over emotions; NaN where it is missing or the model family gives none."""
    if not isinstance(given, Tensor):
        return torch.full_like(presence[:, m], torch.nan, dtype=torch.float32)
    return torch.where(presence[:, m], given[:, m].flatten(1).mean(dim=1) if given.ndim > 2 else given[:, m], torch.nan)


def _point(
    decision: FittedDecision, scored: Scored, way: Corruption, seen: _Seen, clean: _Seen, presence: Flags
) -> Point:
    judged = scored.with_probability(decision.recalibrated(seen.probability, presence))
    labels = judged.probability >= decision.thresholds_of(presence, len(presence))
    figures = metrics(judged, np.array(decision.thresholds), labels)
    several = ~np.isnan(seen.share)
    return Point(
        way.kind,
        way.size,
        figures.f1_micro,
        figures.map_macro,
        _mean_or_none(seen.uncertainty),
        None if way == CLEAN else _risen(seen.uncertainty, clean.uncertainty),
        _mean_or_none(seen.noise),
        None if way == CLEAN else _risen(seen.noise, clean.noise),
        float(1 - seen.share[several].mean()) if several.any() else None,
    )


def _mean_or_none(reading: Floats) -> float | None:
    return None if np.isnan(reading).any() else float(reading.mean())


def _risen(reading: Floats, clean: Floats) -> float | None:
    return None if np.isnan(reading).any() else float((reading > clean + ROUNDING).mean())


def _joined(parts: Sequence[_Seen]) -> _Seen:
    return _Seen(*(np.concatenate(column) for column in zip(*(vars(part).values() for part in parts), strict=True)))


def _mean(parts: Sequence[_Seen]) -> _Seen:
    return _Seen(*(np.mean(column, axis=0) for column in zip(*(vars(part).values() for part in parts), strict=True)))
