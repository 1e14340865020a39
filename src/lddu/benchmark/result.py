"""The results of a benchmark, as plain numbers; the JSON of `lddu bench` is these dataclasses."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Machine:
    """Where it ran.

    Attributes:
        processor: its name.
        device: what computed.
        threads: of the processor.
        torch: version.
    """

    processor: str
    device: str
    threads: int
    torch: str


@dataclass(frozen=True)
class Limit:
    """The dense fp32 matrix rate.

    Attributes:
        gigaoperations_per_second: the highest of all sizes at any moment of the run.
        by_size: rows x inner x columns -> rate.
    """

    gigaoperations_per_second: float
    by_size: dict[str, float]


@dataclass(frozen=True)
class Speed:
    """One workload.

    Attributes:
        clips_per_second: each batch at its fastest; in inference, on a processor, all batches together at their fastest.
        seconds_per_batch: mean over the batches.
        clips_per_batch: clips in a batch.
        steps_per_clip: mean over clips and modalities.
        gigaoperations_per_clip: counted, see `lddu.benchmark.operations`.
        share_of_limit: counted operations over those that dense products do in the same time, by their rate right
            before and after. None where the machine was not quiet, as for every figure that compares two times.
        spread: of the time over the runs, counted in products: largest less smallest, over the median.
        discarded: share of the runs that were disturbed: the rates before and after differed.
    """

    clips_per_second: float
    seconds_per_batch: float
    clips_per_batch: int
    steps_per_clip: float
    gigaoperations_per_clip: float
    share_of_limit: float | None
    spread: float
    discarded: float


@dataclass(frozen=True)
class Lengths:
    """A task at full length, at the lengths of real clips, and unaligned (audio and visual ten times as long).

    Attributes:
        full: every clip as long as can be.
        realistic: durations as in CMU-MOSEI.
        unaligned: full length, other modalities ten times as long.
        realistic_over_full: ratio of clips per second.
    """

    full: Speed
    realistic: Speed
    unaligned: Speed
    realistic_over_full: float | None


@dataclass(frozen=True)
class Memory:
    """Of the process, or of its tensors where the device is a GPU, in megabytes.

    Attributes:
        before: held with the network built and batches made.
        peak: most held during training steps at full length.
        growth: peak of the last third of those steps less that of the second third; the first warms up.
    """

    before: float
    peak: float
    growth: float


@dataclass(frozen=True)
class Naive:
    """The plain implementation of `lddu.benchmark.naive` on the same machine; padding is computed, so lengths hardly matter.

    Attributes:
        training_clips_per_second: of the same network.
        inference_clips_per_second: of the same network.
        training_times_faster: ours over it, at full length.
        training_times_faster_realistic: ours over it, at realistic lengths.
        inference_times_faster: ours over it, at full length.
        inference_times_faster_realistic: ours over it, at realistic lengths.
    """

    training_clips_per_second: float
    inference_clips_per_second: float
    training_times_faster: float | None
    training_times_faster_realistic: float | None
    inference_times_faster: float | None
    inference_times_faster_realistic: float | None


@dataclass(frozen=True)
class Benchmark:
    """Everything one run of `lddu bench` measured.

    Attributes:
        machine: where.
        limit: the matrix rate that shares refer to.
        training: a step of the `paper` preset.
        inference: the network alone, batches sorted by length.
        latency_ms: of one clip at full length.
        parts: share of each part in a full-length step, measured one by one; None where the machine was not quiet.
        memory: of a full-length step.
        loader_clips_per_second: from a store that is not in memory.
        naive: the plain implementation.
    """

    machine: Machine
    limit: Limit
    training: Lengths
    inference: Lengths
    latency_ms: float
    parts: dict[str, float | None]
    memory: Memory
    loader_clips_per_second: float
    naive: Naive

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values."""
        return asdict(self)
