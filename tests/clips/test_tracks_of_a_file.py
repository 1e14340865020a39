"""Every picture and every sound of a file is read, in whatever order its tracks lie and whatever else lies beside them."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extractor import ClipExtractor
from lddu.clips.media import SAMPLE_RATE, ReadReport, probe, read_pictures, read_sound
from lddu.clips.spans import Source
from lddu.store import extraction_notes
from tests.clips.ffmpeg import ffmpeg, needs_ffmpeg, sound

pytestmark = needs_ffmpeg

RATE = 25
CODERS = {
    ".mp4": [("libx264", "aac"), ("mpeg4", "mp3")], ".mkv": [("libx264", "libopus"), ("ffv1", "flac"), ("mpeg2video", "ac3")],
    ".webm": [("libvpx", "libvorbis"), ("libvpx-vp9", "libopus")], ".mov": [("libx264", "pcm_s16le"), ("mjpeg", "aac")],
    ".ts": [("libx264", "aac"), ("mpeg2video", "mp2")],
}  # fmt: skip
KINDS = [(suffix, *coders) for suffix, several in CODERS.items() for coders in several]


def counted(path: Path) -> int:
    """Pictures that FFmpeg decodes."""
    command = [
        "ffmpeg",
        "-nostdin",
        "-v",
        "error",
        "-i",
        str(path),
        "-map",
        "0:v:0",
        "-fps_mode",
        "passthrough",
        "-f",
        "framecrc",
        "-",
    ]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return sum(not line.startswith("#") for line in lines)


@settings(deadline=None, max_examples=14)
@given(kind=st.sampled_from(KINDS), pictures=st.integers(3, 40), sound_first=st.booleans(), mute=st.booleans())
def test_all_pictures_are_read_whatever_the_codec_and_the_order_of_tracks(
    kind: tuple[str, str, str], pictures: int, sound_first: bool, mute: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    suffix, coder, voice = kind
    path, seconds = tmp_path_factory.mktemp("order") / f"a{suffix}", pictures / RATE
    maps = ("0:v",) if mute else ("1:a", "0:v") if sound_first else ("0:v", "1:a")
    ffmpeg(
        "-f", "lavfi", "-i", f"testsrc2=s=64x48:r={RATE}:d={seconds}", "-f", "lavfi", "-i", f"sine=d={seconds}:r=48000",
        *(part for stream in maps for part in ("-map", stream)), "-c:v", coder, "-c:a", voice, "-pix_fmt",
        "yuvj420p" if coder == "mjpeg" else "yuv420p", "-strict", "-2", path,
    )  # fmt: skip
    found = [picture.time for picture in read_pictures(path, probe(path), 10.0 * RATE, ReadReport())]
    assert len(found) == counted(path) == pictures and found == sorted(found)
    if not mute:
        ours = sum(map(len, read_sound(path, probe(path), ReadReport())))
        assert ours == pytest.approx(len(sound(path)), abs=0.06 * SAMPLE_RATE)


def test_a_time_code_track_as_cameras_write_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "camera.mov"
    ffmpeg(
        "-f", "lavfi", "-i", f"testsrc2=s=64x48:r={RATE}:d=1", "-f", "lavfi", "-i", "sine=d=1", "-c:v", "libx264", "-c:a", "aac",
        "-timecode", "01:00:00:00", path,
    )  # fmt: skip
    assert len(list(read_pictures(path, probe(path), 100.0, ReadReport()))) == RATE
    [clip] = ClipExtractor(ExtractorConfig(cut="whole")).extract(Source(path, "camera"))
    assert clip.end == pytest.approx(1.0, abs=0.1) and "audio" in clip.modalities


def test_pictures_whose_size_changes_on_the_way_are_all_read(tmp_path: Path) -> None:
    parts = []
    for n, size in enumerate(("320x240", "640x360")):
        parts.append(tmp_path / f"{n}.ts")
        ffmpeg(
            "-f",
            "lavfi",
            "-i",
            f"testsrc2=s={size}:r=25:d=1",
            "-c:v",
            "libx264",
            "-bf",
            "0",
            "-output_ts_offset",
            str(n),
            parts[-1],
        )
    path = tmp_path / "size.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    shapes = [picture.pixels.shape[:2] for picture in read_pictures(path, probe(path), 100.0, ReadReport())]
    assert shapes == [(240, 320)] * 25 + [(360, 640)] * 25


def test_a_voice_in_the_centre_of_surround_or_in_one_channel_is_as_loud_as_ffmpeg_makes_it(tmp_path: Path) -> None:
    for number, pan in enumerate(("stereo|c0=c0|c1=0*c0", "5.1|c0=0*c0|c1=0*c0|c2=c0|c3=0*c0|c4=0*c0|c5=0*c0")):
        path = tmp_path / f"{number}.wav"
        ffmpeg("-f", "lavfi", "-i", "sine=d=1:r=16000", "-af", f"pan={pan}", path)
        ours = np.concatenate(list(read_sound(path, probe(path), ReadReport())))
        assert ours.std() == pytest.approx(sound(path).std(), rel=0.01)


def test_subtitles_inside_a_file_are_not_read_and_noted(tmp_path: Path) -> None:
    (tmp_path / "s.srt").write_text("1\n00:00:00,200 --> 00:00:00,900\nHello there\n")
    path = tmp_path / "film.mkv"
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-i", tmp_path / "s.srt", "-c:a", "flac", "-c:s", "srt", path)
    [clip] = ClipExtractor(ExtractorConfig(cut="whole")).extract(Source(path, "film"))
    assert extraction_notes.subtitles(1) in clip.notes and "text" not in clip.modalities
    path.with_suffix(".txt").write_text("Hello there")
    [clip] = ClipExtractor(ExtractorConfig(cut="whole")).extract(Source(path, "film"))
    assert extraction_notes.subtitles(1) not in clip.notes and "text" in clip.modalities


@pytest.mark.parametrize("suffix", [".ass", ".ttml", ".sub", ".TextGrid", ".eaf", ".cha", ".docx"])
def test_a_transcript_of_a_kind_that_is_not_read_is_named(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", path)
    path.with_suffix(suffix).write_text("whatever")
    [clip] = ClipExtractor(ExtractorConfig(cut="whole")).extract(Source(path, "talk"))
    assert extraction_notes.unread_beside(f"talk{suffix}") in clip.notes


@pytest.mark.parametrize(("suffix", "content"), [
    (".sbv", "0:00:00.200,0:00:00.900\nHello there\n"), (".lrc", "[ti:x]\n[00:00.20]Hello there\n[00:00.90]\n"),
])  # fmt: skip
def test_lyrics_and_captions_of_youtube_beside_a_clip_are_read(suffix: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", path)
    path.with_suffix(suffix).write_text(content)
    [clip] = ClipExtractor(ExtractorConfig(cut="whole")).extract(Source(path, "talk"))
    assert clip.transcript == "Hello there" and clip.modalities["text"].start[0] == pytest.approx(0.2)
