"""What a reader must know before trusting a run's figures."""

from typing import Any

import numpy as np
import pytest

from lddu.evaluate.verdicts import baseline_name, behind_baselines, never_named, unpaired_difference, verdicts


def baseline(low: float | None, high: float | None, **changes: Any) -> dict[str, Any]:
    apart = {"f1_micro": {"value": -0.01, "low": low, "high": high}}
    told = {"name": "logistic-regression", "modalities": ["text", "audio"], "f1_micro": 0.5, "difference": apart}
    return {**told, "train_clips": 10, "train_of": 10, **changes}


@pytest.mark.parametrize(
    ("low", "high", "said"), [(0.01, 0.2, False), (-0.1, 0.2, True), (-0.2, -0.1, True), (None, None, True)]
)
def test_a_run_that_is_not_surely_better_says_so(low: float | None, high: float | None, said: bool) -> None:
    told = behind_baselines({"f1_micro": 0.49, "baselines": [baseline(low, high)]})
    assert bool(told) is said
    if said:
        assert "not better than logistic regression (text, audio) in micro-F1 (0.490 against 0.500" in told


def test_of_several_baselines_the_best_is_named_with_the_clips_that_it_was_fitted_on() -> None:
    poor, good = baseline(-1, 1, f1_micro=0.4), baseline(-1, 1, f1_micro=0.6, modalities=["audio"], train_clips=5)
    told = behind_baselines({"baselines": [poor, good]})
    assert "logistic regression (audio; fitted on 5 of 10 clips) in micro-F1" in told and "(text" not in told
    assert baseline_name({"name": "best-constant"}) == "best-constant"


def test_emotions_that_are_never_named_are_counted() -> None:
    figures = {"never_named": ["fear", "anger"], "per_emotion": dict.fromkeys(("joy", "fear", "anger"))}
    assert never_named(figures) == "2 of 3 emotions are present but never named: fear, anger."
    assert never_named({"per_emotion": {}}) == ""  # an older run


@pytest.mark.parametrize(("low", "high", "word"), [(-0.3, -0.1, "below"), (0.1, 0.2, "above"), (-0.1, 0.1, None)])
def test_a_test_split_far_from_validation_is_said(low: float, high: float, word: str | None) -> None:
    splits = {"test": {"f1_micro": 0.5, "less_valid": {"value": (low + high) / 2, "low": low, "high": high}}}
    told = verdicts(splits)
    assert len(told) == (word is not None) and all(f"lies {word} that of validation" in one for one in told)
    assert all(one.endswith(", on test") for one in told)


def test_the_unpaired_interval_of_normal_figures_is_the_textbook_one() -> None:
    found = unpaired_difference((0.5, (0.4, 0.6)), (0.7, (0.65, 0.75)))
    half = np.sqrt(0.1**2 + 0.05**2)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.2 - half, 0.2 + half))


def test_a_baseline_that_is_ahead_in_both_figures_is_named_once() -> None:
    apart = {name: {"value": -0.1, "low": -0.2, "high": 0.0} for name in ("f1_micro", "map_macro")}
    told = behind_baselines({"baselines": [baseline(0, 0, difference=apart, map_macro=0.7)]})
    assert told.count("logistic regression") == 1 and "and mAP (0.600 against 0.700" in told
