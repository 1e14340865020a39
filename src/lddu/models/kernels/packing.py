"""The real steps of a padded batch end to end, so that padding costs nothing.

Everything that treats each step by itself (norms, linear maps, activations) runs on the packed rows. What mixes the
steps of a clip (attention) runs on groups of clips of similar length, which lie next to each other.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

SHORTEST_SHARE = 0.75
"""A group holds clips of at least this share of its longest one: little padding, few groups. On a processor only: what a
GPU saves on padding it loses on starting more kernels."""

SHORT = 8
"""Clips of at most this many steps share one group whatever their lengths."""


@dataclass(frozen=True, eq=False)
class ClipGroup:
    """Clips of similar length, contiguous among the packed rows.

    Attributes:
        clips: N.
        steps: T of the longest.
        start: first packed row.
        stop: after the last packed row.
        places: [rows] place of each packed row among the N T padded ones; None where nothing is padded.
        mask: [N, T] True at real steps; None where nothing is padded.
    """

    clips: int
    steps: int
    start: int
    stop: int
    places: Int[Tensor, " row"] | None
    mask: Bool[Tensor, "clip step"] | None

    @property
    def rows(self) -> slice:
        """Its packed rows."""
        return slice(self.start, self.stop)

    def padded(self, packed: Float[Tensor, "row width"]) -> Float[Tensor, "padded_row width"]:
        """The group's packed rows as N T ones, zeros at padding."""
        return scatter_rows(packed, self.places, self.clips * self.steps)

    def real(self, padded: Float[Tensor, "padded_row width"]) -> Float[Tensor, "row width"]:
        """The group's packed rows out of N T padded ones."""
        return gather_rows(padded, self.places)


@dataclass(frozen=True, eq=False)
class Packing:
    """Where each packed row comes from: clips from the longest to the shortest, each clip's steps in order.

    Attributes:
        clips: B of the padded batch.
        steps: T of the padded batch.
        rows: [S] place of each packed row among the B T padded ones; None where nothing is padded.
        positions: [S] step of each packed row within its clip.
        groups: of clips of similar length; clips without a step are in none.
    """

    clips: int
    steps: int
    rows: Int[Tensor, " row"] | None
    positions: Int[Tensor, " row"]
    groups: tuple[ClipGroup, ...]

    @staticmethod
    def of(mask: Bool[Tensor, "clip step"]) -> "Packing":
        """The packing of the True steps; any pattern of them. While a graph is traced, as for ONNX, `padded` instead."""
        if torch.compiler.is_compiling():
            return Packing.padded(mask)
        clips, steps = mask.shape
        if bool(mask.all()):
            counts = [steps] * clips
            rows, positions = None, torch.arange(steps, device=mask.device).repeat(clips)
        else:
            lengths, order = mask.sum(dim=1).sort(descending=True, stable=True)
            counts = lengths.tolist()
            clip, positions = mask[order].nonzero(as_tuple=True)
            rows = order[clip] * steps + positions
        share = SHORTEST_SHARE if mask.device.type == "cpu" else 0.0
        groups = tuple(_group(counts, first, last, mask.device) for first, last in _similar(counts, share))
        return Packing(clips, steps, rows, positions, groups)

    @staticmethod
    def padded(mask: Bool[Tensor, "clip step"]) -> "Packing":
        """Every step a row, padding too, so that no size depends on the mask; states at padding are anything finite."""
        clips, steps = mask.shape
        first = torch.arange(steps, device=mask.device) == 0
        seen = mask | (first & ~mask.any(dim=1, keepdim=True))  # a softmax over no step is not a number
        positions = torch.arange(steps, device=mask.device).repeat(clips)
        return Packing(clips, steps, None, positions, (ClipGroup(clips, steps, 0, clips * steps, None, seen),))

    @property
    def group_sizes(self) -> list[int]:
        """Packed rows of each group."""
        return [group.stop - group.start for group in self.groups]

    def pack(self, padded: Float[Tensor, "clip step width"]) -> Float[Tensor, "row width"]:
        """The real steps."""
        return gather_rows(padded.flatten(0, 1), self.rows)

    def unpack(self, rows: Float[Tensor, "row width"]) -> Float[Tensor, "clip step width"]:
        """The steps where they were, zeros elsewhere."""
        return scatter_rows(rows, self.rows, self.clips * self.steps).view(self.clips, self.steps, rows.shape[1])


def gather_rows(flat: Float[Tensor, "place width"], places: Int[Tensor, " row"] | None) -> Float[Tensor, "row width"]:
    """The rows at distinct places; all of them where `places` is None."""
    return flat if places is None else _Gather.apply(flat, places)  # type: ignore[no-untyped-call]


def scatter_rows(
    rows: Float[Tensor, "row width"], places: Int[Tensor, " row"] | None, total: int
) -> Float[Tensor, "place width"]:
    """Rows put at distinct places among `total`, zeros elsewhere; the rows themselves where `places` is None."""
    return rows if places is None else _scattered(rows, places, total)


def _similar(counts: list[int], share: float) -> list[tuple[int, int]]:
    """Ranges of clips, out of descending lengths, that make a group: none shorter than this share of the longest."""
    ranges: list[tuple[int, int]] = []
    first, held = 0, sum(count > 0 for count in counts)
    for clip in range(1, held + 1):
        longest = counts[first]
        if clip == held or (counts[clip] < share * longest and longest > SHORT):
            ranges.append((first, clip))
            first = clip
    return ranges


def _group(counts: list[int], first: int, last: int, device: torch.device) -> ClipGroup:
    lengths = counts[first:last]
    start, steps = sum(counts[:first]), lengths[0]
    stop = start + sum(lengths)
    if lengths[-1] == steps:
        return ClipGroup(len(lengths), steps, start, stop, None, None)
    mask = torch.arange(steps, device=device) < torch.tensor(lengths, device=device)[:, None]
    return ClipGroup(len(lengths), steps, start, stop, mask.flatten().nonzero().squeeze(1), mask)


def _scattered(rows: Tensor, places: Tensor, total: int) -> Tensor:
    return rows.new_zeros(total, rows.shape[1]).index_copy_(0, places, rows)


class _Gather(torch.autograd.Function):
    """Places are distinct, so the gradient is a copy, where that of general indexing is a slow sum."""

    @staticmethod
    def forward(ctx: Any, flat: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.total = len(flat)
        return flat.index_select(0, places)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (places,) = ctx.saved_tensors
        return _scattered(grad, places, ctx.total), None
