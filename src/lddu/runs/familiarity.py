"""Clips beside the validation clips of a run: which are noisier, and which are out of distribution."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.runs.predictions import Predictions, read_predictions
from lddu.runs.run_folder import RunFolder

FEWEST_VALIDATION_CLIPS = 20
"""Validation clips that a modality needs; a share or a maximum of fewer is too uncertain."""

FAR = 2.0
"""Times the largest distance among validation clips beyond which a clip's modality is out of distribution."""

_MOST_NAMED = 3


class Familiarity:
    """Compares clips with the validation clips of a run: noise and distance from training.

    Args:
        folder: of the run; one without `predictions.parquet`, or an older one, knows less and still predicts.

    Attributes:
        farthest: [M] largest distance of a validation clip, NaN where these are too few; None where no distance is known.
    """

    def __init__(self, folder: RunFolder) -> None:
        path = folder.path / "predictions.parquet"
        found = read_predictions(path) if path.is_file() else None
        valid = None if found is None else found.rows(found.split == "valid")
        self._noise = None if valid is None else _noise(valid)
        distance = None if valid is None else valid.modality_distance
        self.farthest = None if distance is None else farthest_validation(distance)

    def beside(self, found: Predictions) -> Predictions:
        """The predictions with `noisier_than` and `unfamiliar`, as far as there are enough validation clips."""
        noise = _noise(found)
        if self._noise is not None and noise is not None:
            found = replace(found, noisier_than=noisier_than(noise, self._noise))
        if self.farthest is not None and found.modality_distance is not None:
            found = replace(found, unfamiliar=unfamiliar(found.modality_distance, self.farthest))
        return found

    def unfamiliar_shares(self, distance: Floats, modalities: Sequence[str]) -> dict[str, float]:
        """Modality -> share of its clips that are unfamiliar; without modalities where that is unknown.

        Args:
            distance: [N, M] of some clips; NaN where missing.
            modalities: M names.
        """
        flags = None if self.farthest is None else unfamiliar(distance, self.farthest)
        if flags is None or self.farthest is None:
            return {}
        there = ~np.isnan(distance)
        known = ~np.isnan(self.farthest) & there.any(axis=0)
        return {name: float(flags[there[:, m], m].mean()) for m, name in enumerate(modalities) if known[m]}

    def remarks(self, found: Predictions) -> list[str]:
        """A sentence for each modality that is unfamiliar in some clip."""
        if self.farthest is None:
            return []
        if np.isnan(self.farthest).all():
            return [
                f"the run has fewer than {FEWEST_VALIDATION_CLIPS} validation clips, too few to detect clips that are out of distribution"
            ]
        flags, distance = found.unfamiliar, found.modality_distance
        if flags is None or distance is None:
            return []
        sentences = []
        for m, farthest in enumerate(self.farthest):
            rows = np.flatnonzero(flags[:, m])
            if len(rows):
                sentences.append(
                    f"{found.modalities[m]} of {_which(found.clip, rows)} is out of distribution "
                    f"({np.median(distance[rows, m]):.3g} standard deviations from training; validation: at most "
                    f"{farthest:.3g}); do not trust these probabilities"
                )
        return sentences


def _noise(found: Predictions) -> Floats | None:
    """[N, M] how noisy each modality is; None where the model family does not measure it."""
    measured = found.evidence.get("modality_noise")
    return None if measured is None else measured.values


def _which(clips: np.ndarray, rows: np.ndarray) -> str:
    """Some of the clips in words."""
    if len(rows) == len(clips):
        return "the clip" if len(rows) == 1 else f"all {len(rows)} clips"
    named = ", ".join(clips[rows[:_MOST_NAMED]]) + (", ..." if len(rows) > _MOST_NAMED else "")
    return f"{len(rows)} of {len(clips)} clips ({named})"


def noisier_than(noise: Floats, validation: Floats) -> Floats | None:
    """[N, M] share of the validation clips that are less noisy, modality by modality; NaN where either side has none.

    Args:
        noise: [N, M] of the clips in question; NaN where missing.
        validation: [K, M] of the run's validation clips; NaN where missing. A modality needs `FEWEST_VALIDATION_CLIPS` of them.

    Returns:
        None where no modality has enough validation clips.
    """
    enough = np.flatnonzero((~np.isnan(validation)).sum(axis=0) >= FEWEST_VALIDATION_CLIPS)
    shares = np.full(noise.shape, np.nan)
    for m in enough:
        ordered = np.sort(validation[~np.isnan(validation[:, m]), m])
        below = np.searchsorted(ordered, noise[:, m]) / len(ordered)
        shares[:, m] = np.where(np.isnan(noise[:, m]), np.nan, below)
    return shares if len(enough) else None


def farthest_validation(validation: Floats) -> Floats:
    """[M] largest distance among the run's validation clips; NaN where these are too few.

    Args:
        validation: [K, M] of the validation clips; NaN where missing. A modality needs `FEWEST_VALIDATION_CLIPS` of them.
    """
    enough = (~np.isnan(validation)).sum(axis=0) >= FEWEST_VALIDATION_CLIPS
    return np.array([np.nanmax(validation[:, m]) if there else np.nan for m, there in enumerate(enough)])


def unfamiliar(distance: Floats, farthest: Floats) -> Flags | None:
    """[N, M] where a modality lies more than twice as far from training as any validation clip.

    Args:
        distance: [N, M] of the clips in question; NaN where missing.
        farthest: [M] of the run's validation clips, as `farthest_validation` gives it.

    Returns:
        None where no modality has enough validation clips.
    """
    return None if np.isnan(farthest).all() else np.asarray(distance > FAR * farthest)
