"""The sound of a file as mono at 16 kHz, end to end, as long as it really is."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lddu.clips.media.files import opened, sound_tracks
from lddu.clips.media.mixing import SAMPLE_RATE, Mixer
from lddu.clips.media.probe import MediaInfo, stream_end
from lddu.clips.media.reading import LOUDEST, ReadReport, decoded
from lddu.errors import SourceError

_TOLERATED_GAP = 0.04  # seconds; smaller deviations of time stamps are rounding, not pauses
_LONGEST_PAUSE = 6 * 3600.0  # a jump beyond this is a broken time stamp, not silence
_PADDING = 2  # frames that a codec adds at most at the end


def read_sound(path: Path, info: MediaInfo, report: ReadReport) -> Iterator[np.ndarray]:
    """Blocks [n] of mono float32 samples at 16 kHz, end to end from time 0; at most some seconds each.

    Full scale is 1. What channels that agree add up to beyond it, and what a file of floats holds there, stays as it is, for cut
    off it would be another sound.

    Raises:
        SourceError: where no sound at all can be decoded although there is a track.
    """
    with opened(path) as container:
        stream = sound_tracks(container)[0]
        end, track = stream_end(stream), _Track(info, report)
        limit = None if end is None or info.estimated else round((end - info.origin) * SAMPLE_RATE)
        for piece in _trimmed(track.pieces(decoded(path, container, stream, report)), limit, track):
            finite = piece if np.isfinite(piece).all() else np.nan_to_num(piece, posinf=LOUDEST, neginf=-LOUDEST)
            scaled = finite / np.float32(info.scale) if info.scale != 1 else finite
            report.see(scaled)
            yield np.clip(scaled - np.float32(info.offset) if info.offset else scaled, -LOUDEST, LOUDEST)
        if not track.frames:
            raise SourceError(f"Expected sound in {path}, but none of it can be decoded; convert or repair the file.")


class _Track:
    """One track on its way to samples; `padding` is how many samples its codec may add at the end.

    Frames without a time follow the one before. What the next time stamp lies before their end, it lacks them, as where FLAC
    files are joined: then all that follows is moved behind them, instead of cut.
    """

    def __init__(self, info: MediaInfo, report: ReadReport) -> None:
        self.frames, self.padding = 0, 0
        self._origin, self._written = info.origin, 0
        self._untimed, self._moved = 0, 0
        self._timed, self._report = info.timed, report
        self._time: float | None = None
        self._mixer = Mixer(info.channel, report)

    def pieces(self, frames: Iterable[Any]) -> Iterator[np.ndarray]:
        """Samples of the frames, end to end."""
        for frame in frames:
            self.frames += 1
            self.padding = max(self.padding, round(_PADDING * frame.samples / frame.sample_rate * SAMPLE_RATE))
            due = self._due(frame.time)
            before, block = self._mixer.mixed(frame)
            if len(before):
                yield from self._counted(before, None)
            due = self._behind_untimed(due, len(block))
            yield from self._counted(block, due)
        yield from self._counted(self._mixer.rest(), None)

    def _due(self, time: float | None) -> int | None:
        """The sample at which a frame begins by its time stamp; None where it has none, or none that is followed."""
        if time is None or not self._timed:
            return None
        self._report.timed += 1
        self._report.still += time == self._time
        self._time = time
        return round((time - self._origin) * SAMPLE_RATE)

    def _behind_untimed(self, due: int | None, samples: int) -> int | None:
        """When a frame is due, behind those without a time; all in samples."""
        if due is None:
            self._untimed += samples
            return None
        lacking = self._written - due - self._moved
        if lacking > _TOLERATED_GAP * SAMPLE_RATE and lacking <= self._untimed + samples:
            self._moved += lacking
        self._untimed = 0
        return due + self._moved

    def _counted(self, block: np.ndarray, due: int | None) -> Iterator[np.ndarray]:
        for piece in _placed(block, due, self._written):
            self._written += len(piece)
            if len(piece):
                yield piece


def _placed(block: np.ndarray, due: int | None, written: int) -> Iterator[np.ndarray]:
    """The block, with silence before it where the stream pauses, or its beginning cut where the stream overlaps."""
    gap = 0 if due is None else due - written
    if gap > _TOLERATED_GAP * SAMPLE_RATE and gap < _LONGEST_PAUSE * SAMPLE_RATE:
        for begin in range(0, gap, SAMPLE_RATE):
            yield np.zeros(min(SAMPLE_RATE, gap - begin), np.float32)
    elif gap < -_TOLERATED_GAP * SAMPLE_RATE:
        block = block[min(len(block), -gap) :]
    yield block


def _trimmed(pieces: Iterable[np.ndarray], limit: int | None, track: _Track) -> Iterator[np.ndarray]:
    """The pieces without what a codec adds at the end: a frame or two beyond the length that the file states.

    Where more comes, the length was an estimate or that of a first part, and nothing is cut off.
    """
    written, held = 0, []
    for piece in pieces:
        room = len(piece) if limit is None else max(0, limit - written)
        if room:
            yield piece[:room]
        if room < len(piece):
            held.append(piece[room:])
        written += len(piece)
        if limit is not None and written > limit + track.padding:
            yield from held
            limit, held = None, []
