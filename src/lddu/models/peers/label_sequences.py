"""Label sets as sequences of tokens: how they are written down, and how likely each label is under a model of the next token.

With E labels, token E begins a sequence and ends it.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

LEAST_MASS = math.log(1e-6)
"""Logarithm of the mass of a clip's unfinished sequences below which none goes on."""


def written(
    present: Bool[Tensor, "clip emotion"], order: Int[Tensor, " emotion"]
) -> tuple[Int[Tensor, "clip place"], Bool[Tensor, "clip place"]]:
    """The present labels of each clip in this order, then stops; and which places count: up to the first stop."""
    count, emotions = present.sum(dim=1, keepdim=True), present.shape[1]
    first = (~present[:, order]).int().argsort(dim=1, stable=True)
    place = torch.arange(int(count.max()) + 1, device=present.device)
    labels = torch.where(place < count, F.pad(order[first], (0, 1))[:, : len(place)], emotions)
    return labels, place <= count


def label_odds(
    following: Callable[[Tensor], Tensor], start: Int[Tensor, "clip 1 1"], labels: int, beam: int
) -> Float[Tensor, "clip emotion"]:
    """Log-odds of the mass of the sequences that hold a label, by beam search.

    Every sequence that is met counts: one that stops, and one that is dropped, which counts for the labels that it holds by
    then. So all mass is counted, and that of a label is too low by no more than what was dropped.

    Args:
        following: sequences [B, N, L] -> log-probability of each next token [B, N, E + 1]; -inf for labels already there.
        start: token E.
        labels: E.
        beam: sequences that go on at each length.
    """
    clips, device = len(start), start.device
    tokens, mass = start, torch.zeros(clips, 1, device=device)
    holds = torch.zeros(clips, 1, labels, dtype=torch.bool, device=device)
    each = torch.eye(labels, dtype=torch.bool, device=device)
    odds = torch.full((2, clips, labels), -torch.inf, device=device)
    for _ in range(labels):
        longer = mass[..., None] + following(tokens)
        stopped = with_and_without(longer[..., -1], holds)
        going, held = longer[..., :-1].flatten(1), (holds[:, :, None] | each).flatten(1, 2)
        over = going.logsumexp(dim=1, keepdim=True) < LEAST_MASS
        mass, best = going.topk(min(beam, going.shape[1]), dim=1)
        mass, dropped = mass.masked_fill(over, -torch.inf), torch.where(over, going, going.scatter(1, best, -torch.inf))
        odds = torch.logaddexp(odds, torch.logaddexp(stopped, with_and_without(dropped, held)))
        if bool(over.all()):
            return odds[0] - odds[1]
        before = _taken(tokens, best // labels)
        tokens, holds = torch.cat([before, (best % labels)[..., None]], dim=2), _taken(held, best)
    odds = torch.logaddexp(odds, with_and_without(mass, holds))
    return odds[0] - odds[1]


def with_and_without(
    mass: Float[Tensor, "clip sequence"], holds: Bool[Tensor, "clip sequence emotion"]
) -> Float[Tensor, "2 clip emotion"]:
    """Logarithms of the mass of the sequences that hold a label, and of those that do not, from that of each sequence."""
    return torch.stack([mass[..., None].masked_fill(~kind, -torch.inf).logsumexp(dim=1) for kind in (holds, ~holds)])


def _taken(rows: Tensor, which: Int[Tensor, "clip best"]) -> Tensor:
    """Some of the sequences of each clip."""
    return rows.gather(1, which[..., None].expand(-1, -1, rows.shape[2]))
