"""Files of sound for tests, and what is read and measured of a whole one."""

import wave
from pathlib import Path

import numpy as np

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extractor import ClipExtractor
from lddu.clips.media import SAMPLE_RATE, ReadReport, probe, read_sound
from lddu.clips.spans import Source
from lddu.clips.steps import ClipFeatures
from lddu.clips.voice.measured import COLUMNS


def write_wave(path: Path, *channels: np.ndarray) -> Path:
    """A .wav of 16-bit integers; 1 is full scale."""
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(len(channels))
        stream.setsampwidth(2)
        stream.setframerate(SAMPLE_RATE)
        stream.writeframes((np.stack(channels, 1) * 32767).round().astype("<i2").tobytes())
    return path


def read(path: Path) -> np.ndarray:
    """All its samples."""
    return np.concatenate(list(read_sound(path, probe(path), ReadReport())))


def whole(path: Path) -> ClipFeatures:
    """The file as one clip, its voice measured."""
    [clip] = ClipExtractor(ExtractorConfig(cut="whole", voice_model="librosa")).extract(Source(path, path.stem))
    return clip


def loudness(clip: ClipFeatures) -> float:
    """Mean over its steps, in decibels."""
    return float(clip.modalities["audio"].values[:, COLUMNS.index("loudness_db")].mean())
