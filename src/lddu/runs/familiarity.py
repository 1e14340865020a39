"""Clips beside the validation clips of a run: which are noisier, and which are out of distribution."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.errors import RunError
from lddu.runs.predictions import Predictions, read_predictions
from lddu.runs.run_folder import RunFolder

FEWEST_VALIDATION_CLIPS = 20
"""Validation clips that a modality needs; a share or a maximum of fewer is too uncertain."""

FAR = 2.0
"""Times the largest distance among validation clips beyond which a clip's modality is out of distribution."""

FILE = "familiarity.json"

_MOST_NAMED = 3
_MOST_SHARED = 1000
"""Noise values of a modality that are shared; of more, as many quantiles."""


@dataclass(frozen=True, eq=False)
class ValidationReference:
    """What is known of the validation clips of a run, without naming any.

    Attributes:
        modalities: M names.
        noise: [K, M] how noisy they are, each modality sorted by itself, NaN behind the last; None where it is not measured.
        farthest: [M] as `farthest_validation` gives it; None where distances are not known.
    """

    modalities: tuple[str, ...]
    noise: Floats | None
    farthest: Floats | None

    def to_mapping(self) -> dict[str, Any]:
        """As `familiarity.json` has it."""
        noise = None if self.noise is None else {m: _shared_values(values) for m, values in self._by_name(self.noise.T)}
        far = None if self.farthest is None else {m: _number(value) for m, value in self._by_name(self.farthest)}
        return {"noise": noise, "farthest": far}

    def _by_name(self, values: Floats) -> Iterator[tuple[str, Any]]:
        return zip(self.modalities, values, strict=True)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], modalities: tuple[str, ...]) -> "ValidationReference":
        """From JSON.

        Raises:
            ValueError: where it is of another form.
        """
        noise, far = mapping["noise"], mapping["farthest"]
        columns = None if noise is None else [_numbers(noise[m]) for m in modalities]
        longest = 0 if columns is None else max(map(len, columns), default=0)
        padded = [np.pad(column, (0, longest - len(column)), constant_values=np.nan) for column in columns or ()]
        farthest = None if far is None else _numbers([far[m] for m in modalities])
        return cls(modalities, None if columns is None else np.column_stack(padded), farthest)


def validation_reference(folder: RunFolder) -> ValidationReference | None:
    """What a run knows of its validation clips; None where it holds neither predictions nor `familiarity.json`.

    Raises:
        RunError: where the file is damaged.
    """
    path = folder.path / "predictions.parquet"
    if path.is_file():
        predictions = read_predictions(path)
        valid = predictions.rows(predictions.split == "valid")
        distance = valid.modality_distance
        noise = _noise(valid)
        return ValidationReference(
            predictions.modalities,
            None if noise is None else np.sort(noise, axis=0),
            None if distance is None else farthest_validation(distance),
        )
    if not (folder.path / FILE).is_file():
        return None
    try:
        return ValidationReference.from_mapping(folder.read_json(FILE), tuple(folder.description.task.dimensions))
    except (KeyError, TypeError, ValueError) as fault:
        raise RunError(
            f"Expected {folder.shown(FILE)} to be as docs/run_folder.md says, but it is not ({fault!r}); copy the run again."
        ) from None


class Familiarity:
    """Compares clips with the validation clips of a run: noise and distance from training.

    Args:
        folder: of the run; one that knows nothing of its validation clips, or an older one, still predicts.

    Attributes:
        farthest: [M] largest distance of a validation clip, NaN where these are too few; None where no distance is known.

    Raises:
        RunError: where what it knows is damaged.
    """

    def __init__(self, folder: RunFolder) -> None:
        reference = validation_reference(folder)
        self._noise = None if reference is None else reference.noise
        self.farthest = None if reference is None else reference.farthest

    def beside(self, predictions: Predictions) -> Predictions:
        """The predictions with `noisier_than` and `unfamiliar`, as far as there are enough validation clips."""
        noise = _noise(predictions)
        if self._noise is not None and noise is not None:
            predictions = replace(predictions, noisier_than=noisier_than(noise, self._noise))
        if self.farthest is not None and predictions.modality_distance is not None:
            predictions = replace(predictions, unfamiliar=unfamiliar(predictions.modality_distance, self.farthest))
        return predictions

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

    def remarks(self, predictions: Predictions) -> list[str]:
        """A sentence for each modality that is unfamiliar in some clip."""
        if self.farthest is None:
            return []
        if np.isnan(self.farthest).all():
            return [
                f"the run has fewer than {FEWEST_VALIDATION_CLIPS} validation clips, too few to detect clips that are out of distribution"
            ]
        flags, distance = predictions.unfamiliar, predictions.modality_distance
        if flags is None or distance is None:
            return []
        sentences = []
        for m, farthest in enumerate(self.farthest):
            rows = np.flatnonzero(flags[:, m])
            if len(rows):
                sentences.append(
                    f"{predictions.modalities[m]} of {_which(predictions.clip, rows)} is out of distribution "
                    f"({np.median(distance[rows, m]):.3g} standard deviations from training; validation: at most "
                    f"{farthest:.3g}); do not trust these probabilities"
                )
        return sentences


def _noise(predictions: Predictions) -> Floats | None:
    """[N, M] how noisy each modality is; None where the model family does not measure it."""
    measured = predictions.evidence.get("modality_noise")
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


def _shared_values(values: Floats) -> list[float]:
    """The values in order, or as many of their quantiles as are shared."""
    known = np.sort(values[~np.isnan(values)])
    if len(known) > _MOST_SHARED:
        known = np.quantile(known, np.linspace(0, 1, _MOST_SHARED), method="inverted_cdf")
    return [float(value) for value in known]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _numbers(values: Any) -> Floats:
    if not isinstance(values, list) or any(
        isinstance(v, bool) or not isinstance(v, int | float | None) for v in values
    ):
        raise ValueError("numbers expected")
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
