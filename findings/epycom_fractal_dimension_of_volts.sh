#!/usr/bin/env bash
# epycom 0.3 (BSD) with numba 0.68.1, scikit-learn 1.5.2, SciPy 1.15.3, pandas 2.3.3 and NumPy 1.26.4, how irregular is an EEG?
# Higuchi's fractal dimension is the slope of the length of the curve over the step, both as logarithms: 1 for a smooth curve, 1.5 for a random
# walk, 2 for noise, whatever the unit. `compute_fractal_dimension` begins each sum of lengths with 1 in place of 0. In microvolts that is nothing.
# In volts, as MNE has them, the lengths are nothing beside it. What is left is 1 / step, which has the slope of a smooth curve.
#   expected: 2.00, 1.48 and 1.00 for noise, a random walk and a sine, in any unit
#   seen:     so in microvolts; in volts 1.04, 1.02 and 1.00       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check epycom==0.3 \
    numba==0.68.1 scikit-learn==1.5.2 scipy==1.15.3 pandas==2.3.3 numpy==1.26.4
cat > "$folder/dimension.py" <<'P'
import numpy as np
from epycom.univariate import compute_fractal_dimension


def higuchi(signal, most=9):
    """Slope of the mean length of the curve over the step, after Higuchi (1988)."""
    lengths = []
    for step in range(1, most + 1):
        parts = [abs(np.diff(signal[first::step])) for first in range(step)]
        lengths.append(np.mean([part.mean() for part in parts]) * (len(signal) - 1) / step**2)
    return -np.polyfit(np.log(np.arange(1, most + 1)), np.log(lengths), 1)[0]


draw = np.random.default_rng(0)
signals = {"noise": draw.normal(size=5000), "random walk": draw.normal(size=5000).cumsum(), "sine": np.sin(np.arange(5000) / 50)}
for name, signal in signals.items():
    print(name, end=":")
    for unit, factor in (("uV", 1), ("mV", 1e-3), ("V", 1e-6)):
        values = 20 * signal * factor
        print(f" {compute_fractal_dimension(values):.2f} in {unit} (by hand {higuchi(values):.2f})", end="")
    print()
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/dimension.py")
echo "$seen"
[ "$seen" = "noise: 2.00 in uV (by hand 2.00) 1.97 in mV (by hand 2.00) 1.04 in V (by hand 2.00)
random walk: 1.48 in uV (by hand 1.48) 1.47 in mV (by hand 1.48) 1.02 in V (by hand 1.48)
sine: 1.00 in uV (by hand 1.00) 1.00 in mV (by hand 1.00) 1.00 in V (by hand 1.00)" ]
