#!/usr/bin/env bash
# torcheeg 1.1.3 (MIT) with torch 2.13.0, mne 1.6.1, SciPy 1.10.1 and NumPy 1.26.4, emotion from EEG by which electrodes go together: `PhaseLockingCorrelation` is, by its
# documentation, the phase locking value of each pair, 1 where the phases of two electrodes keep their distance and 0 where they do not. It takes
# the angle of the mean where its length is meant: how far one electrode is behind the other, in radians from -3.14 to 3.14, however firmly. Two
# electrodes that see the same source, and each with itself, get 0, as if nothing held them together; two that have nothing in common get any
# number, and another one in the next window. The matrix is not symmetric: what one has to the other the other has to it with the sign turned.
#   expected: 1 among an electrode, its copy and two that are 90 and 144 degrees behind it, below 0.1 between two that hold noise
#   seen:     0, 0, 1.57 and 2.51; -0.16, -1.51 and -0.6 for the noise in three windows       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 numpy==1.26.4 scipy==1.10.1 scikit-learn==1.4.2 networkx==3.2.1 PyWavelets==1.6.0 \
  mne==1.6.1 pandas==2.2.3 xarray==2024.11.0
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps torcheeg==1.1.3 mne-connectivity==0.6.0 # what else they ask for nothing here has need of
echo "aryule = None" > "$folder/spectrum.py" # this too, which would have to be compiled and is imported for another transform
cat > "$folder/locking.py" <<'P'
import numpy as np
from scipy.signal import hilbert
from torcheeg.transforms import PhaseLockingCorrelation

turns = 10 * np.arange(0, 4, 1 / 128)  # 10 Hz, 4 s
draw = np.random.default_rng(0)
for _ in range(3):
    electrodes = np.vstack(
        [np.cos(2 * np.pi * (turns - behind)) for behind in (0, 0, 0.25, 0.4)] + [draw.normal(size=(2, len(turns)))]
    )
    phases = np.exp(1j * np.angle(hilbert(electrodes)))
    for name, matrix in (
        ("torcheeg", PhaseLockingCorrelation()(eeg=electrodes)["eeg"][0]),
        ("formula", abs(phases @ phases.conj().T) / len(turns)),
    ):
        shown = np.round([*matrix[0, :4], matrix[4, 5], matrix[5, 4]], 2) + 0.0  # no -0.0
        print(name, *shown[:4].tolist(), "noise", *shown[4:].tolist())
P
seen=$(MPLCONFIGDIR="$folder" "$folder/venv/bin/python" -W ignore "$folder/locking.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "torcheeg 0.0 0.0 1.57 2.51 noise -0.16 0.16
formula 1.0 1.0 1.0 1.0 noise 0.04 0.04
torcheeg 0.0 0.0 1.57 2.51 noise -1.51 1.51
formula 1.0 1.0 1.0 1.0 noise 0.07 0.07
torcheeg 0.0 0.0 1.57 2.51 noise -0.6 0.6
formula 1.0 1.0 1.0 1.0 noise 0.05 0.05" ]
