"""Shares of raters from probabilities: learnt from the raters of validation, whatever the network was trained on."""

from typing import Any

import numpy as np
import pytest

from lddu.arrays import Floats
from lddu.decide.decision import FittedDecision, fit_decision
from lddu.decide.shares import ShareMap, fit_shares
from lddu.errors import MismatchError, RunError
from lddu.evaluate.scored import Scored, Validation
from lddu.evaluate.shares import share_distances, votes
from tests.decide.test_aleatoric import rated


def fitted(clips: int = 400) -> ShareMap:
    scored, shares, _ = rated(clips, seed=1)
    found = fit_shares(Validation(scored), shares)
    assert found is not None
    return found


def test_probabilities_of_presence_become_shares_that_are_nearer_on_other_clips() -> None:
    other, shares, _ = rated(1000, seed=2)
    expected = fitted().apply(other.probability)
    np.testing.assert_allclose(expected.sum(axis=1), 1.0)
    for name, plain in share_distances(other.probability, shares).items():
        assert share_distances(expected, shares)[name].mean() < plain.mean(), name


def test_shares_of_raters_who_name_several_are_not_scaled() -> None:
    scored, shares, _ = rated(400, seed=1)
    several = np.minimum(2 * shares, 1.0)
    found = fit_shares(Validation(scored), several)
    assert found is not None and not found.one_vote
    expected = found.apply(scored.probability)
    assert expected.sum(axis=1).max() > 1.2 and expected.max() <= 1
    np.testing.assert_allclose(votes(expected).sum(axis=1), 1.0)


@pytest.mark.parametrize("shares", [np.full((400, 4), np.nan), np.eye(4)[np.arange(400) % 4]])
def test_without_raters_that_differ_no_shares_are_expected(shares: Floats) -> None:
    scored, _, _ = rated(400, seed=1)
    assert fit_shares(Validation(scored), shares) is None


def test_clips_with_an_unknown_share_teach_nothing() -> None:
    scored, shares, _ = rated(400, seed=1)
    wild = Scored(np.vstack([scored.probability, np.full((50, 4), 0.99)]), np.ones((450, 4)), np.arange(450).astype(object), scored.emotions,
                  split="valid")  # fmt: skip
    half_known = np.vstack([shares, np.tile([0.0, 0.0, 0.0, np.nan], (50, 1))])
    assert fit_shares(Validation(wild), half_known) == fitted()


def test_shares_of_other_clips_are_refused() -> None:
    scored, shares, _ = rated(400, seed=1)
    with pytest.raises(MismatchError, match="shares of clips x emotions"):
        fit_shares(Validation(scored), shares[:10])


def test_it_survives_json_exactly_and_decisions_of_version_two_expect_none() -> None:
    scored, shares, width = rated(400, seed=1)
    told = fit_decision(Validation(scored), scores=width, shares=shares, spread=width).to_mapping()
    assert FittedDecision.from_mapping(told).shares == fitted()
    old = {name: value for name, value in told.items() if name != "shares"} | {"version": 2}
    assert FittedDecision.from_mapping(old).shares is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"one_vote": 1}, "decision.json.shares.one_vote to be true or false, but got 1"),
        ({"recalibration": None}, "decision.json.shares.recalibration to be a mapping"),
        ({"more": 1}, "has the unknown more"),
    ],
)
def test_a_damaged_map_is_refused_with_what_and_where(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RunError, match=message):
        ShareMap.from_mapping({**fitted().to_mapping(), **change}, "decision.json.shares", 4)


def test_a_map_of_another_number_of_emotions_is_refused() -> None:
    with pytest.raises(RunError, match="shares of 3 emotions"):
        ShareMap.from_mapping(fitted().to_mapping(), "decision.json.shares", 3)
