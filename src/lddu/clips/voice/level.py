"""Every clip is heard at one level: how far away a microphone stood and how a recorder was set is no property of speech.

A speech encoder hears loudness as well as tone, and takes a soft recording for a calm voice. What lies within a clip keeps its differences.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from lddu.clips.steps import Steps
from lddu.clips.voice.measured import COLUMNS
from lddu.clips.voice.trim import LOUDEST_SILENCE, Stretch

_LEVEL = -20.0
"""Decibels of full scale at which a clip's loud steps are heard."""

_PERCENTILE = 95
"""Of the loudness of a clip's steps: what is loud, whatever clicks."""

_LOUDEST_GAIN = _LEVEL - LOUDEST_SILENCE
"""Decibels by which a clip is made louder at most: what is softer is silence."""


def specification() -> dict[str, Any]:
    """What the level of a feature depends on."""
    return {"version": 1, "percentile": _PERCENTILE, "level_db": _LEVEL, "loudest_gain_db": _LOUDEST_GAIN}


def gain(measured: Steps, stretches: Sequence[Stretch]) -> float:
    """The factor that brings the loud steps of a clip to the level at which every clip is heard.

    Args:
        measured: the voice of the whole file, as `lddu.clips.voice.measured` gives it.
        stretches: of the clip, without silence; its turns where it is of one speaker among several. Of none, or where no step lies
            in them, 1.
    """
    loudness = measured.within(stretches).values[:, COLUMNS.index("loudness_db")]
    if not len(loudness):
        return 1.0
    missing = _LEVEL - float(np.percentile(loudness, _PERCENTILE))
    return float(10 ** (min(missing, _LOUDEST_GAIN) / 20))


def amplified(blocks: Iterable[np.ndarray], factor: float) -> Iterator[np.ndarray]:
    """Blocks of samples times the factor, as float32: nothing is clipped."""
    return (block * np.float32(factor) for block in blocks)
