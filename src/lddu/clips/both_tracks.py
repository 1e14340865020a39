"""The sound of a file measured in a thread beside its pictures: both mostly decode, or compute outside Python."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

from lddu.clips.tracks import OnShare

SOUND_SHARE = 0.15
"""Share of a video's work that its sound takes."""

Sound = TypeVar("Sound")
Face = TypeVar("Face")

_LOOK = 0.2  # seconds between looks at how far the sound is, where the pictures are done


class _StoppedError(Exception):
    """Ends the thread once nothing waits for it."""


class _Shares:
    """How far both are; only the caller's thread calls `watch`."""

    def __init__(self, watch: OnShare) -> None:
        self.stopped = Event()
        self._watch, self._heard, self._seen = watch, 0.0, 0.0

    def heard(self, share: float) -> None:
        if self.stopped.is_set():
            raise _StoppedError
        self._heard = share

    def seen(self, share: float) -> None:
        self._seen = share
        self.say()

    def say(self) -> None:
        self._watch(SOUND_SHARE * self._heard + (1 - SOUND_SHARE) * self._seen)


def both_tracks(
    sound: Callable[[OnShare], Sound], face: Callable[[OnShare], Face], watch: OnShare
) -> tuple[Sound, Face]:
    """What `sound`, in a thread, and `face`, here, return.

    Args:
        sound: called with a callback for the share of it that is done; not to touch what `face` touches.
        face: likewise.
        watch: called with the share of both that is done, from this thread alone.
    """
    shares = _Shares(watch)
    with ThreadPoolExecutor(1, "lddu-sound") as pool:
        try:
            heard = pool.submit(sound, shares.heard)
            seen = face(shares.seen)
            while not wait([heard], timeout=_LOOK).done:
                shares.say()
            return heard.result(), seen
        except BaseException:
            shares.stopped.set()
            raise
