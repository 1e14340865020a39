"""Sound and pictures share one clock, whatever the container, codec, length or rotation."""

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from lddu.clips.media import SAMPLE_RATE, ReadReport, probe, read_pictures, read_sound
from lddu.clips.simulated.talking_clips import write_video
from lddu.errors import SourceError
from tests.clips.ffmpeg import ffmpeg, needs_ffmpeg, video

FRAME = 1 / 25


def tone(seconds: float, pitch: float = 300.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)).astype(np.float32)


def grey(count: int, bright: range = range(0), size: tuple[int, int] = (64, 96)) -> list[np.ndarray]:
    return [np.full((*size, 3), 230 if number in bright else 20, np.uint8) for number in range(count)]


def sound_of(path: Path) -> np.ndarray:
    return np.concatenate(list(read_sound(path, probe(path), ReadReport())))


def first_loud(sound: np.ndarray) -> float:
    return float(np.flatnonzero(np.abs(sound) > 0.1)[0]) / SAMPLE_RATE


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".avi"])
def test_a_clap_and_a_flash_at_the_same_moment_are_read_at_the_same_moment(suffix: str, tmp_path: Path) -> None:
    for at in (1.0, 2.2, 3.48):
        path = tmp_path / f"clap{at}{suffix}"
        sound = np.zeros(5 * SAMPLE_RATE, np.float32)
        begin = round(at * SAMPLE_RATE)
        sound[begin : begin + 1600] = np.random.default_rng(0).uniform(-0.9, 0.9, 1600)
        frame = round(at / FRAME)
        write_video(path, iter(grey(125, range(frame, frame + 3))), sound)
        pictures = list(read_pictures(path, probe(path), 15.0, ReadReport()))
        flash = next(picture.time for picture in pictures if picture.pixels.mean() > 120)
        assert abs(first_loud(sound_of(path)) - flash) <= 0.05
        assert abs(flash - at) <= 0.041


def test_padding_of_the_codec_is_trimmed(tmp_path: Path) -> None:
    path = tmp_path / "tone.mp4"
    write_video(path, None, tone(1.0))
    assert abs(len(sound_of(path)) - SAMPLE_RATE) <= 0.064 * SAMPLE_RATE  # one AAC frame of 1024 samples
    assert probe(path).duration == pytest.approx(1.0, abs=0.064)


def test_a_rotated_phone_is_turned_upright(tmp_path: Path) -> None:
    turned = tmp_path / "turned.mp4"
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:32] = (250, 30, 30)  # red on top
    write_video(turned, iter([picture] * 5), None)
    content = bytearray(turned.read_bytes())
    matrix = content.index(b"tkhd") + 44  # of the track header: a quarter turn to the left
    content[matrix : matrix + 36] = struct.pack(">9i", 0, -65536, 0, 65536, 0, 0, 0, 0, 1 << 30)
    turned.write_bytes(bytes(content))
    info = probe(turned)
    pixels = next(read_pictures(turned, info, 15.0, ReadReport())).pixels
    assert pixels.shape[:2] == (96, 64)
    assert pixels[:, :24, 0].mean() > 200 > 100 > pixels[:, 40:, 0].mean()  # a quarter turn to the left


def test_sound_without_pictures_and_pictures_without_sound(tmp_path: Path) -> None:
    write_video(tmp_path / "a.wav", None, tone(0.5))
    write_video(tmp_path / "v.mp4", iter(grey(10)), None)
    assert (probe(tmp_path / "a.wav").has_sound, probe(tmp_path / "a.wav").has_picture) == (True, False)
    assert (probe(tmp_path / "v.mp4").has_sound, probe(tmp_path / "v.mp4").has_picture) == (False, True)
    np.testing.assert_allclose(sound_of(tmp_path / "a.wav"), tone(0.5), atol=1e-4)


