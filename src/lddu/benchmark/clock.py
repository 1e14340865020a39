"""Timing on a machine that does other things too: the fastest of several runs, and the matrix rate beside it."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch


def fastest(act: Callable[[], object], device: torch.device, seconds: float, least: int = 2) -> float:
    """Seconds of the fastest run: one to warm up, then at least `least`, and more while time is left."""
    act()
    found: list[float] = []
    while len(found) < least or sum(found) < seconds:
        _synchronise(device)
        began = time.perf_counter()
        act()
        _synchronise(device)
        found.append(time.perf_counter() - began)
    return min(found)


class MatrixRate:
    """The highest rate of a dense fp32 product seen so far, at sizes like those of the network.

    Args:
        rows: packed steps of a batch.
        widths: of the products' two other axes, (K, N).
        device: where.
    """

    def __init__(self, rows: int, widths: list[tuple[int, int]], device: torch.device) -> None:
        self.per_second: dict[str, float] = {}
        self._device = device
        self._products = [
            (torch.randn(m, k, device=device), torch.randn(k, n, device=device))
            for m, k, n in [*((rows, k, n) for k, n in widths), *((k, rows, n) for k, n in widths)]
        ]

    def measure(self, seconds: float) -> float:
        """Try again, since the machine may be quieter now; operations per second."""
        for a, b in self._products:
            name = f"{a.shape[0]} x {a.shape[1]} x {b.shape[1]}"
            out = torch.empty(len(a), b.shape[1], device=self._device)
            took = fastest(lambda a=a, b=b, out=out: torch.mm(a, b, out=out), self._device, seconds)  # type: ignore[misc]
            self.per_second[name] = max(self.per_second.get(name, 0.0), 2 * a.numel() * b.shape[1] / took)
        return self.limit

    @property
    def limit(self) -> float:
        """The highest rate of all sizes."""
        return max(self.per_second.values())


class PeakMemory:
    """The most memory this process has held since the last reset; in bytes."""

    def __init__(self) -> None:
        self._reset_by = Path("/proc/self/clear_refs")

    def reset(self) -> None:
        """Begin anew, where the system can (Linux); elsewhere the peak is that since the start."""
        if self._reset_by.exists():
            self._reset_by.write_text("5", encoding="ascii")

    def read(self) -> int:
        """The peak."""
        status = Path("/proc/self/status")
        if status.exists():
            lines = status.read_text(encoding="ascii", errors="replace").splitlines()
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
