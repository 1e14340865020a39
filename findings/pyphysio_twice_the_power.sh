#!/usr/bin/env bash
# pyphysio 4.10.0 with SciPy 1.15.3, xarray 2025.1.2, pandas 2.2.3 and NumPy 2.2.6, features of heart and skin: two kinds that are not what their documentation says.
# - `PowerInBand`, the power in a frequency band, is twice the power. `PSD` divides a density by the number of its frequencies, from 0 to half the sampling rate, and `PowerInBand` multiplies by the whole
#   sampling rate. Power of heart rate variability in ms^2 cannot be compared with that of any other package or with the norms; ratios of two bands can.
# - `Mean`, `Median`, `StDev`, `Min`, `Max` and `Range` work "ignoring any NaNs", and `Sum` treats them as zero. One missing value makes all seven of them NaN.
#   expected: 800 for a sine with an amplitude of 40, half its square, at any sampling rate; numbers for a signal of which one value of 300 is missing
#   seen:     1599 at 4, 8 and 16 Hz; NaN seven times       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scipy==1.15.3 xarray==2025.1.2 pandas==2.2.3 numpy==2.2.6 matplotlib==3.10.3 pywavelets==1.8.0 scikit-learn==1.6.1 dask==2025.1.0
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps pyphysio==4.10.0
cat > "$folder/power.py" <<'P'
import sys
import sysconfig
import types
from pathlib import Path

import numpy as np
from scipy.signal import periodogram

package = types.ModuleType("pyphysio")  # without the loaders of other devices that its __init__ imports
package.__path__ = [str(Path(sysconfig.get_path("purelib"), "pyphysio"))]
package.scheduler = "single-threaded"
sys.modules["pyphysio"] = package

from pyphysio.indicators import timedomain
from pyphysio.indicators.frequencydomain import PowerInBand
from pyphysio.signal import create_signal

for rate in (4, 8, 16):
    wave = 40 * np.sin(2 * np.pi * 0.1 * np.arange(300 * rate) / rate)
    signal = create_signal(wave, sampling_freq=rate)
    frequency, density = periodogram(wave, rate, window="hamming", nfft=8192)
    band = (frequency >= 0.04) & (frequency < 0.15)
    right = np.trapezoid(density[band], frequency[band])
    print(f"{rate} Hz: power {PowerInBand(0.04, 0.15, 'period', nfft=8192)(signal).values.item():.0f}, right {right:.0f}")
wave = np.arange(300.0)
wave[5] = np.nan
signal = create_signal(wave, sampling_freq=1)
print(*(f"{name} {getattr(timedomain, name)()(signal).values.item()}" for name in ("Mean", "Median", "StDev", "Min", "Max", "Range", "Sum")))
P
seen=$(MPLCONFIGDIR="$folder" "$folder/venv/bin/python" -W ignore "$folder/power.py")
echo "$seen"
[ "$seen" = "4 Hz: power 1599, right 800
8 Hz: power 1599, right 800
16 Hz: power 1599, right 800
Mean nan Median nan StDev nan Min nan Max nan Range nan Sum nan" ]
