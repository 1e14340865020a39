"""Attention with dropout, ours beside PyTorch's: `python benchmarks/attention.py [--clips 64] [--hidden 256]`.

One layer on one thread, milliseconds, the fastest of many goes. And what an exponential costs where keys are barred.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from lddu.benchmark.workload import Clips, Workload
from lddu.models.kernels.attention import _fused_attention, self_attention
from lddu.models.kernels.packing import Packing

HEADS, RATE, GOES = 8, 0.3, 40


def fastest(act: Callable[[], object]) -> float:
    """Milliseconds."""
    took: list[float] = []
    for _ in range(GOES):
        start = time.perf_counter()
        act()
        took.append(time.perf_counter() - start)
    return 1000 * min(took)


def layer(mask: Tensor, hidden: int, lengths: str) -> None:
    """Forward, and forward with backward."""
    packing = Packing.of(mask)
    projected = torch.randn(int(mask.sum()), 3 * hidden, requires_grad=True)
    above = torch.randn(len(projected), hidden)
    for who, attention in (("ours", self_attention), ("PyTorch's", _fused_attention)):
        forward = partial(attention, projected, packing, HEADS, RATE)

        def both(forward: Callable[[], Tensor] = forward) -> object:
            return torch.autograd.grad(forward(), projected, above)

        print(f"{lengths:9} lengths, {who:9} forward {fastest(forward):6.2f} ms, with backward {fastest(both):6.2f} ms")


def exponentials(count: int) -> None:
    """PyTorch's two functions, without and with barred keys."""
    scores, out = torch.randn(count), torch.empty(count)
    for what in ("none barred", "one in seven barred"):
        exp, exp2 = (fastest(partial(function, scores, out=out)) for function in (torch.exp, torch.exp2))
        print(f"{count:,} numbers, {what:19} exp {exp:5.2f} ms, exp2 {exp2:5.2f} ms")
        scores[::7] = -torch.inf


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--hidden", type=int, default=256)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for lengths in ("full", "realistic"):
        clips = Clips(Workload(), realistic=lengths == "realistic")
        layer(clips.batch(clips.lengths(options.clips)).mask[0], options.hidden, lengths)
    exponentials(2**19)


if __name__ == "__main__":
    main()
