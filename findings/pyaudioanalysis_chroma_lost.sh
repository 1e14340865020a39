#!/usr/bin/env bash
# pyAudioAnalysis 0.3.14 (Apache-2.0) with SciPy 1.17.1, matplotlib 3.10.3 and NumPy 2.2.6, features of speech and music: the twelve chroma features are by the documentation the
# energy of the spectrum in each of the pitch classes of the scale, from A to G#, as a share of all energy.
# - Of several frequencies of the spectrum in one semitone only the last counts; the one written last replaces the others. With windows of 50 ms there
#   are several from about 400 Hz on, and what a tone has stands in any of them.
# - Each value of the spectrum is taken for the frequency one place above its own, 20 Hz higher. Low tones come out as another pitch class.
#   expected: nearly all energy of a pure tone in its own class, A for 440 Hz and its octaves, C for 523 Hz
#   seen:     A# with a quarter of it for 440 Hz, C# with 1 % for 523 Hz, and for 1760 Hz all twelve 0       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.2.6 scipy==1.17.1 matplotlib==3.10.3 tqdm==4.70.1
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps pyAudioAnalysis==0.3.14 # what else it asks for trains and plays
cat > "$folder/tones.py" <<'P'
import numpy as np
from pyAudioAnalysis.ShortTermFeatures import feature_extraction

CLASSES = ["A", "A#", "B", "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#"]
RATE, WINDOW = 16000, 800
frequency = np.arange(WINDOW // 2) * RATE / WINDOW
frequency[0] = 1  # a constant, of no pitch
place = np.round(12 * np.log2(frequency / 27.5)).astype(int) % 12
for hertz in (440, 523.25, 880, 1760):
    tone = 20000 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)
    features, names = feature_extraction(tone, RATE, WINDOW, WINDOW, deltas=False)
    found = features[names.index("chroma_1") : names.index("chroma_12") + 1].mean(axis=1)
    energy = np.mean([abs(np.fft.fft(part))[: WINDOW // 2] ** 2 for part in tone.reshape(-1, WINDOW)], axis=0)
    right = np.bincount(place, energy, 12) / energy.sum()
    print(
        f"{hertz:g} Hz: largest {CLASSES[found.argmax()] if found.max() > 1e-6 else 'none'} {found.max():.2f}, all {found.sum():.2f};",
        f"by hand {CLASSES[right.argmax()]} {right.max():.2f}, all {right.sum():.2f}",
    )
P
seen=$(MPLCONFIGDIR="$folder" MPLBACKEND=Agg "$folder/venv/bin/python" "$folder/tones.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "440 Hz: largest A# 0.25, all 0.25; by hand A 1.00, all 1.00
523.25 Hz: largest C# 0.01, all 0.02; by hand C 0.92, all 1.00
880 Hz: largest A 0.33, all 0.33; by hand A 1.00, all 1.00
1760 Hz: largest none 0.00, all 0.00; by hand A 1.00, all 1.00" ]
