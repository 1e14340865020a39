"""Label-wise conformal sets keep their promise for every emotion, the rare ones too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.decide.label_sets import label_cuts
from lddu.errors import MismatchError
from lddu.evaluate.scored import Scored, Validation
from tests.scores import random_scored, small_scored


def test_each_emotion_is_covered_on_new_clips_as_often_as_promised() -> None:
    covered = []
    for seed in range(40):
        whole = random_scored(seed, clips=800, sharpness=2.0, unknown=0.1)
        cuts = label_cuts(Validation(whole.rows(np.arange(400))), 0.9)
        rest = whole.rows(np.arange(400, 800))
        covered.append([(rest.probability[p, e] >= cuts[e]).mean() for e, p in enumerate((rest.presence == 1).T)])
    mean, error = np.mean(covered, axis=0), np.std(covered, axis=0) / np.sqrt(40)
    assert (mean >= 0.9 - 3 * error).all() and (mean <= 0.93).all()


@given(small_scored(), st.floats(0.05, 0.95))
def test_a_cut_leaves_out_at_most_what_the_target_allows(scored: Scored, target: float) -> None:
    cuts = label_cuts(Validation(scored), target)
    for e, shown in enumerate((scored.presence == 1).T):
        left_out = int((scored.probability[shown, e] < cuts[e]).sum())
        assert left_out <= max(0, (1 - target) * (shown.sum() + 1) - 1) + 1e-6


def test_an_emotion_that_few_clips_show_is_in_every_set() -> None:
    scored = random_scored(clips=60, emotions=2)
    scored.presence[:, 1] = np.arange(60) < 5
    cuts = label_cuts(Validation(scored), 0.9)
    assert cuts[1] == 0 and cuts[0] > 0


@pytest.mark.parametrize("target", [0.0, 1.0, 1.5])
def test_a_target_that_is_no_share_is_refused(target: float) -> None:
    with pytest.raises(MismatchError, match="target above 0 and below 1"):
        label_cuts(Validation(random_scored()), target)
