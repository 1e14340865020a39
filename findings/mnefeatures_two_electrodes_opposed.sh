#!/usr/bin/env bash
# mne-features 0.3.2 (BSD) with scikit-learn 1.9.1, SciPy 1.17.1, pandas 3.1.1 and NumPy 2.2.6, emotion from EEG by which electrodes go together: three of its features of pairs.
# - `compute_time_corr` first scales the data, at each moment over the electrodes where over time is meant. Of two electrodes one is then always 1 and the other -1: their
#   correlation is -1 whatever they hold. With more, what they have in common is taken away, and the other electrodes change the figure of a pair.
# - `compute_phase_lock_val(..., include_diag=True)` writes the 1 of an electrode with itself to another pair's place, and leaves its own place unwritten.
# - `compute_max_cross_corr` looks for the largest correlation over shifts both ways; it computes each shift one way twice. It depends on which electrode comes first.
#   expected: a correlation of 1 for two that see the same source; a phase locking of 0.01 of two that hold noise; 1 for one that comes 40 ms after or before another
#   seen:     -1; 1; 0.04 for after, 1 for before       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.9.1 scipy==1.17.1 pandas==3.1.1 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps mne-features==0.3.2
mkdir "$folder/mne" # which it imports, with wavelets, for other features
echo "filter_data = None" > "$folder/mne/filter.py"
echo "psd_array_welch = psd_array_multitaper = None" > "$folder/mne/time_frequency.py"
echo "" > "$folder/pywt.py"
cat > "$folder/pairs.py" <<'P'
import numpy as np
from mne_features.bivariate import compute_max_cross_corr, compute_phase_lock_val, compute_time_corr

draw = np.random.default_rng(0)
source, other = draw.normal(size=(2, 2000))
for name, pair in (
    ("the same source", np.stack([source, source + 0.1 * other])),
    ("nothing in common", np.stack([source, other])),
    ("the same source, beside a strong third", np.stack([source, source + 0.1 * other, 3 * draw.normal(size=2000)])),
):
    found = compute_time_corr(pair, with_eigenvalues=False)[0]
    print(f"{name}: correlation {found + 0:.2f} right {np.corrcoef(pair)[0, 1] + 0:.2f}")
noise = draw.normal(size=(3, 2000))
without = compute_phase_lock_val(noise)
diagonal = compute_phase_lock_val(noise, include_diag=True)  # 0-0, 0-1, 0-2, 1-1, 1-2, 2-2
print("phase locking of 0-1, 0-2, 1-2:", without.round(2).tolist(), "with the diagonal", diagonal[[1, 2, 4]].round(2).tolist())
RATE, LATE = 100, 4
late = np.stack([source[LATE:], source[:-LATE]])  # the second is the first 40 ms later
for name, pair in (("after", late), ("before", late[::-1].copy())):
    print(f"the second {name} the first: cross-correlation {compute_max_cross_corr(float(RATE), pair)[0]:.2f}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/pairs.py")
echo "$seen"
[ "$seen" = "the same source: correlation -1.00 right 1.00
nothing in common: correlation -1.00 right -0.02
the same source, beside a strong third: correlation 0.85 right 1.00
phase locking of 0-1, 0-2, 1-2: [0.01, 0.05, 0.02] with the diagonal [1.0, 1.0, 0.02]
the second after the first: cross-correlation 0.04
the second before the first: cross-correlation 1.00" ]
