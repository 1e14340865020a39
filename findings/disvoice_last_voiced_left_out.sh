#!/usr/bin/env bash
# disvoice 0.1.10 (MIT) with SciPy 1.15.3, scikit-learn 1.6.1 and NumPy 1.26.4, prosody of an utterance: 103 features by their list in the documentation, of which
# many are of the voiced stretches: how many in a second, how long, how loud the first and the last.
# - `V_UV`, which cuts the utterance where voicing begins and ends, ends a stretch where the next one begins: the last has no next, and is
#   not returned; so with the unvoiced and the pauses. "The last voiced segment" is the last but one, and what people do at the end of an utterance, get
#   slower and fainter, is in no feature of energy or duration. Those of the pitch do hold it, and so do the dynamic features of the same class.
# - An utterance of two voiced stretches has one, which is too few to compute from: all features of energy and of durations are 0.
#   expected: 3 stretches in 2.1 s, which is 1.43 in a second, the longest 0.6 s, the last at -29 dB
#   seen:     0.95, the longest 0.29 s, the last at -9 dB; and 0 for the longest of two       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scipy==1.15.3 scikit-learn==1.6.1 numpy==1.26.4
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps disvoice==0.1.10 # it asks for torch and more, of which these functions have no need
cat > "$folder/voiced.py" <<'P'
import importlib.util
import sys
from pathlib import Path

import numpy as np

# The functions lie in a module that the package itself imports by its folder; the package imports torch.
sys.path.insert(0, str(Path(importlib.util.find_spec("disvoice").origin).parent / "prosody"))
from prosody_functions import V_UV, F0feat, duration_feat, energy_feat  # noqa: E402

RATE, STEP, PITCH = 16000, 160, 120.0


def utterance(*parts):
    """Pitch every 10 ms and samples, of parts (seconds, amplitude); amplitude 0 is unvoiced."""
    pitch = np.concatenate([np.full(round(seconds * 100), PITCH if loud else 0.0) for seconds, loud in parts])
    loudness = np.concatenate([np.full(round(seconds * RATE), float(loud)) for seconds, loud in parts])
    return pitch, loudness * np.sin(2 * np.pi * PITCH * np.arange(len(loudness)) / RATE)


def by_hand(pitch, samples):
    """Stretches in a second, the longest in seconds, and dB of the last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], pitch > 0, [0]])))
    begins, ends = edges[::2], edges[1::2]
    last = samples[begins[-1] * STEP : ends[-1] * STEP]
    return len(begins) * RATE / len(samples), (ends - begins).max() / 100, 10 * np.log10((last**2).mean())


def theirs(pitch, samples):
    voiced = V_UV(pitch, samples, "Voiced", STEP)
    unvoiced = V_UV(pitch, samples, "Unvoiced", STEP)
    durations = duration_feat(voiced, unvoiced, [], samples, RATE)
    return durations[0], durations[5], energy_feat(voiced, RATE, 2 * STEP, STEP)[18]


gap = (0.1, 0)
three = utterance(gap, (0.3, 1), gap, (0.3, 0.5), gap, (0.6, 0.05), (0.6, 0))
two = utterance(gap, (0.3, 1), gap, (0.6, 0.05), (0.6, 0))
for name, spoken in (("three", three), ("two", two)):
    for who, found in (("by hand", by_hand(*spoken)), ("disvoice", theirs(*spoken))):
        print(f"{name}, {who}: {found[0]:.2f} in a second, longest {found[1]:.2f} s, last {found[2]:.0f} dB")
print(f"pitch of the last voiced stretch: {F0feat(three[0])[24]:.0f} Hz")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/voiced.py")
echo "$seen"
[ "$seen" = "three, by hand: 1.43 in a second, longest 0.60 s, last -29 dB
three, disvoice: 0.95 in a second, longest 0.29 s, last -9 dB
two, by hand: 1.18 in a second, longest 0.60 s, last -29 dB
two, disvoice: 0.59 in a second, longest 0.00 s, last 0 dB
pitch of the last voiced stretch: 120 Hz" ]
