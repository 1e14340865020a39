"""A training from start to report, here and in another checkout, by turns.

    OMP_NUM_THREADS=1 python benchmarks/training_speed.py OTHER_CHECKOUT STORE... [--rounds 5] [--epochs 40] [--kinds one] [--out FILE]

Every turn is `lddu train STORE` in a process of its own: one seed and several (`--seeds`) at equal epochs, one seed as the
preset default of each build has it. Printed are medians of wall seconds, processor seconds and peak memory, and their
ratios; with others at work on the machine, look at the processor's. FILE keeps every turn, and the same command goes on
where it was stopped; turns of other commits do not count.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Turn:
    """One training.

    Attributes:
        store: its name.
        kind: what was trained: "one seed", "5 seeds", "as is".
        build: "here" or "there".
        commit: of the build.
        wall: seconds.
        processor: seconds, of all threads.
        megabytes: peak memory.
    """

    store: str
    kind: str
    build: str
    commit: str
    wall: float
    processor: float
    megabytes: float


def trained(checkout: Path, store: Path, arguments: list[str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak megabytes of `lddu train`."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "lddu", "train", str(store), "--out", f"{folder}/run", *arguments]
        begin = time.perf_counter()
        child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        if status:
            raise SystemExit(f"Expected {' '.join(command)} to end well in {checkout}, but it did not; run it there.")
        return time.perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def commit_of(checkout: Path) -> str:
    """The commit that is checked out."""
    command = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def turns_of(options: argparse.Namespace, done: list[Turn]) -> Iterator[Turn]:
    """The turns that are not done yet, both builds by turns, in either order."""
    epochs = ["--training.epochs", str(options.epochs)]
    all_kinds = {
        "one": ("one seed", epochs),
        "several": (f"{options.seeds} seeds", [*epochs, "--seeds", str(options.seeds)]),
    }
    kinds = dict({**all_kinds, "as-is": ("as is", [])}[kind] for kind in options.kinds)
    commits = {build: commit_of(checkout) for build, checkout in options.builds.items()}
    for number in range(options.rounds):
        for store in options.stores:
            for kind, arguments in kinds.items():
                for build in list(commits) if number % 2 else reversed(commits):
                    key = (store.name, kind, build, commits[build])
                    if sum((t.store, t.kind, t.build, t.commit) == key for t in done) <= number:
                        yield Turn(*key, *trained(options.builds[build], store, arguments))


def medians(turns: list[Turn], *key: str) -> tuple[float, float, float] | None:
    """Of wall seconds, processor seconds and megabytes; None where there is no such turn."""
    matching = [(t.wall, t.processor, t.megabytes) for t in turns if (t.store, t.kind, t.build) == key]
    if not matching:
        return None
    wall, processor, megabytes = (statistics.median(column) for column in zip(*matching, strict=True))
    return wall, processor, megabytes


def report(turns: list[Turn]) -> None:
    """Print the medians and their ratios."""
    kinds = list(dict.fromkeys(t.kind for t in turns))
    for store in dict.fromkeys(t.store for t in turns):
        for kind in kinds:
            for build in ("here", "there"):
                if figures := medians(turns, store, kind, build):
                    wall, processor, megabytes = figures
                    print(
                        f"{store}, {kind}, {build}: wall {wall:.1f} s, processor {processor:.1f} s, {megabytes:.0f} MB"
                    )
            _ratio(
                f"{store}, {kind}, here / there",
                medians(turns, store, kind, "here"),
                medians(turns, store, kind, "there"),
            )
        for several in (kind for kind in kinds if kind.endswith("seeds")):
            for build in ("here", "there"):
                both = (medians(turns, store, kind, build) for kind in (several, "one seed"))
                _ratio(f"{store}, {build}, {several} / one seed", *both)


def _ratio(what: str, ours: tuple[float, float, float] | None, base: tuple[float, float, float] | None) -> None:
    if ours and base:
        wall, processor, megabytes = (a / b for a, b in zip(ours, base, strict=True))
        print(f"{what}: wall {wall:.2f}, processor {processor:.2f}, memory {megabytes:.2f}")


def main() -> None:
    """Train by turns, keep every turn, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path)
    parser.add_argument("stores", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--kinds", nargs="+", choices=("one", "several", "as-is"), default=["one", "several", "as-is"])
    parser.add_argument("--out", type=Path, default=Path("training_speed.jsonl"))
    options = parser.parse_args()
    options.builds = {"here": HERE, "there": options.other.resolve()}
    commits = {commit_of(checkout) for checkout in options.builds.values()}
    lines = options.out.read_text(encoding="utf-8").splitlines() if options.out.exists() else []
    turns = [turn for line in lines if (turn := Turn(**json.loads(line))).commit in commits]
    for turn in turns_of(options, list(turns)):
        turns.append(turn)
        with options.out.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(turn)) + "\n")
        print(f"{turn.store}, {turn.kind}, {turn.build}: {turn.wall:.1f} s, {turn.processor:.1f} s", file=sys.stderr)
    report(turns)


if __name__ == "__main__":
    main()