def test_pictures_are_the_first_of_every_slot_with_their_own_times(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    write_video(path, iter(grey(50)), None)
    times = [picture.time for picture in read_pictures(path, probe(path), 10.0, ReadReport())]
    assert len(times) == 20
    np.testing.assert_allclose(np.array(times) * 25, np.round(np.array(times) * 25), atol=1e-6)
    every = [picture.time for picture in read_pictures(path, probe(path), 1000.0, ReadReport())]
    assert len(every) == 50  # never more than the file has


@needs_ffmpeg
@pytest.mark.parametrize("rate", ["15000/1001", "15", "24000/1001", "25", "30000/1001", "30", "60000/1001"])
@pytest.mark.parametrize("suffix", [".mkv", ".flv"])
def test_a_container_that_rounds_its_times_gives_the_same_pictures(rate: str, suffix: str, tmp_path: Path) -> None:
    exact = video(tmp_path / "exact.mp4", 12.0, picture=f"testsrc=s=64x48:r={rate}")
    rounded = tmp_path / f"rounded{suffix}"
    ffmpeg("-i", exact, "-map", "0:v", "-c", "copy", rounded)
    times, own = (
        [picture.time for picture in read_pictures(path, probe(path), 15.0, ReadReport())] for path in (exact, rounded)
    )
    assert len(times) >= 12 * min(14.9, float(Fraction(rate)) / 2)
    np.testing.assert_allclose(own, times, atol=2e-3)


@needs_ffmpeg
@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".mp4", ".mov", ".ts", ".flv", ".mpg"])
@pytest.mark.parametrize("begin", [3, 100])
def test_a_clock_that_begins_late_makes_no_file_longer(begin: int, suffix: str, tmp_path: Path) -> None:
    path = video(tmp_path / f"a{suffix}", 4.0)
    late = tmp_path / f"late{suffix}"
    ffmpeg("-i", path, "-c", "copy", "-output_ts_offset", str(begin), late)
    assert probe(late).duration == pytest.approx(probe(path).duration, abs=0.1)


def test_a_large_picture_is_scaled_down(tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    write_video(path, iter(grey(2, size=(720, 1280))), None)
    assert next(read_pictures(path, probe(path), 15.0, ReadReport())).pixels.shape == (360, 640, 3)


def test_a_variable_frame_rate_keeps_the_times_of_the_file(tmp_path: Path) -> None:
    import av

    path, numbers = tmp_path / "vfr.mkv", [0, 1, 2, 3, 30, 31, 60, 61, 62]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number, pixels in zip(numbers, grey(len(numbers)), strict=True):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    times = [picture.time for picture in read_pictures(path, probe(path), 100.0, ReadReport())]
    np.testing.assert_allclose(times, np.array(numbers) / 30, atol=2e-3)


def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole.mkv", tmp_path / "broken.mkv"
    noise = np.random.default_rng(0).integers(0, 255, (100, 64, 96, 3)).astype(np.uint8)
    write_video(whole, iter(list(noise)), tone(4.0))
    broken.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    info = probe(broken)
    sound = np.concatenate(list(read_sound(broken, info, ReadReport())))
    assert 0.5 * SAMPLE_RATE < len(sound) < 3.5 * SAMPLE_RATE


def test_damaged_packets_are_counted_and_the_rest_is_used(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    noise = np.random.default_rng(0).integers(0, 255, (50, 64, 96, 3)).astype(np.uint8)
    write_video(path, iter(list(noise)), None)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = bytes(3000)
    path.write_bytes(bytes(content))
    damage = ReadReport()
    assert len(list(read_pictures(path, probe(path), 25.0, damage))) >= 20


def test_a_playlist_reaches_nothing_beyond_itself(tmp_path: Path) -> None:
    write_video(tmp_path / "a.ts", None, tone(1.0))
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\n{tmp_path / 'a.ts'}\n#EXT-X-ENDLIST\n")
    with pytest.raises(SourceError):
        probe(tmp_path / "list.m3u8")
