"""What the uncertainty promises, checked on real runs: `python benchmarks/promises.py RUN...`, the seeds of one corpus.

Prints markdown rows for docs/uncertainty.md, over the seeds given:
- recall of conformal label sets over random halvings of valid + test (fitted on one half, measured on the other);
- adaptive calibration error before and after recalibration, with the band of a perfectly calibrated predictor;
- the uncertainty as a chance of an error: its calibration error, and what it says of emotions that are named with a
  probability below one half;
- error-AUROC of the product's score, the margin and the entropy with paired differences, and areas under risk and coverage;
- rank correlation with the raters' votes, or with the true noise of a simulated corpus.

The stores must be where the runs were trained on. Nothing is fitted anew, except the cuts of the halvings.
"""

import argparse
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lddu.arrays import Floats
from lddu.decide.conformal import recall_cut
from lddu.evaluate.scored import Scored
from lddu.runs.observed import scored
from lddu.runs.predictor import Predictor
from lddu.store.store import FeatureStore

TARGETS = (0.8, 0.9, 0.95)
HALVINGS = 50


@dataclass(frozen=True)
class Halving:
    """One fit on a half and its measure on the other: mean recall and mean size of the sets."""

    recall: float
    size: float


def main() -> None:
    """Look at every run and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--halvings", type=int, default=HALVINGS)
    options = parser.parse_args()
    figures, splits, doubtful = [], [], []
    for run in options.runs:
        predictor = Predictor(run)
        store = FeatureStore(predictor.description.store["path"])
        figures.append(predictor.evaluate(store, "test"))
        splits.append(both_halves(predictor, store))
        doubtful.append(named_below_half(predictor, store))
    print("\n".join([*recall_rows(splits, options.halvings), "", *calibration_rows(figures), "", *error_rows(figures)]))
    print("\n".join(["", *chance_rows(figures, doubtful), "", *agreement_rows(figures)]))


def both_halves(predictor: Predictor, store: FeatureStore) -> Scored:
    """The clips of valid and test with probabilities as predicted."""
    rows = np.concatenate([store.table.in_split(split) for split in ("valid", "test")])
    task = predictor.description.task
    return scored(store, rows, predictor.infer(store, rows).probability, task.emotions, task.present_at)


def halvings(split: Scored, target: float, count: int, seed: int) -> list[Halving]:
    """Fit on a random half and measure on the other, `count` times. Recall is per clip, over clips with an emotion."""
    random, results = np.random.default_rng(seed), []
    for _ in range(count):
        order = random.permutation(len(split.clips))
        fit, rest = (split.rows(half) for half in np.array_split(order, 2))
        chosen = rest.probability >= recall_cut(fit.probability, fit.presence, target)
        results.append(Halving(mean_recall(rest.presence, chosen), float(chosen.sum(axis=1).mean())))
    return results


def mean_recall(presence: Floats, chosen: np.ndarray) -> float:
    """Mean over clips with a present emotion of the share of these that is chosen."""
    present = presence == 1
    some = present.any(axis=1)
    return float(((present & chosen).sum(axis=1)[some] / present.sum(axis=1)[some]).mean())


def recall_rows(splits: Sequence[Scored], count: int) -> Iterable[str]:
    """Mean recall over halvings and seeds; its standard error is that over the halvings of one run."""
    yield "| target recall | mean recall | standard error | kept | mean set size of emotions |"
    yield "|---|---|---|---|---|"
    for target in TARGETS:
        runs = [halvings(split, target, count, seed) for seed, split in enumerate(splits)]
        recalls = [halving.recall for halves in runs for halving in halves]
        error = statistics.mean(statistics.stdev(h.recall for h in halves) / math.sqrt(count) for halves in runs)
        size = statistics.mean(halving.size for halves in runs for halving in halves)
        mean = statistics.mean(recalls)
        holds = "yes" if mean >= target - error else "no"
        yield f"| {target:g} | {mean:.4f} | {error:.4f} | {holds} | {size:.2f} of {len(splits[0].emotions)} |"


def calibration_rows(figures: Sequence[dict[str, Any]]) -> Iterable[str]:
    """One row per run."""
    yield "| run | adaptive ECE before | after | 95 % of perfectly calibrated predictors | inside | not above before |"
    yield "|---|---|---|---|---|---|"
    for n, run in enumerate(figures):
        low, high = run["adaptive_ece_by_chance"]
        before, after = run["adaptive_ece_raw"], run["adaptive_ece"]
        inside, lower = ("yes" if holds else "no" for holds in (after <= high, after <= before))
        yield f"| {n} | {before:.4f} | {after:.4f} | {low:.4f} to {high:.4f} | {inside} | {lower} |"


def named_below_half(predictor: Predictor, store: FeatureStore) -> tuple[float, float]:
    """Over the test pairs that are named with a probability below one half: mean uncertainty, and share of errors."""
    predictions = predictor.predict(store, store.table.in_split("test"))
    pairs = predictions.label & (predictions.probability < 0.5) & ~np.isnan(predictions.presence)
    return float(predictions.uncertainty[pairs].mean()), float((predictions.presence[pairs] == 0).mean())


def chance_rows(figures: Sequence[dict[str, Any]], doubtful: Sequence[tuple[float, float]]) -> Iterable[str]:
    """Whether the uncertainty comes true as a chance of an error."""
    yield "| calibration error of the uncertainty | named below one half: uncertainty | wrong |"
    yield "|---|---|---|"
    doubt, wrong = zip(*doubtful, strict=True)
    yield f"| {spread([run['error_ece'] for run in figures])} | {spread(doubt)} | {spread(wrong)} |"


def error_rows(figures: Sequence[dict[str, Any]]) -> Iterable[str]:
    """Every score over the seeds, and the product's paired difference to it."""
    yield "| score | error-AUROC | product less this | AURC | product's AURC over this |"
    yield "|---|---|---|---|---|"
    for name in figures[0]["error_auroc"]:
        if all(name in run["error_auroc"] for run in figures):
            aurocs = [run["error_auroc"][name] for run in figures]
            apart = [run["error_auroc"]["product"] - value for run, value in zip(figures, aurocs, strict=True)]
            areas = [run["aurc_of"][name] for run in figures]
            ratios = [run["aurc_of"]["product"] / area for run, area in zip(figures, areas, strict=True)]
            cells = (spread(aurocs), with_error(apart), spread(areas, 4), spread(ratios, 2))
            yield f"| {name} | {' | '.join(cells)} |"


def agreement_rows(figures: Sequence[dict[str, Any]]) -> Iterable[str]:
    """With people, and with the true noise."""
    if all("raters" in run for run in figures):
        yield "| aleatoric score | Spearman with the entropy of the raters' votes |"
        yield "|---|---|"
        yield f"| product | {spread([run['raters']['spearman'] for run in figures])} |"
        for name in figures[0]["raters"]["spearman_of"]:
            yield f"| {name} | {spread([run['raters']['spearman_of'][name] for run in figures])} |"
    for modality, readings in figures[0].get("noise_spearman", {}).items():
        for reading in readings:
            correlations = [run["noise_spearman"][modality][reading] for run in figures]
            if None not in correlations:
                yield f"| {modality}: Spearman of its {reading} with its true noise | {spread(correlations)} |"


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Mean and standard deviation over the seeds."""
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def with_error(values: Sequence[float]) -> str:
    """Mean and standard error over the seeds."""
    mean = f"{statistics.mean(values):+.4f}"
    return mean if len(values) < 2 else f"{mean} (SE {statistics.stdev(values) / math.sqrt(len(values)):.4f})"


if __name__ == "__main__":
    main()
