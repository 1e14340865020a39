"""One benchmark run: every figure on the same threads, the matrix rate measured again between them."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from lddu.batch import Batch
from lddu.benchmark.clock import MatrixRate, PeakMemory, fastest
from lddu.benchmark.loading import loader_rate
from lddu.benchmark.operations import forward_operations, training_operations
from lddu.benchmark.result import Benchmark, Lengths, Limit, Machine, Memory, Naive, Speed
from lddu.benchmark.subject import Subject
from lddu.benchmark.workload import Clips, Workload
from lddu.model.infer import INFERENCE_BATCH

BATCHES = 4
"""Batches of realistic lengths that a pass goes over, so that no lucky draw decides."""


@dataclass(frozen=True)
class Effort:
    """How much to measure.

    Attributes:
        seconds: for each figure, after warming up.
        store_megabytes: size of the store that the loader reads.
        memory_steps: training steps that the peak of memory is taken over; at least 3.
    """

    seconds: float = 5.0
    store_megabytes: float = 200.0
    memory_steps: int = 9


@dataclass(frozen=True)
class _Timing:
    """Seconds of one pass over batches."""

    seconds: float
    batches: list[Batch]

    @property
    def rate(self) -> float:
        return sum(len(batch.presence) for batch in self.batches) / self.seconds


def measure(
    workload: Workload, device: torch.device, effort: Effort, tell: Callable[[str], None] = lambda _: None
) -> Benchmark:
    """Run the benchmark.

    Args:
        workload: sizes.
        device: where to compute.
        effort: how much to measure.
        tell: is told what comes next.
    """
    return _Run(workload, device, effort, tell).all()


class _Run:
    def __init__(self, workload: Workload, device: torch.device, effort: Effort, tell: Callable[[str], None]) -> None:
        self.workload, self.device, self.effort, self._tell = workload, device, effort, tell
        hidden = workload.config.model.hidden
        widths = [(hidden, hidden), (hidden, 3 * hidden), (max(workload.dimensions), hidden)]
        self.rate = MatrixRate(workload.batch * workload.steps[0], widths, device)

    def all(self) -> Benchmark:
        """Every figure, the memory first, while the process holds nothing else."""
        self._tell("training steps at full length")
        subject = Subject(self.workload, self.device)
        full = self._training_batches(self.workload, realistic=False)
        subject.fill_memory()
        memory = self._memory(subject, full)
        training = [
            self._time(subject.step, batches) for batches in (full, self._training_batches(self.workload, True))
        ]
        parts = subject.parts(full[0], self.effort.seconds / 2)
        self._tell("inference")
        inference = [
            self._time(subject.predict, self._inference_batches(self.workload, real)) for real in (False, True)
        ]
        one = Clips(self.workload, realistic=False).batch(Clips(self.workload, False).lengths(1)).to(self.device)
        latency = fastest(lambda: subject.predict(one), self.device, self.effort.seconds / 4, least=20)
        self._tell("unaligned sequences")
        unaligned = self._unaligned()
        self._tell("the plain implementation")
        naive = self._time(subject.naive_step, full), self._time(subject.naive_predict, inference[0].batches)
        self._tell("the loader")
        loader = loader_rate(self.workload, self.effort.store_megabytes)
        step = training[0].seconds / len(full)
        return Benchmark(
            machine=_machine(self.device),
            limit=Limit(_giga(self.rate.limit), {name: _giga(rate) for name, rate in self.rate.per_second.items()}),
            training=self._lengths([*training, unaligned[0]], training_operations),
            inference=self._lengths([*inference, unaligned[1]], forward_operations),
            latency_ms=1000 * latency,
            parts=parts | {"all else": max(0.0, step - sum(parts.values()))},
            contrastive_share=parts["contrastive loss"] / step,
            memory=memory,
            loader_clips_per_second=loader,
            naive=_against(naive, training, inference),
        )

    def _memory(self, subject: Subject, batches: list[Batch]) -> Memory:
        peak, found = PeakMemory(), []
        peak.reset()
        before = peak.read()
        for _ in range(self.effort.memory_steps):
            peak.reset()
            subject.step(batches[0])
            found.append(peak.read())
        third = -(-len(found) // 3)
        growth = max(found[2 * third :]) - max(found[third : 2 * third])
        return Memory(before / 1e6, max(found) / 1e6, growth / 1e6)

    def _unaligned(self) -> tuple[_Timing, _Timing]:
        workload = self.workload.unaligned()
        subject = Subject(workload, self.device)
        batches = self._training_batches(workload, realistic=False)
        subject.fill_memory()
        return self._time(subject.step, batches), self._time(subject.predict, batches)

    def _training_batches(self, workload: Workload, realistic: bool) -> list[Batch]:
        clips = Clips(workload, realistic)
        drawn = [clips.batch(clips.lengths(workload.batch)) for _ in range(BATCHES if realistic else 1)]
        return [batch.to(self.device) for batch in drawn]

    def _inference_batches(self, workload: Workload, realistic: bool) -> list[Batch]:
        size = min(INFERENCE_BATCH, 2 * workload.batch)
        drawn = Clips(workload, realistic).sorted_batches(BATCHES if realistic else 1, size)
        return [batch.to(self.device) for batch in drawn]

    def _time(self, act: Callable[[Batch], None], batches: list[Batch]) -> _Timing:
        """Each batch by itself, so that a moment of other work spoils one of them and not the whole pass."""
        self.rate.measure(self.effort.seconds / 40)
        share = self.effort.seconds / len(batches)
        seconds = [fastest(lambda batch=batch: act(batch), self.device, share, least=3) for batch in batches]  # type: ignore[misc]
        return _Timing(sum(seconds), batches)

    def _lengths(self, timings: list[_Timing], count: Callable[[Workload, Batch], int]) -> Lengths:
        full, realistic, unaligned = timings
        return Lengths(
            full=self._speed(full, self.workload, count),
            realistic=self._speed(realistic, self.workload, count),
            unaligned=self._speed(unaligned, self.workload.unaligned(), count),
            realistic_over_full=realistic.rate / full.rate,
        )

    def _speed(self, timing: _Timing, workload: Workload, count: Callable[[Workload, Batch], int]) -> Speed:
        operations = sum(count(workload, batch) for batch in timing.batches)
        clips = sum(len(batch.presence) for batch in timing.batches)
        steps = sum(int(mask.sum()) for batch in timing.batches for mask in batch.mask)
        return Speed(
            clips_per_second=timing.rate,
            seconds_per_batch=timing.seconds / len(timing.batches),
            clips_per_batch=clips // len(timing.batches),
            steps_per_clip=steps / clips / len(workload.dimensions),
            gigaoperations_per_clip=_giga(operations / clips),
            share_of_limit=operations / timing.seconds / self.rate.limit,
        )


def _against(naive: tuple[_Timing, _Timing], training: list[_Timing], inference: list[_Timing]) -> Naive:
    return Naive(
        training_clips_per_second=naive[0].rate,
        inference_clips_per_second=naive[1].rate,
        training_times_faster=training[0].rate / naive[0].rate,
        training_times_faster_realistic=training[1].rate / naive[0].rate,
        inference_times_faster=inference[0].rate / naive[1].rate,
        inference_times_faster_realistic=inference[1].rate / naive[1].rate,
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
