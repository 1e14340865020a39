"""Voices as other rooms, microphones and throats would give them: copies of recordings, changed at random.

A corpus of ten speakers in one studio says nothing of how a voice's features move between corpora. Each copy is another speed (which moves
pitch and formants together, as another vocal tract does), another spectral tilt and band, another room and another noise.
"""

import csv
from pathlib import Path

import av
import numpy as np
from scipy import signal
from scipy.io import wavfile

RATE = 16_000
SPEEDS = (0.85, 1.18)
TILT_DB = 9.0
"""Largest gain of the highest octaves against the lowest, either way."""
DECAYS = (0.1, 0.6)
"""Seconds in which a room's echo falls by 60 dB."""
SNR_DB = (5.0, 30.0)
BANDS = ((300, 3400), (80, 5000), (150, 7000))


def shifted_folder(folder: Path, out: Path, copies: int, seed: int) -> Path:
    """A folder in the table format with `copies` changed copies of every recording of another one.

    Args:
        folder: with `clips.csv` (columns file and clip) and the recordings.
        out: the new folder; `clips.csv` comes last, so that what was cut off is made again.
        copies: of each recording; copy n of clip c is called `c~n`.
        seed: of all draws.
    """
    if (out / "clips.csv").exists():
        return out
    out.mkdir(parents=True, exist_ok=True)
    with (folder / "clips.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    copied = []
    for number, row in enumerate(rows):
        samples = decoded(folder / row["file"])
        for copy in range(copies):
            rng = np.random.default_rng([seed, number, copy])
            name = f"{Path(row['file']).stem}~{copy}.wav"
            wavfile.write(out / name, RATE, (32767 * shifted(samples, rng)).astype(np.int16))
            copied.append({**row, "file": name, "clip": f"{row['clip']}~{copy}"})
    temporary = out / "clips.part"
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(copied[0]))
        writer.writeheader()
        writer.writerows(copied)
    temporary.rename(out / "clips.csv")
    return out


def decoded(file: Path) -> np.ndarray:
    """[N] samples at `RATE`, one channel."""
    with av.open(str(file)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().ravel() for frame in frames])


def shifted(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[M] one changed copy of [N] samples; its peak is drawn too."""
    x = signal.resample(samples, int(len(samples) / rng.uniform(*SPEEDS)))
    x = tilted(x, float(rng.uniform(-TILT_DB, TILT_DB)))
    if rng.random() < 0.4:
        low, high = BANDS[int(rng.integers(len(BANDS)))]
        x = signal.sosfilt(signal.butter(4, (low, high), "bandpass", fs=RATE, output="sos"), x)
    if rng.random() < 0.6:
        x = in_room(x, float(rng.uniform(*DECAYS)), rng)
    if rng.random() < 0.7:
        x = x + noise(len(x), rng) * np.sqrt(np.mean(x**2)) * 10 ** (-float(rng.uniform(*SNR_DB)) / 20)
    return np.asarray(x / np.abs(x).max() * rng.uniform(0.1, 0.95), dtype=np.float32)


def tilted(x: np.ndarray, decibels: float) -> np.ndarray:
    """Gains that grow evenly with the octave, from 0 at 100 Hz to `decibels` at 8 kHz."""
    spectrum = np.fft.rfft(x)
    octave = np.log2(np.maximum(np.fft.rfftfreq(len(x), 1 / RATE), 100) / 100) / np.log2(80)
    return np.asarray(np.fft.irfft(spectrum * 10 ** (decibels * octave / 20), len(x)))


def in_room(x: np.ndarray, decay: float, rng: np.random.Generator) -> np.ndarray:
    """With an echo of noise that falls by 60 dB in `decay` seconds, as loud as the voice at most."""
    times = np.arange(int(decay * RATE)) / RATE
    echo = rng.standard_normal(len(times)) * 10 ** (-3 * times / decay)
    echo *= rng.uniform(0.2, 1.0) / np.sqrt((echo**2).sum())
    echo[0] += 1.0
    return np.asarray(signal.fftconvolve(x, echo)[: len(x)])


def noise(count: int, rng: np.random.Generator) -> np.ndarray:
    """[count] noise of variance 1 whose power falls with frequency by a drawn power of 0 (white) to 2 (brown)."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 20)
    coloured = np.fft.irfft(spectrum * frequency ** (-float(rng.uniform(0, 2)) / 2), count)
    return np.asarray(coloured / coloured.std())
