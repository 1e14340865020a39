"""The lead of one score over another below which both count as equal."""

import math


def lead_by_chance(clips: int) -> float:
    """A lead in F1 or mAP on so many clips that chance explains: .1 / √clips, a fraction of its standard error.

    Scores of one network that differ by less, with another share of its path, are taken as equal; what breaks the tie is
    stated where it is used.

    Args:
        clips: on which both were measured.

    Example:
        >>> lead_by_chance(400)
        0.005
    """
    return 0.1 / math.sqrt(clips) if clips else 0.0
