#!/usr/bin/env bash
# BIOBSS 0.1.1 (MIT) with SciPy 1.15.3 and NumPy 1.26.4, features of skin and pulse for stress and emotion: three that are not what their documentation says.
# - `eda_freq_features` gives the power of the skin's signal in the bands from 0.1 to 0.2, 0.2 to 0.3 and 0.3 to 0.4 Hz, and the frequency with the highest power. It takes a Fourier transform and
#   then the spectrum of that, which is a spectrum of time. And it cannot know a frequency in Hz, for it is not told the sampling rate. All three bands hold the same, wherever the power is.
# - `ppg_stat_features`: "mad", the mean absolute deviation, leaves the absolute value out. The sum of deviations from the mean is 0, for every signal.
# - `create_timestamp_signal("min", ...)` multiplies seconds by 60 to get minutes where they have to be divided.
#   expected: of a wave of 0.15 Hz all power in the first band, of one of 0.35 Hz in the third, and these frequencies; a deviation of 0.64 for a sine; 2 minutes after 120 s
#   seen:     the same power in the three bands for both; frequencies of 0.004 and 0.152 "Hz"; 0; 7200 minutes       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scipy==1.15.3 numpy==1.26.4
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps biobss==0.1.1
cat > "$folder/features.py" <<'P'
import sys
import sysconfig
import types
from pathlib import Path

import numpy as np

for name in ("biobss", "biobss.edatools", "biobss.ppgtools", "biobss.common", "biobss.timetools"):
    package = types.ModuleType(name)  # without what their __init__ imports for other functions
    package.__path__ = [str(Path(sysconfig.get_path("purelib"), *name.split(".")))]
    sys.modules[name] = package

from biobss.edatools.eda_freqdomain import eda_freq_features
from biobss.ppgtools.ppg_statistical import ppg_stat_features
from biobss.timetools.timestamp_tools import create_timestamp_signal

RATE, MINUTES = 4, 5
seconds = np.arange(RATE * 60 * MINUTES) / RATE
for frequency in (0.15, 0.35):
    found = eda_freq_features(np.sin(2 * np.pi * frequency * seconds))
    bands = [found[f"eda_f{band}sc"] for band in (1, 2, 3)]
    print(f"{frequency} Hz: bands {np.round(np.divide(bands, sum(bands)), 2).tolist()} of their sum, highest at {found['eda_max_freq']:.3f}")
sine = np.sin(2 * np.pi * 0.15 * seconds)
print(f"mad {abs(ppg_stat_features(sine, RATE, ['segment'])['ppg_mad']):.2f}, by hand {np.abs(sine - sine.mean()).mean():.2f}")
print("after 120 s:", create_timestamp_signal("min", 121, 0, 1)[-1], "min")
P
seen=$("$folder/venv/bin/python" "$folder/features.py")
echo "$seen"
[ "$seen" = "0.15 Hz: bands [0.33, 0.33, 0.33] of their sum, highest at 0.004
0.35 Hz: bands [0.33, 0.33, 0.33] of their sum, highest at 0.152
mad 0.00, by hand 0.64
after 120 s: 7200.0 min" ]
