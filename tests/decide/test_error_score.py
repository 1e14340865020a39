"""The product's uncertainty: what knows most about the errors of validation wins, and says so."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lddu.decide.error_score import ErrorScore, fit_error_score
from lddu.decide.linear import COMBINATION
from lddu.evaluate.predicted import Floats, Scored, Validation


def answers(clips: int, seed: int) -> tuple[Scored, np.ndarray, dict[str, Floats]]:
    """Answers whose errors depend on two scores, each known apart, and on none of a third."""
    draw = np.random.default_rng(seed)
    scores = {name: draw.normal(size=(clips, 3)) for name in ("first", "second", "idle")}
    chance = 1 / (1 + np.exp(-(-1.5 + 1.5 * scores["first"] + 1.5 * scores["second"])))
    wrong = draw.uniform(size=chance.shape) < chance
    labels = draw.uniform(size=chance.shape) < 0.3
    ids = np.array([f"c{n}" for n in range(clips)], object)
    presence = np.where(wrong, ~labels, labels).astype(float)
    return Scored(np.full(chance.shape, 0.5), presence, ids, ("a", "b", "c"), split="valid"), labels, scores


def test_scores_that_know_different_things_are_combined() -> None:
    scored, labels, scores = answers(400, seed=0)
    fitted = fit_error_score(Validation(scored), labels, scores, fallback="idle")
    assert fitted.name == COMBINATION
    fresh, fresh_labels, fresh_scores = answers(2000, seed=1)
    wrong = ((fresh.presence == 1) != fresh_labels).ravel()
    combined = roc_auc_score(wrong, fitted.apply(fresh_scores).ravel())
    assert combined > max(roc_auc_score(wrong, score.ravel()) for score in fresh_scores.values()) + 0.05


def test_the_uncertainty_is_a_chance_that_comes_true() -> None:
    scored, labels, scores = answers(2000, seed=2)
    fitted = fit_error_score(Validation(scored), labels, scores, fallback="idle")
    fresh, fresh_labels, fresh_scores = answers(4000, seed=3)
    wrong, chance = (fresh.presence == 1) != fresh_labels, fitted.apply(fresh_scores)
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.0)):
        inside = (chance >= low) & (chance < high)
        assert abs(wrong[inside].mean() - chance[inside].mean()) < 0.03


def test_an_idle_score_does_not_win() -> None:
    scored, labels, scores = answers(400, seed=4)
    fitted = fit_error_score(Validation(scored), labels, {n: scores[n] for n in ("first", "idle")}, fallback="idle")
    assert fitted.left_out_auroc["idle"] < 0.6 < fitted.left_out_auroc["first"]
    assert "first" in fitted.inputs


def test_a_lead_that_chance_explains_is_not_followed() -> None:
    scored, labels, scores = answers(300, seed=7)
    draw = np.random.default_rng(8)
    twin = scores["first"] + draw.normal(0, 0.02, scores["first"].shape)
    names = []
    for fallback in ("first", "twin"):
        names.append(
            fit_error_score(Validation(scored), labels, {"first": scores["first"], "twin": twin}, fallback).name
        )
    assert names == ["first", "twin"]


def test_too_few_errors_take_the_fallback_unchosen() -> None:
    scored, labels, scores = answers(30, seed=5)
    all_right = Scored(scored.probability, labels.astype(float), scored.clips, scored.emotions, split="valid")
    fitted = fit_error_score(Validation(all_right), labels, scores, fallback="second")
    assert (fitted.name, fitted.left_out_auroc) == ("second", {})
    low, high = (fitted.apply({"second": np.array([[value]])})[0, 0] for value in (-1.0, 1.0))
    assert 0 < low < high < 0.5


def test_a_single_score_keeps_its_direction() -> None:
    draw = np.random.default_rng(6)
    labels = np.zeros((40, 1), bool)
    misleading = draw.normal(size=(40, 1))
    presence = (misleading < 0).astype(float)  # the more certain, the more wrong
    scored = Scored(
        np.full((40, 1), 0.4), presence, np.array([f"c{n}" for n in range(40)], object), ("a",), split="valid"
    )
    fitted = fit_error_score(Validation(scored), labels, {"score": misleading}, fallback="score")
    assert fitted.weights[0] > 0


@pytest.mark.parametrize("seed", range(3))
def test_it_survives_json_exactly(seed: int) -> None:
    scored, labels, scores = answers(100, seed)
    fitted = fit_error_score(Validation(scored), labels, scores, fallback="idle")
    assert ErrorScore.from_mapping(fitted.to_mapping()) == fitted
