"""One benchmark run: every figure on the same threads, the matrix rate measured again between them."""

import operator
import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import torch

from lddu.batches.batch import Batch
from lddu.benchmark.clock import STEADY, Clock, PeakMemory, Timing
from lddu.benchmark.loading import loader_rate
from lddu.benchmark.measured_network import MeasuredNetwork
from lddu.benchmark.operations import forward_operations, training_operations
from lddu.benchmark.result import Benchmark, Lengths, Limit, Machine, Memory, Naive, Speed
from lddu.benchmark.workload import Clips, Workload
from lddu.models.networks import INFERENCE_BATCH

BATCHES = 4
"""Batches of realistic lengths that a pass goes over, so that no lucky draw decides."""


@dataclass(frozen=True)
class Effort:
    """How much to measure.

    Attributes:
        seconds: for each figure, after warming up.
        rate_seconds: for the matrix rate, before and after each run.
        store_megabytes: size of the store that the loader reads.
        memory_steps: training steps that the peak of memory is taken over; at least 3.
    """

    seconds: float = 6.0
    rate_seconds: float = 0.1
    store_megabytes: float = 200.0
    memory_steps: int = 9


@dataclass(frozen=True)
class _Pass:
    """One pass over batches."""

    timing: Timing
    batches: list[Batch]

    @property
    def clips(self) -> int:
        return sum(len(batch.presence) for batch in self.batches)

    @property
    def rate(self) -> float:
        """Clips per second."""
        return self.clips / self.timing.seconds

    def over(self, other: "_Pass") -> float | None:
        """How many times as many clips it does as another pass, on a machine that stays the same; None on one that was not."""
        if not (self.timing.quiet and other.timing.quiet):
            return None
        return (self.clips / self.timing.products) / (other.clips / other.timing.products)


def measure(
    workload: Workload, device: torch.device, effort: Effort, report: Callable[[str], None] = lambda _: None
) -> Benchmark:
    """Run the benchmark.

    Args:
        workload: sizes.
        device: where to compute.
        effort: how much to measure.
        report: callback, called with the name of the measurement that begins.
    """
    return _Run(workload, device, effort, report).all()


def measure_memory(workload: Workload, device: torch.device, steps: int) -> Memory:
    """The memory of training steps at full length alone, which other work on the machine does not disturb.

    Args:
        workload: sizes.
        device: where to compute.
        steps: how many; at least 3.
    """
    measured, clips = MeasuredNetwork(workload, device), Clips(workload, realistic=False)
    batch = clips.batch(clips.lengths(workload.batch)).to(device)
    measured.fill_memory()
    return _memory_of(measured, batch, steps)


