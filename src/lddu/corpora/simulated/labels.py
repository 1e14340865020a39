"""Which emotions simulated clips show, and what three simulated annotators make of them.

Emotions are thresholded correlated Gaussians (a Gaussian copula): frequencies and co-occurrence are set apart from
each other. Clips of one video share part of their Gaussian, as a speaker shares a mood.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from lddu.labels import MOSEI_EMOTIONS

FREQUENCY = {"happy": 0.531, "sad": 0.256, "anger": 0.215, "surprise": 0.099, "disgust": 0.176, "fear": 0.081}
"""Share of clips that show each emotion: 12,135 / 5,856 / 4,903 / 2,262 / 4,028 / 1,850 of CMU-MOSEI's about 22,850."""

CORRELATION = {
    ("happy", "sad"): -0.40, ("happy", "anger"): -0.50, ("happy", "disgust"): -0.45, ("happy", "surprise"): 0.05,
    ("happy", "fear"): -0.20, ("sad", "anger"): 0.25, ("sad", "disgust"): 0.20, ("sad", "surprise"): 0.05,
    ("sad", "fear"): 0.20, ("anger", "disgust"): 0.55, ("anger", "surprise"): 0.05, ("anger", "fear"): 0.05,
    ("surprise", "disgust"): 0.00, ("surprise", "fear"): 0.15, ("disgust", "fear"): 0.05,
}  # fmt: skip
"""Correlation of the Gaussians under each pair of emotions."""

ANNOTATORS = 3
VIDEO_SHARE = 0.2
"""Share of the Gaussian's variance that the clips of a video have in common."""

VOTE_NOISE = 0.2
"""Standard deviation of an annotator's own reading against a Gaussian of 1: clips near the threshold are disputed."""


@dataclass(frozen=True)
class LabelDraw:
    """Labels of N clips and E emotions.

    Attributes:
        video: [N] number of the video.
        shown: [N, E] whether the clip shows the emotion; features depend on this.
        shares: [N, E] share of the annotators who saw it: 0, 1/3, 2/3 or 1.
    """

    video: np.ndarray
    shown: np.ndarray
    shares: np.ndarray


def draw_labels(rng: np.random.Generator, video: np.ndarray) -> LabelDraw:
    """Draw what N clips show and how they are rated.

    Args:
        rng: source of randomness.
        video: [N] number of the video of each clip.
    """
    factor = np.linalg.cholesky(correlation_matrix())
    mood = rng.standard_normal((int(video.max()) + 1, len(MOSEI_EMOTIONS)))[video]
    individual = rng.standard_normal((len(video), len(MOSEI_EMOTIONS)))
    latent = (np.sqrt(VIDEO_SHARE) * mood + np.sqrt(1 - VIDEO_SHARE) * individual) @ factor.T
    least = np.array([NormalDist().inv_cdf(1 - FREQUENCY[emotion]) for emotion in MOSEI_EMOTIONS])
    reading = rng.standard_normal((ANNOTATORS, *latent.shape))
    seen = np.sqrt(1 - VOTE_NOISE**2) * latent + VOTE_NOISE * reading > least
    return LabelDraw(video, latent > least, seen.mean(axis=0))


def correlation_matrix() -> np.ndarray:
    """[E, E] `CORRELATION` in the order of the emotions; positive definite."""
    matrix = np.eye(len(MOSEI_EMOTIONS))
    for (first, second), value in CORRELATION.items():
        a, b = MOSEI_EMOTIONS.index(first), MOSEI_EMOTIONS.index(second)
        matrix[a, b] = matrix[b, a] = value
    return matrix
