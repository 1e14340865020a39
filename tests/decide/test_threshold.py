from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.decide import threshold
from lddu.decide.threshold import Criterion, best_cut, fit_threshold
from lddu.evaluate.scored import Scored, Validation
from tests.scores import random_scored, small_scored, validation_of


def plain_f1(presence: np.ndarray, labels: np.ndarray) -> float:
    """Micro-F1 over known pairs, from its definition; 0 where nothing is present and nothing predicted."""
    present, chosen = presence == 1, labels & ~np.isnan(presence)
    return float(2 * (present & chosen).sum() / max(1, present.sum() + chosen.sum()))


@settings(deadline=None)
@given(small_scored())
def test_no_other_global_threshold_has_a_better_micro_f1(scored: Scored) -> None:
    reached = plain_f1(scored.presence, scored.probability >= fit_threshold(Validation(scored)))
    others = [plain_f1(scored.presence, scored.probability >= cut) for cut in np.linspace(0, 1, 41)]
    assert reached >= max(others) - 1e-12


@settings(deadline=None)
@given(small_scored())
def test_no_other_threshold_per_emotion_has_a_better_f1_of_that_emotion(scored: Scored) -> None:
    thresholds = fit_threshold(Validation(scored), "per_emotion")
    for e in np.flatnonzero((scored.presence == 1).any(axis=0)):
        presence, p = scored.presence[:, [e]], scored.probability[:, [e]]
        reached = plain_f1(presence, p >= thresholds[e])
        assert reached >= max(plain_f1(presence, p >= cut) for cut in np.linspace(0, 1, 41)) - 1e-12


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=15))
def test_any_floats_are_cut_exactly_however_near_they_are(pairs: list[tuple[float, bool]]) -> None:
    p, y = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
    reached = plain_f1(y[:, None].astype(float), (p >= best_cut(p, y))[:, None])
    assert reached == max([plain_f1(y[:, None].astype(float), (p >= v)[:, None]) for v in p])


def test_the_cut_lies_in_the_middle_of_the_widest_best_gap() -> None:
    assert best_cut(np.array([0.2, 0.8]), np.array([False, True])) == 0.5
    # keeping one (F1 2/3) or all four (F1 2 * 2 / 6) is equally good; the gap above .1 is (0, .1], above .9 (.4, .9]
    p, y = np.array([0.1, 0.3, 0.4, 0.9]), np.array([True, False, False, True])
    assert best_cut(p, y) == pytest.approx(0.65)


def test_an_emotion_without_positives_takes_the_global_threshold() -> None:
    validation = validation_of([[0.9, 0.8], [0.3, 0.1], [0.6, 0.2]], [[1, 0], [0, 0], [1, np.nan]])
    overall = fit_threshold(validation)
    each = fit_threshold(validation, "per_emotion")
    assert each[1] == overall[1]
    assert each[0] == pytest.approx(0.45)


def test_without_any_positive_the_threshold_is_a_half() -> None:
    assert fit_threshold(validation_of([[0.9], [0.3]], [[0], [0]])).tolist() == [0.5]


def test_most_pairs_without_a_positive_are_right_where_nothing_is_named() -> None:
    validation = validation_of([[0.9], [0.3]], [[0], [0]])
    assert fit_threshold(validation, criterion="accuracy").tolist() == [pytest.approx(0.95)]


def test_thresholds_do_not_depend_on_the_order_of_clips() -> None:
    scored = random_scored()
    order = np.random.default_rng(0).permutation(len(scored.clips))
    assert fit_threshold(Validation(scored)).tolist() == fit_threshold(Validation(scored.rows(order))).tolist()


@settings(deadline=None)
@given(small_scored())
def test_no_cut_beats_the_chosen_one_in_macro_f1_or_accuracy(scored: Scored) -> None:
    known, present = scored.known, scored.presence == 1

    def macro(labels: np.ndarray) -> float:
        some = known.any(axis=0)
        return float(np.mean([plain_f1(scored.presence[:, [e]], labels[:, [e]]) for e in np.flatnonzero(some)]))

    def accuracy(labels: np.ndarray) -> float:
        return float((labels == present)[known].mean())

    criteria: list[tuple[Criterion, Callable[[np.ndarray], float]]] = [("f1_macro", macro), ("accuracy", accuracy)]
    for criterion, value in criteria:
        reached = value(scored.probability >= fit_threshold(Validation(scored), criterion=criterion))
        cuts = [*np.unique(scored.probability[known]), np.inf]
        if criterion == "accuracy" and scored.probability[known].max() == 1:
            cuts.pop()  # no threshold within [0, 1] names nothing
        assert reached >= max(value(scored.probability >= cut) for cut in cuts) - 1e-9


