"""FFmpeg's own program as an independent reader and writer of media files; tests that need it are skipped without it."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="needs FFmpeg's program as an oracle: apt-get install ffmpeg"
)


def ffmpeg(*arguments: str | Path) -> bytes:
    """What FFmpeg writes to stdout."""
    command = ["ffmpeg", "-nostdin", "-y", "-v", "error", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=True).stdout


def sound(path: Path) -> np.ndarray:
    """All sound of the track that FFmpeg chooses, [N] at 16 kHz."""
    command = [
        "ffmpeg",
        "-nostdin",
        "-v",
        "quiet",
        "-i",
        str(path),
        "-vn",
        "-ac",
        "1",
        "-ar",
        "16000",
        "-f",
        "f32le",
        "-",
    ]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=False).stdout, np.float32)


def first_picture(path: Path, filters: str, width: int, height: int) -> np.ndarray:
    """[height, width, 3] the first picture as FFmpeg shows it."""
    raw = ffmpeg("-i", path, "-frames:v", "1", "-vf", filters, "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    return np.frombuffer(raw, np.uint8).reshape(height, width, 3)


def video(path: Path, seconds: float, *, picture: str = "testsrc=s=64x48:r=10", pitch: int = 440) -> Path:
    """A file with moving pictures and a tone, in the container that its suffix names."""
    codecs = {
        ".ts": ("libx264", "aac"), ".mp4": ("libx264", "aac"), ".mkv": ("libx264", "aac"), ".mpg": ("mpeg2video", "mp2"),
        ".webm": ("libvpx", "libopus"), ".mov": ("libx264", "aac"), ".flv": ("libx264", "aac"), ".avi": ("mpeg4", "mp3"),
    }  # fmt: skip
    rate = ("-r", "25") if path.suffix == ".mpg" else ()
    coder, voice = codecs[path.suffix]
    ffmpeg(
        "-f", "lavfi", "-i", f"{picture}:d={seconds}", "-f", "lavfi", "-i", f"sine=f={pitch}:d={seconds}:r=44100",
        *rate, "-c:v", coder, "-pix_fmt", "yuv420p", "-c:a", voice, path,
    )  # fmt: skip
    return path


def tone(path: Path, seconds: float, *options: str, pitch: int = 440) -> Path:
    """A file with a tone alone."""
    ffmpeg("-f", "lavfi", "-i", f"sine=f={pitch}:d={seconds}:r=44100", *options, path)
    return path
