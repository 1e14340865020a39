import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from lddu.arrays import Floats
from lddu.decide import recalibrate
from lddu.decide.recalibrate import LEAST_PAIRS, METHODS, Method, Recalibration, fit_recalibration
from lddu.errors import RunError
from lddu.evaluate.calibration import calibration_error
from lddu.evaluate.metrics import negative_log_likelihood
from lddu.evaluate.scored import Scored, Validation
from tests.scores import random_scored, scored_of


def error(scored: Scored) -> float:
    return calibration_error(scored.probability[scored.known], scored.presence[scored.known] == 1, "equal_mass")


def test_overconfident_probabilities_are_mended_on_new_clips() -> None:
    fitted = fit_recalibration(Validation(random_scored(1, clips=500, sharpness=3.0)))
    test = random_scored(2, clips=500, sharpness=3.0)
    mended = test.with_probability(fitted.apply(test.probability))
    assert error(mended) < error(test) / 3


def test_temperature_finds_the_sharpness_that_was_put_in() -> None:
    fitted = fit_recalibration(Validation(random_scored(clips=4000, sharpness=2.5)), "temperature")
    assert fitted.slope == pytest.approx(1 / 2.5, rel=0.05)


def test_the_choice_has_the_best_likelihood_and_says_all() -> None:
    fitted = fit_recalibration(Validation(random_scored(clips=300, sharpness=3.0)))
    assert fitted.left_out_nll is not None
    assert tuple(fitted.left_out_nll) == METHODS
    assert fitted.left_out_nll[fitted.method] == min(fitted.left_out_nll.values())
    assert fitted.method != "identity"


def test_an_emotion_whose_probabilities_are_shifted_is_mended_by_its_own_intercept() -> None:
    scored = random_scored(clips=1500)
    odds = scored.probability / (1 - scored.probability) * np.exp([2.0, -2.0, 0.0, 0.0])
    shifted = scored.with_probability(odds / (1 + odds))
    fitted = fit_recalibration(Validation(shifted))
    assert fitted.method == "platt_per_emotion"
    assert error(shifted.with_probability(fitted.apply(shifted.probability))) < 0.02


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("positives", [0, 1, 3])
def test_few_positives_give_finite_maps_that_keep_every_order(method: Method, positives: int) -> None:
    presence = np.zeros((40, 2))
    presence[:positives] = 1
    p = np.random.default_rng(0).random((40, 2))
    fitted = fit_recalibration(Validation(scored_of(p, presence)), method)
    grid = np.linspace(0.001, 0.999, 500)[:, None] * np.ones(2)
    out = fitted.apply(grid)
    assert (np.diff(out, axis=0) > 0).all()
    assert ((out > 0) & (out < 1)).all()


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_of_zero_and_one_stay_finite_in_likelihood(method: Method) -> None:
    p = np.array([[0.0], [1.0], [0.5]] * 20)
    presence = (np.arange(60)[:, None] % 3 == 1).astype(float)
    presence[0] = 1
    fitted = fit_recalibration(Validation(scored_of(p, presence)), method)
    assert np.isfinite(negative_log_likelihood(presence == 1, fitted.apply(p)))
    assert ((fitted.apply(p) >= 0) & (fitted.apply(p) <= 1)).all()


def test_too_few_clips_are_left_as_they_are() -> None:
    assert fit_recalibration(Validation(random_scored(clips=19, sharpness=5.0))).method == "identity"


def test_clips_and_groups_without_labels_do_not_count() -> None:
    scored = random_scored(clips=60, sharpness=5.0)
    unlabelled = np.where(np.arange(60)[:, None] < 19, scored.presence, np.nan)
    few = replace(scored, presence=unlabelled)
    assert fit_recalibration(Validation(few)).method == "identity"
    groups = np.array([f"g{i % 12}" for i in range(60)])
    some = np.where(np.isin(groups, ["g0", "g1", "g2", "g3", "g4"])[:, None], scored.presence, np.nan)
    labelled = replace(scored, presence=some, group=groups)
    assert fit_recalibration(Validation(labelled)) == fit_recalibration(
        Validation(labelled.rows(np.flatnonzero(labelled.known.any(axis=1))))
    )


def test_unknown_pairs_do_not_count() -> None:
    scored = random_scored(clips=200, unknown=0.3, sharpness=2.0)
    other = scored.with_probability(np.where(scored.known, scored.probability, 0.123))
    assert fit_recalibration(Validation(scored)) == fit_recalibration(Validation(other))


