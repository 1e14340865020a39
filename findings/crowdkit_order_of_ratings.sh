#!/usr/bin/env bash
# crowd-kit 1.4.2 (Apache-2.0) with pandas 3.1.1, SciPy 1.17.1 and NumPy 2.2.6, several emotions to a clip from raters who need not agree: `BinaryRelevance`, by majority
# for each emotion unless told otherwise.
# - Where as many see an emotion as do not, the first row of the table decides, for all clips alike: if that rater saw it in that clip,
#   it holds in every tied clip of the corpus, else in none. With two raters all that they differ on is tied. The note on
#   ties in `MajorityVote` says that they go one way, not that the order of the rows says which.
# - `aggregators_`, with the probabilities and the worth of raters by emotion, belongs to all objects at once: a second corpus overwrites the first.
#   expected: the same labels from the same ratings in any order, and of each object its own probabilities
#   seen:     anger in 11 or 100 and joy in 19 or 96 of 200 clips; the clips of the second corpus from the first       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pandas==3.1.1 scipy==1.17.1 numpy==2.2.6 attrs scikit-learn==1.9.1 nltk tqdm
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps crowd-kit==1.4.2 # it asks for transformers too, of which nothing here has need
cat > "$folder/order.py" <<'P'
import numpy as np
import pandas as pd
from crowdkit.aggregation import BinaryRelevance

draw = np.random.default_rng(0)
ratings = pd.DataFrame(
    [
        (clip, rater, [emotion for emotion in ("anger", "joy") if draw.random() < 0.3])
        for clip in range(200)
        for rater in ("one", "two")
    ],
    columns=["task", "worker", "label"],
)
for name, table in (
    ("as it is", ratings),
    ("backwards", ratings[::-1]),
    ("shuffled", ratings.sample(frac=1, random_state=1)),
):
    labels = BinaryRelevance().fit_predict(table)
    print(name, *(f"{emotion} in {sum(emotion in one for one in labels)}" for emotion in ("anger", "joy")))
first, second = BinaryRelevance().fit(ratings[:200]), BinaryRelevance().fit(ratings[200:])
print("clips of the first corpus from", first.aggregators_["joy"].probas_.index.min())
P
seen=$("$folder/venv/bin/python" "$folder/order.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "as it is anger in 11 joy in 96
backwards anger in 11 joy in 19
shuffled anger in 100 joy in 19
clips of the first corpus from 100" ]
