#!/usr/bin/env bash
# vital-sqi 0.1.0 (MIT) with SciPy 1.17.1 and NumPy 2.2.6, features of heart rate variability from wearables: some of them are others than their names and documentation say.
# - `peak_frequency_sqi`, by its documentation the frequency at which a band has its greatest power, is that power: a heart that varies twice as much gets four times as much.
# - `relative_power_sqi`, the share of a band in all power, sums the logarithms of the powers in the band and divides by the sum of all powers. It can be negative or beyond 1, and falls as the heart varies more.
# - `cvnn_sqi`, the variation of the intervals, takes the deviation of their differences, so that it is nearly `cvsd_sqi` once more. By definition CVNN is SDNN by the mean.
# - `poincare_features_sqi`: SD1 and SD2 lack the root of 2 by which the differences and sums are divided, so that both are too wide, and the area is twice as large.
#   expected: of intervals that vary by 40 ms with 0.1 Hz 0.10 Hz, a share of 0.98, a CVNN of 0.036 and an SD1 of 11 ms; of 80 ms the same frequency and share
#   seen:     288, 0.03, 0.020 and 16 ms; 1170 and 0.01       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scipy==1.17.1 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps vital-sqi==0.1.0
cat > "$folder/features.py" <<'P'
import sys
from importlib.util import find_spec
from types import ModuleType
from unittest.mock import MagicMock

import numpy as np

place = find_spec("vital_sqi").submodule_search_locations[0]
for name in ("vital_sqi", "vital_sqi.common", "vital_sqi.sqi"):  # as they are, they import what reads files and shows pages
    sys.modules[name] = ModuleType(name)
    sys.modules[name].__path__ = [place + name.removeprefix("vital_sqi").replace(".", "/")]
for name in ("hrvanalysis", "pycwt", "statsmodels", "statsmodels.tsa", "statsmodels.tsa.ar_model", "vital_sqi.common.rpeak_detection"):
    sys.modules[name] = MagicMock()  # what else it imports, for other features

from vital_sqi.common.power_spectrum import calculate_psd  # noqa: E402
from vital_sqi.sqi import hrv_sqi  # noqa: E402

for size in (40, 80):
    beats = [0.0]
    draw = np.random.default_rng(0)
    while beats[-1] < 300:
        beats.append(beats[-1] + 0.8 + size / 1000 * np.sin(2 * np.pi * 0.1 * beats[-1]) + draw.normal(0, 0.005))
    intervals = 1000 * np.diff(beats)
    frequencies, powers = calculate_psd(intervals)
    band = (frequencies >= 0.04) & (frequencies < 0.15)
    peak = frequencies[band][np.argmax(powers[band])]
    share = powers[band].sum() / powers.sum()
    print(f"{size} ms: peak frequency {hrv_sqi.peak_frequency_sqi(intervals):.0f} right {peak:.2f}")
    print(f"{size} ms: relative power {hrv_sqi.relative_power_sqi(intervals):.2f} right {share:.2f}")
    spread = np.std(intervals, ddof=1) / np.mean(intervals)
    print(f"{size} ms: CVNN {hrv_sqi.cvnn_sqi(intervals):.3f} right {spread:.3f} CVSD {hrv_sqi.cvsd_sqi(intervals):.3f}")
    found = hrv_sqi.poincare_features_sqi(intervals)["poincare_features_sd1_sqi"]
    print(f"{size} ms: SD1 {found:.0f} right {np.std(np.diff(intervals)) / np.sqrt(2):.0f}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/features.py")
echo "$seen"
[ "$seen" = "40 ms: peak frequency 288 right 0.10
40 ms: relative power 0.03 right 0.98
40 ms: CVNN 0.020 right 0.036 CVSD 0.020
40 ms: SD1 16 right 11
80 ms: peak frequency 1170 right 0.10
80 ms: relative power 0.01 right 0.99
80 ms: CVNN 0.036 right 0.071 CVSD 0.036
80 ms: SD1 29 right 20" ]
