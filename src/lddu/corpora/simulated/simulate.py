"""A simulated corpus in the shape of CMU-MOSEI whose noise is known for every (clip, modality).

A step's feature is the sum of the shown emotions' prototypes, each times its intensity in the clip, plus white noise
of a level that is drawn for the (clip, modality) independently of everything else and stored as `_noise_<modality>`.
So anyone can ask whether a predicted uncertainty finds the true one. Everything here is made up and says so.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path

import numpy as np

from lddu.argument_types import refuse_other_class, refuse_wrong_types
from lddu.corpora.simulated.labels import LabelDraw, draw_labels
from lddu.errors import ConfigError, parameter
from lddu.labels import MOSEI_EMOTIONS
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store

SOURCE = {
    "format": "simulated",
    "name": "Simulated corpus in the shape of CMU-MOSEI; no human expressed or rated any of it",
    "licence": "none needed",
}

PROTOTYPE_SCALE = 1.0
"""Length of a prototype in 100 dimensions. Calibrated once at default size so that logistic regression on step means
reaches micro-F1 .65-.8; benchmarks/simulated_learnability.py measures it."""

NOISE_SPREAD = 0.8
"""Standard deviation of the log noise level over (clip, modality)."""

DURATION_QUANTILES = ((0, 0.8), (0.1, 3.0), (0.25, 4.4), (0.5, 6.5), (0.75, 9.4), (0.9, 13.4), (0.99, 24.4), (1, 60))
"""(share of clips, seconds) of CMU-MOSEI's segments; the ends are ours."""

WORDS_PER_SECOND = 2.6
MOST_STEPS = 50
CLIPS_PER_VIDEO = 7
TRAIN_SHARE, VALID_SHARE = 0.70, 0.08


def _mosei_dimensions() -> dict[str, int]:
    return {"text": 768, "audio": 74, "visual": 35}


@dataclass(frozen=True)
class SimulationConfig:
    """What to simulate; the same config gives the same bytes.

    Attributes:
        clips: number of clips, at least 10.
        seed: of everything but the prototypes, which are the same in every simulated corpus: a run trained on one
            seed can be evaluated on another.
        dimensions: modality -> numbers per step.
        missing: chance that a clip lacks a modality, below 1; a clip keeps at least one.
        prototype_scale: length of the prototype vectors against noise of about 1; larger is easier.

    Raises:
        ConfigError: where a value is out of range; names every problem.
    """

    clips: int = 2400
    seed: int = 0
    dimensions: Mapping[str, int] = field(default_factory=_mosei_dimensions)
    missing: float = 0.0
    prototype_scale: float = PROTOTYPE_SCALE

    def __post_init__(self) -> None:
        refuse_wrong_types(self)
        problems = []
        if self.clips < 10:
            problems.append(f"{parameter('clips')} to be at least 10, but got {self.clips}")
        if self.seed < 0:
            problems.append(f"{parameter('seed')} to be 0 or more, but got {self.seed}")
        if not self.dimensions or not all(isinstance(of, Integral) and of >= 1 for of in self.dimensions.values()):
            problems.append(f"at least one modality, each with a dimension of 1 or more, but got {self.dimensions}")
        if not 0 <= self.missing < 1:
            problems.append(f"{parameter('missing')} to lie in [0, 1), but got {self.missing:g}")
        if not self.prototype_scale >= 0:
            problems.append(f"prototype_scale to be 0 or more, but got {self.prototype_scale:g}")
        if problems:
            raise ConfigError(f"Expected {'; '.join(problems)}.")


