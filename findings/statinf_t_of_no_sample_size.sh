#!/usr/bin/env bash
# statinf 1.3.0 (MIT) with SciPy 1.17.1, pandas 2.3.3 and NumPy 2.2.6, do two groups of persons, or two models, differ? Four that do not follow the formula in their own documentation.
# - `ttest_2samp` leaves the second root out, sqrt(1 / n1 + 1 / n2): the number of persons counts for nothing. Its t is Cohen's d, its p far too large, and next to nothing is ever found.
# - `ttest(..., two_sided=False)` doubles the p of one side: it is twice too large, and up to 2 where the mean lies on the other side.
# - `pearson` divides a covariance over n - 1 by deviations over n. Correlations are too high by n / (n - 1), so that they go beyond 1; the example in its documentation does so too.
# - `mape`, the mean of the relative errors, divides their sum by the sum of the ratings and not by their number.
#   expected: 878 of 1000 pairs of groups of 20 found that are a standard deviation apart; a p of at most 1; a correlation of 1 for a straight line and of 0.813 for the example; 58.3 %
#   seen:     5 of 1000; 2.0; 1.25 for five points, and 0.975 for the example; 25 %, and 2.5 % for ratings that are all ten times as large       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scipy==1.17.1 pandas==2.3.3 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps statinf==1.3.0
cat > "$folder/groups.py" <<'P'
import sys
import sysconfig
import types
from pathlib import Path

import numpy as np
from scipy import stats

for name in ("statinf", "statinf.stats", "statinf.ml"):
    package = types.ModuleType(name)  # without the networks and plots that their __init__ import
    package.__path__ = [str(Path(sysconfig.get_path("purelib"), *name.split(".")))]
    sys.modules[name] = package

from statinf.ml.performance import mape
from statinf.stats.descriptive import pearson
from statinf.stats.tests import ttest, ttest_2samp

draw = np.random.default_rng(0)
found = right = 0
for _ in range(1000):
    low, high = draw.normal(0, 1, 20), draw.normal(1, 1, 20)
    found += ttest_2samp(low, high, return_tuple=True)[2] < 0.05
    right += stats.ttest_ind(low, high).pvalue < 0.05
print(f"found {found} of 1000, right {right}")
print(f"one side: p {ttest(low - 5, two_sided=False, return_tuple=True)[2]:.1f}, right {stats.ttest_1samp(low - 5, 0, alternative='greater').pvalue:.1f}")
print(f"straight line: {pearson([1, 2, 3, 4, 5], [2, 4, 6, 8, 10]):.2f}")
x = [0.023699, 0.021436, 0.0200109, 0.0202762, 0.0165271, 0.01027]  # the example of its documentation
y = [9.4228, 9.27951, 9.167963, 9.68820, 9.56490, 7.543]
print(f"example: {pearson(x, y):.3f}, right {np.corrcoef(x, y)[0, 1]:.3f}")
rated, told = np.array([1, 2, 4]), np.array([2, 3, 5])
print(f"mape {mape(rated, told):.1f}, times ten {mape(10 * rated, 10 * told):.1f}, right {100 * np.mean(np.abs(rated - told) / rated):.1f}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/groups.py")
echo "$seen"
[ "$seen" = "found 5 of 1000, right 878
one side: p 2.0, right 1.0
straight line: 1.25
example: 0.975, right 0.813
mape 25.0, times ten 2.5, right 58.3" ]
