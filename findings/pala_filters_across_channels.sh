#!/usr/bin/env bash
# PALA 0.2.0 (MIT) with SciPy 1.17.1, soundfile 0.14.0 and NumPy 2.2.6, loudness by ITU-R BS.1770-5: `analyze_audio` reads a file and weights it by frequency ("K-weighting") before it measures.
# - In a file of two channels the filter runs from the left channel to the right one, and not along time: each moment is filtered by itself, and the right channel is what is left of the difference. Nothing is
#   weighted by frequency, so that a rumble that nobody hears counts as much as a voice. Files of one channel are right.
# - The short-term and the momentary loudness take the mean of the two channels where the standard has their sum. They are 3 dB lower than the integrated loudness of the same steady tone.
#   expected: -23.0 LUFS for a tone of 1 kHz of -23 dBFS in both channels, as in the first test of EBU Tech 3341, in all three; -27.7, -24.9 and -19.9 at 50, 100 and 3000 Hz, by the same filter along time
#   seen:     -20.3 at all four frequencies, and -23.3 twice       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scipy==1.17.1 soundfile==0.14.0 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps PALA==0.2.0
cat > "$folder/tones.py" <<'P'
import contextlib
import os
import sys
import sysconfig

import numpy as np
import soundfile

sys.path.append(os.path.join(sysconfig.get_path("purelib"), "pala"))  # its modules look for one another there
from lufs import analyze_audio, compute_lufs_integrated_multichannel
from utils import apply_k_weighting_filter

RATE = 48000
file = os.path.join(sys.argv[1], "tone.wav")


def loudness(sound):
    soundfile.write(file, sound, RATE, subtype="FLOAT")
    with contextlib.redirect_stdout(None):
        found = analyze_audio(file)
    return [f"{found[f'lufs_{name}']:.1f}" for name in ("integrated", "short_term", "momentary")]


for frequency in (50, 100, 1000, 3000):
    tone = 10 ** (-23 / 20) * np.sin(2 * np.pi * frequency * np.arange(5 * RATE) / RATE)
    weighted = apply_k_weighting_filter(tone, RATE)  # along time
    right = compute_lufs_integrated_multichannel(np.stack([weighted, weighted], axis=1), RATE, [1.0, 1.0])
    print(f"{frequency} Hz: one channel", *loudness(tone)[:1], "two channels", *loudness(np.stack([tone, tone], axis=1)), f"right {right:.1f}")
P
seen=$("$folder/venv/bin/python" "$folder/tones.py" "$folder")
echo "$seen"
[ "$seen" = "50 Hz: one channel -30.7 two channels -20.3 -23.3 -23.3 right -27.7
100 Hz: one channel -27.9 two channels -20.3 -23.3 -23.3 right -24.9
1000 Hz: one channel -26.0 two channels -20.3 -23.3 -23.3 right -23.0
3000 Hz: one channel -22.9 two channels -20.3 -23.3 -23.3 right -19.9" ]
