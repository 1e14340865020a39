#!/usr/bin/env bash
# MultiDST 0.1.11 (MIT) with statsmodels 0.15.0, SciPy 1.17.1, pandas 3.1.1, matplotlib 3.11.2 and NumPy 2.2.6, which of many features differ between
# emotions? `sgof_test`, and `multitest` for its "SGoF", refer to Carvajal-Rodriguez and others (2009): how many more tests are below 0.05 than chance
# would bring? One after the other is taken off until the rest is no more than that. Those taken off, the smallest p, are significant.
# It returns as many as are left, in place of those that were taken off.
# - Where nothing differs it takes none off and returns all that are below 0.05, as if there were no correction.
# - Where much differs it returns as many as chance brings, 9 of 100, be there 20 effects or 60.
#   expected: 0 of 1000 where nothing differs; 55 of 100 where 60 differ, and 13 where 20 do
#   seen:     42; 9 and 9       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check multidst==0.1.11 \
    statsmodels==0.15.0 scipy==1.17.1 numpy==2.2.6 pandas==3.1.1 matplotlib==3.11.2
cat > "$folder/effects.py" <<'P'
import contextlib

import numpy as np

with contextlib.redirect_stdout(None):  # it prints an example of its own
    from multidst.methods import sgof_test
from scipy.stats import binom, norm

draw = np.random.default_rng(0)


def by_hand(values, level=0.05):
    """Number of significant tests: those below the level, less the most that chance brings with a probability above the level."""
    values = np.asarray(values)
    return max(int(sum(values <= level)) - int(binom.isf(level, len(values), level)), 0)


for tests, effects in ((100, 0), (1000, 0), (100, 20), (100, 60), (1000, 300)):
    shift = np.where(np.arange(tests) < effects, 4, 0)
    values = norm.sf(shift + draw.normal(size=tests))
    found = len(sgof_test(list(values), 0.05)[0])
    print(f"{tests} tests, {effects} effects: {sum(values <= 0.05)} below 0.05, SGoF {found}, by hand {by_hand(values)}")
P
seen=$(MPLCONFIGDIR="$folder" "$folder/venv/bin/python" -W ignore "$folder/effects.py")
echo "$seen"
[ "$seen" = "100 tests, 0 effects: 6 below 0.05, SGoF 6, by hand 0
1000 tests, 0 effects: 42 below 0.05, SGoF 42, by hand 0
100 tests, 20 effects: 22 below 0.05, SGoF 9, by hand 13
100 tests, 60 effects: 64 below 0.05, SGoF 9, by hand 55
1000 tests, 300 effects: 339 below 0.05, SGoF 63, by hand 277" ]
