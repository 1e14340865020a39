"""The promise of recall, as benchmarks/promises.py checks it on real runs: over random halvings it is kept on average."""

import statistics

import pytest
from benchmarks.promises import halvings

from tests.scores import random_scored


@pytest.mark.parametrize("target", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("sharpness", [1.0, 4.0])
def test_recall_over_fifty_halvings_keeps_its_target(target: float, sharpness: float) -> None:
    """Also where the probabilities are badly overconfident."""
    found = halvings(random_scored(clips=400, emotions=6, sharpness=sharpness, unknown=0.05), target, count=50, seed=0)
    recalls = [one.recall for one in found]
    error = statistics.stdev(recalls) / len(recalls) ** 0.5
    assert statistics.mean(recalls) >= target - error
    assert statistics.mean(recalls) < target + 0.05
    assert statistics.mean(one.size for one in found) < 6
