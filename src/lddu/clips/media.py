"""Reading any video or audio file: what is in it, its sound as 16 kHz mono, its pictures at a chosen rate.

Everything streams: memory stays the same whatever the length. All times are seconds on one clock that begins with the
file's earliest stream, so that sound and picture agree. Sound that a codec adds at the end is cut off, pauses in the
stream become silence, a rotated phone's pictures are turned upright.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lddu.clips.extras import needs
from lddu.errors import SourceError

MEDIA_SUFFIXES = frozenset((
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".flv", ".wmv", ".3gp", ".ogv",
    ".wav", ".mp3", ".m4a", ".aac", ".flac", ".ogg", ".opus", ".wma",
))  # fmt: skip
"""What a folder is searched for; a file that is named itself may have any suffix."""

SAMPLE_RATE = 16_000
"""Samples per second of all sound here."""

LARGEST_PICTURE = 8192 * 8192
"""Pixels; a single decoded picture beyond this would take gigabytes."""

_WORKING_SIDE = 640  # the face models see at most 256 pixels, so a larger picture only costs time
_TOLERATED_GAP = 0.04  # seconds; smaller deviations of time stamps are rounding, not pauses
_LONGEST_PAUSE = 6 * 3600.0  # a jump beyond this is a broken time stamp, not silence


def readable(path: str | Path) -> str:
    """A path as it can be shown and written: bytes of a name that are no UTF-8 become question marks."""
    return str(path).encode("utf-8", "replace").decode("utf-8")


@dataclass(frozen=True)
class MediaInfo:
    """What a file holds.

    Attributes:
        duration: seconds from the first to the last stream's end.
        has_sound: whether there is an audio track.
        has_picture: whether there is a video track (cover pictures of music files do not count).
        width: pixels of a picture, before rotation; 0 without one.
        height: likewise.
        origin: seconds on the file's own clock at which our clock is 0.
        unknown: kinds of tracks whose codec FFmpeg does not know, such as ``video``.
        container: FFmpeg's names of the file format, such as ``mov,mp4,m4a``.
        codecs: FFmpeg's names of how the tracks in use are coded, such as ``h264`` and ``aac``.
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


@dataclass(frozen=True)
class Picture:
    """One frame: `time` in seconds, `pixels` [height, width, 3] RGB bytes, upright, at most 640 on the longer side."""

    time: float
    pixels: np.ndarray


class DamageCount:
    """Counts packets that could not be decoded, so that a partly damaged file is used and its damage told."""

    def __init__(self) -> None:
        self.packets = 0


def probe(path: Path) -> MediaInfo:
    """What the file holds, from its header.

    Raises:
        SourceError: where the file is absent, empty, no media file, without sound and picture, or too large a picture.
    """
    with _opened(path) as container:
        sound, picture = _sound_stream(container), _picture_stream(container)
        unknown = tuple(s.type for s in container.streams if s.type in ("audio", "video") and s.codec_context is None)
        if sound is None and picture is None and unknown:
            raise SourceError(
                f"Expected {path} to be coded in a way that FFmpeg knows, but its {' and '.join(unknown)} is not; "
                "convert it to mp4."
            )
        if sound is None and picture is None:
            raise SourceError(
                f"Expected {path} to hold sound or moving pictures, but it holds neither; check the file."
            )
        starts = [float(s.start_time * s.time_base) for s in (sound, picture) if s is not None and s.start_time]
        width, height = (picture.codec_context.width, picture.codec_context.height) if picture is not None else (0, 0)
        if width * height > LARGEST_PICTURE:
            raise SourceError(
                f"Expected pictures of at most {LARGEST_PICTURE} pixels in {path}, but got {width} x {height}; "
                "scale the video down first."
            )
        if picture is not None and not width * height:
            raise SourceError(f"Expected {path} to say how large its pictures are, but it does not; it is damaged.")
        streams = [s for s in (sound, picture) if s is not None]
        origin = min(starts) if len(starts) == len(streams) else min([0.0, *starts])
        ends = [_stream_end(s) for s in streams]
        duration = max([end - origin for end in ends if end is not None], default=0.0)
        if duration <= 0 and container.duration:
            duration = container.duration / 1_000_000
        return MediaInfo(
            max(duration, 0.0), sound is not None, picture is not None, width, height, origin, unknown,
            container.format.name, tuple(s.codec_context.name for s in streams),
        )  # fmt: skip


def read_sound(path: Path, info: MediaInfo, damage: DamageCount) -> Iterator[np.ndarray]:
    """Blocks [n] of mono float32 samples in [-1, 1] at 16 kHz, end to end from time 0; at most some seconds each.

    Raises:
        SourceError: where no sound at all can be decoded although there is a track.
    """
    import av

    with _opened(path) as container:
        stream = _sound_stream(container)
        assert stream is not None
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        end = _stream_end(stream)
        limit = None if end is None else round((end - info.origin) * SAMPLE_RATE)
        written, frames = 0, 0
        for frame in _decoded(container, stream, damage):
            frames += 1
            due = None if frame.time is None else round((frame.time - info.origin) * SAMPLE_RATE)
            block = np.concatenate([part.to_ndarray().reshape(-1) for part in resampler.resample(frame)] or [_NOTHING])
            for piece in _placed(block, due, written):
                kept = piece if limit is None else piece[: max(0, limit - written)]
                written += len(kept)
                if len(kept):
                    yield np.clip(np.nan_to_num(kept), -1, 1)
        if not frames:
            raise SourceError(f"Expected sound in {path}, but none of it can be decoded; convert or repair the file.")
        rest = np.concatenate([part.to_ndarray().reshape(-1) for part in resampler.resample(None)] or [_NOTHING])
        rest = rest if limit is None else rest[: max(0, limit - written)]
        if len(rest):
            yield np.clip(np.nan_to_num(rest), -1, 1)


