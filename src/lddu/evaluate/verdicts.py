"""What a reader must know before trusting a run's figures, one sentence each, out of `metrics.json`."""

from collections.abc import Mapping
from math import hypot
from typing import Any

from lddu.evaluate.compare import Estimate
from lddu.evaluate.constants import shortfall
from lddu.sentences import counted, listed, some

BEATEN = {"f1_micro": "micro-F1", "map_macro": "mAP"}
"""Figures in which a run has to beat the fitted baselines, by their names for people."""

TITLE = "logistic regression"


def verdicts(splits: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The sentences on test, on validation where there is no test, each with the name of the split and no full stop.

    Args:
        splits: name -> its entry of `metrics.json`; of older runs too, which say less.
    """
    split = "test" if "test" in splits else "valid"
    figures = splits.get(split)
    if figures is None:
        return []
    return [f"{sentence.removesuffix('.')}, on {split}" for sentence in verdicts_of(figures)]


def verdicts_of(figures: Mapping[str, Any]) -> list[str]:
    """The sentences on one split; where no clip shows an emotion only that, since all figures of decisions are then 0 or 1."""
    if nothing := nothing_shown(figures):
        return [nothing]
    sentences = (shortfall(figures), behind_baselines(figures), never_named(figures), far_from_validation(figures))
    return [sentence for sentence in sentences if sentence]


def nothing_shown(figures: Mapping[str, Any]) -> str:
    """One sentence where no clip is known to show an emotion; empty where some does, or an older run does not say.

    Example:
        >>> nothing_shown({"per_emotion": {"joy": {"positives": 0}, "fear": {"positives": 0}}})
        'No clip is known to show an emotion, so that precision, recall, F1, Jaccard and mAP say nothing.'
    """
    counts = [(emotion or {}).get("positives") for emotion in figures.get("per_emotion", {}).values()]
    if not counts or any(count != 0 for count in counts):
        return ""
    return "No clip is known to show an emotion, so that precision, recall, F1, Jaccard and mAP say nothing."


def behind_baselines(figures: Mapping[str, Any]) -> str:
    """One sentence on the figures in which the run is not surely better than a fitted baseline; empty where it is.

    Of several such baselines the best one is named. Not surely: the paired 95 % interval of the difference includes or lies
    below 0, or too few resamples could give it.

    Example:
        >>> difference = {"f1_micro": {"value": -0.02, "low": -0.05, "high": 0.01}}
        >>> baseline = {"modalities": ["text"], "train_clips": 9, "train_of": 9, "f1_micro": 0.47, "difference": difference}
        >>> behind_baselines({"f1_micro": 0.45, "baselines": [baseline]})
        'This run is not better than logistic regression (text) in micro-F1 (0.450 against 0.470; 95 % interval of the difference -0.050 to 0.010).'
    """
    behind: dict[str, list[str]] = {}
    for name, title in BEATEN.items():
        fitted = [baseline for baseline in figures.get("baselines", []) if name in baseline.get("difference", {})]
        equal = [baseline for baseline in fitted if _not_above(baseline, name)]
        if equal:
            best = max(equal, key=lambda baseline: float(baseline[name]))
            behind.setdefault(baseline_name(best), []).append(f"{title} ({_apart(best, name)})")
    parts = [f"{called} in {listed(titles)}" for called, titles in behind.items()]
    return f"This run is not better than {listed(parts)}." if parts else ""


def _apart(baseline: Mapping[str, Any], name: str) -> str:
    """Both figures on the clips that both answered, and the interval of their difference where there is one."""
    difference = baseline["difference"][name]
    values = f"{baseline[name] + difference['value']:.3f} against {baseline[name]:.3f}"
    if difference["low"] is None:
        return values
    return f"{values}; 95 % interval of the difference {difference['low']:.3f} to {difference['high']:.3f}"


def _not_above(baseline: Mapping[str, Any], name: str) -> bool:
    low = baseline["difference"][name]["low"]
    return low is None or bool(low <= 0)


def baseline_name(baseline: Mapping[str, Any]) -> str:
    """A baseline of `metrics.json` for people: what it is, what it sees, and on how many clips it was fitted, if not on all."""
    if "modalities" not in baseline:
        return str(baseline["name"])
    fitted, of = baseline["train_clips"], baseline["train_of"]
    part = f"; fitted on {fitted} of {counted(of, 'clip')}" if fitted < of else ""
    return f"{TITLE} ({', '.join(baseline['modalities'])}{part})"


def never_named(figures: Mapping[str, Any]) -> str:
    """One sentence on emotions that clips show and the run names in none; empty where there are none.

    Example:
        >>> never_named({"never_named": ["fear"], "per_emotion": {"joy": {}, "fear": {}}})
        '1 of 2 emotions is present but never named: fear.'
    """
    missed = figures.get("never_named", [])
    if not missed:
        return ""
    verb = "is" if len(missed) == 1 else "are"
    return f"{len(missed)} of {counted(len(figures['per_emotion']), 'emotion')} {verb} present but never named: {some(missed)}."


def far_from_validation(figures: Mapping[str, Any]) -> str:
    """One sentence where micro-F1 on test differs from that on validation beyond chance; empty where it does not."""
    difference = figures.get("less_valid")
    if not difference or difference["low"] <= 0 <= difference["high"]:
        return ""
    side = "below" if difference["value"] < 0 else "above"
    return (
        f"Micro-F1 ({figures['f1_micro']:.3f}) lies {side} that of validation "
        f"({figures['f1_micro'] - difference['value']:.3f}) by more than chance explains (95 % interval of the difference "
        f"{difference['low']:.3f} to {difference['high']:.3f}): the splits differ, or too much was chosen on validation."
    )


def unpaired_difference(
    first: tuple[float, tuple[float, float]], second: tuple[float, tuple[float, float]]
) -> Estimate:
    """Second less first, of two figures of different clips with 95 % intervals of their own.

    The interval combines the distances of both ends (MOVER; Zou and Donner, Statistics in Medicine 27, 2008), so that lopsided ones stay so.

    Args:
        first: figure and its interval.
        second: likewise.
    """
    (a, (a_low, a_high)), (b, (b_low, b_high)) = first, second
    low, high = b - a - hypot(b - b_low, a_high - a), b - a + hypot(b_high - b, a - a_low)
    return Estimate(b - a, low, high)
