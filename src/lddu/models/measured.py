"""Evidence of some clips as plain arrays, whatever model family gave it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lddu.models.family import Evidence


@dataclass(frozen=True, eq=False)
class Measured:
    """One kind of evidence of N clips.

    Attributes:
        evidence: what it is.
        values: [N, axes of the evidence]; NaN where a modality is missing.
    """

    evidence: Evidence
    values: np.ndarray

    def rows(self, rows: np.ndarray) -> "Measured":
        """A part of the clips, or another order of them."""
        return replace(self, values=self.values[rows])

    def per_modality(self) -> np.ndarray:
        """[N, M], the mean over emotions where it has any; NaN where missing."""
        return np.asarray(self.values.mean(axis=2) if self.evidence.axes == ("modality", "emotion") else self.values)

    def for_table(self) -> "Measured":
        """One value per emotion or one per modality: with both axes, the mean over emotions."""
        if self.evidence.axes != ("modality", "emotion"):
            return self
        return Measured(replace(self.evidence, axes=("modality",)), self.per_modality())

    def per_emotion(self, presence: np.ndarray) -> np.ndarray:
        """[N, E], the mean over the modalities that are there where it has any.

        Args:
            presence: [N, M].
        """
        if self.evidence.axes != ("modality", "emotion"):
            return self.values
        there = presence[:, :, None]
        mean = np.where(there, self.values, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        return np.asarray(mean)

    def doubt(self, presence: np.ndarray) -> np.ndarray:
        """[N, E] larger is less certain."""
        sign = -1.0 if self.evidence.higher_is_surer else 1.0
        return np.asarray(sign * self.per_emotion(presence).astype(np.float64))

    @property
    def of_emotions(self) -> bool:
        """Whether it differs between emotions."""
        return "emotion" in self.evidence.axes

    @staticmethod
    def mean_of(members: "Sequence[Measured]") -> "Measured":
        """The mean over several networks, of the same clips."""
        return replace(members[0], values=np.asarray(np.mean([member.values for member in members], axis=0)))

    @staticmethod
    def joined(parts: "Sequence[Measured]") -> "Measured":
        """One after the other."""
        return replace(parts[0], values=np.concatenate([part.values for part in parts]))
