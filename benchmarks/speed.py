"""What speed and memory must hold, measured in one run: `python benchmarks/speed.py [--memory-steps 500] [--json FILE]`.

Prints each requirement beside what was found, and ends with 1 where one is missed. Run it while the machine does
nothing else; OMP_NUM_THREADS chooses the threads of the network and of the matrix products that it is compared with.
`--memory-only` leaves out all that is timed, and may run beside other work.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch

from lddu.benchmark.measure import Effort, measure, measure_memory
from lddu.benchmark.result import Benchmark, Memory
from lddu.benchmark.workload import Workload

Requirement = tuple[str, float | None, str, float]
"""What, found (None where the machine was not quiet), comparison, wanted."""


def requirements(measured: Benchmark) -> list[Requirement]:
    """All of them."""
    training, inference = measured.training, measured.inference
    return [
        ("training step, share of the matrix limit", training.full.share_of_limit, ">=", 0.55),
        ("training, realistic over full lengths", training.realistic_over_full, ">=", 1.7),
        ("inference, share of the matrix limit", inference.full.share_of_limit, ">=", 0.70),
        ("inference, realistic over full lengths", inference.realistic_over_full, ">=", 2.0),
        ("contrastive share of a step", measured.parts["contrastive loss"], "<=", 0.20),
        ("loader over training, realistic lengths", measured.loader_clips_per_second / training.realistic.clips_per_second, ">=", 3),
        *memory_requirements(measured.memory),
    ]  # fmt: skip


def memory_requirements(memory: Memory) -> list[Requirement]:
    """Those of a training step's memory."""
    return [
        ("memory that a training step adds, MB", memory.peak - memory.before, "<=", 1200),
        ("growth of memory over the steps, MB", memory.growth, "<=", 20),
    ]


def main() -> None:
    """Measure, compare, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory-steps", type=int, default=60)
    parser.add_argument("--memory-only", action="store_true")
    parser.add_argument("--json", type=Path, help="keep every figure in this file")
    options = parser.parse_args()
    workload, device = Workload(), torch.device("cpu")
    if options.memory_only:
        memory = measure_memory(workload, device, options.memory_steps)
        print(f"{memory.before:.0f} MB before the first step, {memory.peak:.0f} MB at the peak")
        figures, held = asdict(memory), memory_requirements(memory)
    else:
        effort = Effort(memory_steps=options.memory_steps)
        measured = measure(workload, device, effort, lambda what: print(what, file=sys.stderr))
        print(
            f"{measured.machine.threads} threads, limit {measured.limit.gigaoperations_per_second:.0f} G operations a second"
        )
        print(
            f"training {measured.training.full.clips_per_second:.0f} clips/s, "
            f"inference {measured.inference.full.clips_per_second:.0f}"
        )
        figures, held = measured.to_mapping(), requirements(measured)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    raise SystemExit(report(held))


def report(requirements: list[Requirement]) -> int:
    """Print each beside what was found; 1 where one is missed."""
    missed = 0
    for what, value, comparison, limit in requirements:
        if value is None:
            missed += 1
            print(f"UNKNOWN {what:45} not quiet {comparison} {limit:g}")
            continue
        held = value >= limit if comparison == ">=" else value <= limit
        missed += not held
        print(f"{'holds ' if held else 'MISSED'} {what:45} {value:8.2f} {comparison} {limit:g}")
    return 1 if missed else 0


if __name__ == "__main__":
    main()
