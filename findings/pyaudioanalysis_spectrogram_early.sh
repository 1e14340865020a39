#!/usr/bin/env bash
# pyAudioAnalysis 0.3.14 (Apache-2.0) with SciPy 1.17.1, matplotlib 3.10.3 and NumPy 2.2.6: `spectrogram` and `chromagram` return a row for each window and the times of the
# rows, from 0 s on. The first window that they look at begins one window's length after the begin of the sound. So all is given one window too early, the first
# window is never seen, and a row of zeros, or of what zeros come out as, stands at the end. `feature_extraction` of the same package begins at the begin.
#   expected: a tone from 2 to 3 s in rows from 2 to 3 s, with windows of half a second that do not overlap, and a tone in the first half second at 0 s
#   seen:     the first in rows from 1.5 to 2.5 s, the second nowhere       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.2.6 scipy==1.17.1 matplotlib==3.10.3 tqdm==4.70.1
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps pyAudioAnalysis==0.3.14 # what else it asks for trains and plays
cat > "$folder/rows.py" <<'P'
import contextlib
import io

import numpy as np
from pyAudioAnalysis import ShortTermFeatures

RATE, WINDOW = 8000, 4000
time = np.arange(5 * RATE) / RATE
tone = 20000 * np.sin(2 * np.pi * 1000 * time)
for name, begin, end in (("from 2 to 3 s", 2, 3), ("from 0 to 0.5 s", 0, 0.5)):
    sound = tone * ((time >= begin) & (time < end))
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its shape
        rows, times, _ = ShortTermFeatures.spectrogram(sound, RATE, WINDOW, WINDOW)
    features, names = ShortTermFeatures.feature_extraction(sound, RATE, WINDOW, WINDOW, deltas=False)
    print(
        f"tone {name}: spectrogram at {[at for at, row in zip(times, rows) if row.max() > 0.01]},",
        f"energy at {[0.5 * int(row) for row in np.flatnonzero(features[names.index('energy')] > 0.01)]},",
        f"empty rows at {[at for at, row in zip(times, rows) if not row.any()]}",
    )
P
seen=$(MPLCONFIGDIR="$folder" MPLBACKEND=Agg "$folder/venv/bin/python" "$folder/rows.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "tone from 2 to 3 s: spectrogram at [1.5, 2.0], energy at [2.0, 2.5], empty rows at [4.5]
tone from 0 to 0.5 s: spectrogram at [], energy at [0.0], empty rows at [4.5]" ]
