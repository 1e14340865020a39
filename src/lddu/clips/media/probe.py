"""What a media file holds, from its header."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lddu.clips.media.files import PHOTO_FORMATS, opened, picture_tracks, sound_tracks
from lddu.errors import SourceError

LARGEST_PICTURE = 8192 * 8192
"""Pixels; a single decoded picture beyond this would take gigabytes."""

_UNTIMED = frozenset(("aac", "loas", "ac3", "eac3", "dts", "dtshd", "truehd", "mlp", "amr", "amrnb", "amrwb", "h264", "hevc",
                      "m4v", "mpegvideo", "vc1", "av1", "obu", "dv", "adx", "gsm", "g722", "sbc", "tta"))  # fmt: skip
"""Formats that are a bare row of packets: how long they last is only estimated, from their size."""

_ENDS = frozenset(("matroska,webm", "nut"))
"""Formats that give, in place of how long they last, when they end on their own clock, which need not begin at 0."""

_MP3_LENGTH = re.compile(rb"Xing|Info|VBRI")


@dataclass(frozen=True)
class MediaInfo:
    """What a file holds.

    Attributes:
        duration: seconds from the first to the last stream's end.
        has_sound: whether there is an audio track.
        has_picture: whether there is a video track (cover pictures of music files do not count).
        width: pixels of a picture as it is stored, before rotation and before its pixels are made square; 0 without one.
        height: likewise.
        origin: seconds on the file's own clock at which our clock is 0.
        unknown: kinds of tracks whose codec FFmpeg does not know, such as ``video``.
        container: FFmpeg's names of the file format, such as ``mov,mp4,m4a``.
        codecs: FFmpeg's names of how the tracks in use are coded, such as ``h264`` and ``aac``.
        estimated: whether `duration` is FFmpeg's estimate, because the format does not give it.
        unused: kind -> further tracks of it, which are not read.
        subtitles: tracks of subtitles, which are not read.
        channel: the one channel of the sound that is read, where all together cancel each other; None mixes all.
        offset: what is taken from every sample, because the whole sound lies beside zero.
        scale: what every sample is divided by, because the sound of a file of floats lies far beyond full scale.
        timed: whether the time stamps of the sound are followed; not where they stand still.
    """

    duration: float
    has_sound: bool
    has_picture: bool
    width: int
    height: int
    origin: float
    unknown: tuple[str, ...] = ()
    container: str = ""
    codecs: tuple[str, ...] = ()
    estimated: bool = False
    unused: tuple[tuple[str, int], ...] = ()
    subtitles: int = 0
    channel: int | None = None
    offset: float = 0.0
    scale: float = 1.0
    timed: bool = True


def probe(path: Path) -> MediaInfo:
    """What the file holds, from its header.

    Raises:
        SourceError: where the file is absent, empty, no media file, without sound and picture, or too large a picture.
    """
    with opened(path) as container:
        sounds, pictures = sound_tracks(container), picture_tracks(container)
        unknown = tuple(s.type for s in container.streams if s.type in ("audio", "video") and s.codec_context is None)
        _refuse_nothing(path, sounds + pictures, unknown)
        width, height = _size(path, pictures[0]) if pictures else (0, 0)
        streams = [*sounds[:1], *pictures[:1]]
        starts = [float(s.start_time * s.time_base) for s in streams if s.start_time]
        origin = min(starts) if len(starts) == len(streams) else min([0.0, *starts])
        ends = [stream_end(s) for s in streams]
        duration = max([end - origin for end in ends if end is not None], default=0.0)
        if duration <= 0 and container.duration:
            end = container.duration / 1_000_000
            duration = end - origin if container.format.name in _ENDS and 0 < origin < end else end
        if container.format.name in PHOTO_FORMATS:  # which FFmpeg counts as a 25th of a second, or as nothing
            duration = 0.0
        kinds = (("audio", len(sounds) - 1), ("video", len(pictures) - 1))
        return MediaInfo(
            max(duration, 0.0), bool(sounds), bool(pictures), width, height, origin, unknown, container.format.name,
            tuple(s.codec_context.name for s in streams), _estimated(path, container),
            tuple((kind, count) for kind, count in kinds if count > 0), len(container.streams.subtitles),
        )  # fmt: skip


def stream_end(stream: Any) -> float | None:
    """Seconds on the file's own clock at which a stream ends, as its header says or FFmpeg estimates; None if unknown."""
    if stream.duration is None:
        return None
    return float(((stream.start_time or 0) + stream.duration) * stream.time_base)


def time_stamps_jump(container: Any) -> bool:
    """Whether the format is one whose time stamps may jump: broadcasts, and what is joined by putting file after file."""
    from av.format import Flags

    return bool(container.format.flags & Flags.ts_discont.value)


def _refuse_nothing(path: Path, streams: list[Any], unknown: tuple[str, ...]) -> None:
    if streams:
        return
    if unknown:
        raise SourceError(
            f"Expected {path} to be coded in a way that FFmpeg knows, but its {' and '.join(unknown)} is not; "
            "convert it to mp4."
        )
    raise SourceError(f"Expected {path} to hold sound or moving pictures, but it holds neither; check the file.")


def _size(path: Path, picture: Any) -> tuple[int, int]:
    width, height = picture.codec_context.width, picture.codec_context.height
    if width * height > LARGEST_PICTURE:
        raise SourceError(
            f"Expected pictures of at most {LARGEST_PICTURE} pixels in {path}, but got {width} x {height}; "
            "scale it down first."
        )
    if not width * height:
        raise SourceError(
            f"Expected {path} to say how large its pictures are, but it does not; it is damaged or of a kind that is not read, "
            "such as an animated .webp or a .tif of floats: convert it to .mp4 or .jpg."
        )
    return width, height


def _estimated(path: Path, container: Any) -> bool:
    """Whether the file does not give its duration."""
    kind = container.format.name
    if kind in _UNTIMED or time_stamps_jump(container):
        return True
    return kind == "mp3" and not _MP3_LENGTH.search(_first_frame(path))


def _first_frame(path: Path) -> bytes:
    """The first bytes of an MP3 after its tags; there stands its length, if anywhere."""
    with path.open("rb") as stream:
        head = stream.read(10)
        if head[:3] == b"ID3":  # the size of the tag, seven bits a byte
            stream.seek(10 + sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False)))
        else:
            stream.seek(0)
        return stream.read(2048)
