"""Make a probability mean what it says: a monotone map, fitted on validation and chosen by its likelihood there.

Five candidates, from simple to flexible: identity; temperature (Guo et al., ICML 2017); Platt's slope and intercept
(1999), once for all emotions and once with an intercept per emotion; isotonic (Zadrozny and Elkan, KDD 2002). The
choice is the one with the best likelihood on clips left out (five folds, whole groups). Few positives are no danger:
the priors of the linear maps sit at "leave the probability as it is", and the folds reject a map that overfits.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import expit, logit

from lddu.arrays import Flags, Floats
from lddu.decide import reading
from lddu.evaluate.metrics import negative_log_likelihood
from lddu.evaluate.scored import Scored, Validation

Method = Literal["identity", "temperature", "platt", "platt_per_emotion", "isotonic"]
METHODS: tuple[Method, ...] = get_args(Method)

FOLDS = 5
LEAST_CLIPS = 20
"""With fewer labelled validation clips than this nothing is fitted."""
LEAST_PAIRS = 1000
"""With fewer known pairs than this isotonic is no candidate: it overfits (Niculescu-Mizil and Caruana, ICML 2005)."""
SLOPE_SPREAD, INTERCEPT_SPREAD, EMOTION_SPREAD = 1.0, 1.0, 0.5
"""Prior standard deviations of log slope, intercept and each emotion's own part of it, in logits."""
CLOSEST = 1e-7
"""Probabilities nearer to 0 or 1 than this count as this near: where float32 sigmoids saturate."""


@dataclass(frozen=True)
class Recalibration:
    """A fitted monotone map of probabilities.

    Within an emotion the map keeps every order, strictly from 1e-7 to 1 - 1e-7, the limits of logits; all but ``platt_per_emotion`` keep it across emotions too.

    Attributes:
        method: which candidate this is.
        slope: of the logit, > 0; 1 where unused.
        intercepts: [E] added to the logit; 0 where unused.
        knots: (probability in, probability out), rising in both; isotonic only.
        left_out_nll: mean negative log-likelihood on left-out validation clips, for every candidate that was tried.

    Example:
        >>> Recalibration("temperature", 0.5, (0.0,)).apply(np.array([[0.9]])).round(3)
        array([[0.75]])
    """

    method: Method
    slope: float
    intercepts: tuple[float, ...]
    knots: tuple[tuple[float, float], ...] = ()
    left_out_nll: Mapping[str, float] | None = None

    def apply(self, probability: Floats) -> Floats:
        """[N, E] recalibrated probabilities."""
        if self.method == "identity":
            return np.asarray(probability, np.float64)
        if self.method == "isotonic":
            into, out = np.array(self.knots).T
            return np.asarray(np.interp(probability, into, out), np.float64)
        return np.asarray(expit(self.slope * _logit(probability) + np.array(self.intercepts)), np.float64)

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `decision.json` holds them."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, mapping: Any, where: str = "recalibration") -> "Recalibration":
        """Read what `to_mapping` gave.

        Raises:
            RunError: something is missing, unknown or out of range.
        """
        fields = reading.section(mapping, ("method", "slope", "intercepts", "knots", "left_out_nll"), where)
        method = reading.word(fields["method"], f"{where}.method", METHODS)
        slope = reading.number(fields["slope"], f"{where}.slope")
        reading.ensure(slope > 0, f"{where}.slope above 0", slope)
        reading.ensure(isinstance(fields["knots"], list | tuple), f"{where}.knots to be a list", fields["knots"])
        pairs = [reading.numbers(pair, f"{where}.knots[{i}]", 0, 1) for i, pair in enumerate(fields["knots"])]
        rising = all(len(p) == 2 for p in pairs) and (not pairs or bool((np.diff(pairs, axis=0) > 0).all()))
        reading.ensure(rising, f"{where}.knots to be rising pairs", fields["knots"])
        reading.ensure(bool(pairs) == (method == "isotonic"), f"{where}.knots for isotonic only", fields["knots"])
        tried = fields["left_out_nll"]
        if tried is not None:
            tried = reading.section(tried, tuple(tried) if isinstance(tried, Mapping) else (), f"{where}.left_out_nll")
            tried = {str(name): reading.number(nll, f"{where}.left_out_nll.{name}") for name, nll in tried.items()}
        knots = tuple((pair[0], pair[1]) for pair in pairs)
        intercepts = reading.numbers(fields["intercepts"], f"{where}.intercepts")
        return cls(next(m for m in METHODS if m == method), slope, intercepts, knots, tried)


def identity(emotions: int) -> Recalibration:
    """The map that changes nothing."""
    return Recalibration("identity", 1.0, (0.0,) * emotions)


def fit_recalibration(validation: Validation, method: Method | Literal["auto"] = "auto") -> Recalibration:
    """The map of that name, or the one with the best likelihood on left-out validation clips.

    Args:
        validation: the validation split; below `LEAST_CLIPS` labelled clips the answer is the identity.
        method: a candidate, or ``auto`` to choose.
    """
    scored = validation.scored.rows(np.flatnonzero(validation.scored.known.any(axis=1)))
    if len(scored.clips) < LEAST_CLIPS:
        return identity(len(scored.emotions))
    if method != "auto":
        return _fit(scored, method)
    folds = _folds(scored)
    candidates = [name for name in METHODS if name != "isotonic" or scored.known.sum() >= LEAST_PAIRS]
    tried: dict[str, float] = {name: _left_out_nll(scored, name, folds) for name in candidates}
    best = min(candidates, key=lambda name: tried[name])  # of equals the simplest, which comes first
    return replace(_fit(scored, best), left_out_nll=tried)


