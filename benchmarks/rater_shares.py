"""Shares of raters on face_votes: `python -m benchmarks.rater_shares face_votes --work FOLDER [--seeds 3]`.

Trains the `default` preset on shares and on presence, each with the same seeds (a training that was stopped goes on), and fits
on all training clips a logistic regression on shares per emotion. All become shares by a map fitted on validation;
checkpoint, strength and map come from validation. Prints markdown rows of the test split: mean over seeds, standard deviation
over seeds, and the paired difference to the runs on shares with its standard error over clips.

The corpus does not say how many raters a face had: at most ten; the largest number is taken that makes all its shares whole.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lddu.arrays import Floats
from lddu.batches.batch import BatchReader
from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import import_corpus
from lddu.decide.shares import ShareMap, fit_shares
from lddu.evaluate.linear_baselines import PooledClips, fit_linear_shares
from lddu.evaluate.scored import Scored, Validation
from lddu.evaluate.shares import ROUNDED, SHARE_FIGURES, one_rater, share_distances
from lddu.models.families import preset
from lddu.runs.baselines import moments
from lddu.runs.observed import scored
from lddu.runs.predictor import Predictor
from lddu.store.observation import shares_of
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions
from lddu.training.run import train_or_resume

PRESENT_AT, MOST_RATERS = 0.2, 10
TARGETS = ("shares", "presence")
POOLED = 1024


@dataclass(frozen=True, eq=False)
class Answers:
    """Probabilities as predicted on valid and test."""

    valid: Floats
    test: Floats


def main() -> None:
    """Train what is missing, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    place = options.work / "store"
    if not place.exists():
        import_corpus(options.corpus, place, options=ImportOptions(present_at=PRESENT_AT))
    store = FeatureStore(place)
    answers = {"logistic regression on shares": [_linear(store, options.work / "linear.npz")]}
    for target in TARGETS:
        answers[f"default on {target}"] = [_trained(store, options.work, target, seed) for seed in range(options.seeds)]
    print("\n".join(rows(store, answers)))


def _trained(store: FeatureStore, work: Path, target: str, seed: int) -> Answers:
    folder = work / f"{target}-{seed}"
    config = preset("default", {"objective": {"target": target}})
    train_or_resume(store, folder, config, RunOptions(seed, baselines=False))
    predictor = Predictor(folder)
    on_valid, on_test = (predictor.infer(store, store.table.in_split(split)).probability for split in ("valid", "test"))
    return Answers(on_valid, on_test)


def _linear(store: FeatureStore, cache: Path) -> Answers:
    """Fitted on all training clips; written down, since it takes minutes."""
    if not cache.exists():
        train, valid, test = (_pooled(store, split) for split in ("train", "valid", "test"))
        c, (on_valid, on_test) = fit_linear_shares(train, valid, [valid, test], list(store.modalities))
        np.savez(cache, c=c, valid=on_valid, test=on_test)
    arrays = np.load(cache)
    print(f"logistic regression: C {float(arrays['c']):g}", flush=True)
    return Answers(arrays["valid"], arrays["test"])


def _pooled(store: FeatureStore, split: str) -> PooledClips:
    rows = store.table.in_split(split)
    reader = BatchReader(store, {name: modality.dimension for name, modality in store.modalities.items()}, 512)
    parts = [
        [moments(steps, mask) for steps, mask in zip(batch.values, batch.mask, strict=True)]
        for batch in reader.batches(rows, POOLED)
    ]
    values = {name: np.concatenate([part[m] for part in parts]) for m, name in enumerate(store.modalities)}
    shares = shares_of(store, rows, store.emotions)
    return PooledClips(values, np.where(np.isnan(shares), np.nan, shares >= PRESENT_AT), shares)


def rows(store: FeatureStore, answers_of: dict[str, list[Answers]]) -> list[str]:
    """Markdown: each way, then a constant and one rater."""
    observed = shares_of(store, store.table.in_split("test"), store.emotions)
    lines = [
        f"| test, n = {len(observed)} | {' | '.join(SHARE_FIGURES)} | Jensen-Shannon less that on shares |",
        "|" + "---|" * 6,
    ]
    mapped = {name: [_mapped(store, answers) for answers in seeds] for name, seeds in answers_of.items()}
    best = np.mean(
        [share_distances(shares, observed)["jensen_shannon"] for shares in mapped["default on shares"]], axis=0
    )
    constant = shares_of(store, store.table.in_split("train"), store.emotions).mean(axis=0)
    mapped["mean share of training"] = [np.tile(constant, (len(observed), 1))]
    for name, seeds in mapped.items():
        clips = [share_distances(shares, observed) for shares in seeds]
        means = {key: np.array([distances[key].mean() for distances in clips]) for key in SHARE_FIGURES}
        apart = np.mean([distances["jensen_shannon"] for distances in clips], axis=0) - best
        error = apart.std(ddof=1) / np.sqrt(len(apart))
        behind = "" if name == "default on shares" else f"{apart.mean():+.4f} ({error:.4f})"
        lines.append(f"| {name} ({len(seeds)}) | {' | '.join(_cell(means[key]) for key in SHARE_FIGURES)} | {behind} |")
    alone = one_rater(observed, raters_of(observed), PRESENT_AT)
    assert alone is not None, "every face has at least two raters"
    cells = " | ".join("" if (value := getattr(alone, key, None)) is None else f"{value:.4f}" for key in SHARE_FIGURES)
    return [*lines, f"| one rater of {alone.raters:.1f}, {alone.n} clips; micro-F1 {alone.f1_micro:.3f} | {cells} | |"]


def _cell(values: np.ndarray) -> str:
    spread = f" ± {values.std(ddof=1):.4f}" if len(values) > 1 else ""
    return f"{values.mean():.4f}{spread}"


def _mapped(store: FeatureStore, answers: Answers) -> Floats:
    return fitted_map(store, answers.valid).apply(answers.test)


def fitted_map(store: FeatureStore, probability: Floats) -> ShareMap:
    """The map to shares, fitted on validation."""
    rows = store.table.in_split("valid")
    valid: Scored = scored(store, rows, probability, store.emotions, PRESENT_AT)
    share_map = fit_shares(Validation(valid), shares_of(store, rows, store.emotions))
    assert share_map is not None, "raters of face_votes differ"
    return share_map


def raters_of(shares: Floats, most: int = MOST_RATERS) -> Floats:
    """[N] the largest number of raters up to `most` of which all shares of a clip are whole votes; NaN where there is none."""
    counts = np.full(len(shares), np.nan)
    for raters in range(2, most + 1):
        whole = (np.abs(shares * raters - np.round(shares * raters)) <= ROUNDED / 10).all(axis=1)
        counts[whole] = raters
    return counts


if __name__ == "__main__":
    main()
