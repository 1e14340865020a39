"""Test is measured against validation only where their clips have about the same modalities."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lddu.training.conclude import MOST_OTHERWISE, alike


@given(
    sets=st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=40),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_order_and_number_of_clips_do_not_matter(sets: list[list[bool]], seed: int) -> None:
    presence = np.array(sets)
    assert alike(presence, np.random.default_rng(seed).permutation(np.concatenate([presence, presence])))


@given(moved=st.integers(0, 100))
def test_as_many_clips_may_lack_a_modality_as_the_constant_says(moved: int) -> None:
    whole = np.ones((100, 2), bool)
    other = whole.copy()
    other[:moved, 1] = False
    assert alike(whole, other) == alike(other, whole) == (moved / 100 <= MOST_OTHERWISE)
