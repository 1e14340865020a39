#!/usr/bin/env bash
# opensmile 2.6.0 (audEERING's licence: research and private use) with NumPy 2.2.6, the low-level descriptors of eGeMAPSv02, a row for every 10 ms.
# The index says of each row that it is 20 ms long. Pitch, harmonicity and harmonics come from windows of 60 ms, which begin where
# those of 20 ms begin: they describe the moment 20 ms after that of loudness and formants in the same row. So voice that begins at 1 s has its first
# pitch in a row that ends at 0.98 s, and a step of 50 ms that averages rows mixes the moments of two steps.
#   expected: rows with pitch and rows with loudness lie around the middle of the voice, 1.5 s
#   seen:     those of loudness around 1.5 s, those of pitch, harmonicity and harmonics around 1.48 s       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check opensmile==2.6.0 numpy==2.2.6
cat > "$folder/rows.py" <<'P'
import numpy as np
import opensmile

smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)
time = np.arange(3 * 16000) / 16000
voice = sum(np.sin(2 * np.pi * 200 * harmonic * time) for harmonic in range(1, 20)) / 20
rows = smile.process_signal(np.where((time >= 1) & (time < 2), voice, 0).astype(np.float32), 16000)
starts, ends = (rows.index.get_level_values(name).total_seconds().to_numpy() for name in ("start", "end"))
for name in ("Loudness_sma3", "F1frequency_sma3nz", "F0semitoneFrom27.5Hz_sma3nz", "HNRdBACF_sma3nz", "logRelF0-H1-H2_sma3nz"):
    values = rows[name].to_numpy()
    other = np.flatnonzero(np.abs(values - values[30]) > 1e-6)  # than in the silence before
    print(name, "around", round((starts[other[0]] + ends[other[-1]]) / 2, 3), "first row ends at", round(ends[other[0]], 2))
P
seen=$("$folder/venv/bin/python" "$folder/rows.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "Loudness_sma3 around 1.5 first row ends at 1.0
F1frequency_sma3nz around 1.5 first row ends at 1.01
F0semitoneFrom27.5Hz_sma3nz around 1.48 first row ends at 0.98
HNRdBACF_sma3nz around 1.48 first row ends at 0.98
logRelF0-H1-H2_sma3nz around 1.48 first row ends at 0.98" ]
