#!/usr/bin/env bash
# permutation-test 0.18 (MIT) with NumPy 1.23.5 and SciPy 1.10.1, which of several emotions, or models, differ from a reference?
# - `benjamini_hochberg_procedure`, which its command `permtest` applies unless told otherwise, stops at the first p in order of size that lies above its line. Benjamini and
#   Hochberg look for the last one that lies below and reject all up to there. What is significant as a group is not found.
# - `permutationtest` returns "only (two-sided) p_value". It is the smaller of the two p of one side, half of what it should be.
#   expected: all four of 0.03, 0.04, 0.045 and 0.05 rejected at 0.05; a p of 0.50 for two groups that hardly differ
#   seen:     none of them; 0.25       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check setuptools==75.8.0 wheel numpy==1.23.5 scipy==1.10.1
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps --no-build-isolation permutation-test==0.18
cat > "$folder/compare.py" <<'P'
import contextlib
import io

import numpy as np
from permutation_test.functions import benjamini_hochberg_procedure, permutationtest
from scipy import stats

for p in ([0.03, 0.04, 0.045, 0.05], [0.001, 0.03, 0.031, 0.032, 0.033], [0.01, 0.02, 0.03, 0.2]):
    last = max((k for k in range(1, len(p) + 1) if p[k - 1] <= 0.05 * k / len(p)), default=0)
    print(p, "rejected", int(benjamini_hochberg_procedure(p).sum()), "right", last)
draw = np.random.default_rng(0)
one, two = list(draw.normal(0, 1, 8)), list(draw.normal(1, 1, 8))
with contextlib.redirect_stdout(io.StringIO()):
    found = permutationtest(one, two, verbose=False)
right = stats.permutation_test((one, two), lambda a, b: np.mean(a) - np.mean(b), n_resamples=np.inf).pvalue
print(f"p {found:.2f} right {right:.2f}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/compare.py")
echo "$seen"
[ "$seen" = "[0.03, 0.04, 0.045, 0.05] rejected 0 right 4
[0.001, 0.03, 0.031, 0.032, 0.033] rejected 1 right 5
[0.01, 0.02, 0.03, 0.2] rejected 3 right 3
p 0.25 right 0.50" ]
