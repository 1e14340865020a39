"""Distances of shares against scipy and scikit-learn, and one rater against the others by going through all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cityblock, jensenshannon
from sklearn.metrics import f1_score, log_loss

from lddu.arrays import Floats
from lddu.evaluate.raters import rater_agreement
from lddu.evaluate.shares import one_rater, one_vote_each, share_distances, share_figures, votes

SHARES = arrays(np.float64, (6, 4), elements=st.floats(0, 1))


@given(SHARES)
def test_votes_are_a_distribution_and_keep_the_order_of_the_emotions(shares: Floats) -> None:
    found = votes(shares)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert (found >= 0).all()
    total = shares.sum(axis=1)
    np.testing.assert_allclose(found[:, :-1] * np.maximum(total, 1)[:, None], shares, atol=1e-12)
    np.testing.assert_allclose(found[:, -1], np.maximum(1 - total, 0))


def scipys_distance(first: Floats, second: Floats) -> float:
    """Subnormal shares are 0: SciPy's distance of them is infinite."""
    some = (np.where(own < np.finfo(np.float64).tiny, 0.0, own) for own in (first, second))
    return float(np.nan_to_num(jensenshannon(*some, base=2)))


def test_a_share_too_small_to_halve_is_as_near_as_none() -> None:
    found = share_distances(np.zeros((1, 2)), np.full((1, 2), 5e-324))
    assert found["jensen_shannon"][0] == 0


@given(SHARES, SHARES)
def test_distances_are_those_of_scipy_clip_by_clip(first: Floats, second: Floats) -> None:
    found = share_distances(first, second)
    for n, (a, b) in enumerate(zip(votes(first), votes(second), strict=True)):
        assert found["jensen_shannon"][n] == pytest.approx(scipys_distance(a, b), abs=1e-6)
        assert found["manhattan"][n] == pytest.approx(cityblock(a, b))
    assert found["jensen_shannon"].max() <= 1 + 1e-9 and found["manhattan"].max() <= 2 + 1e-9


@given(SHARES)
def test_the_observed_shares_themselves_are_the_nearest(shares: Floats) -> None:
    exact, other = share_distances(shares, shares), share_distances(np.full_like(shares, 0.3), shares)
    assert all((exact[name] <= other[name] + 1e-6).all() for name in exact)
    assert exact["jensen_shannon"].max() < 1e-6 and exact["soft_brier"].max() == 0


def test_cross_entropy_is_the_log_loss_of_every_single_vote() -> None:
    random = np.random.default_rng(0)
    counts, predicted = random.integers(0, 11, (30, 3)), random.uniform(0.05, 0.95, (30, 3))
    single = np.repeat(counts.ravel(), 10) > np.tile(np.arange(10), 90)
    expected = log_loss(single, np.repeat(predicted.ravel(), 10))
    assert share_distances(predicted, counts / 10)["cross_entropy"].mean() == pytest.approx(expected)


def test_clips_with_an_unknown_share_count_nowhere() -> None:
    random = np.random.default_rng(1)
    predicted, observed = random.random((20, 3)), random.random((20, 3))
    whole = share_figures(predicted, observed, np.arange(20))
    more = np.vstack([observed, [[np.nan, 0.0, 0.0]]])
    assert share_figures(np.vstack([predicted, [[1.0, 1.0, 1.0]]]), more, np.arange(21)) == whole
    assert share_figures(predicted, np.full_like(observed, np.nan), np.arange(20)) is None


def ballots(seed: int, clips: int = 40, none: float = 0.2) -> list[np.ndarray]:
    """[raters, 3] flags of each clip: every rater names one of three emotions or none."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(clips):
        chances = np.append(random.dirichlet(np.full(3, 0.6)) * (1 - none), none)
        found.append(np.eye(4)[random.choice(4, random.integers(2, 9), p=chances)][:, :3])
    return found


def left_out(ballot: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(ballot[r], np.delete(ballot, r, axis=0).mean(axis=0)) for r in range(len(ballot))]


@given(st.integers(0, 50))
def test_one_rater_is_the_mean_over_all_that_could_be_taken(seed: int) -> None:
    found = ballots(seed)
    shares = np.round([ballot.mean(axis=0) for ballot in found], 3)
    raters = np.array([len(ballot) for ballot in found], float)
    one = one_rater(shares, raters, 0.5)
    assert one is not None and one.n == one.of == 40
    pairs = [[share_distances(own[None], rest[None]) for own, rest in left_out(ballot)] for ballot in found]
    for name in ("jensen_shannon", "manhattan", "soft_brier"):
        expected = np.mean([np.mean([float(pair[name][0]) for pair in own]) for own in pairs])
        assert getattr(one, name) == pytest.approx(expected, abs=1e-6), name
    named = np.concatenate([own for ballot in found for own, _ in left_out(ballot)])
    present = np.concatenate([rest >= 0.5 for ballot in found for _, rest in left_out(ballot)])
    weight = np.repeat(1 / raters.repeat(raters.astype(int)), 3)
    assert one.f1_micro == pytest.approx(f1_score(present.ravel(), named.ravel(), sample_weight=weight))


def test_raters_who_name_several_emotions_have_no_votes_to_compare_but_scores() -> None:
    found = one_rater(np.array([[1.0, 0.5], [0.5, 0.0]]), np.array([2.0, 2.0]), 0.5)
    assert found is not None and found.jensen_shannon is None and found.manhattan is None
    assert found.soft_brier == pytest.approx((0 + 1 + 1 + 0) / 4)


def test_clips_whose_votes_cannot_be_counted_are_left_out_and_said() -> None:
    shares = np.array([[0.5, 0.5], [0.3, 0.7], [1.0, 0.0], [np.nan, 0.5], [0.5, 0.5]])
    found = one_rater(shares, np.array([4.0, 4.0, 1.0, 4.0, np.nan]), 0.5)
    assert found is not None and (found.n, found.of, found.raters) == (1, 4, 4.0)
    assert one_rater(shares, np.full(5, np.nan), 0.5) is None


@given(SHARES)
def test_one_vote_each_is_seen_in_rounded_shares(shares: Floats) -> None:
    scaled = np.round((shares + 0.01) / (shares + 0.01).sum(axis=1, keepdims=True), 3)
    assert one_vote_each(scaled)
    assert not one_vote_each(scaled * 0.9) and not one_vote_each(np.full((3, 2), np.nan))


def test_copies_of_clips_in_one_unit_do_not_narrow_the_interval_of_the_agreement() -> None:
    random = np.random.default_rng(0)
    entropy, said, units = random.random(30), random.random(30), np.arange(30)
    once = rater_agreement(entropy, said, {}, units)
    copied = rater_agreement(np.tile(entropy, 8), np.tile(said, 8), {}, np.tile(units, 8))
    assert once is not None and copied is not None and once.interval is not None and copied.interval is not None
    assert (copied.interval.low, copied.interval.high) == pytest.approx((once.interval.low, once.interval.high))
