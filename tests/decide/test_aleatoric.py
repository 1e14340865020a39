"""How much people would differ: learnt from the raters of validation, the mean entropy where there are none."""

import numpy as np
import pytest
from scipy.stats import entropy

from lddu.arrays import Floats
from lddu.decide.aleatoric import (
    MEAN_ENTROPY,
    AleatoricScore,
    clip_ambiguity,
    fit_aleatoric,
    raters_differ,
    vote_entropy,
)
from lddu.decide.decision import FittedDecision, fit_decision
from lddu.errors import RunError
from lddu.evaluate.scored import Scored, Validation
from lddu.evaluate.selective import spearman

EMOTIONS = ("joy", "anger", "fear", "calm")


def rated(clips: int, seed: int) -> tuple[Scored, Floats, dict[str, Floats]]:
    """Ten raters a clip; the run knows the true shares up to noise, and its width knows nothing. Presence from .2."""
    random = np.random.default_rng(seed)
    true = random.dirichlet(np.full(4, 0.4), clips)
    shares = np.stack([random.multinomial(10, row) for row in true]) / 10
    logits = 12 * (true - 0.2) + random.normal(0, 0.5, true.shape)
    names = np.array([f"c{n}" for n in range(clips)], object)
    scored = Scored(1 / (1 + np.exp(-logits)), (shares >= 0.2).astype(float), names, EMOTIONS, split="valid")
    return scored, shares, {"width": random.random(true.shape)}


def test_vote_entropy_agrees_with_scipy_and_is_unknown_without_votes() -> None:
    shares = np.random.default_rng(0).random((20, 3))
    np.testing.assert_allclose(vote_entropy(shares), entropy(shares, axis=1))
    assert np.isnan(vote_entropy(np.array([[0.0, 0.0], [0.5, np.nan]]))).all()


def test_raters_teach_it_and_it_beats_the_mean_entropy_on_other_clips() -> None:
    scored, shares, width = rated(600, seed=1)
    fitted = fit_aleatoric(Validation(scored), scored.probability, width, shares)
    assert fitted.learnt and fitted.left_out_spearman["width"] < 0.2
    other, other_shares, other_width = rated(1500, seed=2)
    votes = vote_entropy(other_shares)
    found = spearman(fitted.apply(other.probability, other_width), votes)
    plain = spearman(clip_ambiguity(other.probability, other_width)["entropy"], votes)
    assert found is not None and plain is not None and found > plain
    assert abs(float((fitted.apply(other.probability, other_width) - votes).mean())) < 0.03


def test_without_raters_that_differ_it_is_the_mean_entropy() -> None:
    scored, shares, width = rated(100, seed=3)
    for unanimous in (np.full_like(shares, np.nan), np.eye(4)[np.arange(100) % 4]):
        assert not raters_differ(unanimous).any()
        fitted = fit_aleatoric(Validation(scored), scored.probability, width, unanimous)
        assert fitted == MEAN_ENTROPY
        expected = clip_ambiguity(scored.probability, width)["entropy"]
        np.testing.assert_allclose(fitted.apply(scored.probability, width), expected)


def test_it_survives_json_exactly_and_damage_is_refused() -> None:
    scored, shares, width = rated(200, seed=4)
    fitted = fit_aleatoric(Validation(scored), scored.probability, width, shares)
    assert AleatoricScore.from_mapping(fitted.to_mapping()) == fitted
    with pytest.raises(RunError, match="aleatoric"):
        AleatoricScore.from_mapping({**fitted.to_mapping(), "inputs": [3]})


def test_a_decision_of_the_first_version_reads_as_the_mean_entropy() -> None:
    scored, shares, width = rated(200, seed=5)
    told = fit_decision(Validation(scored), scores=width, shares=shares, spread=width).to_mapping()
    assert FittedDecision.from_mapping(told).aleatoric.learnt
    old = {name: value for name, value in told.items() if name not in ("aleatoric", "shares")} | {"version": 1}
    assert FittedDecision.from_mapping(old).aleatoric == MEAN_ENTROPY


def test_clips_of_which_no_emotion_is_probable_at_all_can_be_learnt_from() -> None:
    scored, shares, width = rated(100, seed=4)
    hard = (scored.probability > 0.5).astype(float)
    hard[:30] = 0
    fitted = fit_aleatoric(Validation(scored), hard, width, shares)
    assert fitted.learnt and bool(np.isfinite(fitted.apply(hard, width)).all())
