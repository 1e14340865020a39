"""Time and memory to open a store of a given size and read one clip; imports aside, in a process of its own.

python benchmarks/store_opening.py [--gigabytes 1]
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from lddu.labels import MOSEI_EMOTIONS
from lddu.store.clip_table import ClipRow
from lddu.store.writer import StoreDescription, writing_store

STEPS, DIMENSIONS = 17, {"text": 768, "audio": 74, "visual": 35}

OPENING = """
import resource, sys, time
import numpy, pyarrow.parquet
from lddu.store.store import FeatureStore

def megabytes():
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize() / 1e6

def took(what, act):
    memory, start = megabytes(), time.perf_counter()
    act()
    print(f"{what:34} {1000 * (time.perf_counter() - start):7.1f} ms {megabytes() - memory:7.1f} MB")

def opened():
    global store
    store = FeatureStore(sys.argv[1])

start, memory = time.perf_counter(), megabytes()
took("open", opened)
took("first clip of every modality", lambda: [store.steps(name, 0).sum() for name in store.modalities])
took("lengths of every modality", lambda: [store.lengths(name) for name in store.modalities])
took("clip table", lambda: store.table)
took("a clip in the middle", lambda: store.steps("text", len(store) // 2).sum())
print(f"{'all':34} {1000 * (time.perf_counter() - start):7.1f} ms {megabytes() - memory:7.1f} MB, {len(store):,} clips")
"""


def write(path: Path, clips: int) -> None:
    """A store of `clips` random clips of 17 steps."""
    rng = np.random.default_rng(0)
    features = {name: rng.standard_normal((STEPS, d), dtype=np.float32) for name, d in DIMENSIONS.items()}
    with writing_store(path, StoreDescription(MOSEI_EMOTIONS, dict.fromkeys(DIMENSIONS, "random"))) as writer:
        for i in range(clips):
            writer.add(ClipRow(f"clip{i}", "train", [0.0] * 6, f"video{i // 7}", transcript="ten words " * 5), features)


def main() -> None:
    """Write a store of the size asked for, open it in a fresh process, three times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    gigabytes = parser.parse_args().gigabytes
    with tempfile.TemporaryDirectory(dir=".") as folder:
        write(Path(folder) / "store", round(gigabytes * 1e9 / (STEPS * sum(DIMENSIONS.values()) * 4)))
        for _ in range(3):
            done = subprocess.run(
                [sys.executable, "-c", OPENING, str(Path(folder) / "store")], capture_output=True, text=True, check=True
            )
            print(done.stdout)


if __name__ == "__main__":
    main()
