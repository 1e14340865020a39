"""Does a probability of 0.7 mean seven times out of ten? Calibration error, reliability curves and what chance allows.

A perfectly calibrated predictor has a calibration error above 0 too, by chance. So each error comes with the band that
such a predictor would fall in with the same probabilities, and with a bootstrap interval.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.errors import MismatchError
from lddu.evaluate.metrics import brier, negative_log_likelihood
from lddu.evaluate.resample import METRIC_RESAMPLES, Interval, chunks, is_resampled, middle, unit_weights
from lddu.evaluate.scored import Scored

Binning = Literal["equal_width", "equal_mass"]
WIDTH_BINS, MASS_BINS = 15, 10
SIMULATIONS = 1000


@dataclass(frozen=True)
class Reliability:
    """The reliability curve: one point per bin that holds something.

    Attributes:
        probability: mean probability in each bin.
        frequency: share of the bin that is present.
        count: pairs in the bin.
    """

    probability: tuple[float, ...]
    frequency: tuple[float, ...]
    count: tuple[int, ...]


@dataclass(frozen=True)
class Calibration:
    """Calibration of K pairs.

    Attributes:
        n: pairs; `positives` of them are present.
        ece: expected calibration error, 15 bins of equal width.
        adaptive_ece: the same with 10 bins of equal mass.
        ece_by_chance: where 95 % of perfectly calibrated predictors with the same probabilities lie.
        adaptive_ece_by_chance: the same.
        adaptive_ece_interval: bootstrap over clips, or groups, None where there are too few; biased upwards like any calibration error.
        curve: reliability in bins of equal mass.
    """

    n: int
    positives: int
    brier: float
    nll: float
    ece: float
    adaptive_ece: float
    ece_by_chance: Interval
    adaptive_ece_by_chance: Interval
    adaptive_ece_interval: Interval | None
    curve: Reliability


@dataclass(frozen=True)
class CalibrationReport:
    """Calibration over all known pairs, and per emotion (None for an emotion without a known label)."""

    pooled: Calibration
    per_emotion: dict[str, Calibration | None]

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values, as `metrics.json` holds them."""
        return asdict(self)


def calibration_report(scored: Scored, seed: int = 0) -> CalibrationReport:
    """Calibration of a split; bands and intervals are drawn with the seed.

    Raises:
        MismatchError: no label of the split is known.
    """
    known, units = scored.known, scored.units()
    if not known.any():
        raise MismatchError("Expected clips with known labels to measure calibration on, but got none; label some.")
    rows = np.nonzero(known)[0]
    per_emotion = {
        name: _calibration(
            scored.probability[known[:, e], e], scored.presence[known[:, e], e] == 1, units[known[:, e]], seed
        )
        if known[:, e].any()
        else None
        for e, name in enumerate(scored.emotions)
    }
    pooled = _calibration(scored.probability[known], scored.presence[known] == 1, units[rows], seed)
    return CalibrationReport(pooled, per_emotion)


def calibration_error(probability: Floats, present: Flags, binning: Binning = "equal_width", bins: int = 0) -> float:
    """Expected calibration error: mean over pairs of |mean probability - frequency| of the pair's bin.

    Naeini et al. (AAAI 2015) with the probability of presence, Nixon et al. (CVPR workshops 2019) for equal mass.

    Args:
        probability: [K] in [0, 1].
        present: [K].
        binning: bins of equal width, or of equal mass.
        bins: how many; 0 for 15 of equal width or 10 of equal mass.

    Example:
        >>> calibration_error(np.array([0.2, 0.2, 0.8, 0.8]), np.array([False, False, True, True])).__round__(3)
        0.2
    """
    bin_ = _bins(probability, binning, bins)
    return float(np.abs(np.bincount(bin_, present - probability)).sum() / len(probability))


