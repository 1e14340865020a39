"""A last-layer Laplace head: exact in one dimension, unsure where nothing was seen, and like plain regression with many clips."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit

from lddu.arrays import Floats
from lddu.evaluate import laplace_head as head
from lddu.evaluate.laplace_head import FLAT, LastLayer, laplace_head
from lddu.evaluate.linear_baselines import C_GRID, regression


def clips(n: int, seed: int = 0, spread: float = 1.0) -> LastLayer:
    """Two emotions, three inputs; the first input says it, in logits of twice its size."""
    random = np.random.default_rng(seed)
    inputs = random.normal(0, spread, (n, 2, 3))
    presence = (random.random((n, 2)) < expit(2 * inputs[:, :, 0])).astype(float)
    return LastLayer(inputs, presence)


def test_with_many_clips_it_is_the_true_probability_and_sure_of_it() -> None:
    test = clips(500, seed=2)
    (found,) = laplace_head(clips(4000), clips(500, seed=1), [test])
    assert np.abs(found.probability - expit(2 * test.inputs[:, :, 0])).mean() < 0.03
    assert 0 < found.variance.mean() < 0.05


def test_it_is_less_sure_with_fewer_clips_and_far_from_them() -> None:
    valid, test = clips(300, seed=1), clips(300, seed=2)
    far = LastLayer(5 * test.inputs, test.presence)
    few, many = (laplace_head(clips(n), valid, [test, far]) for n in (60, 2000))
    assert few[0].variance.mean() > 5 * many[0].variance.mean()
    assert few[1].variance.mean() > 5 * few[0].variance.mean()


def test_the_mean_over_the_posterior_is_close_to_the_integral(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the posterior of each emotion computed anew: the regression's weights, and the inverse of the curvature there."""
    monkeypatch.setattr(head, "C_GRID", (1.0,))
    train, test = clips(40), clips(20, seed=2, spread=3.0)
    (found,) = laplace_head(train, clips(200, seed=1), [test])
    for e in range(2):
        inputs, asked = (np.append(x.inputs[:, e], np.ones((len(x.inputs), 1)), axis=1) for x in (train, test))
        centre, scale = inputs[:, :3].mean(axis=0), inputs[:, :3].std(axis=0)
        for x in (inputs, asked):
            x[:, :3] = (x[:, :3] - centre) / scale
        model = regression(inputs[:, :3], train.presence[:, e] == 1, 1.0)
        weight = np.append(model.coef_[0], model.intercept_[0])
        p = expit(inputs @ weight)
        covariance = np.linalg.inv(inputs.T @ np.diag(p * (1 - p)) @ inputs + np.diag([1.0, 1.0, 1.0, FLAT]))
        for n, x in enumerate(asked):
            m, v = x @ weight, x @ covariance @ x
            exact, _ = quad(
                lambda z, m=m, v=v: expit(m + np.sqrt(v) * z) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi), -8, 8
            )
            assert found.variance[n, e] == pytest.approx(v)
            assert found.probability[n, e] == pytest.approx(exact, abs=0.02)


def test_unknown_labels_teach_nothing_and_an_emotion_of_one_kind_keeps_its_frequency() -> None:
    train, valid = clips(200), clips(100, seed=1)
    more = LastLayer(
        np.vstack([train.inputs, np.full((50, 2, 3), 9.0)]), np.vstack([train.presence, np.full((50, 2), np.nan)])
    )
    (plain,), (with_unknown,) = laplace_head(train, valid, [valid]), laplace_head(more, valid, [valid])
    np.testing.assert_allclose(plain.probability, with_unknown.probability)
    one_kind: Floats = np.column_stack([np.ones(200), np.full(200, np.nan)])
    (found,) = laplace_head(LastLayer(train.inputs, one_kind), valid, [valid])
    assert (
        (found.probability[:, 0] == 1).all() and (found.probability[:, 1] == 0.5).all() and (found.variance == 0).all()
    )


def test_an_input_that_training_saw_at_one_value_only_makes_a_clip_a_little_unsure() -> None:
    """Such as a unit that is silent on all training clips and speaks on another: the prior of its weight is all that is known."""
    train, test = clips(300), clips(100, seed=2)
    silent = LastLayer(np.where(np.arange(3) == 2, 0.0, train.inputs), train.presence)
    still, speaking = (
        LastLayer(np.where(np.arange(3) == 2, value, test.inputs), test.presence) for value in (0.0, 0.5)
    )
    before, after = laplace_head(silent, clips(300, seed=1), [still, speaking])
    added = after.variance - before.variance
    assert (added > 0).all() and (added <= 0.5**2 * max(C_GRID) + 1e-9).all()
