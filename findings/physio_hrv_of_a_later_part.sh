#!/usr/bin/env bash
# physio 0.3.3 (MIT) with SciPy 1.17.1, pandas 3.1.1 and NumPy 2.2.6, the power of heart rate variability in frequency bands: `compute_hrv_psd` takes a table of peaks with their
# times and looks at as many seconds as lie between the first and the last, but always from 0 s on, not from the first peak on. Of peaks that begin later, such as
# those of one film out of a recording, it reads the time before them, into which it extrapolates, and leaves out as much at their end. A late part is not seen at
# all. With "cubic", the default, the power is then beyond all measure; with "linear" it is of a size that one may believe.
#   expected: the same power for the same beats wherever the recording began, about 790 and 470 ms^2
#   seen:     70603 and 600 for beats that begin at 60 s, 13 and 0 at 600 s with "linear"       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check physio==0.3.3 numpy==2.2.6 scipy==1.17.1 pandas==3.1.1
cat > "$folder/power.py" <<'P'
import numpy as np
import pandas as pd
import physio

draw = np.random.default_rng(0)
beats = [0.0]
while beats[-1] < 300:
    slow, fast = np.sin(2 * np.pi * np.array([0.1, 0.25]) * beats[-1])
    beats.append(beats[-1] + 0.85 + 0.04 * slow + 0.03 * fast + 0.01 * draw.normal())
for begin in (0, 60, 600):
    peaks = pd.DataFrame({"peak_time": np.array(beats) + begin})
    for kind in ("cubic", "linear"):
        power = physio.compute_hrv_psd(peaks, units="ms", interpolation_kind=kind)[2]
        print(f"from {begin} s, {kind}: LF {power['lf']:.3g}, HF {power['hf']:.3g}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/power.py")
echo "$seen"
[ "$seen" = "from 0 s, cubic: LF 790, HF 467
from 0 s, linear: LF 753, HF 349
from 60 s, cubic: LF 7.06e+04, HF 600
from 60 s, linear: LF 793, HF 396
from 600 s, cubic: LF 4.28e+10, HF 5.17e+07
from 600 s, linear: LF 13.4, HF 0.0161" ]
