import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.errors import MismatchError, RunError
from lddu.evaluate.metrics import baselines, clip_jaccard, metrics, micro_f1, ranking_precision
from lddu.evaluate.scored import Scored, Validation
from tests.scores import random_scored, scored_of, small_scored

NAN = float("nan")


def test_golden_numbers_of_a_split_that_is_counted_by_hand() -> None:
    # hits: joy of clip 0; false alarm: anger of clip 0; miss: joy of clip 1; clip 2 is empty and rightly so
    found = metrics(scored_of([[0.9, 0.6], [0.4, 0.3], [0.1, 0.2]], [[1, 0], [1, 0], [0, 0]]), np.array([0.5, 0.5]))
    assert (found.f1_micro, found.precision_micro, found.recall_micro) == (0.5, 0.5, 0.5)
    assert found.jaccard == pytest.approx(0.5 / 3)
    assert found.jaccard_empty_correct == pytest.approx(1.5 / 3)
    assert found.hamming_loss == pytest.approx(2 / 6)
    assert found.f1_macro == pytest.approx((2 / 3 + 0) / 2)
    assert found.brier == pytest.approx((0.01 + 0.36 + 0.36 + 0.09 + 0.01 + 0.04) / 6)


def test_an_emotion_without_positives_has_no_ap_and_is_left_out_of_the_macro_mean() -> None:
    found = metrics(scored_of([[0.9, 0.6], [0.4, 0.3]], [[1, 0], [0, 0]]), np.array([0.5, 0.5]))
    assert found.per_emotion["anger"].ap is None
    assert found.per_emotion["anger"].auroc is None
    assert (found.map_macro, found.map_macro_over, found.auroc_macro_over) == (1.0, 1, 1)


def test_an_emotion_that_is_always_present_has_an_ap_but_no_auroc() -> None:
    found = metrics(scored_of([[0.9], [0.4]], [[1], [1]]), np.array([0.5]))
    assert found.per_emotion["joy"].ap == 1.0
    assert found.per_emotion["joy"].auroc is None
    assert found.auroc_macro is None


def test_an_emotion_without_known_clips_counts_nowhere() -> None:
    one = metrics(scored_of([[0.9], [0.4]], [[1], [0]]), np.array([0.5]))
    two = metrics(scored_of([[0.9, 0.9], [0.4, 0.9]], [[1, NAN], [0, NAN]]), np.array([0.5, 0.5]))
    assert two.per_emotion["anger"].f1 is None
    assert (two.f1_macro, two.f1_micro, two.jaccard, two.nll) == (one.f1_macro, one.f1_micro, one.jaccard, one.nll)


@settings(deadline=None)
@given(small_scored())
def test_no_split_raises_a_warning_and_every_figure_is_finite(scored: Scored) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = metrics(scored, np.full(len(scored.emotions), 0.5)).to_mapping()
    numbers = [v for k, v in found.items() if k != "per_emotion" and v is not None]
    assert np.isfinite(numbers).all()


@settings(deadline=None)
@given(small_scored())
def test_the_probability_of_an_unknown_pair_changes_nothing(scored: Scored) -> None:
    other = scored.with_probability(np.where(scored.known, scored.probability, 1 - scored.probability))
    thresholds = np.full(len(scored.emotions), 0.5)
    assert metrics(scored, thresholds) == metrics(other, thresholds)


def test_the_order_of_the_clips_changes_nothing() -> None:
    scored = random_scored(unknown=0.1)
    order = np.random.default_rng(0).permutation(len(scored.clips))
    one, two = (metrics(s, np.full(4, 0.5)).to_mapping() for s in (scored, scored.rows(order)))
    assert one.pop("per_emotion").keys() == two.pop("per_emotion").keys()
    assert one == pytest.approx(two)


def test_an_unlabelled_split_is_refused_with_a_cure() -> None:
    with pytest.raises(MismatchError, match=r"Expected clips with known labels .* use `lddu predict`"):
        metrics(scored_of([[0.9]], [[NAN]]), np.array([0.5]))


def test_jaccard_of_a_clip_without_known_labels_is_nan() -> None:
    found = clip_jaccard(np.array([[NAN, NAN], [0.0, NAN]]), np.array([[True, True], [False, True]]), empty=1.0)
    assert np.isnan(found[0])
    assert found[1] == 1.0


def test_best_constant_is_the_best_of_all_subsets_on_train() -> None:
    random = np.random.default_rng(3)
    for _ in range(20):
        train = (random.random((30, 5)) < random.random(5)).astype(float)
        _, best = baselines(train, train, "abcde")
        subsets = [np.array([bool(k >> e & 1) for e in range(5)]) for k in range(1, 32)]
        assert best.f1_micro == pytest.approx(max(micro_f1(train, np.broadcast_to(s, train.shape)) for s in subsets))


def test_baselines_are_chosen_on_train_and_measured_on_the_split() -> None:
    everything, best = baselines(np.array([[1.0, 0], [1, 0]]), np.array([[0.0, 1], [1, 1]]), ("joy", "anger"))
    assert best.emotions == ("joy",)
    assert best.f1_micro == pytest.approx(2 / 5)
    assert everything.f1_micro == pytest.approx(6 / 7)


@pytest.mark.parametrize(
    ("probability", "presence", "error", "message"),
    [
        ([[NAN]], [[1]], RunError, "clip 'clip0' has nan for joy"),
        ([[1.5]], [[1]], RunError, r"Expected probabilities in \[0, 1\]"),
        ([[0.5]], [[0.3]], MismatchError, "present_at"),
        ([[0.5, 0.5]], [[1]], MismatchError, r"Expected presence of 1 clips x 2 emotions"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    probability: object, presence: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        scored_of(probability, presence)


def test_only_the_validation_split_is_validation() -> None:
    with pytest.raises(MismatchError, match="Expected the split 'valid' to fit a decision on, but got 'test'"):
        Validation(random_scored(split="test"))
    with pytest.raises(MismatchError, match="known labels in the validation split"):
        Validation(scored_of([[0.5]], [[NAN]]))


def test_groups_are_units_from_ten_on_and_a_clip_without_group_is_its_own() -> None:
    few = scored_of(np.zeros((12, 1)), np.zeros((12, 1)), group=["a", "b"] * 6)
    assert len(set(few.units())) == 12
    names = [f"g{n}" for n in range(10)] * 2 + ["", ""]
    many = scored_of(np.zeros((22, 1)), np.zeros((22, 1)), group=names)
    assert len(set(many.units())) == 12
    assert many.units()[0] == many.units()[10]


@settings(deadline=None, max_examples=200)
@given(positives=st.integers(1, 60), negatives=st.integers(0, 60))
def test_a_perfect_ranking_has_an_average_precision_of_one_and_no_more(positives: int, negatives: int) -> None:
    """scikit-learn gives 1.0000000000000002 for 9 positives of 59."""
    present = np.arange(positives + negatives) < positives
    assert 1 - 1e-12 < ranking_precision(present, -np.arange(len(present), dtype=float)) <= 1
