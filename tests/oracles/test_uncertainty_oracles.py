"""Calibration and selective figures against torchmetrics, torch-uncertainty, netcal and scipy on a single label."""

import itertools

import numpy as np
import pytest
from scipy.stats import spearmanr

from lddu.evaluate.calibration import calibration_error, error_by_chance
from lddu.evaluate.selective import selective, spearman

TORCH_UNCERTAINTY = (
    "torch-uncertainty cannot be imported without Lightning and torchvision, too much for dev: installed by hand only"
)
NETCAL = "netcal brings 13 packages: installed by hand only"

RANDOM = np.random.default_rng(11)
P = RANDOM.random(500).astype(np.float32).astype(np.float64)
Y = RANDOM.random(500) < P**2


@pytest.mark.parametrize("bins", [5, 10, 15])
def test_ece_agrees_with_torchmetrics(bins: int) -> None:
    torchmetrics = pytest.importorskip("torchmetrics", reason="torchmetrics is an oracle of the dev extra")
    import torch

    expected = torchmetrics.functional.classification.binary_calibration_error(
        torch.tensor(P), torch.tensor(Y).long(), n_bins=bins, norm="l1"
    )
    assert calibration_error(P, Y, "equal_width", bins) == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("bins", [5, 10, 20])
def test_adaptive_ece_agrees_with_splitting_the_sorted_pairs_evenly(bins: int) -> None:
    order = np.argsort(P)
    parts = zip(np.array_split(P[order], bins), np.array_split(Y[order], bins), strict=True)
    expected = sum(abs(p.mean() - y.mean()) * len(p) / len(P) for p, y in parts)
    assert calibration_error(P, Y, "equal_mass", bins) == pytest.approx(expected)


@pytest.mark.parametrize("bins", [5, 10])
def test_adaptive_ece_agrees_with_torch_uncertainty(bins: int) -> None:
    pytest.importorskip("torchvision", reason=TORCH_UNCERTAINTY)
    module = pytest.importorskip(
        "torch_uncertainty.metrics.classification.calibration.adaptive_calibration_error", reason=TORCH_UNCERTAINTY
    )
    import torch

    expected = module._ace_compute(torch.tensor(P), torch.tensor(Y).double(), bins)
    assert calibration_error(P, Y, "equal_mass", bins) == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("bins", [5, 10])
def test_both_errors_agree_with_netcal(bins: int) -> None:
    netcal = pytest.importorskip("netcal.metrics", reason=NETCAL)
    for binning, equal in (("equal_width", True), ("equal_mass", False)):
        expected = netcal.ECE(bins, equal_intervals=equal).measure(P, Y.astype(int))
        # netcal's equal-mass bins are cut at interpolated quantiles, ours at ranks: a pair may sit one bin further
        assert calibration_error(P, Y, binning, bins) == pytest.approx(expected, abs=1e-6 if equal else 2e-3)  # type: ignore[arg-type]


def test_aurc_and_its_parts_agree_with_torch_uncertainty() -> None:
    pytest.importorskip("torchvision", reason=TORCH_UNCERTAINTY)
    module = pytest.importorskip("torch_uncertainty.metrics.classification", reason=TORCH_UNCERTAINTY)
    import torch

    wrong = ((P >= 0.5) != Y).astype(float)
    found = selective(-np.maximum(P, 1 - P), wrong)
    p, y = torch.tensor(P), torch.tensor(Y).long()
    metrics = {name: getattr(module, name)() for name in ("AURC", "CovAt5Risk", "RiskAt80Cov")}
    for metric in metrics.values():
        metric.update(p, y)
    # its area is a trapezium from the first point to the last, ours the mean over all points
    first = wrong[np.argmax(np.maximum(P, 1 - P))]
    area = (found.n * found.aurc - (first + found.risk) / 2) / (found.n - 1)
    assert area == pytest.approx(float(metrics["AURC"].compute()), abs=1e-6)
    assert found.risk_at_80 == pytest.approx(float(metrics["RiskAt80Cov"].compute()), abs=1e-6)
    expected = float(np.nan_to_num(metrics["CovAt5Risk"].compute().item()))
    assert found.coverage_at_5 == pytest.approx(expected, abs=1e-6)


def test_aurc_with_ties_is_the_mean_over_all_orders_that_agree_with_the_score() -> None:
    uncertainty, loss = np.array([0.1, 0.4, 0.4, 0.4, 0.9, 0.9]), np.array([0.0, 1.0, 0.0, 0.0, 1.0, 0.0])
    areas = []
    for order in itertools.permutations(range(6)):
        if (np.diff(uncertainty[list(order)]) >= 0).all():
            areas.append(np.mean(np.cumsum(loss[list(order)]) / np.arange(1, 7)))
    assert len(areas) == 12
    assert selective(uncertainty, loss).aurc == pytest.approx(np.mean(areas))


def test_spearman_agrees_with_scipy_with_ties() -> None:
    x, y = RANDOM.integers(0, 5, 200).astype(float), RANDOM.integers(0, 3, 200).astype(float)
    assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic)


def test_the_band_agrees_with_drawing_labels_and_measuring_them() -> None:
    errors = [calibration_error(P, np.random.default_rng(k).random(500) < P, "equal_mass") for k in range(1000)]
    band = error_by_chance(P, "equal_mass")
    assert (band.low, band.high) == pytest.approx(np.quantile(errors, [0.025, 0.975]), rel=0.1)
