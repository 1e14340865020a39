"""Fitting the kernel path, Eq. (21)-(23): its coefficients on train before training, its share on valid.

Landmarks are means of clusters of training clips (k-means). The whitened likeness to them (Nystroem; Williams and Seeger, 2000;
with k-means: Zhang et al., 2008) goes into one logistic regression for all emotions. Sharpness and penalty are those with the best
likelihood on validation; so is the share in the mixture, of which the likelihood has one maximum only.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import expit, logit

from lddu.arrays import Floats
from lddu.batches.batch import BatchReader
from lddu.models import equations
from lddu.models.kernel_path import KernelPath
from lddu.models.network import Network
from lddu.models.scaling import ScalingClips

SHARPNESS = (0.1, 0.25, 0.5, 1.0)
"""Candidates, times 1 / mean squared distance of a training clip from the mean of all."""

PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01)
"""Candidates for the penalty on half the squared weights, beside the summed loss; from stiff to free."""

MOST_ROWS = 20_000
"""Training clips that the path is fitted on, at most."""

TRIED_ROWS = 4_000
"""Training clips that sharpness and penalty are tried on, and clusters are formed of, at most."""

TRIED_ITERATIONS, LAST_ITERATIONS = 40, 100

LEAST_CLUSTER = 3
"""Clips of a cluster, at least: a landmark is never the features of one clip or of two."""

EM_STEPS = 100
"""Of the share's likelihood; it has one maximum, and its steps only ever climb."""

_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class _Labelled:
    """[N, K] features and [N, E] presence, NaN where unknown."""

    features: Floats
    presence: Floats


def fit_path(network: Network, reader: BatchReader, train: ScalingClips, valid: ScalingClips, seed: int) -> None:
    """Fit the path of a network; its share stays 0 until validation says otherwise.

    Args:
        network: with its scaling fitted; is changed in place. Without a path nothing happens.
        reader: of the training store.
        train: clips to fit on.
        valid: clips to choose sharpness and penalty on.
        seed: chooses clips where there are too many, and where clusters begin.
    """
    path = network.path
    if path is None:
        return
    chosen = np.random.default_rng([seed, 3]).permutation(len(train.rows))[:MOST_ROWS]
    pooled, presence_of_modalities = _read(network, path, reader, train.rows[chosen])
    there = presence_of_modalities.repeat_interleave(torch.tensor(path.sizes), dim=1)
    path.centre.copy_(torch.where(there, pooled, 0.0).sum(dim=0) / there.sum(dim=0).clamp(min=1))
    fitted = _Labelled(_centred(path, pooled, presence_of_modalities), train.presence[chosen])
    tried = _Labelled(_centred(path, *_read(network, path, reader, valid.rows)), valid.presence)
    landmarks = cluster_means(fitted.features[:TRIED_ROWS], len(path.landmarks), seed)
    path.landmarks.zero_()
    path.landmarks[: len(landmarks)] = torch.from_numpy(landmarks)
    path.weight.zero_()
    sharpness, penalty = _choose(landmarks, fitted, tried)
    path.sharpness.fill_(sharpness)
    white = _whitening(landmarks, sharpness)
    likeness = _likeness(fitted.features, landmarks, sharpness) @ white
    found = _logistic(_Labelled(likeness, fitted.presence), penalty, None, LAST_ITERATIONS)
    path.weight[: len(landmarks)] = torch.from_numpy(white @ found[:-1])
    path.bias.copy_(torch.from_numpy(found[-1]))


def path_probability(network: Network, reader: BatchReader, rows: np.ndarray) -> Floats | None:
    """[N, E] the path's own probability of some clips; None without a path.

    Args:
        network: whose path is fitted.
        reader: of the store.
        rows: [N] row numbers.
    """
    path = network.path
    if path is None:
        return None
    device = path.centre.device
    found = []
    with torch.inference_mode():
        for batch in reader.batches(rows, _ROWS_AT_ONCE):
            moved = batch.to(device)
            logits = path(_pooled(network, moved.values, moved.mask), moved.presence)
            found.append(logits.sigmoid().cpu().numpy().astype(np.float64))
    return np.concatenate(found)


def likeliest_share(presence: Floats, network: Floats, path: Floats) -> float:
    """The share w of the path in (1 - w) p + w q with the best likelihood, by expectation maximisation.

    Args:
        presence: [N, E] 1, 0, or NaN where unknown.
        network: [N, E] p.
        path: [N, E] q.

    Example:
        >>> present, p, q = np.array([[1.0, 0.0]]), np.array([[0.9, 0.9]]), np.array([[0.1, 0.1]])
        >>> round(likeliest_share(present, p, q), 2)
        0.5
    """
    known = ~np.isnan(presence)
    a, b = (np.maximum(np.where(presence == 1, p, 1 - p)[known], 1e-7) for p in (network, path))
    share = 0.5
    for _ in range(EM_STEPS):
        share = float(np.mean(share * b / (share * b + (1 - share) * a)))
    return share


