#!/usr/bin/env bash
# spkit 0.0.9.7 (MIT) with NumPy 2.4.6 and SciPy 1.17.1, information measures of physiological signals:
# - `entropy_kld(x, y)`, the Kullback-Leibler divergence of two signals, and `entropy_cross` count each signal in bins of its own, from its own minimum to its own maximum, and compare first bin with first bin. Where the
#   signals lie and how wide they are does not matter: a signal has no divergence from itself shifted by 100 or stretched fivefold, and two electrodes with a different offset or gain are alike.
# - `is_discrete=True` is said to count "all the unique values". `entropy` does. `entropy_joint`, and `mutual_info` and `entropy_cond` with it, cut the range into as many equal parts as there are values: neighbours fall into
#   one part where the values are not evenly apart (event codes 0, 1, 10, 11). The mutual information is then larger than the entropy ("<= min{H(x), H(y)}" by its documentation), the conditional entropy is negative ("0 <=").
#   expected: divergences of 0.0, 0.5, 4.5 and 1.1 nats for normal signals; 2 bits of mutual information of codes with themselves, and 0 of conditional entropy
#   seen:     below 0.21 each time, and 0 for signals that are shifted or stretched; 3.0 and -1.0 bits       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check spkit==0.0.9.7 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1 scikit-learn==1.9.1 matplotlib==3.11.2 seaborn==0.13.2 PyWavelets==1.9.0 h5py==3.16.0 joblib==1.6.0 python-picard==0.8.2 pylfsr==1.0.7 phyaat==0.0.3
cat > "$folder/measures.py" <<'P'
import numpy as np
import spkit
from scipy.stats import entropy

random = np.random.default_rng(0)
first = random.normal(size=5000)
for shift, stretch in ((0, 1), (1, 1), (3, 1), (0, 5)):
    second = shift + stretch * random.normal(size=5000)
    right = np.log(stretch) + (1 + shift**2) / (2 * stretch**2) - 0.5  # of two normal distributions, in nats
    print(f"shifted by {shift}, stretched by {stretch}: {spkit.entropy_kld(first, second, base='e'):.2f}, right {right:.1f}")
for shift, stretch in ((100, 1), (0, 5)):
    print(f"itself, shifted by {shift}, stretched by {stretch}: {abs(spkit.entropy_kld(first, shift + stretch * first)):.2f}")
codes = np.array([0, 1, 10, 11])[random.integers(0, 4, 4000)]
bits = entropy(np.unique(codes, return_counts=True)[1], base=2)
print(f"entropy {spkit.entropy(codes, is_discrete=True):.1f}, right {bits:.1f}")
print(f"mutual information with itself {spkit.mutual_info(codes, codes, is_discrete=True):.1f}, right {bits:.1f}")
print(f"conditional entropy {spkit.entropy_cond(codes, codes, is_discrete=True):.1f}, right 0.0")
P
seen=$(MPLCONFIGDIR="$folder" "$folder/venv/bin/python" -W ignore "$folder/measures.py")
echo "$seen"
[ "$seen" = "shifted by 0, stretched by 1: 0.07, right 0.0
shifted by 1, stretched by 1: 0.08, right 0.5
shifted by 3, stretched by 1: 0.20, right 4.5
shifted by 0, stretched by 5: 0.05, right 1.1
itself, shifted by 100, stretched by 1: 0.00
itself, shifted by 0, stretched by 5: 0.00
entropy 2.0, right 2.0
mutual information with itself 3.0, right 2.0
conditional entropy -1.0, right 0.0" ]
