#!/usr/bin/env bash
# crowd-kit 1.4.2 (Apache-2.0) with pandas 3.1.1, SciPy 1.17.1 and NumPy 2.2.6, labels of a clip from raters of unequal worth: `MACE` looks for the best of
# `n_restarts` random starts, 10 by default, and smooths by `smoothing`. Neither does anything.
# - All starts draw with the same seed and are the same start: ten take ten times as long as one and find what one finds. Only `random_state`
#   makes another start, and with it other labels, without a word on which of them are likelier.
# - `smoothing` is not read; 0.01 divided by the number of labels takes its place, whatever is asked for (method "em", which smooths).
#   expected: three starts that need not end where the first does, and other probabilities for a smoothing of 10 than for one of 0.1
#   seen:     the same probabilities to the last bit, and for another `random_state` another label for one of 12 clips       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pandas==3.1.1 scipy==1.17.1 numpy==2.2.6 attrs scikit-learn==1.9.1 nltk tqdm
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps crowd-kit==1.4.2 # it asks for transformers too, of which nothing here has need
cat > "$folder/starts.py" <<'P'
import numpy as np
import pandas as pd
from crowdkit.aggregation.classification.mace import MACE

draw = np.random.default_rng(3)
emotions = np.array(["anger", "fear", "joy"])
felt = draw.integers(0, 3, 12)
ratings = []
for clip in range(12):
    for rater in draw.choice(5, 3, replace=False):
        sees = draw.random() < (0.85 if rater >= 2 else 0.2)
        ratings.append((clip, rater, emotions[felt[clip] if sees else draw.integers(0, 3)]))
ratings = pd.DataFrame(ratings, columns=["task", "worker", "label"])


def answers(**settings):
    return MACE(n_iter=20, **settings).fit_predict_proba(ratings)


one = answers(n_restarts=1)
print("three starts as one:", one.equals(answers(n_restarts=3)))
print("other labels from another start:", (one.idxmax(axis=1) != answers(n_restarts=1, random_state=2).idxmax(axis=1)).sum())
little, much = (answers(n_restarts=1, method="em", smoothing=smoothing) for smoothing in (0.1, 10.0))
print("much smoothing as little:", little.equals(much))
P
seen=$("$folder/venv/bin/python" "$folder/starts.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "three starts as one: True
other labels from another start: 1
much smoothing as little: True" ]
