"""On real talking heads, where they are at hand: faces where FACET saw faces, a voice, and steady times."""

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from lddu.clips.extractor import ClipExtractor, Source
from lddu.clips.media import DamageCount, probe, read_pictures
from lddu.clips.visual import PICTURE_RATE, FaceMeter

FOLDER = Path(os.environ.get("LDDU_TALKING_CLIPS", "../shared/data/talking_clips"))
CLIPS = sorted(FOLDER.glob("*.mp4"))

pytestmark = pytest.mark.skipif(
    not CLIPS, reason="needs real talking clips with FACET's units beside them; LDDU_TALKING_CLIPS names their folder"
)


@pytest.mark.parametrize("path", CLIPS, ids=lambda path: path.stem)
def test_a_face_is_found_where_facet_saw_one(path: Path) -> None:
    track = FaceMeter().track(read_pictures(path, probe(path), PICTURE_RATE, DamageCount()))
    with gzip.open(path.with_suffix(".csv.gz"), "rt") as stream:
        rows = list(csv.DictReader(stream))
    times = np.array([(float(row["StartTime"]) + float(row["EndTime"])) / 2 for row in rows])
    theirs = np.array([any(float(row[name]) for name in row if name.startswith("AU")) for row in rows])
    nearest = np.abs(track.looked[None] - times[:, None]).argmin(axis=1)
    ours = np.isin(track.looked, track.steps.start)[nearest]
    assert ours[theirs].mean() >= 0.9
    assert (ours == theirs).mean() >= 0.9


@pytest.mark.parametrize("path", CLIPS, ids=lambda path: path.stem)
def test_voice_and_face_cover_the_speech_of_a_clip(path: Path, extractor: ClipExtractor) -> None:
    clips = extractor.extract(Source(path, path.stem))
    assert all(set(clip.modalities) >= {"audio", "visual"} for clip in clips)
    assert np.mean([clip.shares["voice"] for clip in clips]) > 0.4
    for clip in clips:
        assert len(clip.modalities["audio"]) == pytest.approx((clip.end - clip.start) * 20, abs=1)
        assert np.isfinite(clip.modalities["visual"].values).all()
