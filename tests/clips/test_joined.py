"""Files put end to end are read to their end on one clock, or the note says that another file lies behind the first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extractor import ClipExtractor
from lddu.clips.media import SAMPLE_RATE, ReadReport, probe, read_pictures, read_sound
from lddu.clips.media.reading import Timeline
from lddu.clips.spans import Source
from lddu.store import extraction_notes
from tests.clips.ffmpeg import needs_ffmpeg, sound, tone, video

UNIT = Fraction(1, 1000)


@dataclass
class Stream:
    """All that the clock looks at of a stream."""

    type: str = "audio"


@dataclass
class Packet:
    """What the clock looks at of a packet; times in thousandths of a second."""

    stream_index: int
    dts: int | None
    pts: int | None
    duration: int
    time_base: Fraction = UNIT
    stream: Stream = field(default_factory=Stream)


def packets(lengths: Sequence[int], starts: Sequence[int], streams: int) -> list[Packet]:
    """Packets of parts that last so many tenths of a second and begin at such times, as they lie in a joined file."""
    return [
        Packet(stream, start + 100 * number, start + 100 * number, 100)
        for length, start in zip(lengths, starts, strict=True)
        for number in range(length)
        for stream in range(streams)
    ]


@given(
    st.lists(st.tuples(st.integers(3, 40), st.integers(0, 9_000)), min_size=1, max_size=6),
    st.integers(1, 3),
    st.booleans(),
)
def test_parts_whose_time_stamps_begin_anew_follow_one_another(
    parts: list[tuple[int, int]], streams: int, may_jump: bool
) -> None:
    lengths, start = [length for length, _ in parts], parts[0][1]
    timeline, placed = Timeline(may_jump), packets(lengths, [start] * len(parts), streams)
    for packet in placed:
        timeline.place(packet)
    for stream in range(streams):
        times = [packet.dts for packet in placed if packet.stream_index == stream]
        assert times == [start + 100 * number for number in range(sum(lengths))]
    assert len(timeline.offsets) == len(parts)


@given(st.lists(st.integers(0, 9_000), min_size=2, max_size=40))
def test_a_clock_that_only_goes_forward_is_left_alone(pauses: list[int]) -> None:
    times = np.cumsum(pauses).tolist()
    placed = [Packet(0, time, time, 0) for time in times]
    timeline = Timeline(may_jump=True)
    for packet in placed:
        timeline.place(packet)
    assert [packet.dts for packet in placed] == times and len(timeline.offsets) == 1


def test_a_single_wrong_time_stamp_moves_nothing_that_follows() -> None:
    times = [1000 * second for second in range(100)]
    placed = [Packet(0, time, time, 1000) for time in [*times[:50], 0, *times[51:]]]
    timeline = Timeline(may_jump=False)
    for packet in placed:
        timeline.place(packet)
    assert [packet.dts for packet in placed] == times


def test_a_jump_of_hours_between_recordings_is_closed_where_the_format_allows_jumps() -> None:
    placed = packets([20, 20], [0, 7_200_000], 2)
    timeline = Timeline(may_jump=True)
    for packet in placed:
        timeline.place(packet)
    assert placed[-1].dts == 3900
    pause = packets([20, 20], [0, 7_200_000], 2)
    for packet in pause:
        Timeline(may_jump=False).place(packet)
    assert pause[-1].dts == 7_201_900


PARTS = (1.0, 1.7, 3.1)
JOINABLE = [".ts", ".mpg", ".mkv", ".webm", ".opus", ".mp3", ".flac", ".ogg"]
ALONE = (".opus", ".mp3", ".flac", ".ogg")  # sound alone
TWO_AT_MOST = (".mkv", ".webm")  # FFmpeg reads no third


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Of every container some files of different lengths."""
    folder = tmp_path_factory.mktemp("parts")
    made: dict[str, list[Path]] = {}
    for suffix in JOINABLE:
        make = tone if suffix in ALONE else video
        made[suffix] = [make(folder / f"{n}{suffix}", length) for n, length in enumerate(PARTS)]
    return made


