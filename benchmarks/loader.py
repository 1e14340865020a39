"""The loader on a store larger than its memory: first batch, clips per second, and memory that it takes.

python benchmarks/loader.py [--gigabytes 5] [--memory 0.5] [--store FOLDER] [--seconds 60]

Writes random clips of 17 steps where no store is named. Each order runs in a process of its own, after the store's pages
were dropped from the system's cache, so that it is the disk that is measured.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.store_opening import write
from lddu.store.store import FeatureStore

CLIP_BYTES = 17 * 877 * 4

READING = """
import sys, time
import numpy, torch
from lddu.batches.batch import BatchReader
from lddu.config import TrainingConfig
from lddu.store.store import FeatureStore
from lddu.batches.epoch import TrainingRows, epoch_of
from lddu.batches.loader import portions

def megabytes():
    with open("/proc/self/status") as stream:
        found = dict(line.split(":", 1) for line in stream)
    return [int(found[name].split()[0]) / 1e3 for name in ("RssAnon", "RssFile", "VmHWM")]

path, shuffle, memory, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
before = megabytes()
start = time.perf_counter()
store = FeatureStore(path)
names = tuple(store.modalities)
reader = BatchReader(store, {name: store.modalities[name].dimension for name in names}, 512)
train = TrainingRows.of(store, store.table.in_split("train"), names)
plan = epoch_of(train, TrainingConfig(batch_size=64, shuffle=shuffle, loader_gib=memory), 0, 0)
clips = 0
for portion in portions(reader, plan):
    clips += portion.kept
    if clips == portion.kept:
        first = time.perf_counter() - start
        batch_memory = megabytes()
    if time.perf_counter() - start > seconds:
        break
took = time.perf_counter() - start - first
after = megabytes()
print(f"{shuffle:6} first batch {first:6.2f} s, then {(clips - 64) / took:8.0f} clips/s over {clips} of {len(train.rows)} clips; "
      f"own memory {after[0] - before[0]:+6.0f} MB, mapped {after[1] - before[1]:+6.0f} MB, peak {after[2] - before[2]:+6.0f} MB")
"""


def forget(store: Path) -> None:
    """Drop the store's pages from the system's cache."""
    for file in store.iterdir():
        handle = os.open(file, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def main() -> None:
    """Measure both orders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--memory", type=float, default=0.5)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--store", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = given.store or Path(folder) / "store"
        if given.store is None:
            write(path, round(given.gigabytes * 1e9 / CLIP_BYTES))
        print(f"{len(FeatureStore(path)):,} clips, loader memory {given.memory} GiB")
        for shuffle in ("clips", "blocks"):
            forget(path)
            words = [sys.executable, "-c", READING, str(path), shuffle, str(given.memory), str(given.seconds)]
            print(subprocess.run(words, capture_output=True, text=True, check=True).stdout, end="")


if __name__ == "__main__":
    main()
