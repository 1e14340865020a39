#!/usr/bin/env bash
# disvoice 0.1.10 (MIT) with pysptk 1.0.1, SciPy 1.15.3 and NumPy 1.26.4, articulation where voicing begins and ends: 22 energies in Bark bands of frames of 40 ms.
# - `barke` takes a spectrum of a quarter of the padded frame, and of these quarters, which overlap by half, it keeps the first alone: 16 ms
#   at 16 kHz. What sounds in the other 24 ms of a frame, as the burst of a consonant, is in no energy of it; the cepstral coefficients
#   of the same frame do hold it. How much of a frame counts is by the rate, since it is padded to a power of 2.
#   expected: energies that change with what sounds in the frame, as those of a spectrum of the whole frame do, by 5 to 6
#   seen:     by 0.00, for a tone or loud noise after 16 ms       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pysptk==1.0.1 scipy==1.15.3 numpy==1.26.4 setuptools==80.9.0
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps disvoice==0.1.10 # it asks for torch and more, of which these functions have no need
cat > "$folder/bark.py" <<'P'
import importlib.util
import sys
from pathlib import Path

import numpy as np

# The functions lie in a module that the package itself imports by its folder; the package imports torch.
sys.path.insert(0, str(Path(importlib.util.find_spec("disvoice").origin).parent / "articulation"))
from articulation_functions import bark, extract_transitions  # noqa: E402

draw = np.random.default_rng(0)


def by_hand(frame, rate, bands=22):
    """Log of the mean magnitude in each Bark band, of the whole frame."""
    spectrum = np.abs(np.fft.rfft(frame * np.hamming(len(frame)), 4096))
    band = np.array(bark(np.fft.rfftfreq(4096, 1 / rate))).astype(int)
    return np.array([np.log(spectrum[band == k].mean()) if (band == k).any() else 0 for k in range(bands)])


def energies(frame, rate):
    """What the package computes of frames of 40 ms, of the one in which all lies, and its cepstral coefficients."""
    segment = np.concatenate([frame, np.zeros(round(0.04 * rate))])  # as long as a transition, of which the first frame is this one
    bands, cepstrum = extract_transitions([segment], rate, 0.04 * rate, 0.02 * rate)
    return bands[0], cepstrum[0]


for rate in (16000, 44100):
    time = np.arange(round(0.04 * rate)) / rate
    quiet = 0.01 * draw.normal(size=len(time))
    for begin in (0.016, 0.02):
        tone, noise = quiet.copy(), quiet.copy()
        late = time >= begin
        tone[late] += np.sin(2 * np.pi * 1000 * time[late])
        noise[late] += draw.normal(size=late.sum())
        print(f"{rate} in a second, after {1000 * begin:.0f} ms", end=":")
        for name, frame in (("tone", tone), ("noise", noise)):
            theirs = np.abs(energies(frame, rate)[0] - energies(quiet, rate)[0]).max()
            cepstrum = np.abs(energies(frame, rate)[1] - energies(quiet, rate)[1]).max()
            right = np.abs(by_hand(frame, rate) - by_hand(quiet, rate)).max()
            print(f" {name} changes the energies by {theirs:.2f} for {right:.2f}{', cepstrum too' if cepstrum > 0.1 else ''}", end=";")
        print()
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/bark.py")
echo "$seen"
[ "$seen" = "16000 in a second, after 16 ms: tone changes the energies by 0.00 for 5.98, cepstrum too; noise changes the energies by 0.00 for 5.60, cepstrum too;
16000 in a second, after 20 ms: tone changes the energies by 0.00 for 5.82, cepstrum too; noise changes the energies by 0.00 for 5.36, cepstrum too;
44100 in a second, after 16 ms: tone changes the energies by 0.00 for 6.47, cepstrum too; noise changes the energies by 0.00 for 4.84, cepstrum too;
44100 in a second, after 20 ms: tone changes the energies by 0.00 for 6.32, cepstrum too; noise changes the energies by 0.00 for 4.70, cepstrum too;" ]