def _memory_of(measured: MeasuredNetwork, batch: Batch, steps: int) -> Memory:
    peak, peaks = PeakMemory(measured.device), []
    peak.reset()
    before = peak.read()
    for _ in range(steps):
        peak.reset()
        measured.step(batch)
        peaks.append(peak.read())
    third = -(-len(peaks) // 3)
    growth = max(peaks[2 * third :]) - max(peaks[third : 2 * third])
    return Memory(before / 1e6, max(peaks) / 1e6, growth / 1e6)


class _Run:
    def __init__(self, workload: Workload, device: torch.device, effort: Effort, report: Callable[[str], None]) -> None:
        self.workload, self.device, self.effort, self._report = workload, device, effort, report
        hidden = workload.config.model.hidden
        widths = [(hidden, hidden), (hidden, 3 * hidden), (max(workload.dimensions), hidden)]
        self.clock = Clock(workload.batch * workload.steps[0], widths, device, effort.rate_seconds)

    def all(self) -> Benchmark:
        """Every figure, the memory first, while the process holds nothing else."""
        self._report("training steps at full length")
        measured = MeasuredNetwork(self.workload, self.device)
        full = self._training_batches(self.workload, realistic=False)
        measured.fill_memory()
        memory = _memory_of(measured, full[0], self.effort.memory_steps)
        training = [
            self._training(measured, batches) for batches in (full, self._training_batches(self.workload, True))
        ]
        parts = {name: self.clock.time(act, self.effort.seconds / 2) for name, act in measured.parts(full[0]).items()}
        self._report("inference")
        inference = [
            self._inference(measured, self._inference_batches(self.workload, realistic)) for realistic in (False, True)
        ]
        clip = Clips(self.workload, realistic=False).batch(Clips(self.workload, False).lengths(1)).to(self.device)
        latency = self.clock.time(lambda: measured.predict(clip), self.effort.seconds / 10, least=20)
        self._report("unaligned sequences")
        unaligned = self._unaligned()
        self._report("the reference implementation")
        naive = self._naive(measured, full[0], inference[0].batches[0])
        self._report("the loader")
        loader = loader_rate(self.workload, self.effort.store_megabytes)
        step = training[0].timing
        return Benchmark(
            machine=_machine(self.device),
            limit=Limit(_giga(self.clock.limit), {name: _giga(rate) for name, rate in self.clock.per_second.items()}),
            training=self._lengths([*training, unaligned[0]], training_operations),
            inference=self._lengths([*inference, unaligned[1]], forward_operations),
            latency_ms=1000 * latency.seconds,
            parts=_shares(parts, step),
            memory=memory,
            loader_clips_per_second=loader,
            naive=_against(naive, training, inference),
        )

    def _unaligned(self) -> tuple[_Pass, _Pass]:
        workload = self.workload.unaligned()
        measured = MeasuredNetwork(workload, self.device)
        batches = self._training_batches(workload, realistic=False)
        measured.fill_memory()
        return self._training(measured, batches), self._inference(measured, batches * self._inference_count)

    def _naive(self, measured: MeasuredNetwork, step: Batch, prediction: Batch) -> tuple[_Pass, _Pass]:
        seconds = self.effort.seconds
        return (
            _Pass(self.clock.time(lambda: measured.naive_step(step), seconds), [step]),
            _Pass(self.clock.time(lambda: measured.naive_predict(prediction), seconds), [prediction]),
        )

    def _training_batches(self, workload: Workload, realistic: bool) -> list[Batch]:
        clips = Clips(workload, realistic)
        drawn = [clips.batch(clips.lengths(workload.batch)) for _ in range(BATCHES if realistic else 1)]
        return [batch.to(self.device) for batch in drawn]

    def _inference_batches(self, workload: Workload, realistic: bool) -> list[Batch]:
        size = min(INFERENCE_BATCH, 2 * workload.batch)
        count = self._inference_count if realistic else 1
        drawn = [batch.to(self.device) for batch in Clips(workload, realistic).sorted_batches(count, size)]
        return drawn if realistic else drawn * self._inference_count

    @property
    def _inference_count(self) -> int:
        """Batches of a pass, so many that every thread of a processor gets several."""
        return max(BATCHES, 2 * torch.get_num_threads()) if self.device.type == "cpu" else BATCHES

    def _training(self, measured: MeasuredNetwork, batches: list[Batch]) -> _Pass:
        """Each batch by itself, so that a moment of other work spoils one of them and not the whole pass."""
        share = self.effort.seconds / len(batches)
        timings = [self.clock.time(lambda batch=batch: measured.step(batch), share) for batch in batches]  # type: ignore[misc]
        return _Pass(reduce(operator.add, timings), batches)

    def _inference(self, measured: MeasuredNetwork, batches: list[Batch]) -> _Pass:
        return _Pass(self.clock.time(lambda: measured.predict_all(batches), self.effort.seconds), batches)

    def _lengths(self, passes: list[_Pass], count: Callable[[Workload, Batch], int]) -> Lengths:
        full, realistic, unaligned = passes
        return Lengths(
            full=_speed(full, self.workload, count),
            realistic=_speed(realistic, self.workload, count),
            unaligned=_speed(unaligned, self.workload.unaligned(), count),
            realistic_over_full=realistic.over(full),
        )


def _speed(measured: _Pass, workload: Workload, count: Callable[[Workload, Batch], int]) -> Speed:
    operations = sum(count(workload, batch) for batch in measured.batches)
    steps = sum(int(mask.sum()) for batch in measured.batches for mask in batch.mask)
    return Speed(
        clips_per_second=measured.rate,
        seconds_per_batch=measured.timing.seconds / len(measured.batches),
        clips_per_batch=measured.clips // len(measured.batches),
        steps_per_clip=steps / measured.clips / len(workload.dimensions),
        gigaoperations_per_clip=_giga(operations / measured.clips),
        share_of_limit=_possible(operations / measured.timing.products) if measured.timing.quiet else None,
        spread=measured.timing.spread,
        discarded=measured.timing.discarded,
    )


def _possible(share: float) -> float | None:
    """A share; None where it is above 1: then the time and the rate beside it are not of one machine."""
    return share if share <= 1 else None


def _shares(parts: dict[str, Timing], step: Timing) -> dict[str, float | None]:
    """Of each part and of all else, which is what the parts leave; None where one was disturbed."""
    shares = {name: part.products / step.products for name, part in parts.items()}
    left = 1 - sum(shares.values())
    if left < -STEADY or not all(timing.quiet for timing in (step, *parts.values())):
        return dict.fromkeys([*shares, "all else"])
    return {**shares, "all else": max(0.0, left)}


def _against(naive: tuple[_Pass, _Pass], training: list[_Pass], inference: list[_Pass]) -> Naive:
    return Naive(
        training_clips_per_second=naive[0].rate,
        inference_clips_per_second=naive[1].rate,
        training_times_faster=training[0].over(naive[0]),
        training_times_faster_realistic=training[1].over(naive[0]),
        inference_times_faster=inference[0].over(naive[1]),
        inference_times_faster_realistic=inference[1].over(naive[1]),
    )


def _machine(device: torch.device) -> Machine:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return Machine(_processor(), name, torch.get_num_threads(), torch.__version__)


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _giga(value: float) -> float:
    return value / 1e9
