"""Every figure of a split: pooled, per clip, per emotion; unknown labels count nowhere."""

import json

import numpy as np
import pytest

from lddu.evaluate import calibration, resample
from lddu.evaluate.calibration import calibration_report
from lddu.evaluate.scored import Scored
from lddu.evaluate.selective import selective_report
from lddu.evaluate.trust import SELECTED, Judged, trust_figures
from tests.scores import random_scored


def judged(scored: Scored) -> Judged:
    labels = scored.probability >= 0.4
    entropy = -np.abs(scored.probability - 0.5)
    noise = np.random.default_rng(0).random(labels.shape)
    return Judged(scored, labels, {"noise": noise, SELECTED: entropy})


def test_figures_are_those_of_the_measures_they_name() -> None:
    scored = random_scored(clips=120, unknown=0.1)
    one = judged(scored)
    found = trust_figures(one)
    report, calibrated = selective_report(scored, one.labels, one.scores[SELECTED]), calibration_report(scored)
    assert found["error_auroc"][SELECTED] == report.pooled.error_auroc
    assert found["per_clip"][SELECTED] == report.per_clip.to_mapping()
    for name in scored.emotions:
        own, emotion = found["per_emotion"][name], report.per_emotion[name]
        assert emotion is not None and own["aurc"] == emotion.aurc
        assert own["error_auroc_of"][SELECTED] == emotion.error_auroc
        low, high = own["error_auroc_interval"]
        assert low <= own["error_auroc_of"][SELECTED] <= high
        assert own["adaptive_ece"] == calibrated.per_emotion[name].adaptive_ece  # type: ignore[union-attr]


def test_the_curve_of_each_score_ends_where_everything_is_answered() -> None:
    scored = random_scored(clips=60)
    found = trust_figures(judged(scored))
    for curve in found["risk_coverage"].values():
        assert len(curve["coverage"]) <= 41 and curve["coverage"][-1] == 1
        assert curve["risk"][-1] == round(float(judged(scored).wrong.mean()), 5)


def test_an_emotion_that_nobody_labelled_has_names_and_no_figures() -> None:
    scored = random_scored(clips=40, emotions=2)
    presence = scored.presence.copy()
    presence[:, 1] = np.nan
    found = trust_figures(judged(Scored(scored.probability, presence, scored.clips, scored.emotions)))
    known, unknown = (found["per_emotion"][name] for name in scored.emotions)
    assert set(known) == set(unknown)
    assert all(value is None for name, value in unknown.items() if name != "error_auroc_of")
    json.dumps(found, allow_nan=False)


def test_a_chance_of_error_that_comes_true_has_a_small_calibration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (calibration, resample):  # of so many clips, and nobody looks at the intervals
        monkeypatch.setattr(module, "METRIC_RESAMPLES", 10)
    scored = random_scored(clips=3000)
    labels = scored.probability >= 0.5
    chance = np.minimum(scored.probability, 1 - scored.probability)
    found = trust_figures(Judged(scored, labels, {SELECTED: chance}))
    assert found["error_ece"] < 0.015
    doubled = trust_figures(Judged(scored, labels, {SELECTED: 2 * chance}))
    assert doubled["error_ece"] > 0.1
