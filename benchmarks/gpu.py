"""What a GPU does with the paper's network: `python benchmarks/gpu.py [--device cuda] [--quick]`.

Clips per second in training and inference for both precisions, several batch sizes, full and realistic lengths; how much
of the time the GPU computes; and the same fed by the loader from a store on disk.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch._C._autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from lddu.batches.batch import Batch, BatchReader
from lddu.batches.epoch import TrainingRows, epoch_of
from lddu.batches.loader import portions
from lddu.benchmark.clock import finished
from lddu.benchmark.loading import written_store
from lddu.benchmark.measured_network import MeasuredNetwork
from lddu.benchmark.workload import Clips, Workload, tiny_workload

PRECISIONS = ("float32", "bfloat16")


class Bench:
    """A network on a device, and how its work is timed.

    Args:
        workload: sizes.
        device: where.
        seconds: for each figure.
    """

    def __init__(self, workload: Workload, device: torch.device, seconds: float) -> None:
        self.workload, self.device, self.seconds = workload, device, seconds
        self.measured = MeasuredNetwork(workload, device)
        self.measured.fill_memory()

    def batches(self, realistic: bool, size: int, count: int = 4) -> list[Batch]:
        """Random batches on the device."""
        clips = Clips(self.workload, realistic)
        return [clips.batch(clips.lengths(size)).to(self.device) for _ in range(count)]

    def train(self, batch: Batch, precision: str) -> None:
        """One step."""
        self.measured.step(batch, self.numbers(precision))

    def infer(self, batch: Batch, precision: str) -> None:
        """One prediction."""
        with self.numbers(precision):
            self.measured.predict(batch)

    def numbers(self, precision: str) -> AbstractContextManager[object]:
        """Autocast where it is asked for."""
        return torch.autocast(self.device.type, torch.bfloat16) if precision == "bfloat16" else nullcontext()

    def rate(self, act: Callable[[Batch, str], None], batches: list[Batch], precision: str) -> float:
        """Clips per second, the best of several goes over the batches after one to warm up."""
        took: list[float] = []
        began = time.perf_counter()
        while len(took) < 3 or time.perf_counter() - began < self.seconds:
            start = finished(self.device)
            for batch in batches:
                act(batch, precision)
            took.append(finished(self.device) - start)
        return sum(len(batch.rows) for batch in batches) / min(took[1:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="a tiny network, to see that everything runs")
    options = parser.parse_args()
    device = torch.device(options.device)
    workload = tiny_workload() if options.quick else Workload()
    bench = Bench(workload, device, 0.1 if options.quick else 1.0)
    print(torch.cuda.get_device_name() if device.type == "cuda" else "cpu", torch.__version__)
    for precision in PRECISIONS:
        for size in (4, 8) if options.quick else (64, 512):
            for realistic in (False, True):
                batches = bench.batches(realistic, size)
                trained, inferred = (bench.rate(act, batches, precision) for act in (bench.train, bench.infer))
                lengths = "realistic" if realistic else "full"
                print(f"{precision:8} batch {size:4} {lengths:9} training {trained:9,.0f} clips/s, inference {inferred:9,.0f}", flush=True)  # fmt: skip
    busy(bench, bench.batches(False, workload.batch)[0])
    fed(bench, 0.5 if options.quick else 600.0)


def busy(bench: Bench, batch: Batch) -> None:
    """Time of the GPU's kernels beside that of a step."""
    if bench.device.type != "cuda":
        return
    bench.train(batch, "float32")
    start = finished(bench.device)
    for _ in range(5):
        bench.train(batch, "float32")
    took = (finished(bench.device) - start) / 5
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        bench.train(batch, "float32")
        finished(bench.device)
    kernels = [event for event in seen.events() if event.device_type == DeviceType.CUDA]
    computing = sum(event.device_time for event in kernels) / 1e6
    print(f"a step takes {1000 * took:.1f} ms; {len(kernels)} kernels compute for {1000 * computing:.1f} ms of them")
    print(seen.key_averages().table(sort_by="self_cuda_time_total", row_limit=8, max_name_column_width=60))


def fed(bench: Bench, megabytes: float) -> None:
    """Training from a store, as `lddu train` reads it."""
    with tempfile.TemporaryDirectory() as folder:
        store = written_store(Path(folder) / "store", bench.workload, megabytes)
        dimensions = {name: part.dimension for name, part in store.modalities.items()}
        reader = BatchReader(store, dimensions, bench.workload.config.model.max_steps)
        train = TrainingRows.of(store, np.arange(len(store)), tuple(dimensions))
        config = replace(bench.workload.config.training, batch_size=bench.workload.batch)
        for epoch in range(2):
            start, clips = finished(bench.device), 0
            for portion in portions(reader, epoch_of(train, config, 0, epoch)):
                bench.train(portion.to(bench.device).batches[0], "float32")
                clips += portion.kept
            print(
                f"from a store of {len(store)} clips, epoch {epoch + 1}: {clips / (finished(bench.device) - start):,.0f} clips/s"
            )
        start = finished(bench.device)
        clips = sum(portion.kept for portion in portions(reader, epoch_of(train, config, 0, 2)))
        print(f"the loader alone: {clips / (finished(bench.device) - start):,.0f} clips/s")


if __name__ == "__main__":
    main()
