"""On real talking heads, where they are at hand: faces where FACET saw faces, a voice, and steady times."""

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extractor import ClipExtractor
from lddu.clips.face.geometry import COLUMNS
from lddu.clips.face.measured_faces import PICTURE_RATE
from lddu.clips.face.pictures import FaceMeter
from lddu.clips.media import ReadReport, probe, read_pictures
from lddu.clips.spans import Source
from lddu.clips.steps import ClipFeatures
from tests.clips.ffmpeg import ffmpeg, needs_ffmpeg

FOLDER = Path(os.environ.get("LDDU_TALKING_CLIPS", "../shared/data/talking_clips"))
CLIPS = sorted(FOLDER.glob("*.mp4"))

pytestmark = pytest.mark.skipif(
    not CLIPS, reason="needs real talking clips with FACET's units beside them; LDDU_TALKING_CLIPS names their folder"
)


@pytest.fixture(
    scope="module",
    params=[*CLIPS[:1], *(pytest.param(path, marks=pytest.mark.slow) for path in CLIPS[1:])],
    ids=lambda path: path.stem,
)
def path(request: pytest.FixtureRequest) -> Path:
    """One of the clips."""
    return Path(request.param)


@pytest.fixture(scope="module")
def whole(path: Path) -> ClipFeatures:
    """Its features, uncut."""
    [clip] = ClipExtractor(ExtractorConfig(cut="whole")).extract(Source(path, path.stem))
    return clip


def test_a_face_is_found_where_facet_saw_one(path: Path, whole: ClipFeatures) -> None:
    with gzip.open(path.with_suffix(".csv.gz"), "rt") as stream:
        rows = list(csv.DictReader(stream))
    times = np.array([(float(row["StartTime"]) + float(row["EndTime"])) / 2 for row in rows])
    theirs = np.array([any(float(row[name]) for name in row if name.startswith("AU")) for row in rows])
    pictures = read_pictures(path, probe(path), PICTURE_RATE, ReadReport())
    looked = np.array([picture.time for picture in pictures])
    nearest = np.abs(looked[None] - times[:, None]).argmin(axis=1)
    ours = np.isin(looked, whole.modalities["visual"].start)[nearest]
    assert ours[theirs].mean() >= 0.9
    assert (ours == theirs).mean() >= 0.9


def test_voice_and_face_cover_the_speech_of_a_clip(whole: ClipFeatures) -> None:
    assert set(whole.modalities) >= {"audio", "visual"}
    assert whole.shares["voice"] > 0.4
    voice = whole.modalities["audio"]
    assert len(voice) == pytest.approx((voice.end[-1] - voice.start[0]) * 25, abs=1)
    assert len(voice) > 0.8 * (whole.end - whole.start) * 25  # silence at its ends is trimmed
    assert np.isfinite(whole.modalities["visual"].values).all()


@needs_ffmpeg
@pytest.mark.parametrize("shape", [64 / 45, 8 / 9])
def test_a_face_in_wide_or_narrow_pixels_has_the_numbers_of_square_ones(
    path: Path, shape: float, tmp_path: Path
) -> None:
    """FFmpeg shows the same stored picture in square pixels; a picture of fewer pixels has lost something in both."""
    stored, shown = tmp_path / "stored.mkv", tmp_path / "shown.mkv"
    info = probe(path)
    width = 2 * round(info.width / shape / 2)
    scaled = f"scale={width}:{info.height}:flags=lanczos,setsar={info.width}/{width}"
    ffmpeg("-i", f"file:{path}", "-t", "4", "-an", "-vf", scaled, "-c:v", "ffv1", stored)
    high, wide = next(read_pictures(stored, probe(stored), PICTURE_RATE, ReadReport())).pixels.shape[:2]
    ffmpeg("-i", stored, "-vf", f"scale={wide}:{high}:flags=lanczos,setsar=1", "-c:v", "ffv1", shown)
    expected, found = (
        FaceMeter(None).track(read_pictures(file, probe(file), PICTURE_RATE, ReadReport())).steps.values
        for file in (shown, stored)
    )
    shift = np.abs(found.mean(axis=0) - expected.mean(axis=0)) / expected.std(axis=0)
    assert len(found) == len(expected) and shift.max() < 0.35, (COLUMNS[int(shift.argmax())], shift.max())
