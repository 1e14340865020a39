"""How long whole extractions of plain stereo sound take, here and in another checkout, by turns.

    python benchmarks/extraction.py OTHER_CHECKOUT [--rounds 9] [--seconds 120]

Every turn is a process of its own, which loads its models before the clock starts; processor time is compared, since others may
use the machine. Printed are the medians and their ratio, for each container.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

FORMATS = {"flac": ["-c:a", "flac"], "m4a": ["-c:a", "aac"], "mp3": ["-c:a", "libmp3lame"], "wav": []}

TURN = """
import importlib, sys, time
from pathlib import Path
module = lambda *names: next(m for n in names if (m := found(n)))
def found(name):
    try: return importlib.import_module(name)
    except ModuleNotFoundError: return None
extractor = importlib.import_module("lddu.clips.extractor")
Source = module("lddu.clips.spans", "lddu.clips.extractor").Source
Config = module("lddu.clips.configuration", "lddu.clips.extractor").ExtractorConfig
one = extractor.ClipExtractor(Config(voice_model="librosa", cut="whole"))
one.extract(Source(Path(sys.argv[1]), "warm"))
for path in sys.argv[2:]:
    begin = time.process_time()
    one.extract(Source(Path(path), "clip"))
    print(time.process_time() - begin)
"""


def seconds_of(checkout: Path, warm: Path, files: list[Path]) -> list[float]:
    """Processor seconds of each file's extraction by a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", TURN, str(warm), *map(str, files)]
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return [float(line) for line in output.split()]


def main() -> None:
    """Compare both checkouts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=120)
    options = parser.parse_args()
    here = Path(__file__).resolve().parents[1]
    taken: dict[tuple[Path, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"a.{suffix}" for suffix in FORMATS]
        for file, codec in zip(files, FORMATS.values(), strict=True):
            source = f"anoisesrc=d={options.seconds}:a=0.2:r=44100"
            made = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-ac", "2", *codec, str(file)]
            subprocess.run(made, check=True)
        for number in range(options.rounds):
            for checkout in (here, options.other) if number % 2 else (options.other, here):
                for suffix, seconds in zip(FORMATS, seconds_of(checkout, files[-1], files), strict=True):
                    taken.setdefault((checkout, suffix), []).append(seconds)
    for suffix in FORMATS:
        ours, theirs = (statistics.median(taken[checkout, suffix]) for checkout in (here, options.other))
        print(f"{suffix}: {ours:.3f} s here, {theirs:.3f} s there, ratio {ours / theirs:.3f}")


if __name__ == "__main__":
    main()
