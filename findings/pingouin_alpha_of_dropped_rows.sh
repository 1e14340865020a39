#!/usr/bin/env bash
# pingouin 0.6.1 (GPL-3.0) with pandas 3.1.1, SciPy 1.17.1, statsmodels 0.15.0, scikit-learn 1.9.1 and NumPy 2.2.6, do the items of a scale, or the raters of a clip, agree?
# `cronbach_alpha(..., nan_policy="listwise")` drops the rows with gaps for Cronbach's alpha, and takes the number of all rows for its interval of 95 %. The more is missing, the more
# certain the figure looks. With `ci` at 0.95 the interval holds the true alpha far less often than that. (For "pairwise", the default, it takes all rows too, but there they do count.)
#   expected: the interval of the same rows without those that have gaps, 0.71 to 0.89, which holds the true alpha in 95 % of 1000 data sets
#   seen:     0.77 to 0.85, which does so in 66 %       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pingouin==0.6.1 pandas==3.1.1 scipy==1.17.1 statsmodels==0.15.0 scikit-learn==1.9.1 numpy==2.2.6
cat > "$folder/alpha.py" <<'P'
import numpy as np
import pandas as pd
from pingouin import cronbach_alpha

draw = np.random.default_rng(0)
true = 0.8  # four raters whose ratings are half what they rate, half noise: 4 * 0.5 / (1 + 3 * 0.5)
held = np.zeros(2)
for number in range(1000):
    ratings = pd.DataFrame(draw.normal(size=(200, 1)) + draw.normal(size=(200, 4)))
    gaps = ratings.mask(draw.uniform(size=ratings.shape) < 0.3)
    answers = cronbach_alpha(gaps, nan_policy="listwise"), cronbach_alpha(gaps.dropna())
    if number == 0:
        for name, (alpha, (low, high)) in zip(("listwise", "dropped before"), answers):
            print(f"{name}: {alpha:.3f} from {low:.2f} to {high:.2f}, {len(gaps.dropna())} of {len(gaps)} rows without gaps")
    held += [low <= true <= high for _, (low, high) in answers]
print("the true alpha is in", *(f"{share:.0%}" for share in held / 1000))
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/alpha.py")
echo "$seen"
[ "$seen" = "listwise: 0.814 from 0.77 to 0.85, 46 of 200 rows without gaps
dropped before: 0.814 from 0.71 to 0.89, 46 of 200 rows without gaps
the true alpha is in 66% 95%" ]
