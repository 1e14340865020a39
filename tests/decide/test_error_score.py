"""The selected uncertainty score: the one that best detects errors of validation is selected and named."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lddu.arrays import Floats
from lddu.decide.error_score import LABEL_ODDS, ErrorScore, fit_error_score, label_odds
from lddu.decide.linear import COMBINATION, fit_linear, left_out_total
from lddu.evaluate.scored import Scored, Validation


def answers(clips: int, seed: int) -> tuple[Scored, np.ndarray, dict[str, Floats]]:
    """Answers whose errors depend on two scores, each known apart, and on none of a third, nor on the plain one."""
    draw = np.random.default_rng(seed)
    scores = {name: draw.normal(size=(clips, 3)) for name in ("first", "second", "idle", LABEL_ODDS)}
    chance = 1 / (1 + np.exp(-(-1.5 + 1.5 * scores["first"] + 1.5 * scores["second"])))
    wrong = draw.uniform(size=chance.shape) < chance
    labels = draw.uniform(size=chance.shape) < 0.3
    ids = np.array([f"c{n}" for n in range(clips)], object)
    presence = np.where(wrong, ~labels, labels).astype(float)
    return Scored(np.full(chance.shape, 0.5), presence, ids, ("a", "b", "c"), split="valid"), labels, scores


def test_scores_that_know_different_things_are_combined() -> None:
    scored, labels, scores = answers(400, seed=0)
    fitted = fit_error_score(Validation(scored), labels, scores)
    assert fitted.name == COMBINATION
    fresh, fresh_labels, fresh_scores = answers(2000, seed=1)
    wrong = ((fresh.presence == 1) != fresh_labels).ravel()
    combined = roc_auc_score(wrong, fitted.apply(fresh_scores).ravel())
    assert combined > max(roc_auc_score(wrong, score.ravel()) for score in fresh_scores.values()) + 0.05


def test_the_uncertainty_is_a_chance_that_comes_true() -> None:
    scored, labels, scores = answers(2000, seed=2)
    fitted = fit_error_score(Validation(scored), labels, scores)
    fresh, fresh_labels, fresh_scores = answers(4000, seed=3)
    wrong, chance = (fresh.presence == 1) != fresh_labels, fitted.apply(fresh_scores)
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.0)):
        inside = (chance >= low) & (chance < high)
        assert abs(wrong[inside].mean() - chance[inside].mean()) < 0.03


def test_an_idle_score_does_not_win() -> None:
    scored, labels, scores = answers(400, seed=4)
    fitted = fit_error_score(Validation(scored), labels, {n: scores[n] for n in ("first", "idle", LABEL_ODDS)})
    assert fitted.left_out_auroc["idle"] < 0.6 < fitted.left_out_auroc["first"]
    assert "first" in fitted.inputs


@pytest.mark.parametrize(("seed", "noise"), [(0, 0.3), (1, 0.2), (2, 0.3), (3, 0.2)])
def test_a_lead_that_chance_explains_is_not_followed(seed: int, noise: float) -> None:
    """The plain score is the rival with a little noise: on these clips the rival leads, by less than its standard error."""
    scored, labels, scores = answers(120, seed=seed)
    plain = scores["first"] + np.random.default_rng(100 + seed).normal(0, noise, scores["first"].shape)
    fitted = fit_error_score(Validation(scored), labels, {LABEL_ODDS: plain, "rival": scores["first"]})
    assert fitted.left_out_auroc["rival"] > fitted.left_out_auroc[LABEL_ODDS]
    assert fitted.name == LABEL_ODDS


def test_the_plain_score_is_the_chance_that_the_probability_gives_the_answer() -> None:
    probability = np.array([[0.3, 0.1, 0.95, 0.0, 1.0]])
    scored = Scored(probability, np.ones((1, 5)), np.array(["clip"], object), tuple("abcde"), split="valid")
    odds = label_odds(probability, np.full(5, 0.25))
    fitted = fit_error_score(Validation(scored), probability >= 0.25, {LABEL_ODDS: odds, "width": np.ones((1, 5))})
    assert fitted.name == LABEL_ODDS
    assert fitted.apply({LABEL_ODDS: odds}) == pytest.approx(np.array([[0.7, 0.1, 0.05, 0.0, 0.0]]), abs=2e-6)


def test_too_few_errors_take_the_plain_score_unchosen() -> None:
    scored, labels, scores = answers(30, seed=5)
    all_right = Scored(scored.probability, labels.astype(float), scored.clips, scored.emotions, split="valid")
    fitted = fit_error_score(Validation(all_right), labels, scores)
    assert (fitted.name, fitted.left_out_auroc) == (LABEL_ODDS, {})


def test_a_score_that_misleads_on_validation_is_not_turned_round() -> None:
    draw = np.random.default_rng(6)
    labels, misleading = np.zeros((40, 1), bool), draw.normal(size=(40, 1))
    presence = (misleading < 0).astype(float)  # the more certain, the more wrong
    ids = np.array([f"c{n}" for n in range(40)], object)
    scored = Scored(np.full((40, 1), 0.4), presence, ids, ("a",), split="valid")
    scores = {LABEL_ODDS: draw.normal(size=(40, 1)), "misleading": misleading}
    fitted = fit_error_score(Validation(scored), labels, scores)
    assert fitted.left_out_auroc["misleading"] < 0.5
    assert fitted.name != "misleading"


@pytest.mark.parametrize("seed", range(3))
def test_it_survives_json_exactly(seed: int) -> None:
    scored, labels, scores = answers(100, seed)
    fitted = fit_error_score(Validation(scored), labels, scores)
    assert ErrorScore.from_mapping(fitted.to_mapping()) == fitted


def test_a_score_that_validation_saw_at_one_value_only_does_not_rule_other_clips() -> None:
    """A hair beside that value, the sum must not be moved by millions."""
    fitted = fit_linear(np.full((40, 1), 0.1), np.arange(40) % 2 == 0, lambda standard, target: (np.full(1, 1e-6), 0.0))
    assert abs(float(fitted.total(np.array([0.2])))) < 1e-6


def test_rows_of_a_unit_are_never_scored_by_a_fit_that_saw_one_of_them() -> None:
    units, marked = np.arange(60) % 12, np.arange(60) % 12 == 3
    found = left_out_total(np.zeros((60, 1)), marked, units, lambda _, target: (np.zeros(1), float(target.mean())))
    assert (found[marked] == 0).all() and (found[~marked] > 0).any()
