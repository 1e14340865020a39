"""Simulated talking clips: a drawn face that speaks, with transcript and labels, made on the spot.

What is felt shows in all three: words, voice (pitch and pace) and face. Speech is espeak-ng's where it is installed,
and otherwise a buzz with the rhythm of syllables, which has pitch and pauses but no words. Nothing here is real.
"""

import csv
import io
import shutil
import subprocess
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from lddu.clips.extras import needs
from lddu.clips.media import SAMPLE_RATE
from lddu.clips.simulated.drawn_face import AT_REST, Expression, draw_face
from lddu.store.sheet.clip_sheet import SIMULATED

Voice = Literal["espeak", "buzz"]

FRAME_RATE = 25
_LEAD = 0.4  # seconds of quiet before and after the speech


@dataclass(frozen=True)
class _Manner:
    """How an emotion looks and sounds."""

    face: Expression
    pitch: int  # 0 to 99
    pace: int  # words per minute
    sentences: tuple[str, ...]


MANNERS = {
    "happy": _Manner(
        Expression(smile=1.0, brow_raise=0.2), 70, 190,
        ("What a wonderful surprise, I love it!", "This is the best day we ever had.", "I am so glad that you came."),
    ),
    "sad": _Manner(
        Expression(smile=-0.9, eyes_closed=0.35), 25, 120,
        ("I miss her so much.", "We lost everything, and I cry at night.", "It is a sad and lonely house."),
    ),
    "anger": _Manner(
        Expression(frown=1.0, brow_raise=-0.5, smile=-0.4), 45, 220,
        ("Stop it, I hate this!", "You lied to me again, get out!", "This is an outrage and I am furious."),
    ),
    "surprise": _Manner(
        Expression(brow_raise=1.0), 90, 170,
        ("Oh, I did not expect that!", "Really, how can that be?", "Wow, look at this, unbelievable!"),
    ),
}  # fmt: skip
"""Emotions that simulated clips know, and how each shows."""


@dataclass(frozen=True)
class TalkingClip:
    """What a clip shows.

    Attributes:
        sentence: what is said.
        face: the expression that is held while the mouth talks.
        pitch: of the voice, 0 to 99.
        pace: words per minute.
        size: pixels of a side of the picture.
    """

    sentence: str
    face: Expression = AT_REST
    pitch: int = 50
    pace: int = 170
    size: int = 192


def best_voice() -> Voice:
    """``espeak`` where espeak-ng is installed, else ``buzz``."""
    return "espeak" if shutil.which("espeak-ng") else "buzz"


def write_talking_clip(path: Path, clip: TalkingClip, voice: Voice | None = None) -> float:
    """Write the clip as mp4 and its transcript beside it as .srt.

    Args:
        path: where to, ending in .mp4.
        clip: what it shows.
        voice: how it speaks; None takes `best_voice`.

    Returns:
        Seconds of the clip.
    """
    speech = _espeak(clip) if (voice or best_voice()) == "espeak" else _buzz(clip)
    quiet = np.zeros(round(_LEAD * SAMPLE_RATE), np.float32)
    sound = np.concatenate([quiet, speech, quiet])
    seconds = len(sound) / SAMPLE_RATE
    write_video(path, talking_pictures(clip, sound), sound)
    end = _LEAD + len(speech) / SAMPLE_RATE
    path.with_suffix(".srt").write_text(f"1\n{_stamp(_LEAD)} --> {_stamp(end)}\n{clip.sentence}\n", encoding="utf-8")
    return seconds


