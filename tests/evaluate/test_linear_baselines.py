"""Logistic regression on pooled features against scikit-learn by hand."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lddu.evaluate.linear_baselines import C_GRID, PooledClips, fit_linear

pytestmark = pytest.mark.usefixtures("every_strength")

RNG = np.random.default_rng(0)


def clips(n: int, missing: int = 0) -> PooledClips:
    values = {"text": RNG.normal(size=(n, 5)), "audio": RNG.normal(3, 2, size=(n, 4))}
    shown = np.stack([values["text"][:, 0] + RNG.normal(size=n) > 0.5, values["audio"][:, 1] > 4], axis=1)
    values["audio"][:missing] = np.nan
    return PooledClips(values, shown.astype(float))


def test_without_missing_modalities_it_is_a_standardised_regression_of_scikit_learn() -> None:
    train, valid = clips(300), clips(80)
    found = fit_linear(train, valid, [valid], ["text", "audio"])
    side_by_side = [np.concatenate([part.values["text"], part.values["audio"]], axis=1) for part in (train, valid)]
    weights = "balanced" if found.balanced else None
    for e in range(2):
        by_hand = make_pipeline(StandardScaler(), LogisticRegression(C=found.c, class_weight=weights))
        by_hand.fit(side_by_side[0], train.presence[:, e])
        assert found.probabilities[0][:, e] == pytest.approx(by_hand.predict_proba(side_by_side[1])[:, 1], abs=0.01)
    assert found.c in C_GRID


def test_a_missing_modality_counts_as_average_and_changes_no_scale() -> None:
    train, valid = clips(300, missing=50), clips(80)
    hidden = PooledClips({**valid.values, "audio": np.full((80, 4), np.nan)}, valid.presence)
    average = np.nanmean(train.values["audio"], axis=0)
    mean = PooledClips({**valid.values, "audio": np.tile(average, (80, 1))}, valid.presence)
    without, at_mean = fit_linear(train, valid, [hidden, mean], ["text", "audio"]).probabilities
    assert np.isfinite(without).all()
    assert np.corrcoef(without[:, 0], at_mean[:, 0])[0, 1] > 0.99  # only the indicator differs


def test_unknown_labels_are_left_out_and_an_emotion_of_one_kind_keeps_its_frequency() -> None:
    train, valid = clips(60), clips(20)
    train.presence[:, 1] = np.where(np.arange(60) < 30, 1.0, np.nan)
    found = fit_linear(train, valid, [valid], ["text"])
    assert (found.probabilities[0][:, 1] == 1.0).all()
    train.presence[:, 1] = np.nan
    assert (fit_linear(train, valid, [valid], ["text"]).probabilities[0][:, 1] == 0.5).all()


def test_one_broken_value_does_not_rule_the_answer() -> None:
    train, valid = clips(200), clips(50)
    broken = PooledClips({**valid.values, "text": valid.values["text"] * np.r_[1e30, np.ones(4)]}, valid.presence)
    assert np.isfinite(fit_linear(train, valid, [broken], ["text"]).probabilities[0]).all()


def test_the_same_clips_give_the_same_answers() -> None:
    train, valid = clips(100), clips(30)
    first, second = (fit_linear(train, valid, [valid], ["text", "audio"]) for _ in range(2))
    assert (first.c, first.balanced) == (second.c, second.balanced)
    assert np.array_equal(first.probabilities[0], second.probabilities[0])
