#!/usr/bin/env bash
# uncertainty-calibration 0.1.4 (MIT) with scikit-learn 1.9.1 and NumPy 2.2.6, how far can a calibration error be trusted?
# `get_calibration_error_uncertainties(..., alpha=0.1)` gives, by its documentation, intervals of confidence 1 - alpha from a bootstrap, 90 % by default. It
# hands alpha to a function that counts in percent, so that the default means 0.1 %. Of the 100 draws it makes, all but the smallest and the largest are in the
# interval, whatever alpha below 1 is asked for: intervals of 50, 90 and 95 % are nearly the same. `get_top_calibration_error_uncertainties` does the same.
# What one wants it gives for an alpha of 10, of which its documentation says nothing.
#   expected: an interval that holds 90 of its 100 draws, from 0.008 to 0.053, and for an alpha of 0.5 one that holds 50
#   seen:     98 of them, from 0 to 0.066, and 98 for an alpha of 0.5       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.9.1 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps uncertainty-calibration==0.1.4 # it asks for a package of tests too, of which nothing here has need
cat > "$folder/interval.py" <<'P'
import calibration
import numpy as np

draw = np.random.default_rng(0)
said = draw.uniform(size=500)
labels = (draw.uniform(size=500) < said).astype(int)


def error(rows):
    return calibration.get_calibration_error(said[rows], labels[rows], p=1, debias=False)


np.random.seed(0)
drawn = np.array([error(np.random.choice(500, 500)) for _ in range(100)])  # the draws that the package makes too
for alpha in (0.5, 0.1, 0.05, 10):
    np.random.seed(0)
    low, _, high = calibration.get_calibration_error_uncertainties(said, labels, p=1, alpha=alpha)
    turned = 2 * error(np.arange(500)) - drawn
    print(f"alpha {alpha}: {low:.3f} to {high:.3f}, holds {np.sum((low <= turned) & (turned <= high))} of 100 draws")
P
seen=$("$folder/venv/bin/python" "$folder/interval.py")
echo "$seen"
[ "$seen" = "alpha 0.5: 0.001 to 0.065, holds 98 of 100 draws
alpha 0.1: -0.000 to 0.066, holds 98 of 100 draws
alpha 0.05: -0.000 to 0.066, holds 98 of 100 draws
alpha 10: 0.008 to 0.053, holds 90 of 100 draws" ]