def write_talking_corpus(folder: str | Path, clips: int, seed: int = 0, voice: Voice | None = None) -> Path:
    """Write clips with one or two of the `MANNERS` each, and the manifest `clips.csv` with labels and splits.

    Args:
        folder: created where absent.
        clips: how many; three fifths train, one fifth each valid and test.
        seed: makes the same corpus again.
        voice: as in `write_talking_clip`.

    Returns:
        The manifest.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(clips):
        felt = sorted(draw.choice(list(MANNERS), size=1 + int(draw.random() < 0.3), replace=False).tolist())
        name = f"talk{number:03d}"
        write_talking_clip(folder / f"{name}.mp4", _felt(felt, draw), voice)
        split = ("train", "train", "train", "valid", "test")[number % 5]
        rows.append([f"{name}.mp4", name, split, *(int(emotion in felt) for emotion in MANNERS), 1])
    manifest = folder / "clips.csv"
    with manifest.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["file", "clip", "split", *MANNERS, SIMULATED], *rows])
    return manifest


def write_video(
    path: Path, pictures: Iterator[np.ndarray] | None, sound: np.ndarray | None, frame_rate: int = FRAME_RATE
) -> None:
    """Encode pictures [H, W, 3] and samples at 16 kHz; either may be absent. The suffix chooses the container."""
    av = needs("av", "clips", "writing media files")
    with av.open(str(path), "w") as container:
        video = audio = None
        first = next(pictures, None) if pictures is not None else None
        if pictures is not None and first is not None:
            codec = "mpeg4" if path.suffix == ".avi" else "libx264"  # AVI knows no reordered pictures
            video = container.add_stream(codec, rate=frame_rate, options={"preset": "veryfast"})
            video.height, video.width, video.pix_fmt = first.shape[0], first.shape[1], "yuv420p"
        if sound is not None:
            audio = container.add_stream("pcm_s16le" if path.suffix in (".wav", ".avi") else "aac", rate=SAMPLE_RATE)
            audio.layout = "mono"
        if pictures is not None and video is not None:
            for number, pixels in enumerate(_chained(first, pictures)):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, frame_rate)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        if sound is not None and audio is not None:
            for begin in range(0, len(sound), 1024):
                part = (np.clip(sound[begin : begin + 1024], -1, 1) * 32767).astype(np.int16)
                block = av.AudioFrame.from_ndarray(part[None], format="s16", layout="mono")
                block.pts, block.sample_rate, block.time_base = begin, SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
                container.mux(audio.encode(block))
            container.mux(audio.encode(None))


def talking_pictures(clip: TalkingClip, sound: np.ndarray) -> Iterator[np.ndarray]:
    """Pictures whose mouth follows the loudness of the sound, one every 1 / 25 s."""
    step = SAMPLE_RATE // FRAME_RATE
    count = len(sound) // step
    loudness = np.sqrt(np.mean(sound[: count * step].reshape(count, step) ** 2, axis=1))
    opening = np.clip(loudness / max(float(np.quantile(loudness, 0.95)), 1e-4), 0, 1)
    for number in range(count):
        blink = 1.0 if number % 75 in (40, 41, 42) else clip.face.eyes_closed
        tilt = round(3 * float(np.sin(number / 20)))
        level = round(float(opening[number]) * 5) / 5 * 0.9
        yield _drawn(clip.size, replace(clip.face, mouth_open=level, eyes_closed=blink, tilt=clip.face.tilt + tilt))


@lru_cache(maxsize=512)
def _drawn(size: int, expression: Expression) -> np.ndarray:
    return draw_face(size, expression)


def _chained(first: np.ndarray | None, rest: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    if first is not None:
        yield first
    yield from rest


def _felt(emotions: Sequence[str], draw: np.random.Generator) -> TalkingClip:
    manners = [MANNERS[emotion] for emotion in emotions]

    def mean(name: str) -> float:
        values = [getattr(manner.face, name) for manner in manners]
        return float(max(values, key=abs) * draw.choice((0.7, 0.85, 1.0)))

    face = Expression(
        smile=mean("smile"), brow_raise=mean("brow_raise"), frown=mean("frown"), eyes_closed=mean("eyes_closed")
    )
    sentence = " ".join(str(draw.choice(manner.sentences)) for manner in manners)
    pitch = float(np.mean([manner.pitch for manner in manners])) + draw.normal(0, 5)
    pace = float(np.mean([manner.pace for manner in manners])) + draw.normal(0, 10)
    return TalkingClip(sentence, face, int(np.clip(pitch, 0, 99)), int(np.clip(pace, 90, 260)), size=128)


def _espeak(clip: TalkingClip) -> np.ndarray:
    """Speech of espeak-ng as [n] samples at 16 kHz."""
    command = ["espeak-ng", "--stdout", "-p", str(clip.pitch), "-s", str(clip.pace), "--", clip.sentence]
    spoken = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(spoken)) as stream:
        rate = stream.getframerate()
        samples = np.frombuffer(stream.readframes(stream.getnframes()), np.int16).astype(np.float32) / 32768
    at = np.arange(int(len(samples) * SAMPLE_RATE / rate)) * rate / SAMPLE_RATE
    return np.asarray(np.interp(at, np.arange(len(samples)), samples), np.float32)


def _buzz(clip: TalkingClip) -> np.ndarray:
    """A voice-like buzz: one burst per syllable, a pause between words, pitch falling over the sentence."""
    pitch = 80 + 1.6 * clip.pitch
    parts: list[np.ndarray] = []
    words = clip.sentence.split()
    for number, word in enumerate(words):
        for _ in range(max(1, len(word) // 3)):
            length = round(SAMPLE_RATE * 60 / clip.pace / 2)
            time = np.arange(length) / SAMPLE_RATE
            tone = pitch * (1.1 - 0.2 * number / len(words))
            pulses = sum(np.sin(2 * np.pi * tone * k * time) / k for k in range(1, 12))
            parts.append((0.12 * pulses * np.hanning(length)).astype(np.float32))
        parts.append(np.zeros(round(SAMPLE_RATE * 0.06), np.float32))
    return np.asarray(np.concatenate(parts), np.float32) if parts else np.zeros(SAMPLE_RATE // 10, np.float32)


def _stamp(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d},{rest % 1000:03d}"