def read_pictures(path: Path, info: MediaInfo, rate: float, damage: DamageCount) -> Iterator[Picture]:
    """The first frame of every 1 / `rate` seconds, with its own time; frames that a file lacks are not made up.

    Raises:
        SourceError: where no picture at all can be decoded although there is a track.
    """
    with _opened(path) as container:
        stream = _picture_stream(container)
        assert stream is not None
        next_slot, number = -1, 0
        for number, frame in enumerate(_decoded(container, stream, damage), start=1):
            time = (
                frame.time - info.origin if frame.time is not None else (number - 1) / float(stream.average_rate or 25)
            )
            slot = int(np.floor(time * rate + 1e-6))
            if slot >= next_slot and time >= 0:
                next_slot = slot + 1
                yield Picture(float(time), _upright(frame))
        if not number:
            raise SourceError(f"Expected pictures in {path}, but none can be decoded; convert or repair the file.")


def picture_times(path: Path, info: MediaInfo) -> np.ndarray:
    """[N] seconds of all pictures in the order in which they are shown, without decoding any."""
    with _opened(path) as container:
        stream = _picture_stream(container)
        assert stream is not None
        stamps = [
            packet.dts if packet.pts is None else packet.pts  # some containers know only the order of decoding
            for packet in _packets(container, stream, DamageCount())
            if packet.size and not packet.is_discard
        ]
        shown = np.array([stamp for stamp in stamps if stamp is not None], dtype=float)
        return np.sort(shown) * float(stream.time_base) - info.origin


_NOTHING = np.zeros(0, np.float32)


def _placed(block: np.ndarray, due: int | None, written: int) -> Iterator[np.ndarray]:
    """The block, with silence before it where the stream pauses, or its beginning cut where the stream overlaps."""
    gap = 0 if due is None else due - written
    if gap > _TOLERATED_GAP * SAMPLE_RATE and gap < _LONGEST_PAUSE * SAMPLE_RATE:
        for begin in range(0, gap, SAMPLE_RATE):
            yield np.zeros(min(SAMPLE_RATE, gap - begin), np.float32)
    elif gap < -_TOLERATED_GAP * SAMPLE_RATE:
        block = block[min(len(block), -gap) :]
    yield block


def _upright(frame: Any) -> np.ndarray:
    scale = min(1.0, _WORKING_SIDE / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    pixels = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA").to_ndarray()
    return np.ascontiguousarray(np.rot90(pixels, frame.rotation // 90 % 4))


def _decoded(container: Any, stream: Any, damage: DamageCount) -> Iterator[Any]:
    """Decoded frames of the stream; packets that cannot be decoded are counted and left out."""
    import av

    for packet in _packets(container, stream, damage):
        try:
            yield from packet.decode()
        except (av.error.FFmpegError, ValueError):
            damage.packets += 1


def _packets(container: Any, stream: Any, damage: DamageCount) -> Iterator[Any]:
    """What the file holds of the stream, as far as it can be read, and at the end an empty packet."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (av.error.FFmpegError, OSError):  # the file ends in the middle, or its index is wrong from here on
            damage.packets += 1
            return
        yield packet


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    av = needs("av", "clips", "reading media files")
    _check_file(path)
    av.logging.set_level(None)  # the FFmpeg libraries write to stderr on their own; what matters is counted and told
    try:
        # an absolute path is never taken for a protocol, and what a playlist names elsewhere stays closed
        container = av.open(
            str(path.absolute()), mode="r", metadata_errors="ignore", options={"protocol_whitelist": "file"}
        )
    except (av.error.FFmpegError, OSError, ValueError) as fault:
        reason = str(fault).splitlines()[0] if str(fault) else type(fault).__name__
        raise SourceError(
            f"Expected {path} to be a video or audio file, but FFmpeg cannot read it ({_short(reason)}); "
            "check that it is whole, or convert it to mp4."
        ) from None
    with container:
        _refuse_stills(path, container.format.name)
        yield container


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise SourceError(f"Expected {path} to be a video or audio file, but it is a folder; name its files.")
        size = path.stat().st_size
        with path.open("rb") as stream:
            stream.read(1)
    except FileNotFoundError:
        raise SourceError(f"Expected the clip {path}, but it is not there; check the path.") from None
    except OSError as fault:
        raise SourceError(
            f"Expected to read the clip {path}, but got {fault.strerror}; check its permissions."
        ) from None
    if not size:
        raise SourceError(f"Expected {path} to be a video or audio file, but it is empty (0 bytes); copy it again.")


def _refuse_stills(path: Path, kind: str) -> None:
    """FFmpeg also reads pictures, plain text and playlists as if they were videos."""
    if kind in ("image2", "tty", "hls", "concat") or kind.endswith("_pipe"):
        raise SourceError(
            f"Expected {path} to be a video or audio file, but it is a still picture, a text or a playlist "
            f"({kind.removesuffix('_pipe')}); name the video itself."
        )


def _short(reason: str) -> str:
    return reason.split("] ", 1)[-1].split(":", 1)[0][:120].lower()


def _sound_stream(container: Any) -> Any:
    known = [s for s in container.streams.audio if s.codec_context is not None]
    return known[0] if known else None


def _picture_stream(container: Any) -> Any:
    cover = 0x0400  # AV_DISPOSITION_ATTACHED_PIC
    known = [s for s in container.streams.video if s.codec_context is not None]
    moving = [s for s in known if not int(s.disposition) & cover]
    for stream in moving[:1]:
        stream.thread_type = "AUTO"
    return moving[0] if moving else None


def _stream_end(stream: Any) -> float | None:
    if stream.duration is None:
        return None
    return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