def cluster_means(features: Floats, count: int, seed: int) -> Floats:
    """[K, S] means of k-means clusters, those of fewer than `LEAST_CLUSTER` clips left out; the mean of all where none is left.

    Args:
        features: [N, S].
        count: of clusters, at most; no more than one for `LEAST_CLUSTER` clips are formed.
        seed: where they begin.
    """
    from sklearn.cluster import MiniBatchKMeans  # not needed by those who only predict

    clusters = max(1, min(count, len(features) // LEAST_CLUSTER))
    found = MiniBatchKMeans(clusters, random_state=seed, n_init=1, batch_size=1024).fit_predict(features)
    sizes = np.bincount(found, minlength=clusters)
    sums = np.zeros((clusters, features.shape[1]))
    np.add.at(sums, found, features)
    kept = sizes >= LEAST_CLUSTER
    means = sums[kept] / sizes[kept, None] if kept.any() else features.mean(axis=0, keepdims=True)
    return np.asarray(means, np.float32)


def _pooled(network: Network, values: tuple[torch.Tensor, ...], mask: tuple[torch.Tensor, ...]) -> list[torch.Tensor]:
    read, seen = zip(*map(network.read, range(len(values)), values, mask), strict=True)
    scaled = (network.scaling.of(m)(x) for m, x in enumerate(read))
    return list(map(equations.masked_mean_and_deviation, scaled, seen))


def _read(
    network: Network, path: KernelPath, reader: BatchReader, rows: np.ndarray
) -> tuple[torch.Tensor, torch.Tensor]:
    """Pooled features side by side, uncentred, and presence of each modality."""
    pooled = [torch.zeros(0, sum(path.sizes))]
    presence = [torch.zeros(0, len(path.sizes), dtype=torch.bool)]
    with torch.inference_mode():
        for batch in reader.batches(rows, _ROWS_AT_ONCE):
            pooled.append(torch.cat(_pooled(network, batch.values, batch.mask), dim=1))
            presence.append(batch.presence)
    return torch.cat(pooled), torch.cat(presence)


def _centred(path: KernelPath, pooled: torch.Tensor, presence: torch.Tensor) -> Floats:
    return path.centred(torch.split(pooled, path.sizes, dim=1), presence).numpy().astype(np.float32)


def _choose(landmarks: Floats, train: _Labelled, valid: _Labelled) -> tuple[float, float]:
    """Sharpness and penalty with the best likelihood on validation."""
    some = _Labelled(train.features[:TRIED_ROWS], train.presence[:TRIED_ROWS])
    known = ~np.isnan(valid.presence)
    present = np.where(known, valid.presence, 0.0)
    best, chosen = np.inf, (1.0, PENALTIES[0])
    for sharpness in _sharpnesses(some.features):
        white = _whitening(landmarks, sharpness)
        likeness, seen = (_likeness(x, landmarks, sharpness) @ white for x in (some.features, valid.features))
        found = None
        for penalty in PENALTIES:
            found = _logistic(_Labelled(likeness, some.presence), penalty, found, TRIED_ITERATIONS)
            z = seen @ found[:-1] + found[-1]
            loss = float((known * (np.logaddexp(0, z) - present * z)).sum())
            if loss < best:
                best, chosen = loss, (sharpness, penalty)
    return chosen


def _sharpnesses(features: Floats) -> Iterator[float]:
    """Candidates for gamma."""
    spread = float(features.var(axis=0, dtype=np.float64).sum())
    return (factor / max(spread, 1e-9) for factor in SHARPNESS)


def _likeness(features: Floats, landmarks: Floats, sharpness: float) -> Floats:
    """Eq. (22) in numpy."""
    squares = np.square(features).sum(axis=1)[:, None] + np.square(landmarks).sum(axis=1) - 2 * features @ landmarks.T
    return np.asarray(np.exp(-sharpness * np.maximum(squares, 0)), np.float32)


def _whitening(landmarks: Floats, sharpness: float) -> Floats:
    """[K, K] inverse root of the landmarks' likeness to each other."""
    own = _likeness(landmarks, landmarks, sharpness).astype(np.float64)
    values, vectors = np.linalg.eigh(own + 1e-5 * np.eye(len(own)))
    return np.asarray((vectors / np.sqrt(np.maximum(values, 1e-5))), np.float32)


def _logistic(data: _Labelled, penalty: float, start: Floats | None, iterations: int) -> Floats:
    """[K + 1, E] weights and, last, biases of one logistic regression per emotion, fitted together."""
    known = (~np.isnan(data.presence)).astype(np.float32)
    present = np.where(known == 1, data.presence, 0.0).astype(np.float32)
    shape = (data.features.shape[1] + 1, data.presence.shape[1])
    if start is None:
        shown = (present.sum(axis=0) + 0.5) / (known.sum(axis=0) + 1)
        start = np.zeros(shape)
        start[-1] = logit(shown)

    def loss_and_gradient(flat: Floats) -> tuple[float, Floats]:
        values = flat.reshape(shape)
        weight, bias = values[:-1].astype(np.float32), values[-1].astype(np.float32)
        z = data.features @ weight + bias
        loss = float((known * (np.logaddexp(0, z) - present * z)).sum(dtype=np.float64))
        error = known * (expit(z) - present)
        gradient = np.concatenate([data.features.T @ error + penalty * weight, error.sum(axis=0)[None]])
        loss += penalty / 2 * float(np.square(values[:-1]).sum())
        return loss / len(z), gradient.astype(np.float64).ravel() / len(z)

    options = {"maxiter": iterations}
    found = minimize(loss_and_gradient, start.ravel(), jac=True, method="L-BFGS-B", options=options).x
    return np.asarray(found.reshape(shape))
