"""The pictures of a file as players show them: upright, not mirrored, with square pixels."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lddu.clips.extras import needs
from lddu.clips.media.files import PHOTO_FORMATS, opened, picture_tracks
from lddu.clips.media.photo import read_photo
from lddu.clips.media.probe import MediaInfo
from lddu.clips.media.reading import ReadReport, decoded, packets
from lddu.errors import SourceError

_WORKING_SIDE = 640  # the face models see at most 256 pixels, so a larger picture only costs time
_LARGER_SIDE = 2560  # of a photo in which small faces are sought
_MILDLY = 0.85  # from here on a picture is made so little smaller that averaging its pixels would blur it
_ROUNDED = 1e-3  # seconds: .mkv, .webm and .flv round the times of their pictures to this
_TILTED = 0.05  # tangent of the angle from which a display matrix is no longer a quarter turn


@dataclass(frozen=True)
class Picture:
    """One frame: `time` in seconds, `pixels` [height, width, 3] RGB bytes as shown, at most 640 on the longer side."""

    time: float
    pixels: np.ndarray


def read_pictures(path: Path, info: MediaInfo, rate: float, report: ReadReport) -> Iterator[Picture]:
    """The first frame of every 1 / `rate` seconds, with its own time; frames that a file lacks are not made up.

    Raises:
        SourceError: where no picture at all can be decoded although there is a track.
    """
    if info.container in PHOTO_FORMATS:
        yield Picture(0.0, read_photo(path, _WORKING_SIDE))
        return
    with opened(path) as container:
        stream = picture_tracks(container)[0]
        display = _Display(stream)
        next_slot, number = -1, 0
        for number, frame in enumerate(decoded(path, container, stream, report), start=1):
            display.see(frame)
            time = _time(frame, number, stream) - info.origin
            slot = slot_of(time, rate)
            if slot >= next_slot and time >= 0:
                next_slot = slot + 1
                yield Picture(float(time), _shown(frame, display, report))
        if not number:
            raise SourceError(f"Expected pictures in {path}, but none can be decoded; convert or repair the file.")


def slot_of(time: float, rate: float) -> int:
    """The slot of 1 / `rate` seconds in which a picture lies, whose time a container may have rounded to a thousandth of a second.

    Else .133 of .mkv, which is .13333 of .mp4, would be a second picture of the slot before .13333, and be left out.
    """
    return math.floor((time + _ROUNDED) * rate)


def larger_photo(path: Path) -> Picture:
    """A photo with as many pixels as a search for small faces takes."""
    return Picture(0.0, read_photo(path, _LARGER_SIDE))


def picture_times(path: Path, info: MediaInfo, *, decode: bool = False) -> np.ndarray:
    """[N] seconds of all pictures in the order in which they are shown.

    Args:
        path: the file.
        info: of it.
        decode: whether to decode them. Without, packets are counted, which is far cheaper, and wrong where a packet holds no
            picture that is shown: hidden frames of VP8, what stands before the first key frame of a recording.
    """
    with opened(path) as container:
        stream, report = picture_tracks(container)[0], ReadReport()
        if decode:
            frames = enumerate(decoded(path, container, stream, report), start=1)
            return np.array([_time(frame, number, stream) - info.origin for number, frame in frames], dtype=float)
        stamps = [
            packet.dts if packet.pts is None else packet.pts  # some containers know only the order of decoding
            for packet in packets(path, container, stream, report)
            if packet.size and not packet.is_discard
        ]
        ticks = np.array([stamp for stamp in stamps if stamp is not None], dtype=float)
        return np.sort(ticks) * float(stream.time_base) - info.origin


def _time(frame: Any, number: int, stream: Any) -> float:
    """Seconds on the file's own clock of its frame `number`, from 1."""
    return float(frame.time if frame.time is not None else (number - 1) / float(stream.average_rate or 25))


class _Display:
    """How the frames of a stream are to be shown; a broadcast may change from 4:3 to 16:9 on the way.

    Attributes:
        matrix: [a, b, c, d] of the display matrix of the frame that was seen last, if it has one; it comes with key frames.
    """

    def __init__(self, stream: Any) -> None:
        self.matrix: np.ndarray | None = None
        self._codec = stream.codec_context
        self._reformatter = needs("av.video.reformatter", "clips", "reading pictures").VideoReformatter()
        self._stream, self._first = stream.sample_aspect_ratio, self._codec.sample_aspect_ratio

    def see(self, frame: Any) -> None:
        """Look at every frame, whether it is shown or not."""
        if frame.key_frame:
            matrix = frame.side_data.get("DISPLAYMATRIX")
            self.matrix = None if matrix is None else np.frombuffer(matrix, np.int32)[[0, 1, 3, 4]].astype(float)

    def resized(self, frame: Any, width: int, height: int, interpolation: str) -> np.ndarray:
        """[height, width, 3] RGB; one converter for all frames, as making one takes longer than using it."""
        scaled = self._reformatter.reformat(
            frame, width=width, height=height, format="rgb24", interpolation=interpolation
        )
        return np.asarray(scaled.to_ndarray())

    def pixel_width(self) -> float:
        """Of the frame that was decoded last, in heights. The container's value takes precedence over the codec's."""
        codec = self._codec.sample_aspect_ratio
        return float((self._stream if codec == self._first else codec) or 1)


def _shown(frame: Any, display: _Display, report: ReadReport) -> np.ndarray:
    """[height, width, 3] the frame with square pixels, turned and mirrored as its metadata say."""
    pixel_width = display.pixel_width()
    wide, high = frame.width * max(1.0, pixel_width), frame.height * max(1.0, 1 / pixel_width)
    scale = min(1.0, _WORKING_SIDE / max(wide, high))
    width, height = max(1, round(wide * scale)), max(1, round(high * scale))
    wider = width > frame.width or height > frame.height
    sharp = wider or (pixel_width != 1 and scale > _MILDLY)  # faces keep their numbers best so
    pixels = display.resized(frame, width, height, "LANCZOS" if sharp else "AREA")
    if display.matrix is not None:
        pixels = _displayed(pixels, display.matrix, report)
    return np.ascontiguousarray(pixels)


def _displayed(pixels: np.ndarray, matrix: np.ndarray, report: ReadReport) -> np.ndarray:
    """The picture under the nearest of the eight quarter turns and mirrorings.

    Args:
        pixels: [height, width, 3].
        matrix: [a, b, c, d] of a display matrix: a point (x, y) is shown at (a x + c y, b x + d y).
        report: where a turn by another angle is noticed.
    """
    a, b, c, d = matrix
    straight, across = abs(a) + abs(d), abs(b) + abs(c)
    report.tilted |= bool(min(straight, across) > _TILTED * max(straight, across))
    if across > straight:
        pixels, a, d = pixels.transpose(1, 0, 2), c, b
    return pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
