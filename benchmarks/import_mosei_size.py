"""How long importing a corpus of the size of CMU-MOSEI takes, and how much memory.

    python benchmarks/import_mosei_size.py FOLDER [--clips 22860] [--form csd|mmsa|tailor]

Writes a made-up corpus into FOLDER (kept and used again), imports it through the command line in a process of its
own, and prints one JSON line: seconds, peak memory, bytes. Segment lengths follow the real list (median 6.3 s, 2.6
words a second); words 768, voice 74 at 20 frames a second, face 35 at 10 (real rates are five and three times that:
`--rate 5` asks for them), so that `csd` reads more numbers than it keeps.
"""

import argparse
import json
import os
import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

TEXT, GLOVE, AUDIO, VISUAL = 768, 300, 74, 35
SEGMENTS_PER_VIDEO = 7
WORDS_PER_SECOND = 2.6

IMPORT = """
import resource, sys
from lddu.commands.data import app
app(sys.argv[2:], result_action="return_value")
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""
"""The import, in a process of its own that says what memory it took, mapped pages of files included."""


def segment_seconds(rng: np.random.Generator, count: int) -> np.ndarray:
    """Lengths of segments, log-normal like the real ones."""
    return np.clip(rng.lognormal(np.log(6.3), 0.6, count), 0.7, 60.0)


def counts(clips: int) -> dict[str, int]:
    """Clips of each split."""
    return {"train": clips * 7 // 10, "valid": clips // 10, "test": clips - clips * 7 // 10 - clips // 10}


def write_csd(folder: Path, clips: int, rate: float) -> Path:
    """A folder of `.csd` files."""
    import h5py

    rng = np.random.default_rng(0)
    videos = -(-clips // SEGMENTS_PER_VIDEO)
    names = [f"video{i:05d}" for i in range(videos)]
    streams = {
        "CMU_MOSEI_TimestampedWordVectors": ("glove_vectors", WORDS_PER_SECOND, TEXT),
        "CMU_MOSEI_COVAREP": ("COVAREP", 20.0 * rate, AUDIO),
        "CMU_MOSEI_VisualFacet42": ("FACET 4.2", 10.0 * rate, VISUAL),
    }
    lengths = [segment_seconds(rng, min(SEGMENTS_PER_VIDEO, clips - SEGMENTS_PER_VIDEO * i)) for i in range(videos)]
    for file, (root, per_second, width) in streams.items():
        with h5py.File(folder / f"{file}.csd", "w") as out:
            for name, seconds in zip(names, lengths, strict=True):
                count = max(int(seconds.sum() * per_second), 1)
                edges = np.linspace(0, seconds.sum(), count + 1)
                group = out.create_group(f"{root}/data/{name}")
                group.create_dataset("intervals", data=np.stack([edges[:-1], edges[1:]], axis=1))
                group.create_dataset("features", data=rng.standard_normal((count, width), np.float32))
    with h5py.File(folder / "CMU_MOSEI_Labels.csd", "w") as out:
        for name, seconds in zip(names, lengths, strict=True):
            ends = np.cumsum(seconds)
            group = out.create_group(f"All Labels/data/{name}")
            group.create_dataset("intervals", data=np.stack([ends - seconds, ends], axis=1))
            group.create_dataset("features", data=rng.integers(0, 2, (len(seconds), 7)).astype("f4"))
    splits = {"train": names[: videos * 7 // 10], "valid": names[videos * 7 // 10 : videos * 8 // 10]}
    (folder / "folds.json").write_text(json.dumps({**splits, "test": names[videos * 8 // 10 :]}))
    return folder


def write_mmsa(folder: Path, clips: int) -> Path:
    """MMSA's aligned pickle, with the emotions in a .csv beside it."""
    rng = np.random.default_rng(0)
    content, lines = {}, ["clip," + "happy,sad,anger,surprise,disgust,fear"]
    for split, count in counts(clips).items():
        ids = [f"{split}{i // 7}$_${i % 7}" for i in range(count)]
        words = np.clip(segment_seconds(rng, count) * WORDS_PER_SECOND, 3, 50).astype(int)
        mask = (np.arange(50) < words[:, None]).astype(np.int64)
        content[split] = {
            "raw_text": np.array(ids), "id": ids, "text_bert": np.stack([mask, mask, 0 * mask], axis=1),
            "text": rng.standard_normal((count, 50, TEXT), np.float32),
            "audio": rng.standard_normal((count, 50, AUDIO), np.float32) * mask[..., None].astype("f4"),
            "vision": rng.standard_normal((count, 50, VISUAL), np.float32) * mask[..., None].astype("f4"),
            "regression_labels": rng.integers(-9, 10, count) / 3,
        }  # fmt: skip
        lines += [f"{clip_id},{','.join(str(n) for n in rng.integers(0, 2, 6))}" for clip_id in ids]
    with (folder / "mosei.pkl").open("wb") as out:
        pickle.dump(content, out, protocol=4)
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder / "mosei.pkl"


