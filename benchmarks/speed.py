"""What speed and memory must hold, measured in one run: `python benchmarks/speed.py [--memory-steps 500] [--json FILE]`.

Prints each requirement beside what was found, and ends with 1 where one is missed. Run it while the machine does
nothing else; OMP_NUM_THREADS chooses the threads of the network and of the matrix products that it is compared with.
"""

import argparse
import json
import sys
from pathlib import Path

import torch

from lddu.benchmark.measure import Effort, measure
from lddu.benchmark.result import Benchmark
from lddu.benchmark.workload import Workload


def requirements(found: Benchmark) -> list[tuple[str, float, str, float]]:
    """What, found, comparison, wanted."""
    training, inference, memory = found.training, found.inference, found.memory
    return [
        ("training step, share of the matrix limit", training.full.share_of_limit, ">=", 0.55),
        ("training, realistic over full lengths", training.realistic_over_full, ">=", 1.7),
        ("inference, share of the matrix limit", inference.full.share_of_limit, ">=", 0.70),
        ("inference, realistic over full lengths", inference.realistic_over_full, ">=", 2.0),
        ("contrastive share of a step", found.parts["contrastive loss"], "<=", 0.20),
        ("memory that a training step adds, MB", memory.peak - memory.before, "<=", 1200),
        ("growth of memory over the steps, MB", memory.growth, "<=", 20),
        ("loader over training, realistic lengths", found.loader_clips_per_second / training.realistic.clips_per_second, ">=", 3),
    ]  # fmt: skip


def main() -> None:
    """Measure, compare, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory-steps", type=int, default=Effort().memory_steps)
    parser.add_argument("--json", type=Path, help="keep every figure in this file")
    asked = parser.parse_args()
    effort = Effort(memory_steps=asked.memory_steps)
    found = measure(Workload(), torch.device("cpu"), effort, lambda what: print(what, file=sys.stderr))
    if asked.json:
        asked.json.write_text(json.dumps(found.to_mapping(), indent=1), encoding="utf-8")
    missed = 0
    print(f"{found.machine.threads} threads, limit {found.limit.gigaoperations_per_second:.0f} G operations a second")
    print(
        f"training {found.training.full.clips_per_second:.0f} clips/s, inference {found.inference.full.clips_per_second:.0f}"
    )
    for what, value, comparison, wanted in requirements(found):
        held = value >= wanted if comparison == ">=" else value <= wanted
        missed += not held
        print(f"{'holds ' if held else 'MISSED'} {what:45} {value:8.2f} {comparison} {wanted:g}")
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
