"""How fast clips come off the disk."""

import os
import tempfile
import time
from pathlib import Path

import numpy as np

from lddu.batches.batch import BatchReader
from lddu.benchmark.workload import Clips, Workload
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store


def loader_rate(workload: Workload, megabytes: float) -> float:
    """Clips per second that a reader batches in random order from a fresh store of this size that is not in memory."""
    with tempfile.TemporaryDirectory(prefix="lddu-bench-") as folder:
        store = written_store(Path(folder) / "store", workload, megabytes)
        _forget(store.path)
        dimensions = {name: part.dimension for name, part in store.modalities.items()}
        reader = BatchReader(store, dimensions, workload.config.model.max_steps)
        rows = np.random.default_rng(0).permutation(len(store))
        began = time.perf_counter()
        read = sum(len(batch.rows) for batch in reader.batches(rows, workload.batch))
        return read / (time.perf_counter() - began)


def written_store(path: Path, workload: Workload, megabytes: float) -> FeatureStore:
    """Clips of realistic lengths until the size is reached."""
    names = [f"modality{m}" for m in range(len(workload.dimensions))]
    emotions = tuple(f"emotion{e}" for e in range(workload.emotions))
    rng, clips = np.random.default_rng(0), Clips(workload, realistic=True)
    held, number = 0, 0
    with writing_store(path, StoreDescription(emotions, dict.fromkeys(names, "random"))) as writer:
        while held < megabytes * 1e6:
            (share,) = clips.lengths(1)
            features = {
                name: rng.standard_normal((max(1, round(share * steps)), dimension), dtype=np.float32)
                for name, dimension, steps in zip(names, workload.dimensions, workload.steps, strict=True)
            }
            writer.add(ClipRow(f"clip{number}", "train", [0.0] * len(emotions), f"video{number // 7}"), features)
            held, number = held + sum(values.nbytes for values in features.values()), number + 1
    return FeatureStore(path)


def _forget(folder: Path) -> None:
    """Ask the system to drop the files from memory, where it can, so that they are read from the disk."""
    if not hasattr(os, "posix_fadvise"):
        return
    for file in folder.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
