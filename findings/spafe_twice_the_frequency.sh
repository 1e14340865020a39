#!/usr/bin/env bash
# spafe 0.3.3 (BSD) with SciPy 1.17.1 and NumPy 2.2.6, which frequencies a voice has: `get_dominant_frequencies`, and `extract_feats` for its "spectral_centroid", compute the half
# of the spectrum that a real signal has, from 0 to half the sampling rate, and number its places as if it were the whole one. Everything comes out at twice its frequency
# up to a quarter of the rate; what lies above turns negative. `get_dominant_frequencies` drops the negative ones without a word, so that frames are missing and
# the others no longer stand in their places; the centroid takes them without the sign, so that it falls where the sound becomes brighter.
#   expected: of tones of 1000, 3000, 5000 and 7000 Hz at 16 kHz these frequencies, in each of 98 frames, to a place of the spectrum (31 Hz)
#   seen:     dominant: 1992 and 5977 Hz in 98 frames, then nothing; centroid: 1992, 5977, 6039 and 2054 Hz       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check spafe==0.3.3 scipy==1.17.1 numpy==2.2.6
cat > "$folder/tones.py" <<'P'
import numpy as np
from spafe.features.spfeats import extract_feats
from spafe.frequencies.dominant_frequencies import get_dominant_frequencies

rate = 16000
for hertz in (1000, 3000, 5000, 7000):
    tone = np.sin(2 * np.pi * hertz * np.arange(rate) / rate)
    found = get_dominant_frequencies(tone, rate, nfft=512, win_len=0.025, win_hop=0.01, win_type="hamming")
    sizes = abs(np.fft.rfft(tone[:512]))
    right = np.sum(np.fft.rfftfreq(512, 1 / rate) * sizes) / np.sum(sizes)
    print(
        *(hertz, "Hz: dominant", np.unique(found.round()).tolist(), "in", len(found), "frames"),
        *("centroid", round(float(extract_feats(tone, rate)["spectral_centroid"])), "by hand", round(float(right))),
    )
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/tones.py")
echo "$seen"
[ "$seen" = "1000 Hz: dominant [1992.0] in 98 frames centroid 1992 by hand 1000
3000 Hz: dominant [5977.0] in 98 frames centroid 5977 by hand 3000
5000 Hz: dominant [] in 0 frames centroid 6039 by hand 5000
7000 Hz: dominant [] in 0 frames centroid 2054 by hand 7000" ]
