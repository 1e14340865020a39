"""Two real people in one file, side by side and one after the other, made of two real clips of one each."""

from pathlib import Path

import numpy as np
import pytest

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extractor import ClipExtractor
from lddu.clips.face.measured_faces import PICTURE_RATE
from lddu.clips.face.pictures import FaceMeter, FaceTrack
from lddu.clips.media import ReadReport, probe, read_pictures
from lddu.clips.spans import Source
from tests.clips.ffmpeg import ffmpeg, needs_ffmpeg
from tests.clips.test_real_clips import CLIPS

pytestmark = [
    needs_ffmpeg,
    pytest.mark.skipif(len(CLIPS) < 2, reason="needs two real talking clips; LDDU_TALKING_CLIPS names their folder"),
]

SQUARE = "crop=min(iw\\,ih):min(iw\\,ih),scale=240:240,fps=15,setsar=1"
SECONDS = 2.0


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two seconds of each clip, square, with its sound."""
    folder = tmp_path_factory.mktemp("people")
    found = []
    for number, path in enumerate(CLIPS[:2]):
        found.append(folder / f"{number}.mkv")
        coded = ("-t", str(SECONDS), "-vf", SQUARE, "-c:v", "ffv1", "-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le")
        ffmpeg("-ss", "4", "-i", f"file:{path}", *coded, found[-1])
    return found


def faces(path: Path, everybody: bool = True) -> FaceTrack:
    return FaceMeter(None, everybody).track(read_pictures(path, probe(path), PICTURE_RATE, ReadReport()))


@pytest.fixture(scope="module")
def beside(both: list[Path]) -> Path:
    target = both[0].with_name("beside.mkv")
    ffmpeg(
        "-i", both[0], "-i", both[1], "-filter_complex", "hstack", "-map", "0:a", "-c:a", "copy", "-c:v", "ffv1", target
    )
    return target


def test_each_of_two_faces_side_by_side_has_the_numbers_that_it_has_alone(both: list[Path], beside: Path) -> None:
    found = faces(beside)
    assert len(found.people) == 2
    for track, path in zip(found.people, both, strict=True):
        alone = faces(path, everybody=False).steps
        assert len(track) == len(alone)
        shift = np.abs(np.median(track.values, axis=0) - np.median(alone.values, axis=0))
        assert np.median(shift) < 0.02


def test_faces_keep_their_numbers_over_cuts(both: list[Path]) -> None:
    target = both[0].with_name("after.mkv")
    order = (0, 1, 0, 1)
    inputs = [part for number in order for part in ("-i", both[number])]
    ffmpeg(*inputs, "-filter_complex", "concat=n=4:v=1:a=1", "-c:v", "ffv1", "-c:a", "pcm_s16le", target)
    found = faces(target)
    assert len(found.people) == 2
    for number, track in enumerate(found.people):
        shots, looked = (set((times / SECONDS).astype(int).tolist()) for times in (track.start, found.looked))
        assert shots == {number, number + 2} and looked == {0, 1, 2, 3}
        assert len(track) > 0.9 * np.isin((found.looked / SECONDS).astype(int), list(shots)).sum()


def test_a_single_face_is_that_of_the_main_speaker(both: list[Path]) -> None:
    found, plain = faces(both[0]), faces(both[0], everybody=False)
    assert len(found.people) == 1 and plain.people == ()
    np.testing.assert_array_equal(found.steps.values, plain.steps.values)


def test_who_speaks_and_who_is_seen_are_people_of_their_own(beside: Path) -> None:
    beside.with_suffix(".vtt").write_text("WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ann>I am so glad that you came.\n")
    config = ExtractorConfig(per_person=True, face_model="geometry", voice_model="librosa")
    found = ClipExtractor(config).extract(Source(beside, "talk"))
    assert {one.person: set(one.modalities) for one in found} == {
        "Ann": {"text", "audio"}, "face 1": {"visual"}, "face 2": {"visual"},
    }  # fmt: skip
