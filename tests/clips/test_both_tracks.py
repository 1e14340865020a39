"""Sound and pictures are worked off side by side, and each fault and each share reaches the caller."""

import threading

import pytest

from lddu.clips.both_tracks import SOUND_SHARE, both_tracks
from lddu.clips.tracks import OnShare


def test_both_results_come_back_and_shares_are_said_by_the_callers_thread() -> None:
    said: list[tuple[float, int]] = []
    half_heard = threading.Event()

    def sound(watch: OnShare) -> str:
        watch(0.5)
        half_heard.set()
        watch(1.0)
        return "heard"

    def face(watch: OnShare) -> str:
        assert half_heard.wait(10)
        watch(1.0)
        return "seen"

    found = both_tracks(sound, face, lambda share: said.append((share, threading.get_ident())))
    assert found == ("heard", "seen")
    assert 1 - SOUND_SHARE / 2 <= said[0][0] <= 1 + 1e-9
    assert {thread for _, thread in said} == {threading.get_ident()}


def test_a_fault_of_the_pictures_ends_the_sound() -> None:
    ended = threading.Event()

    def sound(watch: OnShare) -> None:
        try:
            while True:
                watch(0.1)
        finally:
            ended.set()

    def face(watch: OnShare) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        both_tracks(sound, face, lambda _: None)
    assert ended.is_set()


def test_a_fault_of_the_sound_is_the_callers() -> None:
    def sound(watch: OnShare) -> None:
        raise ValueError("no sound")

    with pytest.raises(ValueError, match="no sound"):
        both_tracks(sound, lambda _: None, lambda _: None)