def _folds(scored: Scored) -> np.ndarray:
    """[N] fold of each clip; units stay whole."""
    units = scored.units()
    order = np.random.default_rng(0).permutation(units.max() + 1)
    return order[units] % FOLDS


def _left_out_nll(scored: Scored, method: Method, folds: np.ndarray) -> float:
    outcome, probability = [], []
    for fold in range(FOLDS):
        fitted_on, left_out = scored.rows(folds != fold), scored.rows(folds == fold)
        known = left_out.known
        probability.append(_fit(fitted_on, method).apply(left_out.probability)[known])
        outcome.append(left_out.presence[known] == 1)
    return negative_log_likelihood(np.concatenate(outcome), np.concatenate(probability))


def _fit(scored: Scored, method: Method) -> Recalibration:
    if method == "identity":
        return identity(len(scored.emotions))
    if method == "isotonic":
        knots = _isotonic_knots(scored.probability[scored.known], scored.presence[scored.known] == 1)
        return Recalibration("isotonic", 1.0, (0.0,) * len(scored.emotions), knots)
    return _fit_linear(scored, method)


def _fit_linear(scored: Scored, method: Method) -> Recalibration:
    """Slope and intercepts by the presence of the known pairs."""
    return fit_linear_map(scored.probability, scored.presence, method)


def fit_linear_map(probability: Floats, target: Floats, method: Method) -> Recalibration:
    """Most probable slope and intercepts: likelihood of the known pairs times the priors.

    Args:
        probability: [N, E] as predicted.
        target: [N, E] presence, or shares of raters in [0, 1]; NaN where unknown.
        method: ``temperature``, ``platt`` or ``platt_per_emotion``.
    """
    from scipy.optimize import minimize  # only fitting needs it

    rows, column = np.nonzero(~np.isnan(target))
    score, present = _logit(probability[rows, column]), target[rows, column]
    emotions = target.shape[1]
    spread = np.concatenate([[SLOPE_SPREAD, INTERCEPT_SPREAD], np.full(emotions, EMOTION_SPREAD)])
    free = 1 if method == "temperature" else 2 if method == "platt" else 2 + emotions

    def loss_and_gradient(values: Floats) -> tuple[float, Floats]:
        slope, rest = np.exp(values[0]), np.concatenate([values[1:], np.zeros(1 + emotions)])
        z = slope * score + rest[0] + rest[1 : 1 + emotions][column]
        loss = float(np.sum(np.logaddexp(0, z) - present * z)) + float(np.sum((values / spread[:free]) ** 2)) / 2
        error = expit(z) - present
        by_emotion = np.bincount(column, error, minlength=emotions)
        gradient = np.concatenate([[slope * (error @ score), error.sum()], by_emotion])[:free]
        return loss, gradient + values / spread[:free] ** 2

    solution = minimize(loss_and_gradient, np.zeros(free), jac=True, method="L-BFGS-B", bounds=[(-6, 6)] * free).x
    common = solution[1] if free > 1 else 0.0
    shifts = solution[2:] if free > 2 else np.zeros(emotions)
    return Recalibration(method, float(np.exp(solution[0])), tuple(float(common + b) for b in shifts))


def _isotonic_knots(probability: Floats, present: Flags) -> tuple[tuple[float, float], ...]:
    """Centres of the blocks of an isotonic regression, to be joined by straight lines.

    Joined centres rise strictly where the steps of isotonic regression are flat, so no two clips change places or become equal. A first
    block without positives (or a last one without negatives) stands for half a positive (or negative), and an end
    that is no block's centre lies half-way to 0 or 1, so that no probability becomes 0 or 1.
    """
    from sklearn.isotonic import IsotonicRegression  # only fitting needs it

    steps = IsotonicRegression(out_of_bounds="clip").fit_transform(probability, present.astype(float))
    _, block = np.unique(steps.round(12), return_inverse=True)
    count = np.bincount(block)
    centre, share = np.bincount(block, probability) / count, np.bincount(block, present) / count
    upper = share[1] / 2 if len(share) > 1 else 1.0
    lower = (1 + share[-2]) / 2 if len(share) > 1 else 0.0
    if share[0] == 0:
        share[0] = min(0.5 / (count[0] + 1), upper)
    if share[-1] == 1:
        share[-1] = max(1 - 0.5 / (count[-1] + 1), lower)
    first = share[0] if centre[0] == 0 else share[0] / 2
    last = share[-1] if centre[-1] == 1 else (1 + share[-1]) / 2
    inside = [(p, q) for p, q in zip(centre, share, strict=True) if 0 < p < 1]
    return tuple((float(p), float(q)) for p, q in ((0.0, first), *inside, (1.0, last)))


def _logit(probability: Floats) -> Floats:
    result: Floats = logit(np.clip(probability, CLOSEST, 1 - CLOSEST))
    return result
