import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lddu.arrays import Floats
from lddu.evaluate.compare import difference_of
from lddu.evaluate.gaps import picked_difference
from lddu.evaluate.p_value import p_value, two_sided
from lddu.evaluate.resample import enough_defined, middle

drawn = st.integers(1, 60).flatmap(
    lambda n: arrays(np.float64, n, elements=st.sampled_from([-1.0, 0.0, 0.5, 2.0, np.nan]))
)


@settings(deadline=None)
@given(drawn)
def test_no_resamples_prove_a_difference_and_an_undefined_one_has_neither_interval_nor_p(apart: Floats) -> None:
    found, defined = difference_of(0.3, apart), apart[~np.isnan(apart)]
    assert np.isnan([found.low, found.high, found.chance]).all() == (not enough_defined(apart))
    assert np.isnan(found.chance) or 1 / (len(apart) + 1) <= found.chance <= 1
    assert (middle(apart) is None) == (len(defined) < 0.95 * len(apart) or not len(defined))


@settings(deadline=None)
@given(arrays(np.float64, 40, elements=st.floats(-1, 1)))
def test_a_difference_has_the_p_of_its_mirror_image(apart: Floats) -> None:
    assert two_sided(apart) == two_sided(-apart)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=5), st.integers(0, 9), st.floats(1e-4, 0.3))
def test_a_gap_has_a_p_of_one_resample_at_least(values: list[float], seed: int, spread: float) -> None:
    resampled = np.array(values)[:, None] + np.random.default_rng(seed).normal(size=(len(values), 50)) * spread
    assert 1 / 51 <= picked_difference(values, resampled)[2].chance <= 1


def test_the_p_of_a_null_that_holds_is_below_a_level_no_more_often_than_the_level() -> None:
    ranks = np.array([p_value(beyond, 19) for beyond in range(20)])  # each is as likely as any other
    assert all((ranks <= level).mean() <= level + 1e-12 for level in (0.05, 0.1, 0.5, 1.0))
    assert ranks.min() == pytest.approx(0.05)
