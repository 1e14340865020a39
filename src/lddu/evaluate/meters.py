"""Whether a run's noise readings can be relied on: do they rise when noise is added?"""

from collections.abc import Mapping, Sequence
from typing import Any

RESPONSIVE = 0.9
"""Share of the clips in which the reading of a meter that responds to noise rises with the loudest."""


def unresponsive_meters(points: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """A sentence for each modality whose reading does not rise with its noise in most clips, as it should.

    Args:
        points: modality -> what became of each corruption: the fields of `lddu.runs.robustness.Point`.
    """
    sentences = []
    for modality, measured in points.items():
        noisy = [point for point in measured if point["kind"] == "noise" and point.get("noise_risen") is not None]
        loudest = max(noisy, key=lambda point: float(point["size"]), default=None)
        if loudest is not None and loudest["noise_risen"] < RESPONSIVE:
            sentences.append(
                f"the noise reading of {modality} hardly rises with its noise in this run (at {loudest['size']:g} deviations "
                f"in {loudest['noise_risen']:.0%} of the clips): do not go by it"
            )
    return sentences
