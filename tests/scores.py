"""Random splits with known properties, for tests of measures and decisions."""

import numpy as np
from hypothesis import strategies as st

from lddu.arrays import Floats
from lddu.evaluate.scored import Scored, Validation

EMOTIONS = ("joy", "anger", "fear", "calm", "disgust", "surprise")


def random_scored(
    seed: int = 0,
    clips: int = 200,
    emotions: int = 4,
    sharpness: float = 1.0,
    unknown: float = 0.0,
    split: str = "valid",
) -> Scored:
    """Labels drawn from true probabilities; the predicted logit is the true one times `sharpness` (1 = calibrated)."""
    random = np.random.default_rng(seed)
    true = random.normal(-1, 1.5, (clips, emotions))
    presence = (random.random((clips, emotions)) < _sigmoid(true)).astype(float)
    presence[random.random((clips, emotions)) < unknown] = np.nan
    names = np.array([f"clip{n}" for n in range(clips)], dtype=object)
    return Scored(_sigmoid(sharpness * true), presence, names, EMOTIONS[:emotions], split=split)


def scored_of(probability: object, presence: object, split: str = "valid", group: list[str] | None = None) -> Scored:
    """A split from lists of rows."""
    p = np.array(probability, dtype=float)
    names = np.array([f"clip{n}" for n in range(len(p))], dtype=object)
    groups = None if group is None else np.array(group, dtype=object)
    return Scored(p, np.array(presence, dtype=float), names, EMOTIONS[: p.shape[1]], groups, split)


def validation_of(probability: object, presence: object) -> Validation:
    return Validation(scored_of(probability, presence))


@st.composite
def small_scored(draw: st.DrawFn) -> Scored:
    """A few clips with many ties and some unknown labels, at least one known."""
    clips, emotions = draw(st.integers(1, 9)), draw(st.integers(1, 4))
    size = clips * emotions
    p = draw(st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5, 0.7, 0.9, 1.0]), min_size=size, max_size=size))
    y = draw(st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=size, max_size=size))
    y[0] = draw(st.sampled_from([0.0, 1.0]))
    return scored_of(np.reshape(p, (clips, emotions)), np.reshape(y, (clips, emotions)))


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))
