#!/usr/bin/env bash
# tsfel 0.2.0 (BSD) with SciPy 1.17.1 and NumPy 2.2.6, features of heart, skin, brain and voice: three of those that it computes by default say something else than their names.
# - `spectral_variation` is by its documentation how much the spectrum varies along time, from the correlation of two consecutive spectra (Peeters and others, 2011). It computes
#   one spectrum, of the whole signal, and correlates each frequency with the next one. A tone that stays gets 1, the most there is, one that sweeps 0.
# - `average_power` divides the sum of squares by seconds, not by their number: the same signal has ten times the power at ten times the rate.
# - `ecdf`, ten features "of the distribution", are 1 to 10 divided by the number of values, whatever the values are.
#   expected: 0 for a steady tone and more for one that sweeps; a power of 0.5 for a sine of amplitude 1 at any rate; other features for other distributions
#   seen:     1.00 and 0.00; 50 at 100 Hz and 500 at 1000 Hz; 0.002 to 0.02 for all signals of 500 values       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.2.6 scipy==1.17.1
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps tsfel==0.2.0
mkdir -p "$folder/statsmodels/tsa" "$folder/sklearn" # what else it imports, for other features
echo "acf = None" > "$folder/statsmodels/tsa/stattools.py"
echo "KDTree = None" > "$folder/sklearn/neighbors.py"
echo "" > "$folder/pywt.py"
cat > "$folder/features.py" <<'P'
import sys
from importlib.util import find_spec
from types import ModuleType

import numpy as np

place = find_spec("tsfel").submodule_search_locations[0]
for name in ("tsfel", "tsfel.feature_extraction", "tsfel.utils"):  # as they are, they import what shows progress in a browser
    sys.modules[name] = ModuleType(name)
    sys.modules[name].__path__ = [place + name.removeprefix("tsfel").replace(".", "/")]

from tsfel.feature_extraction.features import average_power, ecdf, spectral_variation  # noqa: E402

time = np.arange(5000) / 1000
for name, signal in (("steady", np.sin(2 * np.pi * 50 * time)), ("sweep", np.sin(2 * np.pi * (5 + 8 * time) * time))):
    spectra = [abs(np.fft.rfft(part)) for part in signal.reshape(-1, 500)]
    right = np.mean([1 - a @ b / np.sqrt((a @ a) * (b @ b)) for a, b in zip(spectra, spectra[1:])])
    print(f"{name}: variation {spectral_variation(signal, 1000):.2f} by hand {abs(right):.2f}")
for rate in (100, 1000):
    sine = np.sin(2 * np.pi * 5 * np.arange(10 * rate) / rate)
    print(f"{rate} Hz: average power {average_power(sine, rate):.0f} by hand {np.mean(sine**2):.1f}")
draw = np.random.default_rng(0)
for name, values in (("normal", draw.normal(size=500)), ("exponential", draw.exponential(100, 500))):
    print(name, "ECDF", [round(float(value), 3) for value in ecdf(values)])
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/features.py")
echo "$seen"
[ "$seen" = "steady: variation 1.00 by hand 0.00
sweep: variation 0.00 by hand 0.50
100 Hz: average power 50 by hand 0.5
1000 Hz: average power 500 by hand 0.5
normal ECDF [0.002, 0.004, 0.006, 0.008, 0.01, 0.012, 0.014, 0.016, 0.018, 0.02]
exponential ECDF [0.002, 0.004, 0.006, 0.008, 0.01, 0.012, 0.014, 0.016, 0.018, 0.02]" ]
