"""What training several seeds as one batched network could save: `OMP_NUM_THREADS=1 python benchmarks/members_at_once.py`.

Times the maps from emotion vectors to distributions of the preset default, forward and backward, which are most of a step
of a small corpus: once for one network, and once for five, whose maps are slices of batched products. Prints processor
milliseconds, the lower quartile of the runs, taken by turns. Five trained one after the other take five times the first.
"""

import itertools
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

MODALITIES, ROWS, WIDTHS, MEMBERS, RUNS = 3, 192, (128, 128, 96, 64, 64), 5, 200


def step_of(members: int) -> Callable[[], None]:
    """One forward and backward pass of so many networks as one."""
    slices = members * MODALITIES
    weights = [torch.randn(slices, a, b, requires_grad=True) for a, b in itertools.pairwise(WIDTHS)]
    biases = [torch.randn(slices, 1, b, requires_grad=True) for b in WIDTHS[1:]]
    rows = torch.randn(slices, ROWS, WIDTHS[0], requires_grad=True)

    def step() -> None:
        for leaf in (*weights, *biases, rows):
            leaf.grad = None
        states = rows
        for weight, bias in zip(weights, biases, strict=True):
            states = F.relu(torch.baddbmm(bias, states, weight))
        torch.autograd.backward(states.sum())

    return step


def main() -> None:
    """Time both by turns and compare."""
    steps = {members: step_of(members) for members in (1, MEMBERS)}
    took: dict[int, list[float]] = {members: [] for members in steps}
    for _ in range(RUNS):
        for members, step in steps.items():
            began = time.process_time()
            step()
            took[members].append(1000 * (time.process_time() - began))
    single, several = (statistics.quantiles(times)[0] for times in took.values())
    print(
        f"one network {single:.2f} ms, {MEMBERS} as one {several:.2f} ms: {several / single:.1f} times, {MEMBERS} at best by turns"
    )


if __name__ == "__main__":
    main()
