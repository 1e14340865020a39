"""Silence before and after a clip's voice is left out: how long a recording ran on is no property of speech.

A speech encoder takes silence for speech of a kind: with a second of it at each end, the mean over a clip is one of a sad voice. Silence is
what a room sounds like while nobody speaks, and no room is silent: even and unvoiced, however loud.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lddu.clips.steps import Steps
from lddu.clips.voice.measured import COLUMNS, MOSTLY_VOICED, in_stretches, loudest_voice, silent, voicing
from lddu.clips.voice.stretches import STEP_SECONDS

Stretch = tuple[float, float]
"""Seconds, from and to."""

_PERCENTILE = 95
"""Of the loudness of all steps: what is loud, whatever clicks."""

BELOW = 35.0
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

_SYLLABLE = round(0.25 / STEP_SECONDS)
_APART = round(0.35 / STEP_SECONDS)
"""Steps: what is shorter, unvoiced and so many away from all else is a knock or a smack of lips, and no consonant."""

_NOISY = 10.0
"""Decibels by which a room raises what is heard, from which on speech too stands out of it in short pieces."""


def specification() -> dict[str, Any]:
    """What the trimming of a feature depends on."""
    return {
        "version": 1,
        "percentile": _PERCENTILE,
        "below_db": BELOW,
        "silence_db": LOUDEST_SILENCE,
        "above_room_db": _ABOVE_ROOM,
    }


def trimmed(measured: Steps, stretches: Sequence[Stretch], relative: bool = False) -> list[Stretch | None]:
    """Each stretch from the first to the last of its steps that is not silence; None where all of it is.

    Args:
        measured: the voice of the whole file, as `lddu.clips.voice.measured` gives it; where a speaker is known, of this speaker's turns.
        stretches: within the file.
        relative: whether a stretch ends where it would if the file had been recorded louder or softer, as long as anything in it is as
            loud as `LOUDEST_SILENCE`, where it would without digital silence, hum and knocks around what is said, and, where half a
            second of it is voiced, where it would by itself, however loud the rest of the file is; else all that is softer than
            `LOUDEST_SILENCE` is cut off, digital silence is one of a room, and every sound that lasts is one of the voice.
    """
    loudness = measured.values[:, COLUMNS.index("loudness_db")]
    voiced = voicing(measured) if relative else measured.values[:, COLUMNS.index("voiced")]
    recorded = ~silent(measured) if relative else np.ones(len(loudness), bool)
    loud = float(np.percentile(loudness[recorded], _PERCENTILE)) if recorded.any() else 0.0
    if relative and np.isneginf(loudest_voice(loudness, voiced)):  # a word in a long silence is less than a twentieth
        loud = max(loud, _brief_voice(loudness, recorded & (voiced >= MOSTLY_VOICED)))
    loudest = max(loud, loudest_voice(loudness, voiced))
    middle = (measured.start + measured.end) / 2
    spans: list[Stretch | None] = []
    for start, end in stretches:
        steps = np.flatnonzero((middle >= start) & (middle < end))
        own = _Stretch(loudness[steps], voiced[steps], recorded[steps])
        below, beside, alone = max(loud, loudest_voice(own.loudness, own.voiced)) - BELOW, loudest, own.loud()
        if relative and alone >= loud - BELOW:  # soft beside the file, and yet no silence in it
            below, beside = alone - BELOW, alone
        room = own.room()
        cut = max(below, room + _ABOVE_ROOM) if room <= beside - _ROOM_BELOW else below
        quiet = relative and cut <= below + _NOISY
        heard = steps[own.heard(cut if relative else max(cut, LOUDEST_SILENCE), quiet)]
        if len(heard) and own.loudness.max() >= LOUDEST_SILENCE:
            first, last = float(measured.start[heard[0]]), float(measured.end[heard[-1]])
            spans.append((max(start, first), min(end, last)))
        else:
            spans.append(None)
    return spans


@dataclass(frozen=True)
class _Stretch:
    """The steps of a stretch.

    Attributes:
        loudness: [T] decibels.
        voiced: [T] share of each.
        recorded: [T] whether it may be one of a room or a voice.
    """

    loudness: np.ndarray
    voiced: np.ndarray
    recorded: np.ndarray

    def loud(self) -> float:
        """Decibels of what is loud in it; minus infinity where less than half a second is voiced."""
        loudness = self.loudness[self.recorded]
        voice = loudest_voice(loudness, self.voiced[self.recorded])
        return max(voice, float(np.percentile(loudness, _PERCENTILE))) if np.isfinite(voice) else voice

    def room(self) -> float:
        """Loudness of the room in which nobody speaks for a while: the middle one of its even stretches; infinite where somebody always does."""
        if len(self.loudness) < _ROOM_STEPS:
            return np.inf
        levels, voices, recorded = (
            sliding_window_view(row, _ROOM_STEPS) for row in (self.loudness, self.voiced, self.recorded)
        )
        unvoiced = voices.mean(axis=1) <= _ROOM_VOICED
        rooms = levels[unvoiced & recorded.all(axis=1) & (np.ptp(levels, axis=1) <= _ROOM_SPREAD)].mean(axis=1)
        return float(np.median(rooms[rooms <= rooms.min() + _ABOVE_ROOM])) if len(rooms) else np.inf

    def heard(self, cut: float, quiet: bool) -> np.ndarray:
        """[N] numbers of the steps that are as loud as `cut` and last, or of all that are as loud, where none does.

        Where it is `quiet` around them, those that stand apart and do not last as long as a syllable are knocks, and left out.
        """
        sounds = self.recorded & (self.loudness >= cut)
        lasting = np.flatnonzero(_lasting(sounds))
        if not len(lasting):
            return np.flatnonzero(sounds)
        groups = np.split(lasting, np.flatnonzero(np.diff(lasting) > _APART) + 1)
        said = [g for g in groups if g[-1] - g[0] + 1 >= _SYLLABLE or (self.voiced[g] >= MOSTLY_VOICED).any()]
        return np.concatenate(said) if quiet and said else lasting


def _brief_voice(loudness: np.ndarray, voice: np.ndarray) -> float:
    """Decibels that all of `_LASTING` steps of a voice reach, of those that last; minus infinity where none do."""
    lasting = loudness[_lasting(voice)]
    return float(np.partition(lasting, -_LASTING)[-_LASTING]) if len(lasting) else -np.inf


def _lasting(sounds: np.ndarray) -> np.ndarray:
    """[T] which of the steps are sounds that last."""
    if len(sounds) < _LASTING:
        return np.zeros(len(sounds), bool)
    return in_stretches(np.asarray(sliding_window_view(sounds, _LASTING).all(axis=1)), _LASTING)
