"""Decisions and measures on real corpora with a logistic regression: figures that a stranger would believe.

The corpora are no part of this project; where they are absent, these tests are skipped.
"""

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from lddu.arrays import Floats
from lddu.decide.conformal import fit_recall_sets
from lddu.decide.decision import fit_decision
from lddu.evaluate.calibration import calibration_report
from lddu.evaluate.metrics import baselines, metrics
from lddu.evaluate.scored import Scored, Validation

CORPORA = {"music_emotions": ("mfcc", "rhythm", "spectral"), "meld_dev": ("text", "audio")}


@pytest.fixture(scope="module", params=list(CORPORA))
def splits(request: pytest.FixtureRequest, shared_data: Path) -> dict[str, Scored]:
    """Predictions of one logistic regression per emotion on all modalities."""
    folder = shared_data / str(request.param)
    import pyarrow.csv

    table = pyarrow.csv.read_csv(folder / "clips.csv").to_pydict()
    emotions = tuple(c for c in table if c not in ("clip", "split", "group", "start", "end", "transcript"))
    files = [np.load(folder / f"{name}.npz", allow_pickle=False) for name in CORPORA[request.param]]
    features = np.array([np.concatenate([_step_mean(f, clip) for f in files]) for clip in table["clip"]])
    presence = np.array([table[e] for e in emotions], float).T >= 0.5
    split, clips = np.array(table["split"]), np.array(table["clip"], dtype=object)
    group = np.array(table["group"], dtype=object) if "group" in table else None
    x = StandardScaler().fit(features[split == "train"]).transform(features)
    probability = np.column_stack(
        [
            LogisticRegression(C=0.01, max_iter=500)
            .fit(x[split == "train"], y[split == "train"])
            .predict_proba(x)[:, 1]
            for y in presence.T
        ]
    )
    everything = Scored(probability, presence.astype(float), clips, emotions, group)
    return {name: _part(everything, split == name, name) for name in ("train", "valid", "test")}


def _step_mean(file: "np.lib.npyio.NpzFile", clip: str) -> Floats:
    return np.asarray(np.atleast_2d(file[clip]).mean(axis=0), np.float64)


def _part(scored: Scored, rows: np.ndarray, name: str) -> Scored:
    part = scored.rows(rows)
    return Scored(part.probability, part.presence, part.clips, part.emotions, part.group, name)


def test_a_decision_from_validation_beats_the_baselines_on_test(splits: dict[str, Scored]) -> None:
    decision = fit_decision(Validation(splits["valid"]))
    decided = decision.apply(splits["test"].probability)
    found = metrics(splits["test"].with_probability(decided.probability), np.array(decision.thresholds))
    for baseline in baselines(splits["train"].presence, splits["test"].presence, splits["test"].emotions):
        assert found.f1_micro > baseline.f1_micro + 0.03
    assert found.nll < 0.6


def test_recalibration_ends_within_or_near_the_band_of_chance(splits: dict[str, Scored]) -> None:
    decision = fit_decision(Validation(splits["valid"]))
    before = calibration_report(splits["test"]).pooled
    after = calibration_report(
        splits["test"].with_probability(decision.recalibration.apply(splits["test"].probability))
    )
    assert after.pooled.nll <= before.nll + 0.005
    assert after.pooled.adaptive_ece <= 2 * after.pooled.adaptive_ece_by_chance.high


@pytest.mark.parametrize("target", [0.8, 0.9, 0.95])
def test_promised_recall_holds_over_fifty_halvings_of_valid_and_test(splits: dict[str, Scored], target: float) -> None:
    valid, test = splits["valid"], splits["test"]
    probability = np.concatenate([valid.probability, test.probability])
    presence, clips = np.concatenate([valid.presence, test.presence]), np.concatenate([valid.clips, test.clips])
    both = Scored(probability, presence, clips, valid.emotions, split="valid")
    reached = []
    for seed in range(50):
        order = np.random.default_rng(seed).permutation(len(clips))
        half = len(clips) // 2
        fitted = fit_recall_sets(Validation(both.rows(order[:half])), [target])
        new = both.rows(order[half:])
        present = (new.presence == 1) & (new.presence == 1).any(axis=1, keepdims=True)
        kept = (present & fitted.sets(new.probability, target)).sum(axis=1)
        rows = present.any(axis=1)
        reached.append(np.mean(kept[rows] / present.sum(axis=1)[rows]))
    assert np.mean(reached) >= target - np.std(reached) / np.sqrt(50)