def write_tailor(folder: Path, clips: int) -> Path:
    """A `.pt` with the padded sequences of a split in one tensor, GloVe as TAILOR has it."""
    import torch

    rng = np.random.default_rng(0)
    content = {}
    for split, count in counts(clips).items():
        words = np.clip(segment_seconds(rng, count) * WORDS_PER_SECOND, 3, 60).astype(int)
        mask = torch.tensor(np.arange(60) < words[:, None])[..., None]
        part: dict[str, object] = {"tgt": [[2, 4 + i % 6, 3] for i in range(count)]}
        for key, width in (("src-text", GLOVE), ("src-audio", AUDIO), ("src-visual", VISUAL)):
            part[key] = torch.randn(count, 60, width).mul_(mask)
        content[split] = part
    torch.save(content, folder / "mosei.pt")
    return folder / "mosei.pt"


def write(folder: Path, form: str, clips: int, rate: float) -> None:
    """Write a corpus to an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if form == "csd":
        write_csd(folder, clips, rate)
    else:
        (write_mmsa if form == "mmsa" else write_tailor)(folder, clips)
    (folder / "done").touch()


def main() -> None:
    """Write the corpus where it is absent, import it, say what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=22860)
    parser.add_argument("--form", choices=("csd", "mmsa", "tailor"), default="csd")
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--unaligned", action="store_true")
    options = parser.parse_args()
    folder = options.folder / f"{options.form}-{options.clips}-{options.rate:g}"
    import_options: list[str] = []
    if not (folder / "done").exists() and os.fork() == 0:  # a child, so that its memory is not taken for the import's
        write(folder, options.form, options.clips, options.rate)
        os._exit(0)
    elif not (folder / "done").exists():
        os.wait()
    source = {"csd": folder, "mmsa": folder / "mosei.pkl", "tailor": folder / "mosei.pt"}[options.form]
    if options.form == "csd":
        import_options = ["--folds", str(folder / "folds.json"), *(["--unaligned"] if options.unaligned else [])]
    if options.form == "mmsa":
        import_options = ["--labels", str(folder / "labels.csv")]
    store = options.folder / "store"
    peak_file = options.folder / "peak"
    command = [
        sys.executable,
        "-c",
        IMPORT,
        str(peak_file),
        "import",
        str(source),
        "--out",
        str(store),
        "--force",
        "--json",
        *import_options,
    ]
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ)
    seconds = time.perf_counter() - start
    peak = int(peak_file.read_text()) * 1024
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    store_bytes = sum(path.stat().st_size for path in store.rglob("*"))
    description = json.loads(done.stdout)
    result = {
        "form": options.form, "clips": sum(description["clips"].values()), "rate": options.rate, "unaligned": options.unaligned,
        "seconds": round(seconds, 1), "peak_memory_mb": round(peak / 2**20), "source_mb": round(size / 2**20),
        "store_mb": round(store_bytes / 2**20),
    }  # fmt: skip
    sys.stdout.write(json.dumps(result) + "\n")
    shutil.rmtree(store)


if __name__ == "__main__":
    main()
