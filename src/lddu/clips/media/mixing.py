"""Frames of any format and any number of channels -> mono samples at 16 kHz, and whether the channels cancel each other.

Sound recorded with one cable of a pair turned over has the voice in both channels, once upside down: their mean is next to
silence. Whoever mixes has to look at what comes out.
"""

from typing import Any

import numpy as np

from lddu.clips.media.reading import ReadReport

SAMPLE_RATE = 16_000
"""Samples per second of all sound here."""

_LOOK = 0.5  # seconds of sound that are judged together
_EVERY = 0.15  # seconds of sound of which one frame is looked at: that costs next to nothing
_SAMPLES = 512  # of a frame that are looked at, evenly within it: power needs no more
_LOUD = 1e-6  # power from which sound is no silence: -60 dB
_LOST_OF_TWO = 0.1  # share of the louder channel's power: a voice in one of two channels alone keeps .25
_LOST_OF_MORE = 0.01  # a voice in the softest channel of 5.1 alone keeps .02
_MOST_CHANNELS = 8  # beyond, a voice in one channel alone is as soft as that

NOTHING = np.zeros(0, np.float32)


class Mixer:
    """Mixes frames, whose format may change from one to the next.

    Args:
        channel: the only one to take; None mixes all.
        report: where channels are counted that cancel each other.
    """

    def __init__(self, channel: int | None, report: ReadReport) -> None:
        self._channel, self._report = channel, report
        self._format: tuple[str, str, int] | None = None
        self._resampler: Any = None
        self._look, self._unseen = _Look(report), 0.0

    def mixed(self, frame: Any) -> tuple[np.ndarray, np.ndarray]:
        """The rest of frames of another format that came before, mostly nothing, and the samples of this one."""
        import av

        before, now = NOTHING, (frame.format.name, frame.layout.name, frame.sample_rate)
        if now != self._format:
            before, self._format = self.rest(), now
            self._resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        if frame.layout.nb_channels == 1:
            return before, self._samples(frame)
        if self._channel is not None:
            return before, self._samples(_alone(frame, _channels(frame), self._channel))
        block = self._samples(frame)
        self._unseen += frame.samples / frame.sample_rate
        if self._unseen >= _EVERY:
            step = max(1, frame.samples // _SAMPLES)
            self._look.add(_channels(frame, step), block, self._unseen)
            self._unseen = 0.0
        return before, block

    def rest(self) -> np.ndarray:
        """What the resampler still holds at the end."""
        return NOTHING if self._resampler is None else self._samples(None)

    def _samples(self, frame: Any) -> np.ndarray:
        parts = [part.to_ndarray().reshape(-1) for part in self._resampler.resample(frame)]
        return np.concatenate(parts) if parts else NOTHING


class _Look:
    """Compares the mix with its loudest channel, half a second after the other."""

    def __init__(self, report: ReadReport) -> None:
        self._report = report
        self._begin()

    def _begin(self) -> None:
        self._energy: list[float] = []
        self._mix = self._seconds = 0.0

    def add(self, channels: np.ndarray, block: np.ndarray, seconds: float) -> None:
        """Channels [C, n] that stand for so many seconds, and the mix of about the same time."""
        if not channels.shape[1]:
            return
        if len(channels) != len(self._energy):
            self._begin()
            self._energy = [0.0] * len(channels)
        weight = seconds / channels.shape[1]
        energy = [weight * float(channel @ channel) for channel in channels]
        if len(channels) == 2:
            self._mix += 0.25 * (sum(energy) + 2 * weight * float(channels[0] @ channels[1]))
        elif len(block):
            self._mix += seconds / len(block) * float(block @ block)
        self._energy = [before + now for before, now in zip(self._energy, energy, strict=True)]
        self._seconds += seconds
        if self._seconds >= _LOOK:
            self._judge()

    def _judge(self) -> None:
        report, count = self._report, len(self._energy)
        loudest = max(self._energy)
        if loudest > _LOUD * self._seconds and count <= _MOST_CHANNELS:
            report.loud += self._seconds
            if self._mix < (_LOST_OF_TWO if count == 2 else _LOST_OF_MORE) * loudest:
                report.cancelled += self._seconds
        longer = max(count, len(report.energy))
        report.energy = [
            sum(row[channel] for row in (report.energy, self._energy) if channel < len(row))
            for channel in range(longer)
        ]
        self._begin()


def _channels(frame: Any, every: int = 1) -> np.ndarray:
    """[C, n] samples of a frame as float32, in [-1, 1]; one of `every`."""
    values = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, frame.layout.nb_channels).T
    values = values[:, ::every]
    if values.dtype == np.uint8:
        return np.asarray((values.astype(np.float32) - 128) / 128)
    if values.dtype.kind in "iu":
        return np.asarray(values.astype(np.float32) / float(np.iinfo(values.dtype).max))
    return np.asarray(values, np.float32)


def _alone(frame: Any, channels: np.ndarray, channel: int) -> Any:
    """A mono frame of one channel; a frame that has fewer gives its last."""
    import av

    row = min(channel, len(channels) - 1)
    mono = av.AudioFrame.from_ndarray(np.ascontiguousarray(channels[row : row + 1]), format="fltp", layout="mono")
    mono.sample_rate, mono.time_base, mono.pts = frame.sample_rate, frame.time_base, frame.pts
    return mono
