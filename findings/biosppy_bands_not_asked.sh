#!/usr/bin/env bash
# BioSPPy 2.2.4 (BSD) with SciPy 1.17.1 and NumPy 2.2.6, heart rate variability in frequency bands of one's own: `hrv.hrv(..., fbands=...)` and
# `hrv.hrv_frequencydomain` take a dictionary of bands, as children and persons who breathe fast need them, write it into the result under `fbands`, and
# compute the power of the bands that they have by default. A result says which bands were asked for and holds others; a band
# under a name of its own is missing.
#   expected: of breathing at 0.45 Hz all power, 432 ms^2, in a band `hf` from 0.15 to 1 Hz, and the same as `breath_pwr` for a band named `breath`
#   seen:     0 in `hf`, the power from 0.15 to 0.4 Hz, beside the limits 0.15 and 1 Hz; no `breath_pwr`       (2026-11-30, Python 3.11)
# `compute_fbands` takes bands and uses them. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.2.6 scipy==1.17.1 scikit-learn==1.9.1 matplotlib==3.10.3 bidict h5py shortuuid six joblib pywavelets mock peakutils
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps biosppy==2.2.4 # it asks for OpenCV too, of which nothing here has need
cat > "$folder/bands.py" <<'P'
import numpy as np
from biosppy.signals import hrv

beats = [0.0]
while beats[-1] < 300:
    beats.append(beats[-1] + 0.6 + 0.03 * np.sin(2 * np.pi * 0.45 * beats[-1]))
intervals = 1000 * np.diff(beats)
asked = {"lf": [0.04, 0.15], "hf": [0.15, 1.0], "breath": [0.3, 0.6]}
default = hrv.hrv_frequencydomain(rri=intervals, detrend_rri=False)
given = hrv.hrv_frequencydomain(rri=intervals, detrend_rri=False, fbands=asked)
right = hrv.compute_fbands(default["frequencies"], default["powers"], fbands=asked)
print(
    *("limits of hf", *given["fbands"]["hf"], "power", round(given["hf_pwr"])),
    *("by default", round(default["hf_pwr"]), "right", round(right["hf_pwr"])),
)
print("breath_pwr", "breath_pwr" in given.keys(), "right", round(right["breath_pwr"]))
P
seen=$("$folder/venv/bin/python" "$folder/bands.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "limits of hf 0.15 1.0 power 0 by default 0 right 432
breath_pwr False right 432" ]
