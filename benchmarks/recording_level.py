"""What a run answers where a recording is louder or softer: `python -m benchmarks.recording_level VOICES RUN [RUN ...]`.

VOICES holds a corpus as `lddu extract` takes it (`clips.csv` with columns file and clip, and recordings). Every `--every`th recording is
answered as it is, 10 dB softer and 10 dB louder, as samples in floating point, so that nothing is clipped: how far probabilities move.
"""

import argparse
import csv
import tempfile
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from benchmarks.voice_shift import RATE, decoded
from lddu.errors import SourceError
from lddu.runs.explained import ClipAnswers
from lddu.runs.predictor import Predictor

DECIBELS = (-10, 10)


def main() -> None:
    """Print the shifts of each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("voices", type=Path)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--every", type=int, default=12)
    options = parser.parse_args()
    with (options.voices / "clips.csv").open(encoding="utf-8") as stream:
        files = [options.voices / row["file"] for row in csv.DictReader(stream)][:: options.every]
    with tempfile.TemporaryDirectory() as place:
        copies = {decibels: [copy(file, Path(place), decibels) for file in files] for decibels in (0, *DECIBELS)}
        for run in options.runs:
            predictor = Predictor(run)
            answers = {decibels: [answered(predictor, file) for file in copied] for decibels, copied in copies.items()}
            for decibels in DECIBELS:
                both = zip(answers[0], answers[decibels], strict=True)
                pairs = [(one, other) for one, other in both if one is not None and other is not None]
                shift = np.array([np.abs(one.probability - other.probability).max() for one, other in pairs])
                changed = np.mean([(one.label != other.label).any() for one, other in pairs])
                print(
                    f"{run}: {len(pairs)} of {len(files)} recordings, {decibels:+d} dB: largest shift of a clip's probabilities, median {np.median(shift):.3f}, "
                    f"90th percentile {np.quantile(shift, 0.9):.3f}, most {shift.max():.3f}; {changed:.0%} have other labels"
                )


def answered(predictor: Predictor, file: Path) -> ClipAnswers | None:
    """What the run says; None where the recording is next to silence."""
    try:
        found = predictor(file)
    except SourceError:
        return None
    assert isinstance(found, ClipAnswers)
    return found


def copy(file: Path, folder: Path, decibels: int) -> Path:
    """The recording, so much louder, as a file."""
    place = folder / f"{file.stem}{decibels:+d}.wav"
    wavfile.write(place, RATE, np.float32(10 ** (decibels / 20)) * decoded(file))
    return place


if __name__ == "__main__":
    main()
