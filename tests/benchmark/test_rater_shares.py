"""How many raters a face of face_votes had, as far as its shares say."""

import numpy as np
from benchmarks.rater_shares import raters_of


def test_it_is_the_largest_number_that_makes_every_share_whole_votes() -> None:
    shares = np.array(
        [[0.5, 0.5, 0.0], [0.556, 0.333, 0.111], [0.75, 0.125, 0.125], [1.0, 0.0, 0.0], [0.123, 0.877, 0.0]]
    )
    np.testing.assert_array_equal(raters_of(shares), [10, 9, 8, 10, np.nan])
