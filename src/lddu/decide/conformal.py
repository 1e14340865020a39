"""Label sets with a promise: recall by conformal risk control, precision by learn-then-test.

Both hold for new clips that are exchangeable with the validation clips (drawn alike, in any order), whatever the model
and however wrong its probabilities. They say nothing about one single clip, and clips of a speaker who is in neither
split are only as exchangeable as speakers are. The cuts are on the probabilities as predicted, before recalibration,
so that nothing else that was fitted on validation stands between the promise and the clip.

MAPIE's MultiLabelClassificationController is the oracle in the tests, not the engine: it loops in Python over
clips x 100 grid values, knows no unknown labels, and needs a predict function; the exact cut is a sorted sum.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lddu.arrays import Flags, Floats
from lddu.decide import reading
from lddu.errors import MismatchError
from lddu.evaluate.scored import Validation

Promise = Literal["recall", "precision"]
TARGETS = tuple(round(0.01 * k, 2) for k in range(50, 100))
NOTHING = 1.0000001
"""A cut that no probability reaches: the empty set, where nothing else can be promised."""
GRID = tuple(round(0.005 * k, 3) for k in range(199, 0, -1))
"""Cuts that learn-then-test tries for precision, from careful to bold."""


@dataclass(frozen=True)
class GuaranteedSets:
    """Cuts for label sets ``{emotion: probability >= cut}`` that keep a promise, for many targets.

    Attributes:
        promise: ``recall``: the mean over clips with at least one present emotion of the share of these that the set
            holds. ``precision``: the mean over clips of the share of the set that is right, an empty set counting 1.
        targets: rising, in (0, 1).
        cuts: one per target.
        clips: number of validation clips that they rest on.
        confidence: chance, over the draw of the validation clips, that the promise holds; None where it holds on
            average over such draws (conformal risk control).
        units: number of speakers or corpora that these clips are of, where the promise is for clips of new ones; else None.
    """

    promise: Promise
    targets: tuple[float, ...]
    cuts: tuple[float, ...]
    clips: int
    confidence: float | None = None
    units: int | None = None

    def cut(self, target: float) -> float:
        """The cut that keeps the promise for at least `target`.

        Raises:
            MismatchError: the target is outside (0, 1) or above what was fitted.
        """
        reachable = [c for t, c in zip(self.targets, self.cuts, strict=True) if t >= target - 1e-9]
        if not 0 < target < 1 or not reachable:
            raise MismatchError(
                f"Expected a {self.promise} above 0 and at most {self.targets[-1]:g}, but got {target:g}; "
                f"ask for one in that range."
            )
        return reachable[0]

    def sets(self, probability: Floats, target: float) -> Flags:
        """[N, E] the label sets of clips with these probabilities as predicted, before recalibration."""
        return np.asarray(probability) >= self.cut(target)

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `decision.json` holds them; without `units` where these are clips."""
        return {name: value for name, value in asdict(self).items() if name != "units" or value is not None}

    @classmethod
    def from_mapping(cls, mapping: Any, where: str = "conformal", promise: Promise | None = None) -> "GuaranteedSets":
        """Read what `to_mapping` gave.

        Args:
            mapping: plain values.
            where: they stand.
            promise: that it must be of; None for either.

        Raises:
            RunError: something is missing, unknown or out of range.
        """
        known = ("promise", "targets", "cuts", "clips", "confidence")
        units = mapping.get("units") if isinstance(mapping, Mapping) else None
        fields = reading.section(mapping, known if units is None else (*known, "units"), where)
        kept = reading.word(fields["promise"], f"{where}.promise", get_args(Promise))
        reading.ensure(promise in (None, kept), f"{where}.promise to be {promise}", kept)
        targets = reading.numbers(fields["targets"], f"{where}.targets", 0, 1)
        cuts = reading.numbers(fields["cuts"], f"{where}.cuts", 0, NOTHING)
        reading.ensure(len(cuts) == len(targets) > 0, f"{where} to hold one cut per target", len(cuts))
        reading.ensure(all(np.diff(targets) > 0), f"{where}.targets to rise", targets)
        confidence = fields["confidence"]
        if confidence is not None:
            confidence = reading.number(confidence, f"{where}.confidence", 0, 1)
        clips = reading.whole(fields["clips"], f"{where}.clips")
        units = None if units is None else reading.whole(units, f"{where}.units")
        return cls("recall" if kept == "recall" else "precision", targets, cuts, clips, confidence, units)


def fit_recall_sets(
    validation: Validation, targets: Iterable[float] = TARGETS, units: NDArray[np.intp] | None = None
) -> GuaranteedSets:
    """Cuts whose label sets find, on average, at least the target share of a clip's present emotions.

    Args:
        validation: the validation split, with probabilities as predicted.
        targets: recalls in (0, 1).
        units: [N] as of `recall_cut`.
    """
    targets = tuple(sorted(targets))
    scored = validation.scored
    shown = (scored.presence == 1).any(axis=1)
    cuts = recall_cuts(scored.probability, scored.presence, targets, units)
    count = None if units is None else len(np.unique(units[shown]))
    return GuaranteedSets("recall", targets, cuts, int(shown.sum()), units=count)


