"""Whisper's states against ctranslate2's own, and their speed on one thread; figures in docs/clips.md.

python benchmarks/voice.py FOLDER    (voices: *.opus, *.wav, ..., such as EMO-DB's)
"""

import argparse
import time
from pathlib import Path

import ctranslate2
import numpy as np
import torch

from lddu.clips.extras import packaged_model
from lddu.clips.media import SAMPLE_RATE, ReadReport, probe, read_sound
from lddu.clips.voice.ctranslate2_file import read_weights
from lddu.clips.voice.measured import VoiceMeter
from lddu.clips.voice.whisper_encoder import PACKAGE, WhisperEncoder
from lddu.clips.voice.whisper_network import WhisperNetwork

MINUTES = 5


def voices(folder: Path) -> np.ndarray:
    """Files of a folder end to end, five minutes of them."""
    sound: list[np.ndarray] = []
    for file in sorted(folder.iterdir()):
        if file.suffix in (".opus", ".wav", ".flac", ".ogg", ".mp3"):
            sound += read_sound(file, probe(file), ReadReport())
        if sum(map(len, sound)) >= MINUTES * 60 * SAMPLE_RATE:
            break
    return np.concatenate(sound)[: MINUTES * 60 * SAMPLE_RATE]


@torch.inference_mode()
def farthest(sound: np.ndarray, seconds: float) -> float:
    """The largest difference of the last states from ctranslate2's, over up to ten stretches of this length."""
    folder = packaged_model(PACKAGE, "clips", "this benchmark")
    weights = read_weights(folder / "model.bin", wanted=lambda name: name.startswith("encoder/"))
    network = WhisperNetwork(weights.arrays, folder)
    theirs = ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="float32", intra_threads=1)
    length, worst = round(seconds * SAMPLE_RATE), 0.0
    for first in range(0, min(len(sound), 10 * length) - length + 1, length):
        log_mel = network.log_mel(sound[first : first + length])
        ours = network.normed(network.states(log_mel, network.depth)[-1]).numpy()
        other = np.array(theirs.encode(ctranslate2.StorageView.from_array(log_mel.numpy()[None].copy())))[0]
        worst = max(worst, float(np.abs(ours - other).max()))
    return worst


def speed(meter: WhisperEncoder | VoiceMeter, sound: np.ndarray) -> tuple[float, float]:
    """Seconds of sound per second of the processor's time, and per second of the clock."""
    meter.steps([sound[: SAMPLE_RATE * 5]])
    used, passed = time.process_time(), time.perf_counter()
    meter.steps([sound])
    used, passed = time.process_time() - used, time.perf_counter() - passed
    return len(sound) / SAMPLE_RATE / used, len(sound) / SAMPLE_RATE / passed


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    sound = voices(parser.parse_args().folder)
    for seconds in (1.0, 7.3, 30.0):
        print(f"{seconds:g} s: last states within {farthest(sound, seconds):.1e} of ctranslate2's")
    torch.set_num_threads(1)
    for name, meter in (("layer 2", WhisperEncoder(2)), ("layer 4", WhisperEncoder(4)), ("measured", VoiceMeter())):
        for seconds in (3, 10, 60 * MINUTES):
            used, passed = speed(meter, sound[: seconds * SAMPLE_RATE])
            print(f"{name}, {seconds} s: {used:.0f} x real time of the processor, {passed:.0f} x of the clock")


if __name__ == "__main__":
    main()
