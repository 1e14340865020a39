"""`lddu bench`: how fast this machine trains and predicts, and how near that is to what it could do."""

from typing import TYPE_CHECKING, Annotated

from lddu.commands.options import Flag, Output

if TYPE_CHECKING:
    from lddu.benchmark.result import Benchmark, Speed

NOT_QUIET = "not quiet"

EXAMPLES = """Examples:
  lddu bench
  lddu bench --quick
  OMP_NUM_THREADS=1 lddu bench --json > speed.json"""


def bench(
    *,
    quick: Annotated[bool, Flag] = False,
    device: str = "auto",
    json: Annotated[bool, Flag, Output] = False,
) -> None:
    """Measure how fast this machine trains and predicts.

    Takes about two minutes on two cores; run nothing else meanwhile. Speeds are given beside the rate of dense fp32
    matrix products on the same threads, measured before and after each run; runs between which it changed are discarded,
    and where too few are left the figure is "not quiet". OMP_NUM_THREADS sets the number of threads.

    Parameters
    ----------
    quick
        Use a tiny network, to check in a few seconds that everything runs; its speeds are not meaningful.
    device
        "auto", "cpu", "cuda" or "cuda:N".
    json
        Print JSON; docs/speed.md explains the keys.
    """
    from lddu.benchmark.measure import Effort, measure
    from lddu.benchmark.workload import Workload, tiny_workload
    from lddu.commands.screen import notes, print_json
    from lddu.machine.device import device_of

    workload = tiny_workload() if quick else Workload()
    effort = Effort(seconds=0.05, rate_seconds=0.01, store_megabytes=0.5, memory_steps=3) if quick else Effort()
    chosen = device_of(device)
    with notes().status("warming up") as status:
        result = measure(workload, chosen, effort, lambda what: status.update(f"measuring {what}"))
    if json:
        print_json(result.to_mapping())
    else:
        _show(result)


def _show(result: "Benchmark") -> None:
    from lddu.commands.screen import results, table

    machine, limit = result.machine, result.limit
    console = results()
    console.print(
        f"{machine.processor}, {machine.device}, {machine.threads} threads, torch {machine.torch}\n"
        f"limit: {limit.gigaoperations_per_second:.0f} G operations a second, the best dense fp32 matrix product\n",
        markup=False,
        soft_wrap=True,
    )
    speeds = table("", "", "clips/s", "steps a clip", "G operations a clip", "share of the limit", "spread")
    for name, lengths in (("training", result.training), ("inference", result.inference)):
        for kind in ("full", "realistic", "unaligned"):
            speeds.add_row(f"{name}, {kind} lengths", *_cells(getattr(lengths, kind)))
    console.print(speeds)
    naive, memory = result.naive, result.memory
    facts = table("", "", "")
    facts.add_row("training, realistic over full lengths", _times(result.training.realistic_over_full))
    facts.add_row("inference, realistic over full lengths", _times(result.inference.realistic_over_full))
    facts.add_row("inference, latency of one clip at full length", f"{result.latency_ms:.1f} ms")
    for part, share in result.parts.items():
        facts.add_row(f"share of a full-length training step: {part}", NOT_QUIET if share is None else f"{share:.1%}")
    facts.add_row("memory of the process in a training step, peak", f"{memory.peak:.0f} MB")
    facts.add_row("  of that held before the first step", f"{memory.before:.0f} MB")
    facts.add_row("  growth from the first to the later steps", f"{memory.growth:.0f} MB")
    facts.add_row("loader, from a store not in memory", f"{result.loader_clips_per_second:.0f} clips/s")
    facts.add_row("plain implementation, training", f"{naive.training_clips_per_second:.1f} clips/s")
    facts.add_row(
        "  times faster: full, realistic lengths",
        _times(naive.training_times_faster, naive.training_times_faster_realistic),
    )
    facts.add_row("plain implementation, inference", f"{naive.inference_clips_per_second:.1f} clips/s")
    facts.add_row(
        "  times faster: full, realistic lengths",
        _times(naive.inference_times_faster, naive.inference_times_faster_realistic),
    )
    console.print(facts)


def _cells(speed: "Speed") -> tuple[str, ...]:
    return (
        f"{speed.clips_per_second:.1f}",
        f"{speed.steps_per_clip:.1f}",
        f"{speed.gigaoperations_per_clip:.3g}",
        NOT_QUIET if speed.share_of_limit is None else f"{speed.share_of_limit:.0%}",
        f"{speed.spread:.0%}",
    )


def _times(*factors: float | None) -> str:
    return ", ".join(NOT_QUIET if factor is None else f"{factor:.1f} x" for factor in factors)