def recall_cut(probability: Floats, presence: Floats, target: float, units: NDArray[np.intp] | None = None) -> float:
    """The highest cut with E[recall of a new clip] >= target (Angelopoulos et al., Conformal risk control, ICLR 2024).

    A clip's loss, 1 - recall, rises with the cut only where the cut passes one of its present emotions, each time by
    1 / (its present emotions). The cut may rise as long as (sum of losses + 1) / (n + 1) <= 1 - target; the 1 stands
    for the worst that the new clip can do. With too few clips for that it is 0: every emotion is in the set.

    With `units`, such as speakers or corpora, the new clip is one of a unit that validation has not met, and units are what is
    exchangeable: the loss of a unit is the mean over its clips, and n is the number of units. The price of few is large: of ten
    units, their mean recall has to be .99 to promise .9.

    Args:
        probability: [N, E].
        presence: [N, E] 1, 0, or NaN for unknown. Clips without a present emotion take no part.
        target: recall in (0, 1).
        units: [N] number of the unit of each clip; None where each clip is one.

    Example:
        >>> p = np.linspace(0.05, 1, 20)[:, None]
        >>> recall_cut(p, np.ones((20, 1)), 0.9)
        0.1
        >>> recall_cut(p, np.ones((20, 1)), 0.8, np.arange(20) % 10)
        0.15
    """
    return recall_cuts(probability, presence, (target,), units)[0]


def recall_cuts(
    probability: Floats, presence: Floats, targets: tuple[float, ...], units: NDArray[np.intp] | None = None
) -> tuple[float, ...]:
    """The cut of each target, as of `recall_cut`."""
    present = presence == 1
    per_clip = present.sum(axis=1)
    shown = per_clip > 0
    _, unit, sizes = np.unique(
        (np.arange(len(per_clip)) if units is None else units)[shown], return_inverse=True, return_counts=True
    )
    weight = np.zeros(len(per_clip))
    weight[shown] = 1 / (sizes[unit] * per_clip[shown])
    rows, columns = np.nonzero(present)
    value, first = np.unique(probability[rows, columns], return_inverse=True)
    loss = np.cumsum(np.bincount(first, weight[rows], minlength=len(value)))
    budget = (1 - np.array(targets)) * (len(sizes) + 1) - 1 + 1e-9  # (1 - 0.9) * 30 is a hair below 3
    if not len(value):
        return (0.0,) * len(targets)
    passed = np.searchsorted(loss, budget, side="right")  # values that the cut may rise above
    return tuple(np.where(budget < 0, 0.0, np.append(value, NOTHING)[passed]).tolist())


def fit_precision_sets(
    validation: Validation, targets: Iterable[float] = TARGETS, confidence: float = 0.9
) -> GuaranteedSets:
    """Cuts whose label sets are, with that confidence, right in at least the target share on average.

    Args:
        validation: the validation split, with probabilities as predicted.
        targets: precisions in (0, 1).
        confidence: chance that the promise holds, over the draw of the validation clips.
    """
    targets = tuple(sorted(targets))
    scored = validation.scored
    clips = int(scored.known.any(axis=1).sum())
    cuts = precision_cuts(scored.probability, scored.presence, targets, confidence)
    return GuaranteedSets("precision", targets, cuts, clips, confidence)


def precision_cuts(
    probability: Floats, presence: Floats, targets: tuple[float, ...], confidence: float
) -> tuple[float, ...]:
    """The lowest cut of `GRID` per target that fixed-sequence testing accepts (Angelopoulos et al., Learn then test).

    From the most careful cut on, "the mean share of wrong labels is above 1 - target" is tested; the first cut that
    cannot reject it ends the sequence. The order is fixed beforehand, so each test may use the full level.
    """
    known = ~np.isnan(presence)
    rows = known.any(axis=1)
    wrong = np.empty(len(GRID))
    for g, cut in enumerate(GRID):
        chosen = (probability >= cut) & known
        size = chosen.sum(axis=1)[rows]
        wrong[g] = np.mean((chosen & (presence == 0)).sum(axis=1)[rows] / np.maximum(size, 1))
    cuts = []
    for target in targets:
        rejected = hoeffding_bentkus(wrong, int(rows.sum()), 1 - target) <= 1 - confidence
        accepted = len(GRID) if rejected.all() else int(np.argmin(rejected))
        cuts.append(float(GRID[accepted - 1]) if accepted else NOTHING)
    return tuple(cuts)


def hoeffding_bentkus(risk: Floats, n: int, level: float) -> Floats:
    """p-value of "the true mean loss is above `level`", for the mean `risk` of n losses in [0, 1].

    The smaller of Hoeffding's and Bentkus's bound (Bates et al., Distribution-free risk-controlling prediction sets).
    """
    from scipy.special import bdtr  # the binomial distribution; all of scipy.stats takes half a second to import

    low = np.minimum(risk, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(low > 0, low * np.log(low / level), 0.0)
    hoeffding = np.exp(-n * (first + (1 - low) * np.log((1 - low) / (1 - level))))
    result: Floats = np.minimum(hoeffding, np.e * bdtr(np.ceil(n * risk - 1e-9), n, level))
    return result
