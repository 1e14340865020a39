import numpy as np
import pytest
from hypothesis import given, settings

from lddu.errors import MismatchError
from lddu.evaluate import calibration
from lddu.evaluate.calibration import (
    calibration_error,
    calibration_report,
    equal_mass_bins,
    error_by_chance,
    reliability,
)
from lddu.evaluate.resample import METRIC_RESAMPLES, unit_weights
from lddu.evaluate.scored import Scored
from tests.scores import random_scored, scored_of, small_scored


def test_golden_calibration_errors() -> None:
    p, y = np.array([0.05, 0.05, 0.95, 0.95]), np.array([False, True, True, True])
    assert calibration_error(p, y, "equal_width") == pytest.approx((2 * 0.45 + 2 * 0.05) / 4)
    assert calibration_error(p, y, "equal_width", bins=1) == pytest.approx(0.25)
    assert calibration_error(p, y, "equal_mass", bins=2) == pytest.approx(0.25)


def test_a_calibrated_predictor_lies_in_the_band_and_an_overconfident_one_above_it() -> None:
    inside = []
    for seed in range(40):
        scored = random_scored(seed, clips=300)
        found = calibration_error(scored.probability.ravel(), scored.presence.ravel() == 1, "equal_mass")
        band = error_by_chance(scored.probability.ravel(), simulations=400, seed=seed)
        inside.append(band.low <= found <= band.high)
        sharp = random_scored(seed, clips=300, sharpness=3.0)
        band = error_by_chance(sharp.probability.ravel(), simulations=400, seed=seed)
        assert calibration_error(sharp.probability.ravel(), sharp.presence.ravel() == 1, "equal_mass") > band.high
    assert np.mean(inside) >= 0.85


def test_equal_mass_bins_hold_equal_mass() -> None:
    p = np.random.default_rng(0).random(1000) ** 4
    assert reliability(p, p > 0.5, "equal_mass").count == (100,) * 10


@settings(deadline=None)
@given(small_scored())
def test_the_order_of_rows_does_not_show(scored: Scored) -> None:
    p, y = scored.probability[scored.known], scored.presence[scored.known] == 1
    for binning in ("equal_width", "equal_mass"):
        one = calibration_error(p, y, binning)
        assert calibration_error(p[::-1], y[::-1], binning) == pytest.approx(one)


def test_the_curve_adds_up_to_the_split() -> None:
    scored = random_scored(unknown=0.2)
    curve = calibration_report(scored).pooled.curve
    assert sum(curve.count) == scored.known.sum()
    assert np.dot(curve.frequency, curve.count) == pytest.approx(np.nansum(scored.presence))


def test_a_report_is_the_same_twice_and_holds_every_emotion() -> None:
    scored = random_scored(clips=60)
    report = calibration_report(scored, seed=3)
    assert report == calibration_report(scored, seed=3)
    assert tuple(report.per_emotion) == scored.emotions
    interval = report.pooled.adaptive_ece_interval
    assert interval is not None and interval.low <= interval.high


def test_a_handful_of_positives_has_a_wider_band_than_many() -> None:
    few, many = (error_by_chance(np.full(n, 0.1)) for n in (30, 3000))
    assert few.high > 4 * many.high


def test_an_emotion_without_labels_is_none_and_a_split_without_is_refused() -> None:
    scored = scored_of([[0.5, 0.5]], [[1, np.nan]])
    assert calibration_report(scored).per_emotion["anger"] is None
    with pytest.raises(MismatchError, match="Expected clips with known labels"):
        calibration_report(scored_of([[0.5]], [[np.nan]]))


def test_the_interval_is_that_of_the_error_over_units_drawn_whole() -> None:
    """Against a loop over the same draws; the bins stay those of all pairs."""
    scored = random_scored(clips=60, emotions=2, sharpness=2.0)
    p, present = scored.probability[:, 0], scored.presence[:, 0] == 1
    units = np.arange(60) % 20
    bins, errors = equal_mass_bins(p), []
    for weight in np.concatenate(list(unit_weights(20, 0, METRIC_RESAMPLES))):
        rows = np.repeat(np.arange(60), weight[units].astype(int))
        gaps = [(present[rows[bins[rows] == b]] - p[rows[bins[rows] == b]]).sum() for b in range(10)]
        errors.append(np.abs(gaps).sum() / len(rows))
    found = calibration._resampled(p, present, units, seed=0)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(errors, [0.025, 0.975])))
