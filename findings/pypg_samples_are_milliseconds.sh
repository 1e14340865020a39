#!/usr/bin/env bash
# PyPG 0.0.5 (MIT) with pandas 1.5.3, SciPy 1.11.4, matplotlib 3.8.4 and NumPy 1.26.4, pulse waves of a finger: `pypg.features.time` takes an array and its sampling
# frequency and returns how long each pulse rises, falls and lasts, "in seconds".
# - The samples of an array are dated by their number in milliseconds, whatever the frequency: at 100 per second a second is 0.1 s. All times
#   are short by the same factor, all widths and each period ("CP") but the last, which is divided by the frequency; a filter then takes
#   that one, which is right, for an outlier, and drops its pulse. `unit` is of an index, which an array has not. With times as index it is right.
#   expected: periods of 0.8 s for pulses that are 0.8 s apart, and a rise of 0.2 s as of the wave that was made
#   seen:     0.08 s and 0.02 s at 100 samples in a second, 0.1 s at 125 and 0.8 s at 1000       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pypg==0.0.5 pandas==1.5.3 scipy==1.11.4 matplotlib==3.8.4 numpy==1.26.4
cat > "$folder/pulse.py" <<'P'
import numpy as np
import pandas as pd
from pypg.cycles import find_with_template
from pypg.features import time, time_cycle


def pulses(rate):
    """20 s of pulses that are 0.8 s apart and rise for 0.2 s."""
    phase = (np.arange(round(20 * rate)) / rate) % 0.8
    return np.where(phase < 0.2, np.sin(np.pi / 2 * phase / 0.2), np.cos(np.pi / 2 * (phase - 0.2) / 0.6))


for rate in (100, 125, 1000):
    wave = pulses(rate)
    begin, end = find_with_template(wave, rate, return_type="index")[5]
    cycle = wave[begin:end]
    found = time_cycle(cycle, rate).iloc[0]
    table = time(wave, rate)
    print(
        f"{rate} in a second: rise {found['SUT']:.3f} for {np.argmax(cycle) / rate:.3f},"
        f" half width {found['DW_SW_sum_50']:.3f} for {np.ptp(np.flatnonzero(cycle >= (cycle.max() + cycle.min()) / 2)) / rate:.3f},"
        f" {len(table)} of {len(find_with_template(wave, rate))} pulses,"
        f" periods {table['CP'].median():.3f} to {table['CP'].max():.3f} for {(end - begin) / rate:.3f} s"
    )
dated = pd.Series(pulses(100), index=pd.to_datetime(np.arange(2000) / 100, unit="s"))
print(f"100 in a second, with times: periods {time(dated, 100)['CP'].median():.3f} s")
P
seen=$(MPLBACKEND=agg MPLCONFIGDIR="$folder" "$folder/venv/bin/python" -W ignore "$folder/pulse.py")
echo "$seen"
[ "$seen" = "100 in a second: rise 0.020 for 0.200, half width 0.053 for 0.520, 22 of 23 pulses, periods 0.080 to 0.080 for 0.800 s
125 in a second: rise 0.025 for 0.200, half width 0.067 for 0.520, 22 of 23 pulses, periods 0.100 to 0.100 for 0.800 s
1000 in a second: rise 0.200 for 0.200, half width 0.533 for 0.532, 23 of 23 pulses, periods 0.800 to 0.800 for 0.800 s
100 in a second, with times: periods 0.800 s" ]
