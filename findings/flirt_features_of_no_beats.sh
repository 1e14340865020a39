#!/usr/bin/env bash
# flirt 0.0.2 (MIT) with pandas 3.1.1, SciPy 1.17.1, NumPy 2.2.6, numba 0.68.1, cvxopt 1.3.3 and astropy 8.0.2, heart rate variability in sliding windows from a
# wristband, as used for stress and emotion: by the documentation of `get_hrv_features` a window in which fewer intervals between beats are present than `threshold` asks for is dropped.
# It is kept, and afterwards filled in by straight lines between the windows before and after the gap. The stricter `threshold` is, the fewer are
# filled: up to 144 in a row by default (windows of 180 s, one each second, 0.2). Only `num_ibis`, the number of intervals, tells a filled window from a measured one.
#   expected: no features for windows without a beat, of a band that was off the wrist for five minutes
#   seen:     features in 108 of 122 such windows, of a heart that goes slowly from 67 to 100 beats per minute       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check flirt==0.0.2 pandas==3.1.1 scipy==1.17.1 numpy==2.2.6 numba==0.68.1 cvxopt==1.3.3 astropy==8.0.2
cat > "$folder/windows.py" <<'P'
import flirt
import numpy as np
import pandas as pd

draw = np.random.default_rng(0)
at, times, intervals = 0.0, [], []
while at < 1200:
    interval = (0.9 if at < 600 else 0.6) + 0.02 * draw.normal()
    at += interval
    if not 450 <= at < 750:
        times.append(at)
        intervals.append(1000 * interval)
windows = flirt.get_hrv_features(pd.Series(intervals, pd.to_datetime(times, unit="s")), domains=["td"], num_cores=1)
none = windows[windows["num_ibis"] == 0]
print(len(none), "windows without a beat,", int(none["hrv_mean_hr"].notna().sum()), "with features")
for end in (400, 630, 650, 700, 735, 1000):
    window = windows.iloc[np.argmin(abs(windows.index - pd.Timestamp(end, unit="s")))]
    print("until", end, "s:", int(window["num_ibis"]), "intervals,", round(float(window["hrv_mean_hr"]), 1), "beats per minute")
P
seen=$("$folder/venv/bin/python" "$folder/windows.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "122 windows without a beat, 108 with features
until 400 s: 200 intervals, 66.7 beats per minute
until 630 s: 0 intervals, 73.6 beats per minute
until 650 s: 0 intervals, 77.1 beats per minute
until 700 s: 0 intervals, 85.9 beats per minute
until 735 s: 0 intervals, 92.1 beats per minute
until 1000 s: 300 intervals, 100.0 beats per minute" ]
