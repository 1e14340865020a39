"""What a GPU does with the paper's network: `python benchmarks/gpu.py [--device cuda] [--quick]`.

Clips per second in training and inference for both precisions, several batch sizes, full and realistic lengths; how much
of the time the GPU computes; and the same fed by the loader from a store on disk.
"""

import argparse
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch._C._autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from lddu.batch import Batch, BatchReader
from lddu.benchmark.loading import written_store
from lddu.benchmark.subject import Subject
from lddu.benchmark.workload import Clips, Workload, tiny_workload
from lddu.training.epoch import TrainingRows, epoch_of
from lddu.training.loader import portions

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
        self.subject = Subject(workload, device)
        self.subject.fill_memory()

    def batches(self, realistic: bool, size: int, count: int = 4) -> list[Batch]:
        """Random batches on the device."""
        clips = Clips(self.workload, realistic)
        return [clips.batch(clips.lengths(size)).to(self.device) for _ in range(count)]

    def train(self, batch: Batch, precision: str) -> None:
        """One step."""
        model, subject = self.subject.model.train(), self.subject
        with self.numbers(precision):
            prediction = model(batch.values, batch.mask, batch.presence)
        noise = torch.zeros(batch.presence.shape, device=self.device)
        loss = subject.objective(model, prediction, batch.shares, noise).total
        subject.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        subject.optimizer.step()

    def infer(self, batch: Batch, precision: str) -> None:
        """One prediction."""
        self.subject.model.eval()
        with torch.inference_mode(), self.numbers(precision):
            self.subject.model(batch.values, batch.mask, batch.presence)

    def numbers(self, precision: str) -> AbstractContextManager[object]:
        """Autocast where it is asked for."""
        return torch.autocast(self.device.type, torch.bfloat16) if precision == "bfloat16" else nullcontext()

    def wait(self) -> float:
        """The time when all work is done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def rate(self, act, batches: list[Batch], precision: str) -> float:  # type: ignore[no-untyped-def]
        """Clips per second, the best of several goes over the batches."""
        best, began = 0.0, time.perf_counter()
        for turn in range(10_000):
            start = self.wait()
            for batch in batches:
                act(batch, precision)
            rate = sum(len(batch.rows) for batch in batches) / (self.wait() - start)
            best = max(best, rate if turn else 0.0)
            if turn > 1 and time.perf_counter() - began > self.seconds:
                break
        return best


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="a tiny network, to see that everything runs")
    asked = parser.parse_args()
    device = torch.device(asked.device)
    workload = tiny_workload() if asked.quick else Workload()
    bench = Bench(workload, device, 0.1 if asked.quick else 1.0)
    print(torch.cuda.get_device_name() if device.type == "cuda" else "cpu", torch.__version__)
    for precision in PRECISIONS:
        for size in (4, 8) if asked.quick else (64, 512):
            for realistic in (False, True):
                batches = bench.batches(realistic, size)
                trained, inferred = (bench.rate(act, batches, precision) for act in (bench.train, bench.infer))
                lengths = "realistic" if realistic else "full"
                print(f"{precision:8} batch {size:4} {lengths:9} training {trained:9,.0f} clips/s, inference {inferred:9,.0f}", flush=True)  # fmt: skip
    busy(bench, bench.batches(False, workload.batch)[0])
    fed(bench, 0.5 if asked.quick else 600.0)


def busy(bench: Bench, batch: Batch) -> None:
    """Time of the GPU's kernels beside that of a step."""
    if bench.device.type != "cuda":
        return
    bench.train(batch, "float32")
    start = bench.wait()
    for _ in range(5):
        bench.train(batch, "float32")
    took = (bench.wait() - start) / 5
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        bench.train(batch, "float32")
        bench.wait()
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
            start, clips = bench.wait(), 0
            for portion in portions(reader, epoch_of(train, config, 0, epoch)):
                bench.train(portion.to(bench.device).batches[0], "float32")
                clips += portion.kept
            print(
                f"from a store of {len(store)} clips, epoch {epoch + 1}: {clips / (bench.wait() - start):,.0f} clips/s"
            )
        start = bench.wait()
        clips = sum(portion.kept for portion in portions(reader, epoch_of(train, config, 0, 2)))
        print(f"the loader alone: {clips / (bench.wait() - start):,.0f} clips/s")


if __name__ == "__main__":
    main()