def test_a_floor_names_rare_emotions_and_costs_little() -> None:
    rng = np.random.default_rng(0)
    presence = (rng.random((2000, 4)) < [0.4, 0.3, 0.05, 0.04]).astype(float)
    odds = np.log([0.4 / 0.6, 0.3 / 0.7, 0.05 / 0.95, 0.04 / 0.96])
    probability = 1 / (
        1 + np.exp(-(odds + rng.normal([2.0, 2.0, 0.7, 0.7] * (2 * presence - 1), [2.0, 2.0, 0.7, 0.7])))
    )
    validation = validation_of(probability, presence)
    plain, floor = (fit_threshold(validation, kind) for kind in ("global", "floor"))
    np.testing.assert_array_equal(floor[:2], plain[:2])
    assert (floor[2:] < plain[2:]).all()
    assert plain_f1(presence[:, 2:], probability[:, 2:] >= floor[2:]) > plain_f1(
        presence[:, 2:], probability[:, 2:] >= plain[2:]
    )
    assert plain_f1(presence, probability >= floor) > plain_f1(presence, probability >= plain) - 0.01


@given(
    seed=st.integers(0, 2**16),
    clips=st.integers(8, 120),
    unknown=st.sampled_from([0.0, 0.4]),
    decimals=st.sampled_from([1, 12]),
    criterion=st.sampled_from(["f1_micro", "f1_macro", "accuracy"]),
)
def test_a_floor_is_the_highest_cut_that_names_an_emotion_half_as_often_as_it_shows(
    seed: int, clips: int, unknown: float, decimals: int, criterion: Criterion
) -> None:
    scored = random_scored(seed, clips=clips, unknown=unknown)
    scored.probability[:] = scored.probability.round(decimals)
    validation = Validation(scored)
    plain, floor = (fit_threshold(validation, kind, criterion) for kind in ("global", "floor"))
    for e, known in enumerate(scored.known.T):
        probability, shown = scored.probability[known, e], int((scored.presence[known, e] == 1).sum())
        named = [int((probability >= cut).sum()) for cut in (plain[e], floor[e])]
        least_likely = np.sort(probability)[-((shown + 1) // 2)] if shown else np.inf
        if shown < threshold.OFTEN_SHOWN or 2 * named[0] >= shown:
            assert floor[e] == plain[e]
        elif (probability >= least_likely).sum() > 2 * shown:
            assert floor[e] == plain[e]  # so many are alike that it would be named more than twice as often as it shows
        else:
            assert floor[e] < plain[e] and 2 * named[1] >= shown
            least = probability[probability >= floor[e]].min()
            assert 2 * int((probability > least).sum()) < shown  # without the least likely ones it would be too few


@pytest.mark.parametrize("alike", [0.0, 0.05])
def test_an_emotion_whose_probabilities_are_all_alike_is_not_named_in_every_clip(alike: float) -> None:
    """As where a program gives zeros and ones, or a training that learnt nothing gives every clip the mean."""
    presence = np.stack([np.arange(200) % 2 == 0, np.arange(200) < 12], axis=1).astype(float)
    probability = np.stack([0.1 + 0.8 * presence[:, 0], np.full(200, alike)], axis=1)
    validation = validation_of(probability, presence)
    for kind in ("floor", "global_or_floor"):
        cuts = fit_threshold(validation, kind)
        np.testing.assert_array_equal(cuts, fit_threshold(validation, "global"))
        assert not (probability[:, 1] >= cuts[1]).any()


def rarely_sure(shown: int) -> Validation:
    """Two emotions of 200 clips: one is known well, the other is shown by a few and never likely."""
    presence = np.stack([np.arange(200) % 2 == 0, np.arange(200) < shown], axis=1).astype(float)
    rng = np.random.default_rng(0)
    probability = np.stack(
        [0.25 + 0.5 * presence[:, 0] + rng.uniform(-0.2, 0.2, 200), 0.05 + 0.2 * presence[:, 1] * rng.random(200)],
        axis=1,
    )
    return validation_of(probability, presence)


def test_one_threshold_stays_unless_it_never_names_an_emotion_that_often_shows() -> None:
    rare, frequent = rarely_sure(threshold.OFTEN_SHOWN - 1), rarely_sure(threshold.OFTEN_SHOWN)
    np.testing.assert_array_equal(fit_threshold(rare, "global_or_floor"), fit_threshold(rare, "global"))
    followed = fit_threshold(frequent, "global_or_floor")
    np.testing.assert_array_equal(followed, fit_threshold(frequent, "floor"))
    assert followed[1] < followed[0]
    for criterion in ("f1_macro", "accuracy"):
        plain, chosen = (fit_threshold(frequent, kind, criterion) for kind in ("global", "global_or_floor"))
        np.testing.assert_array_equal(plain, chosen)


@given(seed=st.integers(0, 2**16))
def test_where_one_threshold_names_every_emotion_right_it_is_the_best_there_is(seed: int) -> None:
    scored = random_scored(seed, clips=60)
    scored.probability[:3] = np.where(scored.presence[:3] == 1, 1.0, 0.0)
    scored.probability[3], scored.presence[3] = 1.0, 1.0  # every emotion is once right
    validation = Validation(scored)
    np.testing.assert_array_equal(fit_threshold(validation, "global_or_floor"), fit_threshold(validation, "global"))