@pytest.mark.parametrize("method", [*METHODS, "auto"])
def test_a_map_survives_json_exactly(method: Method) -> None:
    scored = random_scored(clips=200, sharpness=2.0)
    fitted = fit_recalibration(Validation(scored), method)
    again = Recalibration.from_mapping(json.loads(json.dumps(fitted.to_mapping())))
    assert again == fitted
    assert (again.apply(scored.probability) == fitted.apply(scored.probability)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "magic"}, "recalibration.method to be one of identity"),
        ({"slope": -1.0}, "recalibration.slope above 0"),
        ({"slope": float("nan")}, "recalibration.slope to be a number"),
        ({"knots": [[0.5, 0.2], [0.4, 0.3]]}, "rising pairs"),
        ({"knots": [[0.1, 0.2], [0.4, 0.3]]}, "isotonic only"),
        ({"extra": 1}, "has the unknown extra"),
        ({"intercepts": ["a"]}, r"recalibration.intercepts\[0\] to be a number"),
    ],
)
def test_a_damaged_map_is_refused(change: dict[str, object], message: str) -> None:
    mapping = Recalibration("temperature", 0.5, (0.0,)).to_mapping() | change
    with pytest.raises(RunError, match=message):
        Recalibration.from_mapping(mapping)


def test_the_likelihood_is_that_of_clips_left_out_so_a_flexible_map_gains_nothing_on_calibrated_ones() -> None:
    gained = []
    for seed in range(15):
        tried = fit_recalibration(Validation(random_scored(seed, clips=LEAST_PAIRS // 4))).left_out_nll
        assert tried is not None
        gained.append(tried["identity"] - tried["isotonic"])
    assert np.mean(gained) < 0


def test_isotonic_does_not_compete_on_few_pairs() -> None:
    few = fit_recalibration(Validation(random_scored(clips=LEAST_PAIRS // 4 - 1)))
    assert few.left_out_nll is not None and set(few.left_out_nll) == set(METHODS) - {"isotonic"}


def test_isotonic_gives_hard_answers_the_frequency_with_which_they_are_right() -> None:
    """Probabilities of exactly 0 and 1, as a language model gives them that is asked for yes or no."""
    random = np.random.default_rng(0)
    presence = (random.random((900, 1)) < 0.5).astype(float)
    answer = np.where(random.random((900, 1)) < 0.3, 1 - presence, presence)
    fitted = fit_recalibration(Validation(scored_of(answer, presence)), "isotonic")
    assert fitted.apply(np.array([[0.0], [1.0]])).ravel() == pytest.approx(
        [presence[answer == p].mean() for p in (0, 1)]
    )
    assert Recalibration.from_mapping(fitted.to_mapping()) == fitted


def test_platt_finds_the_slope_and_the_intercepts_that_were_put_in() -> None:
    random = np.random.default_rng(0)
    z = random.normal(0, 1, (6000, 2))
    presence = (random.random(z.shape) < expit(2 * z + [1.0, -0.5])).astype(float)
    fitted = fit_recalibration(Validation(scored_of(expit(z), presence)), "platt_per_emotion")
    assert (fitted.slope, *fitted.intercepts) == pytest.approx((2.0, 1.0, -0.5), abs=0.1)
    np.testing.assert_allclose(logit(fitted.apply(expit(z))), fitted.slope * z + fitted.intercepts)


def test_clips_of_one_group_are_left_out_together() -> None:
    groups = [f"speaker {n % 15}" for n in range(90)]
    fold = recalibrate._folds(scored_of(np.full((90, 1), 0.5), np.ones((90, 1)), group=groups))
    assert all(len(set(fold[n::15])) == 1 for n in range(15)) and set(fold) == set(range(5))


@pytest.mark.parametrize("seed", range(3))
def test_the_map_is_the_most_probable_one_under_its_priors(seed: int) -> None:
    """No slope or intercept near by has a better sum of likelihood and priors; few clips, so that the priors count."""
    scored = random_scored(seed, clips=25, sharpness=3.0)
    fitted = fit_recalibration(Validation(scored), "platt_per_emotion")

    def cost(slope: float, intercepts: Floats) -> float:
        z = slope * logit(scored.probability) + intercepts
        common = 4 * intercepts.sum() / (1 + 4 * len(intercepts))  # the likeliest one of its prior and theirs
        prior = np.log(slope) ** 2 + common**2 + ((intercepts - common) ** 2).sum() / recalibrate.EMOTION_SPREAD**2
        return float((np.logaddexp(0, z) - scored.presence * z).sum() + prior / 2)

    found = np.array(fitted.intercepts)
    least = cost(fitted.slope, found)
    assert all(cost(fitted.slope * factor, found) > least for factor in (0.97, 1.03))
    assert all(cost(fitted.slope, found + step) > least for step in 0.03 * np.concatenate([np.eye(4), -np.eye(4)]))