def simulate(
    out: str | Path,
    config: SimulationConfig | None = None,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> FeatureStore:
    """Write a simulated store.

    Args:
        out: where the store goes.
        config: what to simulate; the default has the shape of CMU-MOSEI and a tenth of its clips.
        force: replace a store at `out`.
        progress: called with clips done and clips in all.

    Raises:
        StoreError: where `out` is taken.
    """
    refuse_other_class("config", config, SimulationConfig)
    config = config or SimulationConfig()
    draws = _draw(config)
    prototypes = {name: prototypes_of(name, d, config.prototype_scale) for name, d in config.dimensions.items()}
    description = StoreDescription(
        emotions=MOSEI_EMOTIONS,
        modalities={name: f"simulated {name}" for name in config.dimensions},
        source={**SOURCE, "seed": config.seed, "missing": config.missing, "prototype_scale": config.prototype_scale},
        simulated=True,
    )
    rng = np.random.default_rng([config.seed, 1])
    with writing_store(out, description, force) as writer:
        for i in range(config.clips):
            writer.add(_row(draws, i), _features(draws, i, prototypes, rng))
            if progress is not None:
                progress(i + 1, config.clips)
    return FeatureStore(out)


def prototypes_of(modality: str, dimension: int, scale: float) -> np.ndarray:
    """[E, D] the fixed random vectors that emotions leave in a modality, of length `scale` (D / 100)^(1/4).

    Directions are harder to learn among more dimensions of noise; the fourth root makes up for it, so that text, audio
    and visual tell a linear model about as much (micro-F1 .71, .73, .66 alone), and none can be ignored.
    """
    rng = np.random.default_rng([zlib.crc32(modality.encode()), dimension])
    vectors = rng.standard_normal((len(MOSEI_EMOTIONS), dimension))
    length = scale * (dimension / 100) ** 0.25
    return np.asarray(length * vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@dataclass(frozen=True)
class _Draws:
    """Everything drawn before the features.

    Attributes:
        labels: shown emotions and votes.
        intensity: [N, E] of each emotion, if present; uniform .5-1.5.
        noise: modality -> [N] standard deviation of its white noise; NaN where the modality is missing.
        seconds: [N] duration.
        steps: [N] of every modality, which are aligned by word.
        start: [N] seconds in the video.
        split: [N].
    """

    labels: LabelDraw
    intensity: np.ndarray
    noise: dict[str, np.ndarray]
    seconds: np.ndarray
    steps: np.ndarray
    start: np.ndarray
    split: np.ndarray


def _draw(config: SimulationConfig) -> _Draws:
    rng = np.random.default_rng([config.seed, 0])
    n = config.clips
    video = _videos(rng, n)
    labels = draw_labels(rng, video)
    seconds = _durations(rng, n)
    steps = np.clip(np.rint(seconds * WORDS_PER_SECOND), 1, MOST_STEPS).astype(int)
    noise = np.exp(NOISE_SPREAD * rng.standard_normal((n, len(config.dimensions))))
    noise[_missing(rng, noise.shape, config.missing)] = np.nan
    return _Draws(
        labels=labels,
        intensity=rng.uniform(0.5, 1.5, labels.shown.shape),
        noise={name: noise[:, m] for m, name in enumerate(config.dimensions)},
        seconds=seconds,
        steps=steps,
        start=np.concatenate([_starts(seconds[video == v]) for v in range(video[-1] + 1)]),
        split=_splits(rng, video),
    )


def _videos(rng: np.random.Generator, clips: int) -> np.ndarray:
    """[N] video of each clip, ascending; none holds so many clips that a split could stay empty."""
    largest = max(1, min(4 * CLIPS_PER_VIDEO, clips // 13))
    sizes: list[int] = []
    while sum(sizes) < clips:
        sizes.append(int(np.clip(rng.geometric(1 / CLIPS_PER_VIDEO), 1, largest)))
    return np.repeat(np.arange(len(sizes)), sizes)[:clips]


def _splits(rng: np.random.Generator, video: np.ndarray) -> np.ndarray:
    """[N] split of each clip; a video is in one split only."""
    n = len(video)
    train_end = round(TRAIN_SHARE * n)
    valid_end = max(train_end + 1, round((TRAIN_SHARE + VALID_SHARE) * n))
    sizes = np.bincount(video)
    order = rng.permutation(len(sizes))
    before = np.empty(len(sizes), int)
    before[order] = np.cumsum(sizes[order]) - sizes[order]
    names = np.where(before < train_end, "train", np.where(before < valid_end, "valid", "test"))
    return np.asarray(names[video])


def _durations(rng: np.random.Generator, clips: int) -> np.ndarray:
    """[N] seconds, from the quantiles of real segments, log-linear between them."""
    shares, seconds = np.array(DURATION_QUANTILES).T
    return np.asarray(np.exp(np.interp(rng.uniform(size=clips), shares, np.log(seconds))))


def _starts(seconds: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(seconds)[:-1]])


def _missing(rng: np.random.Generator, shape: tuple[int, ...], chance: float) -> np.ndarray:
    """[N, M] which modalities a clip lacks; never all."""
    missing = rng.uniform(size=shape) < chance
    present = rng.integers(shape[1], size=shape[0])
    everything = missing.all(axis=1)
    missing[everything, present[everything]] = False
    return np.asarray(missing)


def _row(draws: _Draws, i: int) -> ClipRow:
    video = int(draws.labels.video[i])
    return ClipRow(
        clip=f"simulated{i:06d}",
        split=str(draws.split[i]),
        shares=draws.labels.shares[i].tolist(),
        group=f"video{video:05d}",
        start=round(float(draws.start[i]), 3),
        end=round(float(draws.start[i] + draws.seconds[i]), 3),
        carried={f"_noise_{name}": float(noise[i]) for name, noise in draws.noise.items()},
    )


def _features(
    draws: _Draws, i: int, prototypes: Mapping[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    strength = (draws.labels.shown[i] * draws.intensity[i]).astype(np.float32)
    features = {}
    for name, vectors in prototypes.items():
        noise_std = draws.noise[name][i]
        if np.isnan(noise_std):
            continue
        white = rng.standard_normal((draws.steps[i], vectors.shape[1]), dtype=np.float32)
        features[name] = strength @ vectors + np.float32(noise_std) * white
    return features
