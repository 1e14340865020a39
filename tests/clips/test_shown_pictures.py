"""Pictures come out as players show them: FFmpeg's own rendering is the oracle, for every display matrix and pixel shape."""

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extractor import ClipExtractor
from lddu.clips.media import Picture, ReadReport, probe, read_pictures
from lddu.clips.spans import Source
from lddu.store import extraction_notes
from tests.clips.ffmpeg import ffmpeg, first_picture, needs_ffmpeg, video

pytestmark = needs_ffmpeg

WIDTH, HEIGHT = 96, 64
MATRICES = [(1, 0, 0, 1), (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1), (0, 1, -1, 0), (0, -1, 1, 0), (0, 1, 1, 0),
            (0, -1, -1, 0)]  # fmt: skip
SHAPES = [
    Fraction(1),
    Fraction(64, 45),
    Fraction(8, 9),
    Fraction(4, 3),
    Fraction(12, 11),
    Fraction(16, 15),
    Fraction(1, 2),
]


def displayed(path: Path, matrix: tuple[float, ...]) -> Path:
    """The file with another display matrix in the header of its track: a, b, c, d."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44
    a, b, c, d = (round(65536 * value) for value in matrix)
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(bytes(content))
    return path


def first(path: Path, report: ReadReport | None = None) -> Picture:
    return next(read_pictures(path, probe(path), 15.0, report or ReadReport()))


@pytest.fixture(scope="module")
def shaped(tmp_path_factory: pytest.TempPathFactory) -> dict[Fraction, Path]:
    """The same stored picture with several shapes of pixels."""
    folder, made = tmp_path_factory.mktemp("shapes"), {}
    for shape in SHAPES:
        made[shape] = folder / f"{shape.numerator}_{shape.denominator}.mp4"
        ffmpeg(
            "-f", "lavfi", "-i", f"testsrc=s={WIDTH}x{HEIGHT}:r=5:d=0.4",
            "-vf", f"setsar={shape.numerator}/{shape.denominator},boxblur=2", "-c:v", "libx264", "-crf", "5",
            "-pix_fmt", "yuv420p", made[shape],
        )  # fmt: skip
    return made


@settings(deadline=None, max_examples=24)
@given(matrix=st.sampled_from(MATRICES), shape=st.sampled_from(SHAPES), larger=st.floats(0.5, 3.0))
def test_random_display_matrices_and_pixel_shapes_equal_ffmpegs_rendering(
    matrix: tuple[int, ...], shape: Fraction, larger: float, shaped: dict[Fraction, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    path = tmp_path_factory.mktemp("matrix") / "a.mp4"
    path.write_bytes(shaped[shape].read_bytes())
    displayed(path, tuple(larger * value for value in matrix))
    pixels = first(path).pixels
    width, height = round(WIDTH * max(1.0, float(shape))), round(HEIGHT * max(1.0, 1 / float(shape)))
    if not matrix[0]:
        width, height = height, width
    assert pixels.shape == (height, width, 3)
    theirs = first_picture(path, f"scale={width}:{height}:flags=lanczos", width, height)
    assert np.abs(pixels.astype(int) - theirs).mean() < 6  # both interpolate; a wrong side is 30 and more off


@pytest.mark.parametrize("matrix", MATRICES)
def test_every_display_matrix_has_a_picture_of_its_own(matrix: tuple[int, ...], tmp_path: Path) -> None:
    path = displayed(video(tmp_path / "a.mp4", 0.5), matrix)
    ours = first(path).pixels.astype(int)
    height, width = ours.shape[:2]
    assert np.abs(ours - first_picture(path, "null", width, height)).mean() < 4
    others = [m for m in MATRICES if m != matrix and bool(m[0]) == bool(matrix[0])]
    assert all(np.abs(ours - first(displayed(path, other)).pixels).mean() > 10 for other in others)


@pytest.mark.parametrize(("angle", "noted"), [(0.0, False), (1.0, False), (30.0, True), (75.0, True)])
def test_a_turn_that_is_no_quarter_is_taken_for_the_nearest_and_noted(
    angle: float, noted: bool, tmp_path: Path
) -> None:
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    report = ReadReport()
    pixels = first(displayed(video(tmp_path / "a.mp4", 0.5), (c, s, -s, c)), report).pixels
    assert pixels.shape[:2] == ((48, 64) if angle < 45 else (64, 48)) and report.tilted == noted


def test_the_note_on_a_tilted_picture_reaches_the_clip(tmp_path: Path) -> None:
    path = displayed(video(tmp_path / "a.mp4", 0.5), (0.8, 0.6, -0.6, 0.8))
    [clip] = ClipExtractor(ExtractorConfig(cut="whole")).extract(Source(path, "a"))
    assert extraction_notes.TILTED in clip.notes


def test_a_picture_is_scaled_down_after_its_pixels_are_made_square(tmp_path: Path) -> None:
    path = tmp_path / "hdv.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=1440x1080:r=5:d=0.4", "-vf", "setsar=4/3", "-pix_fmt", "yuv420p", path)
    assert first(path).pixels.shape == (360, 640, 3)


def test_of_several_video_tracks_the_default_one_is_read_and_the_others_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    ffmpeg(
        "-f", "lavfi", "-i", "color=red:s=64x48:r=10:d=1", "-f", "lavfi", "-i", "color=blue:s=64x48:r=10:d=1",
        "-f", "lavfi", "-i", "sine=d=1", "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-c:a", "flac",
        "-disposition:v:0", "0", "-disposition:v:1", "default", path,
    )  # fmt: skip
    red, _, blue = first(path).pixels.reshape(-1, 3).mean(axis=0)
    assert blue > 200 > 50 > red
    [clip] = ClipExtractor(ExtractorConfig(cut="whole")).extract(Source(path, "a"))
    assert extraction_notes.unused_tracks(1, "video") in clip.notes
