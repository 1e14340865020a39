"""How well faces are told apart by their looks, and how well a moving mouth says who speaks: `python benchmarks/people.py FOLDER`.

The folder holds talking clips of one person each. Each face is compared with the looks kept of itself and of the others; the
motion of each mouth, and its opening, with the loudness of its own sound, beside the mouth of another clip of which the sound is not.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product
from pathlib import Path

import numpy as np

from lddu.clips.face.geometry import COLUMNS
from lddu.clips.face.identity import Identity
from lddu.clips.face.looks import look_of, unlike
from lddu.clips.face.measured_faces import PICTURE_RATE, faces_in
from lddu.clips.face.mesh import FaceMesh
from lddu.clips.media import ReadReport, probe, read_pictures, read_sound
from lddu.clips.voice.measured import COLUMNS as VOICE
from lddu.clips.voice.measured import VoiceMeter
from lddu.clips.voice.stretches import STEP_SECONDS

MOUTH = [COLUMNS.index(name) for name in ("mouth_open", "mouth_width", "jaw_drop")]
OPEN = 0  # of these
LAG = 4  # pictures by which sound and mouth may be apart
FADE = 15  # pictures at both ends that are left out


@dataclass(frozen=True)
class Talk:
    """Looks [T, 12, 12, 3], the distinct ones [K, 12, 12, 3], motion and opening of the mouth [T] and loudness [T] of one clip."""

    looks: np.ndarray
    distinct: np.ndarray
    motion: np.ndarray
    opening: np.ndarray
    loudness: np.ndarray


def talk(path: Path) -> Talk:
    """Measure a clip; a picture without a face repeats the one before."""
    info, identity = probe(path), None
    looks, mouths, times = list[np.ndarray](), list[np.ndarray](), list[float]()
    with FaceMesh() as mesh:
        for picture in read_pictures(path, info, PICTURE_RATE, ReadReport()):
            for face in faces_in(mesh, picture)[:1]:
                look = look_of(picture.pixels, face.box)
                identity = identity or Identity(0, face, look, look[None])
                if len(looks) in range(FADE, 400):
                    identity.see(face, look)
                looks.append(look)
                mouths.append(face.values[MOUTH])
                times.append(picture.time)
    assert identity is not None
    shapes = np.array(mouths)
    motion = np.abs(np.diff(shapes, axis=0, prepend=shapes[:1])).sum(axis=1)
    voice = VoiceMeter().steps(read_sound(path, info, ReadReport())).values[:, VOICE.index("loudness_db")]
    at = np.clip((np.array(times) / STEP_SECONDS).astype(int), 0, len(voice) - 1)
    loudness = smooth(np.maximum(voice[at], -60))
    return Talk(np.array(looks), identity.looks[1:], smooth(motion), smooth(shapes[:, OPEN]), loudness)


def smooth(values: np.ndarray) -> np.ndarray:
    """Means of five neighbours."""
    return np.convolve(values, np.ones(5) / 5, "same")


def agreement(mouth: np.ndarray, loudness: np.ndarray) -> float:
    """Highest correlation of a mouth and a sound over lags up to `LAG`."""
    inner = slice(LAG, len(mouth) - LAG)
    shifts = range(-LAG, LAG + 1)
    return max(float(np.corrcoef(mouth[inner], np.roll(loudness, shift)[inner])[0, 1]) for shift in shifts)


def right(mouth: str, talks: Sequence[Talk], width: int) -> list[bool]:
    """Of every two talks, in stretches of some pictures: whether the mouth whose sound it is has the better agreement."""
    wins = []
    for speaker, another in permutations(talks, 2):
        for first in range(0, min(len(speaker.loudness), len(another.loudness)) - width + 1, width):
            span = slice(first, first + width)
            matching, strange = (
                agreement(getattr(face, mouth)[span], speaker.loudness[span]) for face in (speaker, another)
            )
            wins.append(matching > strange)
    return wins


def main(folder: str) -> None:
    """Print all figures."""
    talks = {path.stem: talk(path) for path in sorted(Path(folder).glob("*.mp4"))}
    for name, another in product(talks, talks):
        later = talks[another].looks[400 if name == another else FADE : -FADE]
        apart = [float(unlike(look, talks[name].distinct).min()) for look in later]
        print(f"{name} to {another}: nearest look {min(apart):.2f} to {max(apart):.2f}, median {np.median(apart):.2f}")
    for mouth, seconds in product(("motion", "opening"), (5, 10, 20)):
        wins = right(mouth, list(talks.values()), round(seconds * PICTURE_RATE))
        print(f"who of two speaks, by {seconds} s of mouth {mouth}: right in {sum(wins)} of {len(wins)}")


if __name__ == "__main__":
    main(sys.argv[1])
