"""The two shapes that features of a clip take: steps with times, and all features of one clip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Steps:
    """Feature steps of one modality.

    Attributes:
        values: [T, D] float32, finite.
        start: [T] seconds at which each step begins; NaN throughout where it has no place in time.
        end: [T] seconds at which it ends; likewise.
    """

    values: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    @property
    def times(self) -> np.ndarray | None:
        """[T, 2] start and end; None where they are not known."""
        times = np.stack([self.start, self.end], axis=1)
        return None if np.isnan(times).any() else times

    def within(self, spans: Sequence[tuple[float, float]]) -> "Steps":
        """The steps whose middle lies in any of the spans [start, end); times stay."""
        middle, mask = (self.start + self.end) / 2, np.zeros(len(self), bool)
        for start, end in spans:
            mask |= (middle >= start) & (middle < end)
        return Steps(self.values[mask], self.start[mask], self.end[mask])

    @staticmethod
    def joined(parts: Sequence["Steps"], dimension: int) -> "Steps":
        """Steps of parts that follow each other, D numbers each; there may be none."""
        parts = [part for part in parts if len(part)]
        if len(parts) < 2:
            return parts[0] if parts else Steps.none(dimension)
        values, start, end = ([getattr(part, name) for part in parts] for name in ("values", "start", "end"))
        return Steps(np.concatenate(values), np.concatenate(start), np.concatenate(end))

    def later(self, seconds: float) -> "Steps":
        """The steps, so many seconds later."""
        return Steps(self.values, self.start + seconds, self.end + seconds) if seconds else self

    @staticmethod
    def timeless(values: np.ndarray) -> "Steps":
        """Steps that are in order and have no place in time."""
        nowhere = np.full(len(values), np.nan)
        return Steps(values, nowhere, nowhere)

    def between(self, start: float, end: float) -> "Steps":
        """The steps whose middle lies in [start, end), with times that count from `start`."""
        middle = (self.start + self.end) / 2
        mask = (middle >= start) & (middle < end)
        return Steps(self.values[mask], self.start[mask] - start, self.end[mask] - start)

    @staticmethod
    def evenly(parts: Sequence[np.ndarray], dimension: int, seconds: float) -> "Steps":
        """Steps of the same length from time 0.

        Args:
            parts: of the values [T, D], end to end; may be none.
            dimension: D.
            seconds: of a step.
        """
        values = np.concatenate(parts) if parts else np.zeros((0, dimension), np.float32)
        start = np.arange(len(values)) * seconds
        return Steps(values, start, start + seconds)

    @staticmethod
    def none(dimension: int) -> "Steps":
        """No steps."""
        return Steps(np.zeros((0, dimension), np.float32), np.zeros(0), np.zeros(0))


def of_person(clip: str, person: str) -> str:
    """Id of one person in a clip."""
    return f"{clip}:{person}"


@dataclass(frozen=True)
class ClipFeatures:
    """What was extracted from one clip, which is a file or a segment of one.

    Attributes:
        clip: id.
        start: seconds into the file; NaN of words alone and of a photo, which have no place in time.
        end: likewise.
        transcript: the words of the clip; empty where unknown.
        modalities: ``text``, ``audio``, ``visual`` -> steps, whose times count from the clip's start; a modality that
            was not found (no track, silence, no face, no words) is absent.
        shares: measured in [0, 1]: ``face`` the share of looked-at pictures with a face, ``voice`` of steps with voice.
        notes: sentences about what is missing or was mended.
        speaker: who says its words, several parted by commas; empty where the transcript does not tell.
        person: whom the features are of, where they are of one of those in a clip; empty where they are of the whole clip.
    """

    clip: str
    start: float
    end: float
    transcript: str
    modalities: Mapping[str, Steps]
    shares: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    speaker: str = ""
    person: str = ""

    @property
    def whole(self) -> str:
        """Id of the clip that a person was taken from; its own where it is one."""
        return self.clip.removesuffix(of_person("", self.person)) if self.person else self.clip
