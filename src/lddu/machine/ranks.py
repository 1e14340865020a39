"""Several processes that train one network together: their ranks, and how they exchange data.

A launcher (`torchrun`, `accelerate launch`) starts the same program several times and numbers the processes; a number
is a rank. Every rank sees a part of each batch. The network's outputs for the parts are gathered, so that the losses over
pairs of the whole batch, Eq. (9) and (11), are those of one process. The convention that keeps gradients exact: the loss
of the whole is the mean over ranks of each rank's loss, and so is its gradient.
"""

import atexit
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from lddu.errors import LdduError, RunError

Result = TypeVar("Result")

PATIENCE = timedelta(hours=6)
"""How long ranks wait for one another: the first may fetch a corpus or write a report meanwhile."""


@dataclass(frozen=True)
class Ranks:
    """One process among `size`; alone by default, when every method is as if there were no others.

    Attributes:
        rank: number of this process, from 0.
        size: how many processes.
        local_rank: number of this process on its machine.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def part(self, length: int, rank: int | None = None) -> slice:
        """This rank's (or another's) part of `length` things: consecutive, as even as can be, in order of rank."""
        r = self.rank if rank is None else rank
        return slice(length * r // self.size, length * (r + 1) // self.size)

    def gather(self, local: Tensor, counts: Sequence[int]) -> Tensor:
        """Rows of all ranks, in order of rank, with gradient.

        Args:
            local: [counts[rank], ...] floating point.
            counts: rows of each rank; may be 0.

        Returns:
            [sum of counts, ...], the same on every rank. A loss of each rank may use all of it; `local` gets the gradient
            of the sum of these losses.
        """
        if self.size == 1:
            return local
        rows: Tensor = _Gather.apply(local, tuple(counts), self.rank)  # type: ignore[no-untyped-call]
        return rows

    def sum(self, value: Tensor) -> Tensor:
        """Sum over ranks, without gradient."""
        if self.size == 1:
            return value
        total = value.detach().clone()
        dist.all_reduce(total)
        return total

    def agreed(self, value: Tensor) -> Tensor:
        """The value of the first rank, on all; for random choices that all must share."""
        if self.size > 1:
            dist.broadcast(value, src=0)
        return value

    def mean_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Replace each gradient by its mean over ranks; a parameter without one on some rank counts as 0 there."""
        if self.size == 1:
            return
        there = torch.tensor([float(p.grad is not None) for p in parameters], device=parameters[0].device)
        pieces = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flat = torch.cat([*(piece.flatten() for piece in pieces), there])
        dist.all_reduce(flat)
        *means, anywhere = torch.split(flat, [*(p.numel() for p in parameters), len(parameters)])
        for parameter, mean, any_rank in zip(parameters, means, anywhere.tolist(), strict=True):
            parameter.grad = (mean / self.size).view_as(parameter) if any_rank else None

    def everyones(self, local: Result) -> list[Result]:
        """What each rank has, in order of rank; anything that can be pickled, for it only goes between these processes."""
        if self.size == 1:
            return [local]
        gathered: list[Any] = [None] * self.size
        dist.all_gather_object(gathered, local)
        return gathered

    def from_first(self, act: Callable[[], Result]) -> Result:
        """Do something on the first rank only and give its result to all.

        Raises:
            LdduError: on every rank, where the first rank met one.
        """
        if self.size == 1:
            return act()
        outcome: list[Any] = [None, None]
        if self.first:
            try:
                outcome = [act(), None]
            except LdduError as fault:
                outcome = [None, fault]
        dist.broadcast_object_list(outcome, src=0)
        if outcome[1] is not None:
            raise outcome[1]
        result: Result = outcome[0]
        return result


ALONE = Ranks()


def launched() -> Ranks:
    """The ranks that a launcher has started, joined into a group; alone where there is none.

    Processors talk through gloo, GPUs of NVIDIA through nccl; where ranks share a GPU, which nccl refuses, through gloo
    too. The launcher says who takes part by the variables WORLD_SIZE, RANK, LOCAL_RANK, MASTER_ADDR
    and MASTER_PORT, and by LOCAL_WORLD_SIZE how many share this machine; without it each is taken to have a GPU.

    Raises:
        RunError: where the ranks cannot find one another.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return ALONE
    if not dist.is_initialized():
        try:
            dist.init_process_group(backends(int(os.environ.get("LOCAL_WORLD_SIZE", "1"))), timeout=PATIENCE)
        except (ValueError, RuntimeError) as fault:
            raise RunError(
                f"Expected {size} ranks to find one another as the launcher says, but they did not "
                f"({str(fault).splitlines()[0][:160]}); start with 'torchrun --nproc-per-node {size} -m lddu train ...'."
            ) from None
        atexit.register(dist.destroy_process_group)
    return Ranks(dist.get_rank(), dist.get_world_size(), int(os.environ.get("LOCAL_RANK", "0")))


def backends(here: int) -> str:
    """What ranks talk through, as PyTorch names it, where `here` of them are on this machine."""
    return "cpu:gloo,cuda:nccl" if torch.cuda.device_count() >= here else "gloo"


class _Gather(torch.autograd.Function):
    """Rows of all ranks; backward sums the gradients of every rank's loss and keeps the rows of this rank."""

    @staticmethod
    def forward(context: Any, local: Tensor, counts: tuple[int, ...], rank: int) -> Tensor:
        context.local = slice(sum(counts[:rank]), sum(counts[: rank + 1]))
        padded = local.new_zeros(max(counts), *local.shape[1:])
        padded[: len(local)] = local
        gathered = [torch.empty_like(padded) for _ in counts]
        dist.all_gather(gathered, padded)
        return torch.cat([rows[:count] for rows, count in zip(gathered, counts, strict=True)])

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        whole = gradients[0].contiguous()
        dist.all_reduce(whole)
        return whole[context.local], None, None
