#!/usr/bin/env bash
# effectsize 1.0.0 (MIT) with pandas 1.5.3, statsmodels 0.14.5, SciPy 1.15.3 and NumPy 1.26.4, do two groups of persons differ in how often they have each emotion? `compute(..., categorical=[...],
# weights=...)` gives the standardised difference over all categories. The weighted shares of both groups stand below one another in one table, which is cut into two halves. Where a
# category does not occur in one of the groups the halves are not the groups: with an odd number of rows one row is dropped, and categories are compared with others of the same row.
# Without weights, which is the same as weights of 1, the same data raise a ValueError.
#   expected: 0.71, or an error, for groups of 50, 50 and 0 % and of 40, 40 and 20 %, whatever the names of the three categories
#   seen:     0.34, and 0 where the names stand in another order of the alphabet       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pandas==1.5.3 statsmodels==0.14.5 scipy==1.15.3 numpy==1.26.4
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps effectsize==1.0.0
cat > "$folder/shares.py" <<'P'
import numpy as np
import pandas as pd
from effectsize import compute

SHARES = {"group 0": [5, 5, 0], "group 1": [4, 4, 2]}  # of ten persons


def by_hand(first, second):
    first, second = np.divide(first, sum(first))[1:], np.divide(second, sum(second))[1:]
    spread = sum(np.diag(share) - np.outer(share, share) for share in (first, second)) / 2
    return np.sqrt((second - first) @ np.linalg.inv(spread) @ (second - first))


print(f"by hand {by_hand(*SHARES.values()):.2f}")
for names in (["anger", "calm", "joy"], ["calm", "joy", "anger"], ["anger", "joy", "calm"]):
    rows = [(group, name) for group, counts in enumerate(SHARES.values()) for name, count in zip(names, counts) for _ in range(count)]
    table = pd.DataFrame(rows, columns=["group", "emotion"]).assign(weight=1.0)
    print(names, compute(table, "group", categorical=["emotion"], weights="weight").values.ravel().tolist())
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/shares.py")
echo "$seen"
[ "$seen" = "by hand 0.71
['anger', 'calm', 'joy'] [0.34]
['calm', 'joy', 'anger'] [0.0]
['anger', 'joy', 'calm'] [0.34]" ]
