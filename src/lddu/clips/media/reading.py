"""From a file's packets to decoded frames on one clock: joined files, damage and unread remains are noticed here."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lddu.clips.media.probe import time_stamps_jump

_BACKWARDS = 0.1  # seconds that a stream's time stamps may go back without having restarted
_REORDERED = 8  # pictures by which a later one may come first
_RETURN = 1.0  # seconds within which a time stamp goes on where an earlier part had ended
_FORWARDS = (
    10.0  # seconds that all streams may jump forwards in a format whose time stamps may jump: FFmpeg's limit too
)

_BEGINNING = re.compile(
    rb"\0\0..ftyp[ -~]{4}|RIFF.{4}(?:WAVE|AVI )|FLV\x01[\x01\x04\x05]\0\0\0\x09|fLaC[\0\x80]\0\0\x22|\x1aE\xdf\xa3"
    rb"|\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c|FORM.{4}AIF[FC]|caff\0\x01",
    re.DOTALL,
)
"""How files of the usual formats begin, whose readers stop at the end of the first."""

LOUDEST = 4.0
"""Full scales: no mix of up to 5.1 channels is louder, each of which lies within full scale."""

_BEYOND = 1e-3  # share of samples that may lie beyond before the whole sound is taken for louder
_OFFSET = 0.02  # of full scale; the loudest voice is 1
_OFFSET_BESIDE = 0.02  # deviations of the sound: 34 dB below it; in a pause, what lies further beside zero is heard
_LEAST_OFFSET = 1e-4  # of full scale: -80 dB
_STILL = 0.9  # share of the frames from which on time stamps that stand still are none
_LOST = 0.1  # share of the sound that may be lost in the mix of all channels
_PIECE, _LONGEST_BEGINNING = 1 << 20, 16


@dataclass
class ReadReport:
    """What was noticed while a file was read, so that what is wrong with it is used around and noted.

    Attributes:
        packets: that could not be decoded.
        joints: how often the time stamps restarted or jumped; the parts were read as one.
        unread: share of the file's bytes that begin another file behind the first and are not read.
        tilted: whether pictures are to be turned by an angle that is no quarter turn.
        loud: seconds of sound that is not near silence.
        cancelled: of these, seconds in which the channels cancel each other when they are mixed.
        energy: power times seconds, by channel.
        total: of all samples that were read.
        squares: of all samples, added up.
        samples: how many these are.
        timed: frames of sound that have a time.
        still: of these, how many have that of the frame before.
        beyond: power of two above `LOUDEST` -> samples that are as large and smaller than the next power.
    """

    packets: int = 0
    joints: int = 0
    unread: float = 0.0
    tilted: bool = False
    loud: float = 0.0
    cancelled: float = 0.0
    energy: list[float] = field(default_factory=list)
    total: float = 0.0
    squares: float = 0.0
    samples: int = 0
    timed: int = 0
    still: int = 0
    beyond: Counter[int] = field(default_factory=Counter)

    def see(self, samples: np.ndarray) -> None:
        """Count samples, in full scales; those beyond `LOUDEST` for as much in the total, since a few of them are damage."""
        within = samples.clip(-LOUDEST, LOUDEST)
        self.total += float(within.sum(dtype=np.float64))
        self.squares += float(within @ within)
        self.samples += len(samples)
        if len(samples) and max(samples.max(), -samples.min()) >= LOUDEST:
            large = np.abs(samples)
            self.beyond.update((np.frexp(large[large >= LOUDEST])[1] - 1).tolist())

    @property
    def stands_still(self) -> bool:
        """Whether time stamps of sound say nothing, as those of old RealAudio, which are all 0; a packet that comes twice is damage."""
        return self.still > _STILL * self.timed

    @property
    def scale(self) -> float:
        """What full scale is taken for: 1, or the power of two below which nearly all samples lie, where many are beyond `LOUDEST`.

        A few that are beyond are damage, and cut off.
        """
        left, rest = sum(self.beyond.values()), _BEYOND * self.samples
        if left <= rest:
            return 1.0
        for power in sorted(self.beyond):
            left -= self.beyond[power]
            if left <= rest:
                return 2.0 ** (power + 1)
        raise AssertionError("nothing is left beyond the largest")

    @property
    def offset(self) -> float:
        """By how much the whole sound lies beside zero, as cheap sound cards leave it; 0 where that is next to nothing.

        It is known once what full scale is has been settled.
        """
        mean, power = self.total / max(1, self.samples), self.squares / max(1, self.samples)
        beside = _OFFSET_BESIDE * math.sqrt(max(0.0, power - mean**2))
        return mean if self.scale == 1 and abs(mean) > min(_OFFSET, max(_LEAST_OFFSET, beside)) else 0.0

    @property
    def channel(self) -> int | None:
        """The loudest channel, where the mix of all lost more than a tenth of the sound; else None."""
        if not self.cancelled > _LOST * self.loud:
            return None
        return max(range(len(self.energy)), key=lambda channel: self.energy[channel])


@dataclass
class _Place:
    """Where a stream is: seconds of a tick, its part, and in that the latest time of showing and the last order of decoding."""

    unit: float
    is_video: bool
    part: int | None = None
    latest: float = -math.inf
    order: float = -math.inf

    def went_back(self, dts: int | None, time: float, length: float) -> bool:
        """Whether the stream begins anew: coders put a few pictures before earlier ones, but never decode in another order."""
        if dts is not None and dts >= self.order:
            return False
        return time < self.latest - max(_BACKWARDS, _REORDERED * length if self.is_video else 0.0)


class Timeline:
    """One clock for a file of several parts whose time stamps begin anew, as if each part followed the one before.

    Packets pass in the order of the file. The first stream that goes backwards begins a part, which is moved to the end of
    all that was read; the other streams follow when they go backwards too.

    Args:
        may_jump: whether the format is one in which a long jump forwards is a new part as well, not a pause.
    """

    def __init__(self, may_jump: bool) -> None:
        self.offsets = [0.0]
        self._may_jump = may_jump
        self._streams: dict[int, _Place] = {}
        self._reached = -math.inf

    def place(self, packet: Any) -> None:
        """Put the packet's time stamps on the one clock."""
        pts, dts = packet.pts, packet.dts
        if pts is None and dts is None:
            return
        place = self._streams.get(packet.stream_index)
        if place is None:
            place = self._streams[packet.stream_index] = _Place(float(packet.time_base), packet.stream.type == "video")
        time, length = (dts if pts is None else pts) * place.unit, (packet.duration or 0) * place.unit
        part = self._part_of(place, place.went_back(dts, time, length), time)
        place.latest = time if part != place.part else max(time, place.latest)
        place.part, place.order = part, place.order if dts is None else dts
        offset = self.offsets[part]
        self._reached = max(self._reached, time + offset + length)
        if offset:
            ticks = round(offset / place.unit)
            packet.pts = None if pts is None else pts + ticks
            packet.dts = None if dts is None else dts + ticks

    def _part_of(self, place: _Place, back: bool, time: float) -> int:
        """The part to which a stream's next packet belongs, which is shown at a time and may lie back from the one before."""
        part = place.part
        if part is None:
            return self._nearest(time, 0, _FORWARDS, len(self.offsets) - 1)
        if back:
            return self._nearest(time, part + 1, _FORWARDS, None)
        if self._ahead(time, part) > _FORWARDS and (self._may_jump or part):
            # back to an earlier part where a single time stamp was wrong
            return self._nearest(time, 0, _RETURN, None if self._may_jump else part)
        return part

    def _nearest(self, time: float, first: int, reach: float, otherwise: int | None) -> int:
        """The part, from `first` on, that puts the time stamp next to all that was read; None makes a new one if none does."""
        parts = range(first, len(self.offsets))
        nearest = min(parts, key=lambda part: abs(self._ahead(time, part)), default=None)
        if nearest is not None and abs(self._ahead(time, nearest)) <= reach:
            return nearest
        if otherwise is None:
            self.offsets.append(self._reached - time)
            return len(self.offsets) - 1
        return otherwise

    def _ahead(self, time: float, part: int) -> float:
        return time + self.offsets[part] - self._reached


