"""Silence before and after a clip's voice is left out: how long a recording ran on says nothing of how somebody speaks.

A speech encoder takes silence for speech of a kind: with a second of it at each end, the mean over a clip is one of a sad voice.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lddu.clips.steps import Steps
from lddu.clips.voice.measured import COLUMNS

Stretch = tuple[float, float]
"""Seconds, from and to."""

_PERCENTILE = 95
"""Of the loudness of all steps of a file: what is loud in it, whatever clicks."""

_BELOW = 35.0
"""Decibels below what is loud in the file, where a step counts as silence."""


LOUDEST_SILENCE = -60.0
"""Decibels of full scale; no step of a voice that is heard stays below."""


def specification() -> dict[str, Any]:
    """What the trimming of a feature depends on."""
    return {"percentile": _PERCENTILE, "below_db": _BELOW, "silence_db": LOUDEST_SILENCE}


def trimmed(measured: Steps, stretches: Sequence[Stretch]) -> list[Stretch | None]:
    """Each stretch from the first to the last of its steps that is not silence; None where all of it is.

    Args:
        measured: the voice of the whole file, as `lddu.clips.voice.measured` gives it.
        stretches: within the file.
    """
    loudness = measured.values[:, COLUMNS.index("loudness_db")]
    loud = np.percentile(loudness, _PERCENTILE) if len(loudness) else 0.0
    heard = loudness >= max(loud - _BELOW, LOUDEST_SILENCE)
    middle = (measured.start + measured.end) / 2
    found: list[Stretch | None] = []
    for start, end in stretches:
        own = np.flatnonzero(heard & (middle >= start) & (middle < end))
        if len(own):
            first, last = float(measured.start[own[0]]), float(measured.end[own[-1]])
            found.append((max(start, first), min(end, last)))
        else:
            found.append(None)
    return found
