"""Does the uncertainty know where the errors are? Figures for any score, pooled, per clip and per emotion.

Nothing depends on the order of the rows: equal uncertainties share their mean loss, which is the expectation over the
ways to break the tie. Figures that a split cannot give (no error, or nothing but errors) are None.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.errors import MismatchError
from lddu.evaluate.metrics import ranking_auroc, ranking_precision
from lddu.evaluate.scored import Scored


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The risk-coverage curve, one point per distinct uncertainty, from certain to uncertain.

    Attributes:
        cut: [C] kept is what is at most this uncertain.
        coverage: [C] share of the units that is kept.
        risk: [C] mean loss of what is kept.
    """

    cut: Floats
    coverage: Floats
    risk: Floats


@dataclass(frozen=True)
class Selective:
    """How well an uncertainty orders the errors.

    Attributes:
        n: units: pairs or clips.
        risk: mean loss when every unit is answered.
        error_auroc: chance that a wrong unit is less certain than a right one; None where all are right or all wrong.
        error_aupr: area under precision and recall of finding the wrong ones; to be compared with their share.
        aurc: mean over k of the mean loss of the k most certain units (Geifman and El-Yaniv, NeurIPS 2017).
        excess_aurc: `aurc` less that of a perfect order (Geifman et al., ICLR 2019).
        risk_at_80: mean loss of the most certain 80 %.
        coverage_at_5: largest share of most certain units whose mean loss is at most 5 %; 0 where there is none.
        spearman: rank correlation of uncertainty and loss; None where either is constant.
    """

    n: int
    risk: float
    error_auroc: float | None
    error_aupr: float | None
    aurc: float
    excess_aurc: float
    risk_at_80: float
    coverage_at_5: float
    spearman: float | None

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `metrics.json` holds them."""
        return asdict(self)


@dataclass(frozen=True)
class SelectiveReport:
    """One uncertainty score on one split. A clip's loss is the share of its known labels that is wrong."""

    pooled: Selective
    per_clip: Selective
    per_emotion: dict[str, Selective | None]

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values, as `metrics.json` holds them."""
        return asdict(self)


def selective(uncertainty: Floats, loss: Floats) -> Selective:
    """Figures of one score over K units.

    Args:
        uncertainty: [K] finite; larger is less certain.
        loss: [K] in [0, 1]; a unit with a loss above 0 is wrong where only right or wrong counts.

    Raises:
        MismatchError: there is no unit, or an uncertainty is not finite.

    Example:
        >>> figures = selective(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 0.0, 0.0, 1.0]))
        >>> figures.error_auroc, figures.aurc, figures.coverage_at_5
        (1.0, 0.0625, 0.75)
    """
    uncertainty, loss = _checked(uncertainty, loss)
    wrong = loss > 0
    both = bool(wrong.any() and not wrong.all())
    risk = _risk_of_most_certain(uncertainty, loss)
    n = len(loss)
    perfect = _mean_of_heads(np.sort(loss))
    within = np.flatnonzero(risk <= 0.05 + 1e-12)
    return Selective(
        n=n,
        risk=float(loss.mean()),
        error_auroc=ranking_auroc(wrong, uncertainty) if both else None,
        error_aupr=ranking_precision(wrong, uncertainty) if wrong.any() else None,
        aurc=float(risk.mean()),
        excess_aurc=float(risk.mean() - perfect.mean()),
        risk_at_80=float(risk[int(np.ceil(0.8 * n - 1e-9)) - 1]),
        coverage_at_5=float((within[-1] + 1) / n) if len(within) else 0.0,
        spearman=spearman(uncertainty, loss),
    )


def selective_report(scored: Scored, labels: Flags, uncertainty: Floats) -> SelectiveReport:
    """Figures of one score over all known pairs, over clips (by its mean over a clip's known emotions), and over the clips of each emotion.

    Args:
        scored: N clips, E emotions.
        labels: [N, E] the final decision.
        uncertainty: [N, E] per pair; larger is less certain.
    """
    known = scored.known
    wrong = ((scored.presence == 1) != labels).astype(np.float64)
    rows, size = known.any(axis=1), known.sum(axis=1)
    share = np.where(known, wrong, 0.0).sum(axis=1)[rows] / size[rows]
    of_clips = np.where(known, uncertainty, 0.0).sum(axis=1)[rows] / size[rows]
    per_emotion = {
        name: selective(uncertainty[known[:, e], e], wrong[known[:, e], e]) if known[:, e].any() else None
        for e, name in enumerate(scored.emotions)
    }
    return SelectiveReport(selective(uncertainty[known], wrong[known]), selective(of_clips, share), per_emotion)


def risk_coverage(uncertainty: Floats, loss: Floats) -> RiskCoverage:
    """The risk-coverage curve of K units; see `selective` for the arguments."""
    uncertainty, loss = _checked(uncertainty, loss)
    cut, level, count = np.unique(uncertainty, return_inverse=True, return_counts=True)
    covered = np.cumsum(count)
    return RiskCoverage(cut, covered / len(loss), np.cumsum(np.bincount(level, loss)) / covered)


def spearman(first: Floats, second: Floats) -> float | None:
    """Rank correlation, ties at their mean rank; None where either is constant."""
    from scipy.stats import rankdata

    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


def _risk_of_most_certain(uncertainty: Floats, loss: Floats) -> Floats:
    """[K] mean loss of the k most certain units, k = 1..K, in expectation over the ways to break ties."""
    _, level, count = np.unique(uncertainty, return_inverse=True, return_counts=True)
    shared = np.bincount(level, loss) / count
    return _mean_of_heads(np.repeat(shared, count))


def _mean_of_heads(loss: Floats) -> Floats:
    heads: Floats = np.cumsum(loss) / np.arange(1, len(loss) + 1)
    return heads


def _checked(uncertainty: Floats, loss: Floats) -> tuple[Floats, Floats]:
    uncertainty, loss = np.asarray(uncertainty, np.float64), np.asarray(loss, np.float64)
    if uncertainty.shape != loss.shape or uncertainty.ndim != 1 or not len(loss):
        raise MismatchError(
            f"Expected one uncertainty per loss and at least one, but got the shapes {uncertainty.shape} and "
            f"{loss.shape}; give both for the same labelled clips."
        )
    if not np.isfinite(uncertainty).all():
        raise MismatchError(
            f"Expected finite uncertainties, but got {int((~np.isfinite(uncertainty)).sum())} that are not; "
            "predict again."
        )
    return uncertainty, loss
