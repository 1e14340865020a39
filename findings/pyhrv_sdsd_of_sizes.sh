#!/usr/bin/env bash
# pyhrv 0.5.0 (BSD) with biosppy 2.2.4, SciPy 1.17.1 and NumPy 2.2.6, heart rate variability in the time domain: `sdsd` is, by its documentation and the guidelines it refers
# to (Task Force 1996), the standard deviation of the differences between successive intervals. It takes that of their sizes without the sign: `tools.nni_diff`,
# named as their difference, gives absolute values. Without a trend the SDSD is the RMSSD, the root mean square of the same differences; here it is about 0.6
# of it, and 0 for a heart whose intervals differ by as much every time, to and fro. It cannot be compared with the SDSD of any other package.
#   expected: 57 ms for intervals that are drawn around 800 ms, near the RMSSD of the same package, and 40 ms for those that are 780 and 820 ms in turn
#   seen:     34 and 0 ms       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.2.6 scipy==1.17.1 scikit-learn==1.9.1 matplotlib==3.10.3 bidict h5py shortuuid six joblib pywavelets mock peakutils
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps pyhrv==0.5.0 biosppy==2.2.4 # what else they ask for nothing here has need of
echo "" > "$folder/nolds.py" # these two are imported for entropies and spectra
echo "aryule = None" > "$folder/spectrum.py"
cat > "$folder/differences.py" <<'P'
import numpy as np
from pyhrv.time_domain import rmssd, sdsd

for name, intervals in (
    ("drawn", np.random.default_rng(0).normal(800, 40, 400)),
    ("in turn", np.array([780.0, 820.0] * 200)),
):
    difference = np.diff(intervals)
    print(
        f"{name}: SDSD {sdsd(intervals)['sdsd']:.0f}, by hand {np.std(difference, ddof=1):.0f},",
        f"of the sizes {np.std(abs(difference), ddof=1):.0f}, RMSSD {rmssd(intervals)['rmssd']:.0f}",
    )
P
seen=$(MPLCONFIGDIR="$folder" MPLBACKEND=Agg "$folder/venv/bin/python" -W ignore "$folder/differences.py")
echo "$seen"
[ "$seen" = "drawn: SDSD 34, by hand 57, of the sizes 34, RMSSD 56
in turn: SDSD 0, by hand 40, of the sizes 0, RMSSD 40" ]
