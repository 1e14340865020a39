"""Which clips count, and what is resampled."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lddu.evaluate.answered import Answers, figures, resampled
from lddu.evaluate.compare import intervals
from lddu.evaluate.metrics import metrics
from lddu.evaluate.scored import LEAST_GROUPS, Scored
from lddu.evaluate.subgroups import measure_subgroups
from lddu.evaluate.trust import SELECTED, Judged, trust_figures

THRESHOLDS = np.array([0.4, 0.6])


def answered(rng: np.random.Generator, groups: list[str], labelled: np.ndarray) -> Answers:
    """Answers on clips of these groups; those that are not labelled have no known label."""
    presence = (rng.random((len(groups), 2)) < 0.4).astype(float)
    presence[rng.random(presence.shape) < 0.1] = np.nan
    presence[~labelled] = np.nan
    presence[:2] = [[1, 0], [0, 1]]
    probability = np.clip(rng.random(presence.shape) / 2 + np.nan_to_num(presence) / 2, 0, 1)
    clips = np.array([f"c{n}" for n in range(len(groups))], dtype=object)
    scored = Scored(probability, presence, clips, ("joy", "fear"), np.array(groups, dtype=object), "test")
    labels = probability >= THRESHOLDS
    return Answers("run", scored, labels, -np.abs(probability - THRESHOLDS))


def without(answers: Answers, rows: np.ndarray) -> Answers:
    assert answers.uncertainty is not None
    return Answers("run", answers.scored.rows(rows), answers.labels[rows], answers.uncertainty[rows])


def trust_of(answers: Answers) -> dict[str, Any]:
    assert answers.uncertainty is not None
    return trust_figures(Judged(answers.scored, answers.labels, {SELECTED: answers.uncertainty}))


@given(st.integers(0, 10_000), st.integers(3, 16), st.integers(1, 20), st.booleans())
def test_clips_without_a_label_change_no_figure_and_no_interval(
    seed: int, groups: int, unlabelled: int, grouped: bool
) -> None:
    rng = np.random.default_rng(seed)
    names = [f"g{n % groups}" if grouped else "" for n in range(40)] + [f"h{n}" for n in range(unlabelled)]
    labelled = np.arange(len(names)) < 40
    order = np.concatenate([[0, 1], rng.permutation(np.arange(2, len(names)))])
    all_of_them = answered(rng, [names[n] for n in order], labelled[order])
    known = np.asarray(all_of_them.scored.known.any(axis=1))
    some = without(all_of_them, known)

    assert all_of_them.scored.counted_units() == some.scored.counted_units()
    assert metrics(all_of_them.scored, THRESHOLDS).n == known.sum()
    assert figures(all_of_them) == figures(some)
    for name, drawn in resampled(some, 0, 50).items():
        np.testing.assert_allclose(resampled(all_of_them, 0, 50)[name], drawn, atol=1e-9, err_msg=name)
    for key in ("error_auroc_interval", "adaptive_ece_interval", "ece_by_chance"):
        found, expected = (trust_of(answers)[key] for answers in (all_of_them, some))
        assert found == expected, key


def test_groups_without_a_label_do_not_make_ten() -> None:
    few = LEAST_GROUPS - 1
    names = [f"g{n % few}" for n in range(40)] + ["h0", "h1"]
    found = answered(np.random.default_rng(0), names, np.arange(42) < 40).scored
    assert found.counted_units() == (int(found.known.any(axis=1).sum()), "clip")


def test_three_labelled_clips_have_no_interval_however_many_others_there_are() -> None:
    found = answered(np.random.default_rng(0), [""] * 30, np.arange(30) < 3)
    assert all(np.isnan(estimate.low) for estimate in intervals(found).values())


def test_a_subgroup_is_resampled_with_the_groups_of_the_whole_split() -> None:
    names = [f"g{n % 20}" for n in range(80)]
    found = answered(np.random.default_rng(0), names, np.ones(80, bool))
    inside = np.array([int(name[1:]) < LEAST_GROUPS - 2 for name in names])
    [part, rest] = measure_subgroups(found, {"few": inside, "rest": ~inside}, "_sex").subgroups
    assert part.units == LEAST_GROUPS - 2
    assert rest.units == 20 - part.units
