"""Timing on a machine whose speed drifts: every run between two measurements of the matrix rate.

A run whose two rates differ was disturbed, by other work or by a processor that changed its pace, and is discarded.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

STEADY = 0.1
"""Two rates that differ by more than this share of the higher one were not measured on the same quiet machine."""

MOST_TRIES = 5
"""Times the given runs, and the given time, within which enough runs have to be undisturbed."""


@dataclass(frozen=True)
class MeasuredRun:
    """One run of a piece of work: its seconds, and the matrix rate right before and after it."""

    seconds: float
    before: float
    after: float

    @property
    def steady(self) -> bool:
        """Whether both rates are about the same."""
        return abs(self.before - self.after) <= STEADY * max(self.before, self.after)

    @property
    def products(self) -> float:
        """Operations that dense products do in its time."""
        return self.seconds * (self.before + self.after) / 2


@dataclass(frozen=True)
class Timing:
    """Time of a piece of work.

    Attributes:
        seconds: of the fastest run: other work on the machine only ever adds.
        products: operations that dense products do in the time of a run, by the rate right before and after it; the
            median over runs. Ratios of these hold on a machine that is slower at one moment than at another.
        spread: of `products` over the runs: largest less smallest, over the median.
        discarded: share of the runs that were disturbed.
        quiet: whether enough runs were undisturbed. Where not, the figures are of all runs, and mean little.
    """

    seconds: float
    products: float
    spread: float = 0.0
    discarded: float = 0.0
    quiet: bool = True

    @staticmethod
    def of(runs: Sequence[MeasuredRun], least: int) -> "Timing":
        """From the undisturbed runs, where there are at least `least`."""
        steady = [run for run in runs if run.steady]
        quiet = len(steady) >= least
        used = steady if quiet else runs
        products = [run.products for run in used]
        middle = statistics.median(products)
        spread = (max(products) - min(products)) / middle
        return Timing(min(run.seconds for run in used), middle, spread, 1 - len(steady) / len(runs), quiet)

    def __add__(self, other: "Timing") -> "Timing":
        return Timing(
            self.seconds + other.seconds,
            self.products + other.products,
            max(self.spread, other.spread),
            max(self.discarded, other.discarded),
            self.quiet and other.quiet,
        )


class Clock:
    """Times work beside dense fp32 products of sizes like those of the network.

    Args:
        rows: packed steps of a batch.
        widths: of the products' two other axes, (K, N).
        device: where.
        rate_seconds: how long the matrix rate is measured each time.

    Attributes:
        per_second: rows x inner x columns -> the highest rate seen, operations per second.
    """

    def __init__(self, rows: int, widths: list[tuple[int, int]], device: torch.device, rate_seconds: float) -> None:
        self.per_second: dict[str, float] = {}
        self._device, self._rate_seconds = device, rate_seconds
        self._in_a_row = 1 if device.type == "cpu" else 50  # a GPU does one in less than the time of asking for it
        sizes = [*((rows, k, n) for k, n in widths), *((k, rows, n) for k, n in widths)]
        self._products = [
            (torch.randn(m, k, device=device), torch.randn(k, n, device=device), torch.empty(m, n, device=device))
            for m, k, n in sizes
        ]

    @property
    def limit(self) -> float:
        """The highest rate of all sizes."""
        return max(self.per_second.values())

    def time(self, act: Callable[[], object], seconds: float, least: int = 3) -> Timing:
        """Run once to warm up, then until `least` runs were undisturbed and the time is over, or `MOST_TRIES` times that long.

        Where a run is shorter than the measurement of the rate beside it, several in a row count as one.
        """
        act()
        measured: list[MeasuredRun] = []
        spent, before = 0.0, self._rate()
        while spent < seconds or (
            sum(run.steady for run in measured) < least
            and (len(measured) < MOST_TRIES * least or spent < MOST_TRIES * seconds)
        ):
            runs, together = self._repeated(act)
            spent += together
            after = self._rate()
            measured.append(MeasuredRun(together / runs, before, after))
            before = after
        return Timing.of(measured, least)

    def _rate(self) -> float:
        """The highest rate of all sizes at this moment."""
        best, began = 0.0, finished(self._device)
        while not best or finished(self._device) - began < self._rate_seconds:
            for a, b, out in self._products:
                took = self._once(lambda a=a, b=b, out=out: self._multiply(a, b, out))  # type: ignore[misc]
                rate = 2 * a.numel() * b.shape[1] * self._in_a_row / took
                name = f"{a.shape[0]} x {a.shape[1]} x {b.shape[1]}"
                self.per_second[name] = max(self.per_second.get(name, 0.0), rate)
                best = max(best, rate)
        return best

    def _multiply(self, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> None:
        for _ in range(self._in_a_row):
            torch.mm(a, b, out=out)

    def _repeated(self, act: Callable[[], object]) -> tuple[int, float]:
        """As many runs as fill the time in which the rate is measured, at least one; how many, and their seconds."""
        runs, began = 0, finished(self._device)
        while not runs or finished(self._device) - began < self._rate_seconds:
            act()
            runs += 1
        return runs, finished(self._device) - began

    def _once(self, act: Callable[[], object]) -> float:
        began = finished(self._device)
        act()
        return finished(self._device) - began


class PeakMemory:
    """The most memory held since the last reset, in bytes: by this process, or by its tensors on a GPU.

    Args:
        device: whose memory.
    """

    def __init__(self, device: torch.device) -> None:
        self._gpu = device if device.type == "cuda" else None
        self._reset_by = Path("/proc/self/clear_refs")

    def reset(self) -> None:
        """Begin anew, where the system can (Linux, a GPU); elsewhere the peak is that since the start."""
        if self._gpu is not None:
            torch.cuda.reset_peak_memory_stats(self._gpu)
        elif self._reset_by.exists():
            self._reset_by.write_text("5", encoding="ascii")

    def read(self) -> int:
        """The peak."""
        if self._gpu is not None:
            return torch.cuda.max_memory_allocated(self._gpu)
        status = Path("/proc/self/status")
        if status.exists():
            lines = status.read_text(encoding="ascii", errors="replace").splitlines()
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def finished(device: torch.device) -> float:
    """The time when the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
