#!/usr/bin/env bash
# surfboard 0.2.0 (GPL-3.0) with NumPy 2.2.6, features of speech for voice and mood: `dfa`, the exponent of detrended fluctuation analysis, comes by its documentation from the slope
# of the fluctuation over the length of the windows, where the fluctuation is the root of the mean square of what the line through a window leaves. The mean is a
# sum: each window's figure grows with the root of its length once more, and the exponent is 0.5 too high, for every signal. What has no memory at all, and
# by definition an exponent of 0.5, gets that of a noise with a long memory.
#   expected: 0.5 for white noise and 1.5 for a random walk, as by hand
#   seen:     1.01 and 1.98       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps surfboard==0.2.0 # what it asks for nothing here has need of
cat > "$folder/exponent.py" <<'P'
import numpy as np
from surfboard.dfa import get_dfa

LENGTHS = [32, 64, 128, 256, 512, 1024]


def by_hand(signal):
    walk, fluctuation = np.cumsum(signal), []
    for length in LENGTHS:
        windows = walk[: len(walk) // length * length].reshape(-1, length).T
        step = np.arange(length)
        slope, begin = np.polyfit(step, windows, 1)
        left = windows - begin - step[:, None] * slope
        fluctuation.append(np.sqrt((left**2).mean(axis=0)).mean())
    return np.polyfit(np.log(LENGTHS), np.log(fluctuation), 1)[0]


noise = np.random.default_rng(0).normal(size=20000)
for name, signal in (("white noise", noise), ("random walk", np.cumsum(noise))):
    print(f"{name}: surfboard {get_dfa(signal, LENGTHS):.2f}, by hand {by_hand(signal):.2f}")
P
seen=$("$folder/venv/bin/python" "$folder/exponent.py")
echo "$seen"
[ "$seen" = "white noise: surfboard 1.01, by hand 0.54
random walk: surfboard 1.98, by hand 1.50" ]
