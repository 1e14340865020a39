import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from lddu.arrays import Flags, Floats
from lddu.decide.conformal import (
    NOTHING,
    GuaranteedSets,
    fit_precision_sets,
    fit_recall_sets,
    hoeffding_bentkus,
    recall_cut,
)
from lddu.decide.label_sets import label_cuts
from lddu.errors import MismatchError, RunError
from lddu.evaluate.scored import Scored, Validation
from tests.scores import random_scored, scored_of, small_scored


def clip_recall(presence: Floats, chosen: Flags) -> Floats:
    present = presence == 1
    rows = present.any(axis=1)
    return np.asarray((present & chosen).sum(axis=1)[rows] / present.sum(axis=1)[rows])


@pytest.mark.parametrize("target", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("sharpness", [1.0, 4.0])
def test_recall_holds_over_fifty_random_halvings_however_bad_the_probabilities(target: float, sharpness: float) -> None:
    scored = random_scored(clips=400, sharpness=sharpness, unknown=0.05)
    reached, size = [], []
    for seed in range(50):
        order = np.random.default_rng(seed).permutation(400)
        fitted = fit_recall_sets(Validation(scored.rows(order[:200])), [target])
        new = scored.rows(order[200:])
        chosen = fitted.sets(new.probability, target)
        reached.append(clip_recall(new.presence, chosen).mean())
        size.append(chosen.sum(axis=1).mean())
    assert np.mean(reached) >= target - np.std(reached) / np.sqrt(50)
    assert np.mean(reached) <= target + 0.02  # and does so without giving everything away
    assert np.mean(size) < 4


@settings(deadline=None)
@given(small_scored(), st.sampled_from([0.5, 0.8, 0.9]))
def test_the_cut_is_the_highest_that_the_bound_allows(scored: Scored, target: float) -> None:
    cut = recall_cut(scored.probability, scored.presence, target)
    n = int((scored.presence == 1).any(axis=1).sum())

    def bound(at: float) -> float:
        return float((1 - clip_recall(scored.presence, scored.probability >= at)).sum() + 1) / (n + 1)

    assert cut == 0 or bound(cut) <= 1 - target + 1e-9
    higher = [v for v in (*np.unique(scored.probability), NOTHING) if v > cut]
    assert all(bound(v) > 1 - target for v in higher) or n == 0


def test_a_promise_to_new_speakers_holds_where_one_to_new_clips_does_not() -> None:
    """Speakers differ in how well they are read, and some say much: with speakers as units a new one's mean recall is kept."""
    by_clips: list[float] = []
    by_units: list[float] = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        ease, said = rng.normal(0, 1.5, 31), rng.integers(3, 60, 31)
        speaker = np.repeat(np.arange(31), said)
        truth = rng.random((len(speaker), 4)) < 0.4
        probability = 1 / (1 + np.exp(-(2 * truth - 1 + ease[speaker, None] + rng.normal(0, 1, truth.shape))))
        known, new = speaker < 30, speaker == 30
        if not truth[new].any():
            continue
        presence = truth.astype(float)
        for kept, units in ((by_clips, None), (by_units, speaker[known])):
            cut = recall_cut(probability[known], presence[known], 0.9, units)
            kept.append(clip_recall(presence[new], probability[new] >= cut).mean())
    error = np.std(by_units) / np.sqrt(len(by_units))
    assert np.mean(by_units) >= 0.9 - error
    assert np.mean(by_clips) < np.mean(by_units)


@settings(deadline=None)
@given(small_scored(), st.sampled_from([0.5, 0.8, 0.9]), st.integers(0, 9))
def test_the_cut_for_new_units_is_the_highest_that_the_bound_allows(scored: Scored, target: float, seed: int) -> None:
    units = np.random.default_rng(seed).integers(0, 5, len(scored.clips))
    shown = (scored.presence == 1).any(axis=1)
    cut = recall_cut(scored.probability, scored.presence, target, units)
    assert cut == recall_cut(scored.probability, scored.presence, target, 7 * units + 3)

    def bound(at: float) -> float:
        recall = clip_recall(scored.presence, scored.probability >= at)
        losses = [1 - recall[units[shown] == unit].mean() for unit in np.unique(units[shown])]
        return float(np.sum(losses) + 1) / (len(losses) + 1)

    assert cut == 0 or bound(cut) <= 1 - target + 1e-9
    higher = [v for v in (*np.unique(scored.probability), NOTHING) if v > cut]
    assert all(bound(v) > 1 - target for v in higher) or not shown.any()


def test_how_many_speakers_sets_rest_on_is_kept_and_nothing_where_they_rest_on_clips() -> None:
    scored = random_scored()
    speakers = np.arange(len(scored.clips)) % 25
    for units, kept in ((speakers, 25), (None, None)):
        fitted = fit_recall_sets(Validation(scored), units=units)
        written = fitted.to_mapping()
        assert fitted.units == kept and ("units" in written) == (kept is not None)
        assert GuaranteedSets.from_mapping(written) == fitted
    with pytest.raises(RunError, match=r"conformal\.units to be a whole number"):
        GuaranteedSets.from_mapping(fit_recall_sets(Validation(scored), units=speakers).to_mapping() | {"units": -1})


@given(small_scored(), st.sampled_from([0.5, 0.8, 0.9]))
def test_units_of_one_clip_are_clips(scored: Scored, target: float) -> None:
    alone = np.arange(len(scored.clips))
    assert recall_cut(scored.probability, scored.presence, target, alone) == recall_cut(
        scored.probability, scored.presence, target
    )


@given(clips=st.integers(1, 400), percent=st.integers(50, 99))
@example(clips=29, percent=90)
@example(clips=59, percent=95)
def test_with_one_emotion_a_clip_the_cut_leaves_out_as_many_as_whole_numbers_say(clips: int, percent: int) -> None:
    """Of n clips (n + 1)(1 - target) - 1 may be missed, counted without the rounding of (1 - 0.9) * 30."""
    p = np.linspace(0.1, 0.9, clips)[:, None]
    missed = (clips + 1) * (100 - percent) // 100 - 1
    assert recall_cut(p, np.ones_like(p), percent / 100) == (0.0 if missed < 0 else p[missed, 0])
    scored = scored_of(p, np.ones_like(p))
    assert label_cuts(Validation(scored), percent / 100).tolist() == [0.0 if missed < 0 else p[missed, 0]]


def test_with_too_few_clips_for_a_promise_the_set_holds_everything() -> None:
    fitted = fit_recall_sets(Validation(scored_of([[0.9, 0.1]] * 5, [[1, 0]] * 5)), [0.9])
    assert fitted.sets(np.array([[0.0, 0.5]]), 0.9).all()
    assert fitted.clips == 5


def test_a_target_between_two_fitted_ones_takes_the_stricter() -> None:
    fitted = fit_recall_sets(Validation(random_scored()), [0.8, 0.9])
    assert fitted.cut(0.85) == fitted.cut(0.9)
    assert fitted.cut(0.8) >= fitted.cut(0.9)


@pytest.mark.parametrize("target", [0.0, 1.0, 0.999, -1.0])
def test_a_target_out_of_reach_is_refused(target: float) -> None:
    with pytest.raises(MismatchError, match=r"Expected a recall above 0 and at most 0\.99"):
        fit_recall_sets(Validation(random_scored())).cut(target)


def test_precision_fails_no_more_often_than_its_confidence_says() -> None:
    everyone = random_scored(7, clips=20000)
    failed, found = [], []
    for seed in range(60):
        drawn = np.random.default_rng(seed).integers(20000, size=400)
        fitted = fit_precision_sets(Validation(everyone.rows(drawn)), [0.8])
        chosen = fitted.sets(everyone.probability, 0.8)
        right = np.where(
            chosen.any(axis=1), (chosen & (everyone.presence == 1)).sum(axis=1) / np.maximum(chosen.sum(axis=1), 1), 1.0
        )
        failed.append(right.mean() < 0.8)
        found.append(chosen.sum(axis=1).mean())
    assert np.mean(failed) <= 0.1 + 0.08
    assert np.mean(found) > 0.3  # not by saying nothing


def test_precision_out_of_reach_gives_the_empty_set() -> None:
    fitted = fit_precision_sets(Validation(scored_of([[0.9], [0.9]], [[0], [0]])), [0.9])
    assert fitted.cut(0.9) == NOTHING
    assert not fitted.sets(np.ones((1, 1)), 0.9).any()


@given(n=st.integers(1, 500), risk=st.floats(0, 1), level=st.floats(0.01, 0.5))
def test_a_p_value_is_the_smaller_of_both_bounds(n: int, risk: float, level: float) -> None:
    low = min(risk, level)
    divergence = sum(a * math.log(a / b) for a, b in ((low, level), (1 - low, 1 - level)) if a > 0)
    bentkus = math.e * binom(n, level).cdf(math.ceil(n * risk - 1e-9))
    found = hoeffding_bentkus(np.array([risk]), n, level)
    assert found[0] == pytest.approx(min(math.exp(-n * divergence), bentkus), rel=1e-6, abs=1e-12)


def test_a_p_value_is_small_only_where_the_risk_is_clearly_below_the_level() -> None:
    p = hoeffding_bentkus(np.array([0.0, 0.05, 0.1, 0.5]), 200, 0.1)
    assert p[0] < 1e-6
    assert (np.diff(p) >= 0).all()
    assert p[2] > 0.5