def reliability(probability: Floats, present: Flags, binning: Binning = "equal_mass", bins: int = 0) -> Reliability:
    """The reliability curve; see `calibration_error` for the arguments."""
    _, bin_, count = np.unique(_bins(probability, binning, bins), return_inverse=True, return_counts=True)
    return Reliability(
        tuple((np.bincount(bin_, probability) / count).tolist()),
        tuple((np.bincount(bin_, present) / count).tolist()),
        tuple(count.tolist()),
    )


def error_by_chance(
    probability: Floats, binning: Binning = "equal_mass", bins: int = 0, simulations: int = SIMULATIONS, seed: int = 0
) -> Interval:
    """Where 95 % of the calibration errors of a perfectly calibrated predictor with these probabilities lie.

    Labels are drawn from the probabilities, each pair by itself.

    Args:
        probability: [K] in [0, 1].
        binning: bins of equal width, or of equal mass.
        bins: how many; 0 for 15 of equal width or 10 of equal mass.
        simulations: number of draws.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    order = np.argsort(_bins(probability, binning, bins), kind="stable")
    sorted_bins, sorted_probability = _bins(probability, binning, bins)[order], probability[order]
    starts = np.flatnonzero(np.diff(sorted_bins, prepend=-1))
    expected = np.add.reduceat(sorted_probability, starts)
    errors = []
    for draws in chunks(simulations, len(order)):
        outcome = random.random((draws, len(order)), dtype=np.float32) < sorted_probability
        observed = np.add.reduceat(outcome, starts, axis=1, dtype=np.int64)
        errors.append(np.abs(observed - expected).sum(axis=1) / len(order))
    return _whole(np.concatenate(errors))


def _calibration(probability: Floats, present: Flags, units: np.ndarray, seed: int) -> Calibration:
    return Calibration(
        n=len(present),
        positives=int(present.sum()),
        brier=brier(present, probability),
        nll=negative_log_likelihood(present, probability),
        ece=calibration_error(probability, present, "equal_width"),
        adaptive_ece=calibration_error(probability, present, "equal_mass"),
        ece_by_chance=error_by_chance(probability, "equal_width", seed=seed),
        adaptive_ece_by_chance=error_by_chance(probability, "equal_mass", seed=seed),
        adaptive_ece_interval=_resampled(probability, present, units, seed),
        curve=reliability(probability, present),
    )


def _resampled(probability: Floats, present: Flags, units: np.ndarray, seed: int) -> Interval | None:
    """Bootstrap interval of the adaptive error: units are drawn with replacement, the bins stay."""
    if not is_resampled(units):
        return None
    _, unit = np.unique(units, return_inverse=True)
    bin_ = equal_mass_bins(probability)
    size, width = int(unit.max()) + 1, int(bin_.max()) + 1
    cell = unit * width + bin_
    gap = np.bincount(cell, present - probability, minlength=size * width).reshape(size, width)
    count = np.bincount(unit)
    drawn = [np.abs(w @ gap).sum(axis=1) / (w @ count) for w in unit_weights(size, seed, METRIC_RESAMPLES)]
    return _whole(np.concatenate(drawn))


def equal_mass_bins(probability: Floats) -> np.ndarray:
    """[K] bin of each pair in the adaptive calibration error."""
    return _bins(probability, "equal_mass", 0)


def _bins(probability: Floats, binning: Binning, bins: int) -> np.ndarray:
    """[K] bin of each pair. Equal probabilities share a bin, so the order of the rows does not show."""
    if binning == "equal_width":
        bins = bins or WIDTH_BINS
        return np.asarray(np.minimum((probability * bins).astype(int), bins - 1))
    bins = bins or MASS_BINS
    _, level, count = np.unique(probability, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - count / 2
    return np.asarray(np.minimum((middle * bins / len(probability)).astype(int), bins - 1)[level])


def _whole(values: Floats) -> Interval:
    interval = middle(values)
    assert interval is not None, "every draw has a calibration error"
    return interval
