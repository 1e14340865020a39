import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.errors import MismatchError
from lddu.evaluate.selective import risk_coverage, selective, selective_report
from tests.scores import random_scored

ROWS = st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.9]), st.sampled_from([0.0, 1.0])), min_size=1, max_size=12)


def test_golden_numbers_by_hand() -> None:
    found = selective(np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.array([0.0, 0.0, 1.0, 0.0, 1.0]))
    assert found.aurc == pytest.approx((0 + 0 + 1 / 3 + 1 / 4 + 2 / 5) / 5)
    assert found.excess_aurc == pytest.approx(found.aurc - (0 + 0 + 0 + 1 / 4 + 2 / 5) / 5)
    assert found.error_auroc == pytest.approx(5 / 6)
    assert found.risk_at_80 == pytest.approx(1 / 4)
    assert found.coverage_at_5 == pytest.approx(2 / 5)
    assert found.risk == pytest.approx(0.4)


@settings(deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_show(rows: list[tuple[float, float]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, two = (selective(*np.array(r).T).to_mapping() for r in (rows, shuffled))
    assert one == pytest.approx(two)


@settings(deadline=None)
@given(ROWS)
def test_a_perfect_order_has_no_excess_and_no_order_has_less(rows: list[tuple[float, float]]) -> None:
    uncertainty, loss = np.array(rows).T
    assert selective(uncertainty, loss).excess_aurc >= -1e-12
    assert selective(loss, loss).excess_aurc == pytest.approx(0, abs=1e-12)


def test_a_constant_score_has_the_overall_risk_everywhere() -> None:
    found = selective(np.ones(10), np.array([1.0] * 3 + [0.0] * 7))
    assert found.aurc == pytest.approx(0.3)
    assert found.risk_at_80 == pytest.approx(0.3)
    assert found.error_auroc == 0.5
    assert found.spearman is None


def test_a_split_without_errors_has_no_auroc() -> None:
    found = selective(np.array([0.1, 0.2]), np.zeros(2))
    assert (found.error_auroc, found.error_aupr, found.aurc, found.coverage_at_5) == (None, None, 0.0, 1.0)


def test_the_curve_ends_at_full_coverage_with_the_overall_risk() -> None:
    curve = risk_coverage(np.array([0.3, 0.1, 0.3, 0.2]), np.array([1.0, 0.0, 0.0, 0.0]))
    assert curve.coverage.tolist() == [0.25, 0.5, 1.0]
    assert curve.risk.tolist() == [0.0, 0.0, 0.25]


def test_unknown_pairs_count_nowhere() -> None:
    scored = random_scored(unknown=0.3)
    labels, uncertainty = scored.probability >= 0.5, -np.abs(scored.probability - 0.5)
    hidden = np.where(scored.known, uncertainty, 99.0)
    report = selective_report(scored, labels, uncertainty)
    assert report == selective_report(scored, labels ^ ~scored.known, hidden)
    assert report.pooled.n == scored.known.sum()
    assert report.per_clip.risk == pytest.approx(
        np.mean(
            [
                (w & k).sum() / k.sum()
                for w, k in zip((scored.presence == 1) != labels, scored.known, strict=True)
                if k.any()
            ]
        )
    )


def test_margin_of_a_calibrated_predictor_finds_errors_better_than_noise() -> None:
    scored = random_scored(clips=500)
    labels = scored.probability >= 0.5
    margin = selective_report(scored, labels, -np.abs(scored.probability - 0.5))
    noise = selective_report(scored, labels, np.random.default_rng(1).random(labels.shape))
    assert margin.pooled.aurc < noise.pooled.aurc
    assert margin.pooled.error_auroc is not None
    assert margin.pooled.error_auroc > 0.65
    assert noise.pooled.error_auroc == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("uncertainty", "loss", "message"),
    [
        ([np.nan], [1.0], "finite uncertainties"),
        ([], [], "at least one"),
        ([0.1, 0.2], [1.0], "one uncertainty per loss"),
    ],
)
def test_what_cannot_be_ordered_is_refused(uncertainty: list[float], loss: list[float], message: str) -> None:
    with pytest.raises(MismatchError, match=message):
        selective(np.array(uncertainty), np.array(loss))
