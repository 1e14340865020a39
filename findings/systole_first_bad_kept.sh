#!/usr/bin/env bash
# systole 0.3.1 (GPL-3.0) with numba 0.68.1, SciPy 1.17.1, pandas 3.1.1 and NumPy 2.2.0, pulse or intervals between beats less the stretches that were marked as bad:
# `get_valid_segments` returns, by its documentation, what is left after dropping them, the longest piece first. Where the first bad stretch begins with the
# recording, as while a sensor settles, and a second one follows, the first is not dropped: the piece up to the second begins where the recording does. What it
# should not hold makes it longer, so that it comes first all the sooner, as the piece one would take. A stretch that begins one interval later is dropped.
#   expected: pieces of 300 and 200 intervals, and 30 ms as the RMSSD of the first (root mean square of successive differences)
#   seen:     360 and 200, and 154 ms       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numba==0.68.1 scipy==1.17.1 pandas==3.1.1 numpy==2.2.0 requests==2.32.5 tqdm==4.70.1
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps systole==0.3.1 # what else it asks for draws pictures and talks to devices
cat > "$folder/pieces.py" <<'P'
import numpy as np
from systole.hrv import rmssd
from systole.utils import get_valid_segments

draw = np.random.default_rng(0)
beats = draw.normal(800, 20, 600)
bad = np.zeros(600, dtype=bool)
bad[:60] = bad[360:400] = True
beats[bad] += draw.normal(0, 300, bad.sum())
late = bad.copy()
late[0] = False
for name, marks in (
    ("both", bad),
    ("both, as pairs", [(0, 60), (360, 400)]),
    ("both, from the second interval on", late),
):
    pieces = get_valid_segments(beats, marks)
    print(f"{name}: {[len(piece) for piece in pieces]}, RMSSD of the longest {rmssd(pieces[0]):.0f} ms")
print(f"by hand: {rmssd(beats[60:360]):.0f} ms")
P
seen=$("$folder/venv/bin/python" "$folder/pieces.py")
echo "$seen"
[ "$seen" = "both: [360, 200, 0], RMSSD of the longest 154 ms
both, as pairs: [360, 200, 0], RMSSD of the longest 154 ms
both, from the second interval on: [300, 200, 1], RMSSD of the longest 30 ms
by hand: 30 ms" ]
