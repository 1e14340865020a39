"""The first answer, later ones and extraction, here and in another checkout, by turns.

    python benchmarks/first_answer.py OTHER_CHECKOUT CLIP RUN [--rounds 5] [--first]

Every turn is a process of its own. `first`: `lddu predict RUN CLIP` from a cold start, RUN trained by the other build on
features of its own. Extraction, models loaded and one clip extracted before: with the other's own features in both, and with
the new ones here. `later`: a second clip of a warm `Predictor` of the default, here alone. Printed are medians of wall and
processor seconds and their ratios; with others at work on the machine, look at the processor's.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

EXTRACTION = """
import importlib, sys, time
from pathlib import Path
def found(name):
    try: return importlib.import_module(name)
    except ModuleNotFoundError: return None
module = lambda *names: next(m for n in names if (m := found(n)))
extractor = importlib.import_module("lddu.clips.extractor")
Source = module("lddu.clips.spans", "lddu.clips.extractor").Source
Config = module("lddu.clips.configuration", "lddu.clips.extractor").ExtractorConfig
old = {"text_layers": (-1,), "voice_model": "librosa", "face_model": "geometry"}
one = extractor.ClipExtractor(Config(**(old if sys.argv[1] == "old" else {})))
one.feature_names()
one.extract(Source(Path(sys.argv[2]), "warm"))
begin, used = time.perf_counter(), time.process_time()
one.extract(Source(Path(sys.argv[2]), "clip"))
print(time.perf_counter() - begin, time.process_time() - used)
"""

LATER = """
import sys, time
import lddu
predictor = lddu.load("default")
predictor(sys.argv[1:])
begin, used = time.perf_counter(), time.process_time()
predictor(sys.argv[1:])
print(time.perf_counter() - begin, time.process_time() - used)
"""


def taken(checkout: Path, *arguments: str) -> tuple[float, float]:
    """Wall and processor seconds that a process says of itself."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    command = [sys.executable, "-c", *arguments]
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()
    return float(output[-2]), float(output[-1])


def first_answer(checkout: Path, run: Path, clip: Path) -> tuple[float, float]:
    """Wall and processor seconds of `lddu predict`, a cold start of Python included."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    command = [sys.executable, "-m", "lddu", "predict", str(run), str(clip), "--json"]
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Compare both checkouts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("clip", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--first", action="store_true", help="the first answer alone")
    options = parser.parse_args()
    here, clip = Path(__file__).resolve().parents[1], str(options.clip)
    turns = {
        "first answer, here": lambda: first_answer(here, options.run, options.clip),
        "first answer, there": lambda: first_answer(options.other, options.run, options.clip),
        "extraction, their features, here": lambda: taken(here, EXTRACTION, "old", clip),
        "extraction, their features, there": lambda: taken(options.other, EXTRACTION, "their own", clip),
        "extraction, new features, here": lambda: taken(here, EXTRACTION, "new", clip),
        "later answer, default, here": lambda: taken(here, LATER, clip),
    }
    if options.first:
        turns = {name: turn for name, turn in turns.items() if name.startswith("first")}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in turns}
    for number in range(options.rounds):
        for name in list(turns) if number % 2 else reversed(turns):
            times[name].append(turns[name]())
            print(
                f"{number + 1} {name}: wall {times[name][-1][0]:.2f} s, processor {times[name][-1][1]:.2f} s",
                flush=True,
            )
    medians = {
        name: [statistics.median(column) for column in zip(*turns, strict=True)] for name, turns in times.items()
    }
    for name, (wall, used) in medians.items():
        print(f"{name}: wall {wall:.2f} s, processor {used:.2f} s")
    for name, other in RATIOS:
        if name in medians:
            wall, used = (a / b for a, b in zip(medians[name], medians[other], strict=True))
            print(f"{name} / {other.rsplit(', ', 1)[1]}: wall {wall:.2f}, processor {used:.2f}")


RATIOS = (
    ("first answer, here", "first answer, there"),
    ("extraction, their features, here", "extraction, their features, there"),
    ("extraction, new features, here", "extraction, their features, there"),
)

if __name__ == "__main__":
    main()