def decoded(path: Path, container: Any, stream: Any, report: ReadReport) -> Iterator[Any]:
    """Decoded frames of the stream; packets that cannot be decoded are counted and left out."""
    import av

    for packet in packets(path, container, stream, report):
        try:
            yield from packet.decode()
        except (av.error.FFmpegError, ValueError):
            report.packets += 1


def packets(path: Path, container: Any, stream: Any, report: ReadReport) -> Iterator[Any]:
    """What the file holds of the stream, as far as it can be read, on one clock, and at the end an empty packet.

    Packets of all streams are looked at, because only together do they say where a joined file's parts begin.
    """
    import av

    timeline, demuxer, end = Timeline(time_stamps_jump(container)), container.demux(), 0
    index, timed = stream.index, {s.index for s in container.streams if s.type in ("audio", "video")}
    while True:
        try:
            packet = next(demuxer)
        except StopIteration:
            report.joints, report.unread = len(timeline.offsets) - 1, _unread(path, end)
            return
        except (av.error.FFmpegError, OSError):  # the file ends in the middle, or its index is wrong from here on
            report.packets += 1
            report.joints = len(timeline.offsets) - 1
            return
        # an empty packet, which makes a decoder give what it holds back, says in PyAV 18.1 that it is of stream 0, whosever it is
        number = packet.stream_index if packet.size else packet.stream.index
        if packet.size and number in timed:
            timeline.place(packet)
        begin = packet.pos
        if begin is not None and begin + packet.size > end:
            end = begin + packet.size
        if number == index:
            yield packet


def _unread(path: Path, end: int) -> float:
    """Share of the file that begins with a further file behind byte `end`, where its last packet ends; 0 where none does."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(end)
        place, tail = end, b""
        while 0 < end < size and (piece := stream.read(_PIECE)):
            match = _BEGINNING.search(tail + piece)
            if match:
                return (size - (place - len(tail) + match.start())) / size
            place, tail = place + len(piece), piece[-_LONGEST_BEGINNING:]
    return 0.0
