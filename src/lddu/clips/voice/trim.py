"""Silence before and after a clip's voice is left out: how long a recording ran on is no property of speech.

A speech encoder takes silence for speech of a kind: with a second of it at each end, the mean over a clip is one of a sad voice. Silence is
what a room sounds like while nobody speaks, and no room is silent: even and unvoiced, however loud.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lddu.clips.steps import Steps
from lddu.clips.voice.measured import COLUMNS, loudest_voice
from lddu.clips.voice.stretches import STEP_SECONDS

Stretch = tuple[float, float]
"""Seconds, from and to."""

_PERCENTILE = 95
"""Of the loudness of all steps: what is loud, whatever clicks."""

_BELOW = 35.0
"""Decibels below what is loud, where a step counts as silence in any room."""

LOUDEST_SILENCE = -60.0
"""Decibels of full scale; where all of a clip stays below, no voice is heard."""

_ROOM_STEPS = round(0.4 / STEP_SECONDS)
_ROOM_SPREAD = 6.0
_ROOM_VOICED = 0.4
"""The noise of a room is recognised by so many steps in a row whose loudness differs by so few decibels and of which so few are voiced."""

_ROOM_BELOW = 12.0
"""Decibels below what is loud; what is even and louder may be a voice."""

_ABOVE_ROOM = 6.0
"""Decibels above the noise of its room, up to which a step counts as silence."""

_LASTING = 2
"""Steps in a row; where others last so long, what is shorter is a click and no voice."""


def specification() -> dict[str, Any]:
    """What the trimming of a feature depends on."""
    return {
        "version": 1,
        "percentile": _PERCENTILE,
        "below_db": _BELOW,
        "silence_db": LOUDEST_SILENCE,
        "above_room_db": _ABOVE_ROOM,
    }


def trimmed(measured: Steps, stretches: Sequence[Stretch], relative: bool = False) -> list[Stretch | None]:
    """Each stretch from the first to the last of its steps that is not silence; None where all of it is.

    Args:
        measured: the voice of the whole file, as `lddu.clips.voice.measured` gives it.
        stretches: within the file.
        relative: whether a stretch ends where it would if the file had been recorded louder or softer, as long as anything in it is as
            loud as `LOUDEST_SILENCE`; else all that is softer is cut off.
    """
    loudness, voiced = (measured.values[:, COLUMNS.index(name)] for name in ("loudness_db", "voiced"))
    loud = float(np.percentile(loudness, _PERCENTILE)) if len(loudness) else 0.0
    loudest = max(loud, loudest_voice(loudness, voiced))
    middle = (measured.start + measured.end) / 2
    spans: list[Stretch | None] = []
    for start, end in stretches:
        steps = np.flatnonzero((middle >= start) & (middle < end))
        cut = _cut(loudness[steps], voiced[steps], loud, loudest)
        heard = steps[_lasting(loudness[steps] >= (cut if relative else max(cut, LOUDEST_SILENCE)))]
        if len(heard) and loudness[steps].max() >= LOUDEST_SILENCE:
            first, last = float(measured.start[heard[0]]), float(measured.end[heard[-1]])
            spans.append((max(start, first), min(end, last)))
        else:
            spans.append(None)
    return spans


def _cut(loudness: np.ndarray, voiced: np.ndarray, loud: float, loudest: float) -> float:
    """From which loudness on a step of a stretch is heard.

    Args:
        loudness: [T] of the steps of the stretch.
        voiced: [T].
        loud: what is loud in the file, where one shout among hours makes nothing softer.
        loudest: its loudest voice, beside which a room is known for one where hours hold one sentence.
    """
    below = max(loud, loudest_voice(loudness, voiced)) - _BELOW
    room = _room(loudness, voiced)
    return max(below, room + _ABOVE_ROOM) if room <= loudest - _ROOM_BELOW else below


def _room(loudness: np.ndarray, voiced: np.ndarray) -> float:
    """Loudness of the room in which nobody speaks for a while: the middle one of its even stretches; infinite where somebody always does."""
    if len(loudness) < _ROOM_STEPS:
        return np.inf
    levels = np.lib.stride_tricks.sliding_window_view(loudness, _ROOM_STEPS)
    unvoiced = np.lib.stride_tricks.sliding_window_view(voiced, _ROOM_STEPS).mean(axis=1) <= _ROOM_VOICED
    even = levels[unvoiced & (np.ptp(levels, axis=1) <= _ROOM_SPREAD)].mean(axis=1)
    return float(np.median(even[even <= even.min() + _ABOVE_ROOM])) if len(even) else np.inf


def _lasting(heard: np.ndarray) -> np.ndarray:
    """[T] the steps of those that are heard which last, or all where none does."""
    if len(heard) < _LASTING:
        return heard
    runs = np.lib.stride_tricks.sliding_window_view(heard, _LASTING).all(axis=1)
    lasting = np.convolve(runs, np.ones(_LASTING)) > 0
    return lasting if lasting.any() else heard
