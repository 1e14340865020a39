#!/usr/bin/env bash
# epycom 0.3 (BSD) with numba 0.68.1, scikit-learn 1.5.2, SciPy 1.15.3, pandas 2.3.3 and NumPy 1.26.4, do two EEG channels belong together?
# - `compute_pli` is the phase lag index of Stam and others (2007): how much oftener one signal is ahead than behind, by phases that differ by less
#   than half a turn. It unrolls the phases first. Of signals that have nothing to do with each other one gains a turn at some time, and
#   from then on it is ahead for good. Both were filtered to the same band, as its documentation asks for.
# - `compute_relative_entropy` is to be the divergence of one signal from the other. Each is counted in ten bins of its own range: what is thrice as
#   large and lies 100 higher does not differ at all.
#   expected: about 0.08 for ten pairs of independent signals of 30 s between 8 and 12 Hz, none above 0.2; a divergence above 0
#   seen:     0.64 on average, eight above 0.2 and three above 0.9; 0       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check epycom==0.3 \
    numba==0.68.1 scikit-learn==1.5.2 scipy==1.15.3 pandas==2.3.3 numpy==1.26.4
cat > "$folder/strangers.py" <<'P'
import numpy as np
from epycom.bivariate import compute_pli, compute_relative_entropy
from scipy.signal import butter, filtfilt, hilbert

draw = np.random.default_rng(0)
band = butter(3, [8, 12], "bandpass", fs=250)
seen, right = [], []
for _ in range(10):
    pair = filtfilt(*band, draw.normal(size=(2, 7500)))
    seen.append(compute_pli(pair, lag=0, lag_step=1)[0])
    ahead = np.angle(hilbert(pair[0]) * np.conj(hilbert(pair[1])))
    right.append(abs(np.sign(ahead).mean()))
for name, values in (("compute_pli", seen), ("by hand", right)):
    print(f"{name}: {np.mean(values):.2f}, above 0.2 {sum(np.array(values) > 0.2)}, above 0.9 {sum(np.array(values) > 0.9)} of 10")
signal = draw.normal(size=20000)
print(f"divergence from thrice itself and 100: {compute_relative_entropy(np.array([signal, 3 * signal + 100])):.2f}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/strangers.py")
echo "$seen"
[ "$seen" = "compute_pli: 0.64, above 0.2 8, above 0.9 3 of 10
by hand: 0.08, above 0.2 0, above 0.9 0 of 10
divergence from thrice itself and 100: 0.00" ]
