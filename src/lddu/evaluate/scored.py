"""What is evaluated: the predicted probabilities of one split beside what was observed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lddu.arrays import Flags, Floats
from lddu.errors import MismatchError, RunError

LEAST_GROUPS = 10
"""With fewer groups than this, clips are resampled instead: a bootstrap over a handful of groups says nothing."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Probabilities and presence of N clips and E emotions.

    Attributes:
        probability: [N, E] in [0, 1].
        presence: [N, E] 1 present, 0 absent, NaN unknown. Unknown pairs are left out wherever they would count.
        clips: [N] ids.
        emotions: E names.
        group: [N] speaker, video or dialogue; empty words where unknown.
        split: which split this is: ``train``, ``valid``, ``test`` or empty.
        unit: [N] what `units` gives, of a part whose other labels are left out: it is resampled as the whole split is.

    Raises:
        RunError: a probability is no number in [0, 1] (names the clip and the emotion).
        MismatchError: shapes disagree, or a presence is neither 0, 1 nor NaN.

    Example:
        >>> scored = Scored([[0.9, 0.2], [0.4, 0.7]], [[1, 0], [float("nan"), 1]], ["a", "b"], ("joy", "fear"))
        >>> scored.known.sum()
        np.int64(3)
    """

    probability: Floats
    presence: Floats
    clips: NDArray[np.object_]
    emotions: tuple[str, ...]
    group: NDArray[np.object_] | None = None
    split: str = ""
    unit: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "probability", np.asarray(self.probability, dtype=np.float64))
        object.__setattr__(self, "presence", np.asarray(self.presence, dtype=np.float64))
        object.__setattr__(self, "clips", np.asarray(self.clips, dtype=object))
        object.__setattr__(self, "emotions", tuple(self.emotions))
        if self.group is not None:
            object.__setattr__(self, "group", np.asarray(self.group, dtype=object))
        self._check_shapes()
        self._check_values()

    @property
    def known(self) -> Flags:
        """[N, E] whether the presence is known."""
        return ~np.isnan(self.presence)

    @property
    def labelled(self) -> Flags:
        """[N] whether the presence of some emotion is known."""
        return np.asarray(self.known.any(axis=1))

    def units(self) -> NDArray[np.intp]:
        """[N] number of the unit of each clip that is resampled or left out as a whole.

        Groups where at least `LEAST_GROUPS` of them have a label, since clips of one speaker or dialogue resemble each
        other; else clips. A clip without a group is a unit of its own. Clips without a label count nowhere, so they make
        no unit: theirs is that of others.
        """
        if self.unit is not None:
            return self.unit
        labelled = self.labelled if self.known.any() else np.ones(len(self.clips), bool)
        groups = [""] * len(self.clips) if self.group is None else self.group
        words = np.array([str(word or "") for word in groups], dtype=object)
        if len(set(words[labelled]) - {""}) < LEAST_GROUPS:
            return np.asarray(np.maximum(np.cumsum(labelled) - 1, 0))
        names = np.array([f"group {word}" if word else f"clip {n}" for n, word in enumerate(words)], dtype=object)
        drawn = np.unique(names[labelled])
        return np.asarray(np.minimum(np.searchsorted(drawn, names), len(drawn) - 1))

    def counted_units(self) -> tuple[int, str]:
        """How many units there are of clips with a label, and whether each is a ``group`` or a ``clip``."""
        units = self.units()[self.labelled]
        size = len(np.unique(units))
        return size, "clip" if size == len(units) else "group"

    def with_probability(self, probability: Floats) -> "Scored":
        """The same clips and labels with other probabilities, such as recalibrated ones."""
        return replace(self, probability=probability)

    def rows(self, rows: NDArray[np.integer] | Flags) -> "Scored":
        """A part of the clips, by row numbers or by a mask."""
        return replace(
            self,
            probability=self.probability[rows],
            presence=self.presence[rows],
            clips=self.clips[rows],
            group=None if self.group is None else self.group[rows],
            unit=None if self.unit is None else self.unit[rows],
        )

    def columns(self, columns: Sequence[int]) -> "Scored":
        """The emotions of these columns, in their order."""
        emotions = tuple(self.emotions[e] for e in columns)
        return replace(
            self, probability=self.probability[:, columns], presence=self.presence[:, columns], emotions=emotions
        )

    def _check_shapes(self) -> None:
        shape = (len(self.clips), len(self.emotions))
        for name in ("probability", "presence"):
            actual = getattr(self, name).shape
            if actual != shape:
                raise MismatchError(
                    f"Expected {name} of {shape[0]} clips x {shape[1]} emotions, but got the shape {actual}; "
                    "give one row per clip id and one column per emotion."
                )
        if self.group is not None and len(self.group) != shape[0]:
            raise MismatchError(f"Expected one group per clip ({shape[0]}), but got {len(self.group)}; give one each.")

    def _check_values(self) -> None:
        good = (self.probability >= 0) & (self.probability <= 1)
        if not good.all():
            n, e = np.argwhere(~good)[0]
            raise RunError(
                f"Expected probabilities in [0, 1], but clip {self.clips[n]!r} has {self.probability[n, e]} for "
                f"{self.emotions[e]}; the run that made them is damaged: train or predict again."
            )
        if not (np.isnan(self.presence) | (self.presence == 0) | (self.presence == 1)).all():
            raise MismatchError(
                "Expected presence to be 0, 1 or NaN, but got other numbers; compare shares of raters with the "
                "corpus's present_at first."
            )


@dataclass(frozen=True, eq=False)
class Validation:
    """The validation split, the only thing that a threshold, a temperature or a guarantee is fitted on.

    Raises:
        MismatchError: the clips are not of the split ``valid``.
    """

    scored: Scored

    def __post_init__(self) -> None:
        if self.scored.split != "valid":
            raise MismatchError(
                f"Expected the split 'valid' to fit a decision on, but got {self.scored.split!r}; "
                "fit on validation clips, so that the test split stays untouched."
            )
        if not self.scored.known.any():
            raise MismatchError(
                "Expected known labels in the validation split to fit a decision on, but got none; "
                "give the store a labelled split 'valid'."
            )
