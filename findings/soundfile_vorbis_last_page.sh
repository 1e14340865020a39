#!/usr/bin/env bash
# soundfile 0.14.0 (BSD; libsndfile 1.2.2 inside) with NumPy 2.2.6, reading a part of an Ogg Vorbis file: a part that begins in the last page
# of the file comes from some hundred samples later than was asked for. The end of the last page cuts off what the encoder added to fill
# its last block; after a seek positions are counted back from there, as if nothing were cut. A page holds 4 KB: of quiet, narrow or short recordings
# that is the last seconds, and every utterance that is cut out of them (`soundfile.read(file, start=..., frames=...)`, `SoundFile.seek`).
#   expected: what reading the whole file gives at that place, as for FLAC and Opus
#   seen:     a part that begins at 7 s of 10 s has the sound of 384 samples (24 ms) later       (2026-11-29, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check soundfile==0.14.0 numpy==2.2.6
cat > "$folder/part.py" <<'P'
import sys

import numpy as np
import soundfile

RATE, LENGTH = 16000, 160000
rising = (0.3 * np.sin(2 * np.pi * np.cumsum(np.linspace(200, 2000, LENGTH)) / RATE)).astype(np.float32)
for kind, suffix in (("FLAC", "flac"), ("OPUS", "opus"), ("VORBIS", "ogg")):
    file = f"{sys.argv[1]}/rising.{suffix}"
    if kind == "FLAC":
        soundfile.write(file, rising, RATE)
    else:
        soundfile.write(file, rising, RATE, format="OGG", subtype=kind)
    whole, _ = soundfile.read(file, dtype="float32")
    for second in (2, 7):
        part, _ = soundfile.read(file, start=second * RATE, frames=4000, dtype="float32")
        later = [n for n in range(1000) if np.allclose(whole[second * RATE + n :][:4000], part, atol=1e-3)]
        print(kind, len(whole), "samples; at", second, "s the sound of", later, "samples later")
P
seen=$("$folder/venv/bin/python" "$folder/part.py" "$folder")
echo "$seen"
[ "$seen" = "FLAC 160000 samples; at 2 s the sound of [0] samples later
FLAC 160000 samples; at 7 s the sound of [0] samples later
OPUS 160000 samples; at 2 s the sound of [0] samples later
OPUS 160000 samples; at 7 s the sound of [0] samples later
VORBIS 160000 samples; at 2 s the sound of [0] samples later
VORBIS 160000 samples; at 7 s the sound of [384] samples later" ]
