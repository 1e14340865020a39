"""What a run answers where a recording is changed in a way that a listener hardly hears: `python -m benchmarks.recording_changes VOICES RUN...`.

VOICES holds a corpus as `lddu extract` takes it (`clips.csv` with columns file and clip, and recordings). Every `--every`th recording is answered
as it is and after each change, as samples in floating point, so that nothing is clipped: how far probabilities move, and how often labels change.
"""

import argparse
import csv
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from benchmarks.voice_shift import RATE, decoded
from lddu.errors import SourceError
from lddu.runs.explained import ClipAnswers
from lddu.runs.predictor import Predictor

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def main() -> None:
    """Print a table for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("voices", type=Path)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--every", type=int, default=12)
    options = parser.parse_args()
    with (options.voices / "clips.csv").open(encoding="utf-8") as stream:
        files = [options.voices / row["file"] for row in csv.DictReader(stream)][:: options.every]
    with tempfile.TemporaryDirectory() as place:
        for run in options.runs:
            predictor = Predictor(run)
            plain = [answered(predictor, file, Path(place), lambda x, _: x) for file in files]
            print(
                f"\n{run}, {len(files)} recordings\n\n| change | median | 90th percentile | most | other labels | without an answer |"
            )
            print("|---|---|---|---|---|---|")
            for name, change in CHANGES.items():
                changed = [answered(predictor, file, Path(place), change) for file in files]
                print(f"| {name} | {row(plain, changed)} |", flush=True)


def row(plain: list[ClipAnswers | None], changed: list[ClipAnswers | None]) -> str:
    """The largest shift of a clip's probabilities over the clips that have both answers, and how many have other labels."""
    pairs = [(a, b) for a, b in zip(plain, changed, strict=True) if a is not None and b is not None]
    shift = np.array([np.abs(one.probability - other.probability).max() for one, other in pairs])
    labels = np.mean([(one.label != other.label).any() for one, other in pairs])
    figures = (np.median(shift), np.quantile(shift, 0.9), shift.max())
    return " | ".join([*(f"{figure:.3f}" for figure in figures), f"{labels:.0%}", str(len(plain) - len(pairs))])


def answered(predictor: Predictor, file: Path, folder: Path, change: Change) -> ClipAnswers | None:
    """What the run says of a recording after a change; None where it is next to silence."""
    place = folder / "recording.wav"
    wavfile.write(place, RATE, change(decoded(file), np.random.default_rng(0)).astype(np.float32))
    try:
        found = predictor(place)
    except SourceError:
        return None
    assert isinstance(found, ClipAnswers)
    return found


def louder(decibels: float) -> Change:
    """The recording at another level."""
    return lambda x, _: x * 10 ** (decibels / 20)


def beside(constant: float) -> Change:
    """The recording with a constant added."""
    return lambda x, _: x + constant


def within_silence(seconds: float) -> Change:
    """Digital silence before and after."""
    return lambda x, _: np.asarray(np.pad(x, round(seconds * RATE)))


def after_a_knock(seconds: float, peak: float) -> Change:
    """Noise that lasts so long, a second before the recording."""

    def change(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        silence, knock = np.zeros(RATE), rng.uniform(-peak, peak, round(seconds * RATE))
        return np.concatenate([silence, knock, silence, x])

    return change


MAINS = {1: 1.0, 2: 0.6, 3: 0.5, 4: 0.2, 5: 0.2, 6: 0.1}
"""Amplitudes of 50 Hz and its harmonics as devices on the mains hum: no measurement, a mixture of what bad earthing and power supplies add."""


def humming(decibels: float, amplitudes: Mapping[int, float]) -> Change:
    """The recording with two seconds before and after it, and harmonics of 50 Hz, together so many decibels beside its loud steps, in all."""

    def change(x: np.ndarray, _: np.random.Generator) -> np.ndarray:
        around = np.pad(x, 2 * RATE)
        steps = x[: len(x) // 800 * 800].reshape(-1, 800)
        loud = np.percentile(np.sqrt(np.mean(steps**2, axis=1)), 95)
        seconds = np.arange(len(around)) / RATE
        tones = [a * np.sin(2 * np.pi * 50 * n * seconds + n - 1) for n, a in amplitudes.items()]
        power = sum(a**2 for a in amplitudes.values()) / 2
        return np.asarray(around + loud * 10 ** (decibels / 20) / np.sqrt(power) * np.sum(tones, axis=0))

    return change


CHANGES = {
    "10 dB softer": louder(-10),
    "10 dB louder": louder(10),
    "a constant of .001": beside(0.001),
    "a constant of .005": beside(0.005),
    "1 s of digital silence at both ends": within_silence(1),
    "10 s of digital silence at both ends": within_silence(10),
    "a soft click of 5 ms (peak .05) a second before it": after_a_knock(0.005, 0.05),
    "a click of 1 ms (peak .3)": after_a_knock(0.001, 0.3),
    "a knock of 50 ms (peak .3)": after_a_knock(0.05, 0.3),
    "a bang of 150 ms (peak .3)": after_a_knock(0.15, 0.3),
    "50 Hz at -30 dB, in it and 2 s around": humming(-30, {1: 1.0}),
    "50 Hz and five harmonics at -30 dB": humming(-30, MAINS),
    "50 Hz and five harmonics at -40 dB": humming(-40, MAINS),
}


if __name__ == "__main__":
    main()
