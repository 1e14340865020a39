#!/usr/bin/env bash
# iterative-stratification 0.1.9 (BSD) with scikit-learn 1.9.1, splitting clips with several labels: `MultilabelStratifiedShuffleSplit` takes both
# sizes as shares of one another. Where `train_size` and `test_size` are to leave clips out, for a validation split or a learning curve,
# none is left out: all clips land in the two parts.
#   expected: 100 and 100 of 1000 clips, as `StratifiedShuffleSplit` of scikit-learn, whose interface it has, gives
#   seen:     500 and 500       (2026-11-29, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check iterative-stratification==0.1.9 scikit-learn==1.9.1 numpy==2.2.6
cat > "$folder/sizes.py" <<'P'
import numpy as np
from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit
from sklearn.model_selection import StratifiedShuffleSplit

labels = (np.random.default_rng(0).random((1000, 3)) < 0.3).astype(int)
for name, split, of in (
    ("scikit-learn", StratifiedShuffleSplit, labels[:, 0]),
    ("iterstrat", MultilabelStratifiedShuffleSplit, labels),
):
    train, test = next(split(1, train_size=0.1, test_size=0.1, random_state=0).split(np.zeros((1000, 1)), of))
    print(name, len(train), len(test))
P
seen=$("$folder/venv/bin/python" "$folder/sizes.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "scikit-learn 100 100
iterstrat 500 500" ]
