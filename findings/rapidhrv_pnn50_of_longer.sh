#!/usr/bin/env bash
# RapidHRV 0.2.7 (MIT) with SciPy 1.17.1, scikit-learn 1.9.1, pandas 2.3.3 and NumPy 2.4.6, heart rate variability in windows of a pulse or ECG: the columns `pNN20` and `pNN50`
# are the share of successive differences beyond 20 and 50 ms, by definition (Task Force 1996) whichever way an interval differs from the one before. `analyze`
# counts those where it is longer, and forgets those where it is shorter. As a heart slows down about as often as it speeds up, the figure is about half
# of what it should be, and can never be near 1. RMSSD and SDNN beside it are right.
#   expected: pNN20 of 0.9 and pNN50 of 0.75, by hand from the peaks that the same call found
#   seen:     0.48 and 0.39       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check rapidhrv==0.2.7 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 scikit-learn==1.9.1
cat > "$folder/pulse.py" <<'P'
import numpy as np
import rapidhrv

beats = np.cumsum(np.random.default_rng(0).normal(0.85, 0.1, 80))
time = np.arange(0, 60, 0.001)
pulse = np.exp(-0.5 * ((time[:, None] - beats) / 0.05) ** 2).sum(axis=1)
found = rapidhrv.analyze(rapidhrv.Signal(pulse, 1000), window_width=60, outlier_detection_settings="liberal").iloc[0]
peaks = found["Window"][1]
difference = np.diff(np.diff(peaks))  # ms, as the pulse has 1000 values per second
print("intervals found", len(peaks) - 1, "in the pulse", int((beats < 60).sum()) - 1)
print(f"RMSSD {found['RMSSD']:.0f} by hand {np.sqrt(np.mean(difference**2)):.0f}")
for least in (20, 50):
    print(
        f"pNN{least} {found[f'pNN{least}']:.2f} by hand {np.mean(abs(difference) > least):.2f}",
        f"longer {np.mean(difference > least):.2f} shorter {np.mean(difference < -least):.2f}",
    )
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/pulse.py")
echo "$seen"
[ "$seen" = "intervals found 68 in the pulse 68
RMSSD 116 by hand 116
pNN20 0.48 by hand 0.90 longer 0.48 shorter 0.42
pNN50 0.39 by hand 0.75 longer 0.39 shorter 0.36" ]