@needs_ffmpeg
@pytest.mark.parametrize("suffix", JOINABLE)
@settings(deadline=None, max_examples=4)
@given(numbers=st.lists(st.integers(0, 2), min_size=2, max_size=4))
def test_random_concatenations_keep_their_length(
    suffix: str, numbers: list[int], parts: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("joined") / f"joined{suffix}"
    numbers = numbers[:2] if suffix in TWO_AT_MOST else numbers
    path.write_bytes(b"".join(parts[suffix][number].read_bytes() for number in numbers))
    info, report = probe(path), ReadReport()
    length = sum(len(block) for block in read_sound(path, info, report)) / SAMPLE_RATE
    tolerance = 0.08 * len(numbers)  # a frame or two of padding in every part
    assert length == pytest.approx(sum(PARTS[number] for number in numbers), abs=tolerance)
    if suffix != ".flac":  # of which FFmpeg's program loses the end of each part
        assert length == pytest.approx(len(sound(path)) / SAMPLE_RATE, abs=tolerance)
    if suffix != ".ogg":  # where a part that equals the one before continues it
        assert report.joints == (0 if suffix == ".mp3" else len(numbers) - 1)
    if info.has_picture:
        times = [picture.time for picture in read_pictures(path, info, 15.0, ReadReport())]
        assert times == sorted(times) and times[-1] == pytest.approx(length, abs=0.1 + tolerance)
        assert np.diff(times).max() < 0.1 + tolerance


@needs_ffmpeg
def test_a_third_part_that_ffmpeg_does_not_read_is_noted(parts: dict[str, list[Path]], tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(b"".join(path.read_bytes() for path in parts[".mkv"]))
    report = ReadReport()
    list(read_sound(tmp_path / "a.mkv", probe(tmp_path / "a.mkv"), report))
    assert report.joints == 1 and report.unread > 0.2


@needs_ffmpeg
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".flv", ".wav"])
def test_a_file_behind_the_first_is_noted_where_its_reader_stops(suffix: str, tmp_path: Path) -> None:
    make = tone if suffix == ".wav" else video
    first, second, joined = (tmp_path / f"{name}{suffix}" for name in ("first", "second", "joined"))
    joined.write_bytes(make(first, 1.0).read_bytes() + make(second, 3.0).read_bytes())
    for path, share in ((first, 0.0), (joined, second.stat().st_size / joined.stat().st_size)):
        report = ReadReport()
        list(read_sound(path, probe(path), report))
        assert report.unread == pytest.approx(share, abs=1e-6)


@needs_ffmpeg
@pytest.mark.parametrize(
    ("suffix", "options"),
    [(suffix, ("-c:a", "flac", "-strict", "-2")) for suffix in (".mp4", ".mkv", ".mka", ".oga", ".flac")]
    + [(suffix, ("-c:a", "alac")) for suffix in (".m4a", ".mov", ".caf")]
    + [(suffix, ("-c:a", "pcm_s16le")) for suffix in (".wav", ".mov", ".avi", ".mkv", ".nut")]
    + [(suffix, ()) for suffix in (".webm", ".wma", ".mp3", ".aiff", ".ts", ".flv", ".opus", ".aac", ".ac3")],
)  # fmt: skip
def test_no_single_file_is_taken_for_two(suffix: str, options: tuple[str, ...], tmp_path: Path) -> None:
    report, path = ReadReport(), tone(tmp_path / f"one{suffix}", 2.0, *options)
    list(read_sound(path, probe(path), report))
    assert (report.joints, report.unread) == (0, 0.0)


@needs_ffmpeg
def test_what_was_joined_is_noted_in_the_clip(tmp_path: Path) -> None:
    parts = [video(tmp_path / f"{n}.ts", 1.5).read_bytes() for n in range(2)]
    (tmp_path / "joined.ts").write_bytes(b"".join(parts))
    [clip] = ClipExtractor(ExtractorConfig(cut="whole")).extract(Source(tmp_path / "joined.ts", "joined"))
    assert clip.end == pytest.approx(3.0, abs=0.2) and extraction_notes.joined(1) in clip.notes
    first = video(tmp_path / "first.mp4", 1.0)
    first.write_bytes(first.read_bytes() + video(tmp_path / "second.mp4", 4.0).read_bytes())
    [clip] = ClipExtractor(ExtractorConfig(cut="whole")).extract(Source(first, "first"))
    assert any(note.startswith("only its first part was read") for note in clip.notes)
